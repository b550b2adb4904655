"""Encoders and decoders: from values to bytes and back, by media type.

JSON has one meaning, with and without orjson, which only makes it faster:

- It is RFC 8259 as the standard library reads and writes it: compact, in UTF-8, duplicate names keep
  the last value, and byte order marks, UTF-16 and UTF-32 are read.
- Integers are exact at any size that the interpreter converts (``sys.set_int_max_str_digits``).
- NaN, the infinities, and numbers beyond the range of a float are refused, unless :func:`json_encoder`
  and :func:`json_decoder` are told otherwise.
- Half a surrogate pair is read and written as its escape.
- Types that the standard library does not write (dates, UUIDs, dataclasses, plain enums) are refused,
  and so are bytes.
"""

from __future__ import annotations

import json
import marshal
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Generic, TypeVar

from aioriak.error import ContentError, InvalidRequest, InvalidType
from aioriak.operations.names import sent, words

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

T = TypeVar("T")

Encoder = Callable[[Any], str | bytes]
"""Takes a value, returns what is stored."""

Decoder = Callable[[bytes], object]
"""Takes what is stored, returns the value."""


# -- JSON ---------------------------------------------------------------------------------


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON; aioriak.codec.json_decoder(allow_nan=True) reads it")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is beyond the range of a float")
    return value


_STRICT_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_LENIENT_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _write_standard(value: Any, writer: json.JSONEncoder = _STRICT_WRITER) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(
            "bytes are no JSON value; give bytes that are JSON already as encoded_data, "
            "and store other bytes as application/octet-stream"
        )
    # half a surrogate pair stands only inside a string, where this makes it JSON's own escape
    try:
        return writer.encode(value).encode("utf-8", "backslashreplace")
    except TypeError as error:
        raise TypeError(f"{error}; convert it to a type of JSON, or set an encoder with set_encoder()") from None


def _read_standard(value: bytes) -> Any:
    return json.loads(value, parse_constant=_refuse_constant, parse_float=_finite)


_DIGITS_TO_0 = bytes(ord("0") if chr(code).isdigit() and code < 128 else code for code in range(256))
_ZERO = ord("0")
_LONG_NUMBER = b"0" * 19  # the shortest run of digits that may not fit 64 bits
_EXPONENT = re.compile(rb"(?:^|[\[,:])-?[0-9.]+e")
_SCALARS = frozenset((str, int, bool, type(None)))


def _is_simple(value: Any, depth: int = 2) -> bool:
    """Whether a value is a small tree without floats, of the types that orjson writes as the standard library does."""
    kind = type(value)
    if kind is not dict and kind is not list:
        return kind in _SCALARS
    if len(value) > 32 or not depth:
        return False  # marshal is faster in a large tree
    for inner in value.values() if kind is dict else value:  # orjson refuses every key that is no plain str
        kind = type(inner)
        if kind is not str and kind not in _SCALARS and not _is_simple(inner, depth - 1):
            return False
    return True


def _write_fast(value: Any) -> bytes:
    """Write JSON with orjson where that gives the bytes of :func:`_write_standard`.

    orjson takes more types, and writes NaN as null.  marshal refuses every type but the built-in ones,
    and its version 1 writes floats as text: together they tell in C what would take a loop here.
    """
    try:
        if _is_simple(value):
            return orjson.dumps(value)
        types = marshal.dumps(value, 1)
        written = orjson.dumps(value)
    except (TypeError, ValueError):
        return _write_standard(value)
    # find() is used because "in" raises and clears a TypeError first
    if written.find(b"null") >= 0 and any(types.find(name) >= 0 for name in (b"f\x03nan", b"f\x03inf", b"f\x04-inf")):
        return _write_standard(value)  # raises
    # Both write the shortest digits of a float, but not in the same notation: 1e16 or 1e+16.  marshal writes 17 digits
    # of such a float, with an exponent unless there are just as many before the point.
    if types.find(b"e-") < 0 and types.find(b"e+") < 0 and types.find(b"f\x11") < 0 and types.find(b"f\x12") < 0:
        return written
    if b"0.0000" in written or (b"0e" in written.translate(_DIGITS_TO_0) and _EXPONENT.search(written)):
        return _write_standard(value)
    return written


