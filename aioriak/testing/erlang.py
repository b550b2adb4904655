"""The little of Erlang that shows through Riak's interface.

Terms in the external term format (continuations, preflist hashes, map/reduce
jobs sent as ``application/x-erlang-binary``), the order of terms, and terms as
they are printed in error messages.  Binaries are ``bytes``, tuples ``tuple``,
lists ``list``, atoms :class:`Atom`.  (Erlang documentation, "External Term Format".)
"""

from __future__ import annotations

import re
import warnings
from struct import Struct
from typing import Any, AnyStr

_U16 = Struct("!H")
_U32 = Struct("!I")
_I32 = Struct("!i")
_F64 = Struct("!d")


class Atom(str):
    """An Erlang atom."""

    __slots__ = ()


class BadTerm(ValueError):
    """The bytes are no term, or one of a kind that is not known here."""


def encode_term(term: Any) -> bytes:
    """Encode a term, as ``term_to_binary`` does."""
    out = bytearray(b"\x83")
    _encode(term, out)
    return bytes(out)


def _encode(term: Any, out: bytearray) -> None:
    if isinstance(term, bool):
        _encode(Atom("true" if term else "false"), out)
    elif term is None:
        _encode(Atom("undefined"), out)
    elif isinstance(term, Atom):
        name = term.encode("utf-8")
        out += b"d" + _U16.pack(len(name)) + name
    elif isinstance(term, bytes):
        out += b"m" + _U32.pack(len(term)) + term
    elif isinstance(term, str):
        _encode(term.encode("utf-8"), out)
    elif isinstance(term, int):
        _encode_int(term, out)
    elif isinstance(term, float):
        out += b"F" + _F64.pack(term)
    elif isinstance(term, tuple):
        out += b"h" + bytes((len(term),)) if len(term) < 256 else b"i" + _U32.pack(len(term))
        for part in term:
            _encode(part, out)
    elif isinstance(term, list):
        if term:
            out += b"l" + _U32.pack(len(term))
            for part in term:
                _encode(part, out)
        out += b"j"
    else:
        raise BadTerm(f"{type(term).__name__} has no counterpart among terms")


def _encode_int(number: int, out: bytearray) -> None:
    if 0 <= number < 256:
        out += b"a" + bytes((number,))
    elif -(2**31) <= number < 2**31:
        out += b"b" + _I32.pack(number)
    else:
        magnitude = abs(number)
        digits = magnitude.to_bytes((magnitude.bit_length() + 7) // 8, "little")
        head = b"n" + bytes((len(digits),)) if len(digits) < 256 else b"o" + _U32.pack(len(digits))
        out += head + bytes((number < 0,)) + digits


def decode_term(data: bytes) -> Any:
    """Decode a term.  Raises :class:`BadTerm`."""
    if data[:1] != b"\x83":
        raise BadTerm("not a term")
    try:
        term, end = _decode(data, 1)
    except (IndexError, ValueError, ArithmeticError, RecursionError) as error:
        raise BadTerm(str(error)) from error
    except Exception as error:  # struct.error is no ValueError
        raise BadTerm(str(error)) from error
    if end != len(data):
        raise BadTerm("bytes are left over")
    return term


def _take(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if at + size > len(data):
        raise BadTerm("the bytes end too early")
    return data[at : at + size], at + size


def _decode(data: bytes, at: int) -> tuple[Any, int]:
    tag = data[at]
    at += 1
    if tag == ord("a"):
        return data[at], at + 1
    if tag == ord("b"):
        return _I32.unpack_from(data, at)[0], at + 4
    if tag == ord("F"):
        return _F64.unpack_from(data, at)[0], at + 8
    if tag in b"no":
        size, at = (data[at], at + 1) if tag == ord("n") else (_U32.unpack_from(data, at)[0], at + 4)
        digits, end = _take(data, at + 1, size)
        magnitude = int.from_bytes(digits, "little")
        return (-magnitude if data[at] else magnitude), end
    if tag in b"dv":
        name, at = _take(data, at + 2, _U16.unpack_from(data, at)[0])
        return _atom(name), at
    if tag in b"sw":
        name, at = _take(data, at + 1, data[at])
        return _atom(name), at
    if tag == ord("m"):
        return _take(data, at + 4, _U32.unpack_from(data, at)[0])
    if tag == ord("k"):
        characters, at = _take(data, at + 2, _U16.unpack_from(data, at)[0])
        return list(characters), at
    if tag in b"hi":
        size, at = (data[at], at + 1) if tag == ord("h") else (_U32.unpack_from(data, at)[0], at + 4)
        parts, at = _decode_parts(data, at, size)
        return tuple(parts), at
    if tag == ord("j"):
        return [], at
    if tag == ord("l"):
        parts, at = _decode_parts(data, at + 4, _U32.unpack_from(data, at)[0])
        tail, at = _decode(data, at)
        if tail != []:
            raise BadTerm("an improper list")
        return parts, at
    raise BadTerm(f"terms of tag {tag} are not known")


def _decode_parts(data: bytes, at: int, count: int) -> tuple[list[Any], int]:
    parts = []
    for _ in range(count):
        part, at = _decode(data, at)
        parts.append(part)
    return parts, at


def _atom(name: bytes) -> Any:
    words = {b"true": True, b"false": False, b"undefined": None}
    return words[name] if name in words else Atom(name.decode("utf-8"))


def order(term: Any) -> tuple[Any, ...]:
    """Return a sort key for Erlang's term order: numbers, atoms, tuples, lists, binaries."""
    if isinstance(term, bool) or term is None or isinstance(term, Atom):
        return (1, print_term(term))
    if isinstance(term, (int, float)):
        return (0, term)
    if isinstance(term, tuple):
        return (2, len(term), [order(part) for part in term])
    if isinstance(term, dict):  # JSON objects are {struct, [{Name, Value}]}
        return (2, 2, [order((key, value)) for key, value in term.items()])
    if isinstance(term, list):
        return (3, [order(part) for part in term])
    return (4, term if isinstance(term, bytes) else str(term).encode("utf-8", "surrogateescape"))


def print_term(term: Any) -> str:
    """Format a term as ``~p`` does, on one line."""
    if isinstance(term, bool):
        return "true" if term else "false"
    if term is None:
        return "undefined"
    if isinstance(term, Atom):
        return term if re.fullmatch(r"[a-z][A-Za-z0-9_@]*", term) else f"'{term}'"
    if isinstance(term, str):
        term = term.encode("utf-8", "surrogateescape")
    if isinstance(term, bytes):
        if term and all(32 <= byte < 127 for byte in term):
            return '<<"' + term.decode("ascii").replace("\\", "\\\\").replace('"', '\\"') + '">>'
        return "<<" + ",".join(str(byte) for byte in term) + ">>"
    if isinstance(term, tuple):
        return "{" + ",".join(print_term(part) for part in term) + "}"
    if isinstance(term, list):
        return "[" + ",".join(print_term(part) for part in term) + "]"
    if isinstance(term, dict):
        return "{struct,[" + ",".join(print_term((key, value)) for key, value in term.items()) + "]}"
    if isinstance(term, int) and term.bit_length() > 4096:
        # Python refuses to write very large numbers in decimal; Erlang reads this notation too
        return f"{'-' if term < 0 else ''}16#{abs(term):X}"
    return str(term)


def compile_quietly(pattern: AnyStr) -> re.Pattern[AnyStr]:
    """Compile a client's pattern without the warnings that Python has for the author of one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(pattern)
