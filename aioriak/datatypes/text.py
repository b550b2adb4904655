"""Members, field names and register values: ``str``, or ``bytes`` where they are not UTF-8."""

from __future__ import annotations

from aioriak.error import InvalidType
from aioriak.operations.names import Name, text, to_bytes


def canonical(what: str, value: object) -> Name:
    """Return one form of a member, a field's name or a register's value: ``str``, or ``bytes`` that are not UTF-8.

    Raises :class:`~aioriak.error.InvalidType` for what is neither text nor bytes, and
    :class:`~aioriak.error.InvalidRequest` for text that cannot be encoded.
    """
    if isinstance(value, str):
        if not value.isascii():
            to_bytes(what, value)  # raises for half a surrogate pair
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return text(bytes(value))
    raise InvalidType(f"{what} must be a string or bytes, not {type(value).__name__}")


def shown(names: object, limit: int = 8) -> str:
    """Return the first names, in order, for a ``repr``."""
    listed = sorted(names, key=lambda name: name if isinstance(name, bytes) else str(name).encode())  # type: ignore[call-overload]
    said = ", ".join(repr(name) for name in listed[:limit])
    return f"{said}, … {len(listed)} in all" if len(listed) > limit else said
