"""Text in, text out; bytes where something is not UTF-8."""

from __future__ import annotations

from aioriak.operations.names import Name, text


def canonical(what: str, value: object) -> Name:
    """One form of a member, a field's name or a register's value: ``str``, or ``bytes`` that are not UTF-8.

    Raises ``TypeError`` for what is neither text nor bytes, ``ValueError`` for text that cannot be encoded.
    """
    if isinstance(value, str):
        value.encode()
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return text(bytes(value))
    raise TypeError(f"{what} is str or bytes, not {type(value).__name__}")


def shown(names: object, limit: int = 8) -> str:
    """Names in order for a ``repr``: the first of many."""
    listed = sorted(names, key=lambda name: name if isinstance(name, bytes) else str(name).encode())  # type: ignore[call-overload]
    said = ", ".join(repr(name) for name in listed[:limit])
    return f"{said}, … {len(listed)} in all" if len(listed) > limit else said
