"""Names: ``str`` or ``bytes`` for callers, bytes on the wire.

Whatever cannot be encoded is an :class:`~aioriak.error.InvalidRequest` that names the field.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from aioriak.error import InvalidRequest, InvalidType

MAX_KEY = 65536
"""The longest key that Riak takes, in bytes; a longer one makes it hang up."""

_LONGEST_SHOWN = 200

Name = str | bytes
"""A name as users hold it: text, or bytes where it is not UTF-8."""


def encode(what: str, value: Name) -> bytes:
    """Return the bytes of a name that must not be empty; errors call it ``what``.

    Raises :class:`~aioriak.error.InvalidRequest`, and :class:`~aioriak.error.InvalidType` for what is
    neither text nor bytes.
    """
    encoded = to_bytes(f"a {what}", value)
    if not encoded:
        raise InvalidRequest(f"a {what} must not be empty")
    return encoded


def encode_key(value: Name) -> bytes:
    """Return the bytes of a key. Raises as :func:`encode` does, and for a key that is too long."""
    if type(value) is str and value.isascii() and 0 < len(value) <= MAX_KEY:
        return value.encode()  # the usual case, on the way of every request
    encoded = encode("key", value)
    if len(encoded) > MAX_KEY:
        raise InvalidRequest(f"a key has at most {MAX_KEY} bytes, this one {len(encoded)}")
    return encoded


def encode_type(value: Name) -> bytes | None:
    """Return the bytes of a bucket type, or ``None`` for the default type, which is not sent."""
    encoded = encode("bucket type", value)
    return None if encoded == b"default" else encoded


def text(value: Name) -> Name:
    """Return a name as callers hold it: ``bytes`` only where it is not UTF-8."""
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def texts(values: Sequence[Name]) -> list[Name]:
    """Return many names as callers hold them, of a message that has text for them or bytes."""
    names = list(values[:])  # the slice is made in a quarter of the time that a message's field takes to be iterated
    return list(map(text, names)) if names and type(names[0]) is bytes else names


def to_bytes(what: str, value: Name) -> bytes:
    """Return the bytes of text or of bytes, empty ones too; errors call it ``what``.

    Raises :class:`~aioriak.error.InvalidRequest` for text that has no UTF-8, such as a file name from
    ``os.listdir`` that was not UTF-8, and :class:`~aioriak.error.InvalidType`.
    """
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise InvalidRequest(
                f"{what} must be encodable as UTF-8: {error}; give bytes where it is not text"
            ) from None
    if isinstance(value, bytes):
        return value
    raise InvalidType(f"{what} must be a string or bytes, not {type(value).__name__}")


def raw(value: Name) -> bytes:
    """Return the bytes of a name, empty ones too. Raises as :func:`to_bytes` does."""
    return to_bytes("a name", value)


def decimal(what: str, value: int) -> bytes:
    """Return the digits of an integer.

    Raises :class:`~aioriak.error.InvalidRequest` for more than ``sys.get_int_max_str_digits()``.
    """
    try:
        return b"%d" % value
    except ValueError as error:
        raise InvalidRequest(f"{what} cannot be written: {error}") from None


@lru_cache(maxsize=256)  # a program writes few content types
def sent(what: str, value: str) -> bytes:
    """Return the bytes of a content's label, such as its content type; the inverse of :func:`words`.

    Raises :class:`~aioriak.error.InvalidRequest`.
    """
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"{what} must be encodable as UTF-8: {error}") from None


def words(value: bytes) -> str:
    """Return a content's label as text that :func:`sent` turns into the same bytes again."""
    return value.decode("utf-8", "surrogateescape")


def brief(value: Name) -> str:
    """Return a name as text for messages, cut where it is very long."""
    shown = show(value)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}… ({len(shown)} characters)"


def show(value: Name | None) -> str:
    """Return a name as text for messages."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
