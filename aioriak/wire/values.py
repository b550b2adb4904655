"""Decode replies that carry large values without copying the values through protobuf.

A message class copies each value twice: into the message, and out of it for the caller.  Here a value is cut out
of the reply, once, and the message classes decode the rest.  A reply of any other shape than Riak's usual one is
left to them as a whole, so that the result, and the error of a bad reply, are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.message import DecodeError

from aioriak.riak_pb import kv
from aioriak.wire.framing import Body
from aioriak.wire.varint import varint

LARGE = 256 * 1024
"""The least size of a content, in bytes, that is worth it; a smaller one is copied faster than looked at."""

R = TypeVar("R")

_CONTENT_ATTRIBUTES = frozenset(("HasField", *kv.RpbContent.DESCRIPTOR.fields_by_name))
_REPLY_ATTRIBUTES = frozenset((
    "HasField", *kv.RpbGetResp.DESCRIPTOR.fields_by_name, *kv.RpbPutResp.DESCRIPTOR.fields_by_name,
))  # fmt: skip

_LENGTH_DELIMITED_1 = 0x0A  # the tag of field 1: the contents of a reply, and the value of a content
_TAG = bytes((_LENGTH_DELIMITED_1,))
_LAST_SHIFT = 21  # lengths have four bytes at most, 256 MiB; a longer one is left to the message class


class LargeContent:
    """A content whose value stands beside its message.  It has the fields of ``RpbContent``, and ``HasField``."""

    __slots__ = ("_message", "value")

    def __init__(self, value: bytes, message: kv.RpbContent) -> None:
        self.value: bytes = value
        self._message = message  # with an empty value

    def __getattr__(self, name: str) -> Any:
        if name in _CONTENT_ATTRIBUTES:  # the message's methods would work on it without the value
            return getattr(self._message, name)
        raise AttributeError(name)

    def copy_into(self, target: kv.RpbContent) -> None:
        """Make a message equal to this content."""
        target.CopyFrom(self._message)
        target.value = self.value


class LargeReply:
    """A reply with a large value.  It has the fields of ``RpbGetResp`` or ``RpbPutResp``, and ``HasField``."""

    __slots__ = ("_message", "content")

    def __init__(self, content: list[LargeContent | kv.RpbContent], message: Any) -> None:
        self.content: list[LargeContent | kv.RpbContent] = content
        self._message = message  # with contents whose large values are empty

    def __getattr__(self, name: str) -> Any:
        if name in _REPLY_ATTRIBUTES:
            return getattr(self._message, name)
        raise AttributeError(name)


def copy_message(source: Any, target: kv.RpbContent) -> None:
    """Make a message equal to a content, which may be a :class:`LargeContent`."""
    if type(source) is LargeContent:
        source.copy_into(target)
    else:
        target.CopyFrom(source)


def large_decoder(reply: type[R] | None, least: int = LARGE) -> Callable[[Body], R] | None:
    """Return the decoder of a reply's large bodies; ``None`` for one that has no contents.

    ``least`` is the size of a content, in bytes, whose value is cut out of the reply.
    The decoder returns a :class:`LargeReply`, or the message where there is no large value.  It raises protobuf's
    ``DecodeError``.
    """
    if reply is not kv.RpbGetResp and reply is not kv.RpbPutResp:
        return None
    whole: Callable[[Body], Any] = getattr(reply, "FromString")  # noqa: B009  # its stub takes bytes alone

    def decode(body: Body) -> Any:
        return _decode(whole, body, least) or whole(body)

    return decode


def _decode(whole: Callable[[Body], Any], body: Body, least: int) -> LargeReply | None:
    """Decode a reply; ``None`` if it has no large value, or is not as expected."""
    rest: list[Body] = []  # the reply without its large values
    values: list[bytes | None] = []  # those of its first contents; None for a content that is not large
    position, end = 0, len(body)
    try:
        while position < end and body[position] == _LENGTH_DELIMITED_1:
            start, stop = _field(body, position)
            if stop - start < least or stop > end or body[start] != _LENGTH_DELIMITED_1:
                rest.append(body[position:stop])
                values.append(None)
            else:
                value_start, value_stop = _field(body, start)
                if value_stop > stop:
                    return None
                rest += (_TAG, varint(stop - value_stop), body[value_stop:stop])
                values.append(bytes(body[value_start:value_stop]))
            position = stop
        if not any(values):
            return None
        rest.append(body[position:])
        message = whole(b"".join(rest))
    except (ValueError, IndexError, DecodeError):
        return None
    contents: list[LargeContent | kv.RpbContent] = list(message.content)
    for number, value in enumerate(values):
        if value is not None:
            content: Any = contents[number]
            if content.HasField("value"):
                return None  # it has a second value, which counts
            content.value = b""
            contents[number] = LargeContent(value, content)
    return LargeReply(contents, message)


def _field(body: Body, position: int) -> tuple[int, int]:
    """Return the start and end of a length-delimited field, whose tag is one byte at ``position``.

    Raises ``ValueError`` for a length that is longer than usual or not the shortest way to write it, and
    ``IndexError`` at the end of the body.
    """
    position += 1
    byte = body[position]
    length = byte & 127
    shift = 0
    while byte > 127:
        if shift == _LAST_SHIFT:
            raise ValueError
        shift += 7
        position += 1
        byte = body[position]
        length |= (byte & 127) << shift
    if shift and not byte:
        raise ValueError
    position += 1
    return position, position + length