def _read_fast(value: bytes) -> Any:
    """Read JSON with orjson where that gives the values of :func:`_read_standard`."""
    # 19 digits in a row have one at a multiple of 19: most texts need no look at every byte
    if _ZERO in value[::19].translate(_DIGITS_TO_0) and _LONG_NUMBER in value.translate(_DIGITS_TO_0):
        return _read_standard(value)  # orjson makes a float of an integer over 64 bits
    try:
        return orjson.loads(value)
    except ValueError:
        return _read_standard(value)  # orjson is stricter: depth, byte order marks, surrogates


_write_json: Encoder = _write_fast if orjson else _write_standard
_read_json: Decoder = _read_fast if orjson else _read_standard


def _write_lenient(value: Any) -> bytes:
    return _write_standard(value, _LENIENT_WRITER)


def _read_lenient(value: bytes) -> Any:
    return json.loads(value)


def json_encoder(*, allow_nan: bool = False) -> Encoder:
    """Return an encoder of JSON, for :meth:`~aioriak.RiakClient.set_encoder`.

    With ``allow_nan`` it writes ``NaN``, ``Infinity`` and ``-Infinity``, which are not JSON: many other
    programs cannot read them.
    """
    return _write_lenient if allow_nan else _write_json


def json_decoder(*, allow_nan: bool = False) -> Decoder:
    """Return a decoder of JSON, for :meth:`~aioriak.RiakClient.set_decoder`.

    With ``allow_nan`` it reads ``NaN``, ``Infinity`` and ``-Infinity``, and numbers beyond the range of a
    float as infinite.
    """
    return _read_lenient if allow_nan else _read_json


_JSON_ENCODERS = frozenset((_write_json, _write_lenient))
_JSON_DECODERS = frozenset((_read_json, _read_lenient))


# -- bytes and text -------------------------------------------------------------------------


