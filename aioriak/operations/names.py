"""Names at the edge: text in, bytes inside, text out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from aioriak.error import InvalidRequest

MAX_KEY = 65536
"""The longest key that Riak takes, in bytes; a longer one makes it hang up."""

Name = str | bytes
"""A name as users hold it: text, or bytes where it is not UTF-8."""


def encode(what: str, value: Name) -> bytes:
    """A name's bytes; ``what`` it names is for the error.

    Raises :class:`~aioriak.error.InvalidRequest` for what is no name, or empty.
    """
    if isinstance(value, str):
        try:
            encoded = value.encode()
        except UnicodeEncodeError as error:
            raise InvalidRequest(f"a {what} must be encodable as UTF-8: {error}") from None
    elif isinstance(value, bytes):
        encoded = value
    else:
        raise InvalidRequest(f"a {what} is str or bytes, not {type(value).__name__}")
    if not encoded:
        raise InvalidRequest(f"a {what} must not be empty")
    return encoded


def encode_key(value: Name) -> bytes:
    """A key's bytes. Raises :class:`~aioriak.error.InvalidRequest` when it is too long as well."""
    if type(value) is str and value.isascii() and 0 < len(value) <= MAX_KEY:
        return value.encode()  # the usual case, on the way of every request
    encoded = encode("key", value)
    if len(encoded) > MAX_KEY:
        raise InvalidRequest(f"a key has at most {MAX_KEY} bytes, this one {len(encoded)}")
    return encoded


def encode_type(value: Name) -> bytes | None:
    """A bucket type's bytes, ``None`` for the default type, which is not sent."""
    encoded = encode("bucket type", value)
    return None if encoded == b"default" else encoded


def text(value: bytes) -> Name:
    """A name as users hold it."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def texts(values: Sequence[bytes]) -> list[Name]:
    """Many names as users hold them; quicker than one by one, as nearly all are UTF-8."""
    try:
        return list(map(bytes.decode, values))
    except UnicodeDecodeError:
        return [text(value) for value in values]


def raw(value: Name) -> bytes:
    """The bytes of text or of bytes, empty ones too."""
    return value.encode() if isinstance(value, str) else value


@lru_cache(maxsize=256)  # each write sends the same few
def sent(value: str) -> bytes:
    """A content type, or another of a content's labels, as it is sent."""
    return value.encode("utf-8", "surrogateescape")


def words(value: bytes) -> str:
    """The same as it is read: whatever bytes came go back as they were."""
    return value.decode("utf-8", "surrogateescape")


def show(value: Name | None) -> str:
    """A name for people to read."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
