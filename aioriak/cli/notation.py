r"""One notation for names that may hold any bytes, printed and typed alike.

A printable character stands for itself. ``\\`` is a backslash, ``\n``, ``\r`` and ``\t`` are what they
are in Python, and ``\xff`` is any other byte: one that is not UTF-8, a control character, or part of a
character that does not print. What :func:`show` prints, :func:`parse` reads back to the same bytes.
"""

from __future__ import annotations

import re

from aioriak.operations.names import Name, raw, text

_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|[\\nrt])?")
_LONG = {"\\\\": b"\\", "\\n": b"\n", "\\r": b"\r", "\\t": b"\t"}


def show(name: Name | None) -> str:
    """Return a name in the notation; ``None`` is the empty string."""
    if name is None:
        return ""
    decoded = raw(name).decode("utf-8", "surrogateescape")
    if decoded.isprintable() and "\\" not in decoded:
        return decoded
    return "".join(map(_show_character, decoded))


def _show_character(character: str) -> str:
    short = _SHORT.get(character)
    if short is not None:
        return short
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def parse(typed: str) -> Name:
    """Return the name that was typed: text, or bytes where it is not UTF-8.

    Raises ``ValueError`` for a backslash that starts no escape.
    """
    parts: list[bytes] = []
    at = 0
    for match in _ESCAPE.finditer(typed):
        escape = match.group()
        if escape == "\\":
            raise ValueError(f"a backslash in {typed!r} starts no escape; write \\\\ for a backslash, \\xff for a byte")
        parts.append(_bytes(typed[at : match.start()]))
        parts.append(_LONG.get(escape) or bytes.fromhex(escape[2:]))
        at = match.end()
    return text(b"".join([*parts, _bytes(typed[at:])]))


def _bytes(typed: str) -> bytes:
    return typed.encode("utf-8", "surrogateescape")  # arguments that are not UTF-8 arrive as surrogates


def printable(value: str, keep: str = "") -> str:
    """Replace what could change a terminal's state by escapes; ``keep`` names characters left as they are.

    For text that people read. It cannot be read back: a backslash stays a backslash.
    """
    if value.isprintable():
        return value
    return "".join(
        character if character in keep or character.isprintable() else _SHORT.get(character, _show_character(character))
        for character in value
    )