def _octets(value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        return value.encode()
    raise TypeError(f"bytes or str are stored under this content type, not {type(value).__name__}")


def _same(value: bytes) -> bytes:
    return value


ENCODERS: dict[str, Encoder] = {
    "application/json": _write_json,
    "text/json": _write_json,
    "text/plain": _octets,
    "application/octet-stream": _octets,
    "binary/octet-stream": _octets,
}
"""The encoders of a new client."""

DECODERS: dict[str, Decoder] = {
    "application/json": _read_json,
    "text/json": _read_json,
    "application/octet-stream": _same,
    "binary/octet-stream": _same,
}
"""The decoders of a new client; ``text/*`` is decoded by its charset, UTF-8 by default."""


# -- by media type ----------------------------------------------------------------------------


@lru_cache(maxsize=256)  # a program uses few
def normalize(content_type: str) -> str:
    """Return one spelling of a content type: lower case, no spaces around its parameters, no quotes."""
    media_type, *parameters = content_type.split(";")
    parts = [media_type.strip().lower()]
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if name.strip():
            parts.append(f"{name.strip().lower()}{equals}{value.strip().strip(chr(34)).lower()}")
    return ";".join(parts)


@lru_cache(maxsize=256)
def _charset(content_type: str | None) -> str | None:
    """Return the charset parameter of a content type."""
    if content_type is None or ";" not in content_type:
        return None
    for parameter in normalize(content_type).split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name == "charset":
            return value or None
    return None


@lru_cache(maxsize=256)
def _foreign(charset: str | None, content_type: str | None) -> str | None:
    """Return the character set of a JSON text, or ``None`` for UTF-8."""
    if charset is None:
        charset = _charset(content_type)
    return None if charset is None or charset.lower() in ("utf-8", "utf8") else charset


class Registry(Generic[T]):
    """Functions by content type, falling back to those of ``parent``.

    Content types are compared without regard to case.  One is looked up with its parameters
    (``; version=2``) first, then without.
    """

    __slots__ = ("_known", "_parent", "own")

    def __init__(self, known: Mapping[str, T], parent: Registry[T] | None = None) -> None:
        self._known: dict[str, T] = {}
        self.own: dict[bytes, T] = {}
        """The functions set here, not in ``parent``, by normalized content type without parameters."""
        self._parent = parent
        for content_type, function in known.items():
            self.set(content_type, function)

    def get(self, content_type: str | None) -> T | None:
        """Return the function for a content type, or ``None``."""
        if type(content_type) is str and (function := self._known.get(content_type)) is not None:
            return function  # the usual spelling, and the usual registry
        if content_type is None:
            return None
        if not isinstance(content_type, str):
            raise InvalidType(f"content_type is str, not {type(content_type).__name__}")
        full = normalize(content_type)
        bare = full.partition(";")[0]
        registry: Registry[T] | None = self
        while registry is not None:
            known = registry._known
            if full in known:
                return known[full]
            if bare in known:
                return known[bare]
            registry = registry._parent
        return None

    def set(self, content_type: str, function: T) -> None:
        """Use a function for a content type. Raises :class:`~aioriak.error.InvalidRequest`."""
        if not isinstance(content_type, str) or not callable(function):
            raise InvalidRequest(f"a content type and a function are needed, not {content_type!r} and {function!r}")
        wire_name = sent("content_type", normalize(content_type))
        self._known[normalize(content_type)] = function
        if b";" not in wire_name:
            self.own[wire_name] = function


class Codecs:
    """Encoders and decoders by content type, falling back to those of ``parent``."""

    __slots__ = ("decoders", "encoders")

    def __init__(self, parent: Codecs | None = None) -> None:
        self.encoders: Registry[Encoder] = Registry({}, parent.encoders) if parent else Registry(ENCODERS)
        """``encoder(value) -> bytes or str``"""
        self.decoders: Registry[Decoder] = Registry({}, parent.decoders) if parent else Registry(DECODERS)
        """``decoder(bytes) -> value``"""

    def encode(self, value: Any, content_type: str | None, charset: str | None) -> bytes:
        """Return the bytes to store. Raises :class:`~aioriak.error.ContentError`."""
        encoder = self.encoders.get(content_type)
        if charset is not None and not isinstance(charset, str):
            raise InvalidType(f"charset is str, not {type(charset).__name__}")
        try:
            if encoder is None and not isinstance(value, (str, bytes, bytearray, memoryview)):
                raise ContentError(
                    f"there is no encoder for {content_type!r} to store {type(value).__name__} with; "
                    "set one with set_encoder(), or store bytes"
                )
            # text is stored in the content's own charset, which the encoder of bytes does not know
            encoded = value if encoder is None or (encoder is _octets and isinstance(value, str)) else encoder(value)
            if type(encoded) is not bytes:
                if isinstance(encoded, str):
                    return encoded.encode(charset or _charset(content_type) or "utf-8")
                if not isinstance(encoded, (bytes, bytearray, memoryview)):
                    raise ContentError(
                        f"the encoder for {content_type!r} returned {type(encoded).__name__}, not bytes or str"
                    )
                encoded = bytes(encoded)
            if encoder in _JSON_ENCODERS and (foreign := _foreign(charset, content_type)):
                return encoded.decode().encode(foreign)
            return encoded
        except ContentError:
            raise
        except Exception as error:
            raise ContentError(f"the value cannot be encoded as {content_type!r}: {error}") from error

    def decode(self, value: bytes, content_type: str | None, charset: str | None) -> Any:
        """Return the stored value. Raises :class:`~aioriak.error.ContentError`."""
        decoder = self.decoders.get(content_type)
        try:
            if decoder is not None:
                if decoder in _JSON_DECODERS and (foreign := _foreign(charset, content_type)):
                    value = value.decode(foreign).encode("utf-8", "surrogatepass")
                return decoder(value)
            if content_type is None:
                return value
            if normalize(content_type).startswith("text/"):
                return value.decode(charset or _charset(content_type) or "utf-8")
        except ContentError:
            raise
        except Exception as error:
            raise _undecodable(content_type, error) from error
        raise ContentError(f"there is no decoder for {content_type!r}; encoded_data has the bytes")

    def decode_sent(self, value: bytes, content_type: bytes, charset: bytes) -> Any:
        """Return the stored value, given the content type and charset as received, empty where there are none.

        Raises :class:`~aioriak.error.ContentError`.
        """
        decoder = self.decoders.own.get(content_type)
        if decoder is None or charset:
            return self.decode(value, words(content_type) or None, words(charset) or None)
        try:
            return decoder(value)
        except ContentError:
            raise
        except Exception as error:
            raise _undecodable(words(content_type), error) from error


def _undecodable(content_type: str | None, error: Exception) -> ContentError:
    return ContentError(f"the stored value is not valid {content_type!r}: {error}")
