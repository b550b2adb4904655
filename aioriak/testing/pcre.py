r"""Regular expressions as Erlang's ``re`` reads them: PCRE 8, over bytes.

The library ``pcre2`` (extra ``testing``) runs every pattern.  Before it gets one, the
notations in which PCRE2 differs from PCRE 8 are rewritten: ``\x{61}``, ``\Q…\E`` and
braces that are no quantifier (``a{,2}`` is plain text).  Without the library, patterns
whose meaning is the same in Python's ``re`` are run by that; any other is refused,
never read in another way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from aioriak.testing.erlang import compile_quietly
from aioriak.testing.errors import Refusal

try:
    import pcre2
except ImportError:
    pcre2 = None


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: bytes, /) -> object | None:
        """Return a match anywhere in the text, ``None`` if there is none."""


class BadRegex(ValueError):
    """A pattern that PCRE refuses; ``position`` counts bytes."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Piece(NamedTuple):
    """A part of a pattern, as PCRE2 and as Python writes it; ``None`` where Python has no such thing."""

    pcre: bytes
    python: bytes | None


def compile_regex(pattern: bytes, *, library: Any = pcre2) -> Pattern:
    """Compile a pattern.

    Raises :class:`BadRegex` for a malformed one, and :class:`Refusal` for one that
    needs the missing ``library``.
    """
    pieces = list(_pieces(pattern))
    if library is not None:
        try:
            compiled: Pattern = library.compile(b"".join(piece.pcre for piece in pieces), jit=False)
        except library.PatternError as error:
            message = str(error).partition("; ")[2] or str(error)
            raise BadRegex(message, min(getattr(error, "pos", 0), len(pattern))) from None
        return compiled
    known = [piece.python for piece in pieces if piece.python is not None]
    if len(known) == len(pieces):
        try:
            return compile_quietly(b"".join(known))
        except re.error:
            pass  # PCRE may accept it, such as a reference to a later group
    raise Refusal(
        b"The development server needs pcre2 for the regular expression %b: pip install 'aioriak[testing]'" % pattern
    )


_SPECIAL = frozenset(b"\\^$.[|()?*+{")
_QUANTIFIER = re.compile(rb"\{\d+(?:,\d*)?\}")
_HEX = re.compile(rb"x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{0,2})")
_OCTAL = re.compile(rb"o\{([0-7]+)\}")
_GROUP = re.compile(rb"\((?:\?(?:P?<(?P<name>[A-Za-z_]\w*)>|P=(?P<same>[A-Za-z_]\w*)\)|(?P<plain>:|=|!|<=|<!)))?")
_CONTROL = {b"t": 9, b"n": 10, b"f": 12, b"r": 13, b"e": 27, b"a": 7}
_SAME_IN_PYTHON = frozenset(b"dDwWsSbBA")
_UNKNOWN = (b"u", b"U", b"L", b"l")
_CLASSES = {
    b"alpha": rb"a-zA-Z", b"digit": rb"0-9", b"alnum": rb"a-zA-Z0-9", b"upper": rb"A-Z", b"lower": rb"a-z",
    b"space": rb"\s", b"punct": rb"!-/:-@\[-`{-~", b"xdigit": rb"0-9A-Fa-f", b"word": rb"\w",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"print": rb"\x20-\x7e", b"graph": rb"\x21-\x7e", b"blank": rb" \t",
}  # fmt: skip


def _pieces(pattern: bytes) -> Iterator[Piece]:
    at = 0
    while at < len(pattern):
        byte = pattern[at : at + 1]
        if byte == b"\\":
            piece, at = _escape(pattern, at)
            yield piece
        elif byte == b"[":
            piece, at = _class(pattern, at)
            yield piece
        elif byte == b"(":
            piece, at = _group(pattern, at)
            yield piece
        elif byte == b"{":
            quantifier = _QUANTIFIER.match(pattern, at)
            text = quantifier[0] if quantifier else rb"\{"
            yield Piece(text, text)
            at = quantifier.end() if quantifier else at + 1
        else:
            text = byte if byte[0] in _SPECIAL else _literal(byte[0])
            # white space and # are literals here; with (?x), which only PCRE runs, they must stay as they are
            yield Piece(byte, text)
            at += 1


def _literal(byte: int) -> bytes:
    return b"\\x%02x" % byte


