"""Encoders and decoders: from values to bytes and back, by content type."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Generic, TypeVar

from aioriak.error import ContentError, InvalidRequest
from aioriak.operations.names import sent, words

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

T = TypeVar("T")

Encoder = Callable[[Any], str | bytes]
"""Takes a value, returns what is stored."""

Decoder = Callable[[bytes], Any]
"""Takes what is stored, returns the value."""


def _standard_json(value: Any) -> bytes:
    value = value.decode() if isinstance(value, bytes) else value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _fast_json(value: Any) -> bytes:
    try:
        return orjson.dumps(value.decode() if isinstance(value, bytes) else value)
    except TypeError:
        # what orjson is stricter about: numbers over 64 bits, keys that are no strings
        return _standard_json(value)


def _octets(value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        return value.encode()
    raise TypeError(f"bytes or str are stored under this content type, not {type(value).__name__}")


def _same(value: bytes) -> bytes:
    return value


def _json_decoder(value: bytes) -> Any:
    return json.loads(value)


_json: Encoder = _fast_json if orjson else _standard_json

ENCODERS: dict[str, Encoder] = {
    "application/json": _json,
    "text/json": _json,
    "text/plain": _octets,
    "application/octet-stream": _octets,
    "binary/octet-stream": _octets,
}
"""What a client starts with."""

_load_json: Decoder = orjson.loads if orjson else _json_decoder

DECODERS: dict[str, Decoder] = {
    "application/json": _load_json,
    "text/json": _load_json,
    "application/octet-stream": _same,
    "binary/octet-stream": _same,
}
"""What a client starts with; ``text/*`` is decoded by its charset (UTF-8 unless said)."""


class Registry(Generic[T]):
    """Functions by content type, falling back to those of ``parent``.

    A content type is looked up as it is, then without its parameters (``; charset=…``).
    """

    __slots__ = ("_known", "_parent", "own")

    def __init__(self, known: Mapping[str, T], parent: Registry[T] | None = None) -> None:
        self._known: dict[str, T] = {}
        self.own: dict[bytes, T] = {}
        """Those that were set here, not in ``parent``, by what is sent; without those with parameters."""
        self._parent = parent
        for content_type, function in known.items():
            self.set(content_type, function)

    def get(self, content_type: str | None) -> T | None:
        """The function for a content type, or ``None``."""
        if content_type is None:
            return None
        bare = content_type.partition(";")[0].strip().lower() if ";" in content_type else content_type
        registry: Registry[T] | None = self
        while registry is not None:
            known = registry._known
            if content_type in known:
                return known[content_type]
            if bare in known:
                return known[bare]
            registry = registry._parent
        return None

    def set(self, content_type: str, function: T) -> None:
        """Use a function for a content type. Raises :class:`~aioriak.error.InvalidRequest`."""
        if not isinstance(content_type, str) or not callable(function):
            raise InvalidRequest(f"a content type and a function are needed, not {content_type!r} and {function!r}")
        self._known[content_type] = function
        if ";" not in content_type:
            self.own[sent(content_type)] = function


class Codecs:
    """Encoders and decoders by content type, falling back to those of ``parent``."""

    __slots__ = ("decoders", "encoders")

    def __init__(self, parent: Codecs | None = None) -> None:
        self.encoders: Registry[Encoder] = Registry({}, parent.encoders) if parent else Registry(ENCODERS)
        """``encoder(value) -> bytes or str``"""
        self.decoders: Registry[Decoder] = Registry({}, parent.decoders) if parent else Registry(DECODERS)
        """``decoder(bytes) -> value``"""

    def encode(self, value: Any, content_type: str | None, charset: str | None) -> bytes:
        """What to store. Raises :class:`~aioriak.error.ContentError`."""
        encoder = self.encoders.get(content_type)
        try:
            if encoder is not None and not (encoder is _octets and isinstance(value, str)):
                encoded = encoder(value)
                if not isinstance(encoded, str):
                    if encoder is _json and (foreign := _foreign(charset, content_type)):
                        return encoded.decode().encode(foreign)
                    return encoded
            elif isinstance(value, str):
                encoded = value
            elif isinstance(value, (bytes, bytearray)):
                return bytes(value)
            else:
                raise ContentError(f"there is no encoder for {content_type!r} to store {type(value).__name__} with")
            return encoded.encode(charset or _charset(content_type) or "utf-8")
        except ContentError:
            raise
        except Exception as error:
            raise ContentError(f"the value cannot be encoded as {content_type!r}: {error}") from error

    def decode(self, value: bytes, content_type: str | None, charset: str | None) -> Any:
        """The stored value. Raises :class:`~aioriak.error.ContentError`."""
        decoder = self.decoders.get(content_type)
        try:
            if decoder is not None:
                if decoder is _load_json and (foreign := _foreign(charset, content_type)):
                    value = value.decode(foreign).encode()
                return decoder(value)
            if content_type is None:
                return value
            if content_type.startswith("text/"):
                return value.decode(charset or _charset(content_type) or "utf-8")
        except Exception as error:
            raise ContentError(f"the value is not what {content_type!r} promises: {error}") from error
        raise ContentError(f"there is no decoder for {content_type!r}; encoded_data has the bytes")

    def decode_sent(self, value: bytes, content_type: bytes, charset: bytes) -> Any:
        """The stored value, by names as they came, empty where there were none.

        Raises :class:`~aioriak.error.ContentError`.
        """
        decoder = self.decoders.own.get(content_type)
        if decoder is None or charset:
            return self.decode(value, words(content_type) or None, words(charset) or None)
        try:
            return decoder(value)
        except Exception as error:
            raise ContentError(f"the value is not what {words(content_type)!r} promises: {error}") from error


@lru_cache(maxsize=256)  # asked for by each write of JSON
def _foreign(charset: str | None, content_type: str | None) -> str | None:
    """The character set of a JSON text where it is not UTF-8."""
    if charset is None:
        charset = _charset(content_type)
    return None if charset is None or charset.lower() in ("utf-8", "utf8") else charset


def _charset(content_type: str | None) -> str | None:
    if content_type is None or ";" not in content_type:
        return None
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"') or None
    return None