def _escape(pattern: bytes, at: int) -> tuple[Piece, int]:
    """Return the piece of an escape outside a class, and where it ends."""
    char = pattern[at + 1 : at + 2]
    if char == b"Q":
        return _quoted(pattern, at)
    if char == b"E":
        return Piece(b"", b""), at + 2
    number, end = _code(pattern, at + 1)
    if number is not None:
        return Piece(_literal(number), _literal(number)), end
    if not char:
        raise BadRegex("\\ at end of pattern", len(pattern))
    if char in _UNKNOWN or pattern[at + 1 : at + 3] == b"N{":
        raise BadRegex("PCRE does not support \\L, \\l, \\N{name}, \\U, or \\u", at + 2)
    if char == b"C":
        return Piece(b"(?s:.)", b"(?s:.)"), at + 2
    if char == b"z":
        return Piece(rb"\z", rb"\Z"), at + 2
    if char == b"Z":
        return Piece(rb"\Z", rb"(?=\n?\Z)"), at + 2
    if char == b"h":
        return Piece(rb"\h", rb"[ \t\xa0]"), at + 2
    if char == b"R":
        return Piece(rb"\R", None), at + 2
    text = b"\\" + char
    if char[0] in _SAME_IN_PYTHON or not (char.isalnum() or char[0] > 127):
        return Piece(text, text), at + 2
    if char in b"123456789" and not pattern[at + 2 : at + 3].isdigit():
        return Piece(text, text + b"(?:)"), at + 2
    if char in (b"k", b"g", b"p", b"P", b"N") and pattern[at + 2 : at + 3] == b"{":
        close = pattern.find(b"}", at)
        end = len(pattern) if close < 0 else close + 1
        return Piece(pattern[at:end], None), end
    return Piece(text, None), at + 2


def _quoted(pattern: bytes, at: int) -> tuple[Piece, int]:
    close = pattern.find(rb"\E", at + 2)
    end = len(pattern) if close < 0 else close
    text = b"".join(_literal(byte) for byte in pattern[at + 2 : end])
    return Piece(text, text), end if close < 0 else end + 2


def _code(pattern: bytes, at: int) -> tuple[int | None, int]:
    r"""Return the byte that ``\x…``, ``\o{…}`` or a letter such as ``\n`` stands for, if it is one of these."""
    found = _HEX.match(pattern, at)
    if found is not None:
        number = int(found[1] or found[2] or b"0", 16)
    elif (found := _OCTAL.match(pattern, at)) is not None:
        number = int(found[1], 8)
    else:
        letter = pattern[at : at + 1]
        return _CONTROL.get(letter), at + 1
    if number > 255:
        raise BadRegex("character value in \\x{} or \\o{} is too large", found.end())
    return number, found.end()


def _class(pattern: bytes, at: int) -> tuple[Piece, int]:
    """Return the piece of a character class, and where it ends."""
    start, at = at, at + 1
    ours, python = [b"["], [b"["]
    supported = True
    if pattern[at : at + 1] == b"^":
        ours.append(b"^")
        python.append(b"^")
        at += 1
    first = True
    while first or pattern[at : at + 1] != b"]":
        if at >= len(pattern):
            raise BadRegex("missing terminating ] for character class", len(pattern))
        byte = pattern[at : at + 1]
        named = re.compile(rb"\[([:.=])(\^?\w+)\1\]").match(pattern, at)
        number, end = _code(pattern, at + 1) if byte == b"\\" else (None, at)
        if named is not None:
            ours.append(named[0])
            python.append(_CLASSES.get(named[2], b""))
            supported = supported and named[1] == b":" and named[2] in _CLASSES
            at = named.end()
        elif number is not None:
            ours.append(_literal(number))
            python.append(_literal(number))
            at = end
        elif pattern[at : at + 2] == rb"\Q":
            piece, at = _quoted(pattern, at)
            ours.append(piece.pcre)
            python.append(piece.pcre)
        elif pattern[at : at + 2] == rb"\E":
            at += 2
            continue
        elif byte == b"\\":
            text = pattern[at : at + 2]
            if text[1:2] in (b"u", b"U", b"L", b"l", b"N"):
                raise BadRegex("PCRE does not support \\L, \\l, \\N{name}, \\U, or \\u", at + 2)
            ours.append(text)
            python.append(rb"\x08" if text == rb"\b" else text)
            supported = supported and (text[1:2] in b"dDwWsSb" or not text[1:2].isalnum())
            at += 2
        else:
            ours.append(byte if byte == b"-" or byte.isalnum() else _literal(byte[0]))
            python.append(ours[-1])
            at += 1
        first = False
    if at == start + 1:
        raise BadRegex("missing terminating ] for character class", len(pattern))
    return Piece(b"".join(ours) + b"]", b"".join(python) + b"]" if supported else None), at + 1


def _group(pattern: bytes, at: int) -> tuple[Piece, int]:
    """Return the piece that opens a group, or a whole comment, and where it ends."""
    if pattern.startswith(b"(?#", at):
        close = pattern.find(b")", at)
        if close < 0:
            raise BadRegex("missing ) after comment", len(pattern))
        return Piece(b"", b""), close + 1
    if pattern.startswith(b"(*", at):
        return Piece(b"(", None), at + 1
    found = _GROUP.match(pattern, at)
    assert found is not None
    text = found[0]
    if found["name"] is not None:
        return Piece(text, b"(?P<" + found["name"] + b">"), found.end()
    if text == b"(" and pattern[at + 1 : at + 2] == b"?":
        # flags, atomic groups, branch resets, conditions, recursion: up to where a pattern goes on
        end = re.compile(rb"\(\?(?:[a-zA-Z^-]*[:)]?|[>|&]|[+-]?\d+\)?|'\w+'|[^\\\[({]*)").match(pattern, at)
        assert end is not None
        return Piece(end[0], None), end.end()
    return Piece(text, text), found.end()
