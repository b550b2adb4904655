"""Requests encoded from a part that is prepared once for a bucket.

Most requests of a bucket differ in little more than the key.  The message classes encode the rest, once; what they
make of a whole request is the same, byte for byte (``tests/properties/test_encoding.py``).
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from aioriak.operations.contents import Outgoing, fill
from aioriak.riak_pb import kv
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import GET, PUT
from aioriak.wire.varint import varint

_REMEMBERED = 256  # prepared parts of a bucket at a time


class GetRequest(NamedTuple):
    """A get without options: its names, and the message where one is needed after all."""

    type: bytes
    """The bucket type; empty for the default type."""
    bucket: bytes
    key: bytes

    def message(self) -> kv.RpbGetReq:
        """Return the request as a message, without a timeout."""
        message = kv.RpbGetReq(bucket=self.bucket, key=self.key, deletedvclock=True)
        if self.type:
            message.type = self.type
        return message


class GetEncoder:
    """Encodes the gets of one bucket that have no options."""

    __slots__ = ("_bucket", "_heads", "_tail", "_timeout", "_type")

    def __init__(self, kind: bytes | None, bucket: bytes) -> None:
        self._type = kind or b""
        self._bucket = bucket
        self._heads: dict[int, bytes] = {}  # all before a key, by its length
        self._tail = b""
        self._timeout = -1

    def request(self, key: bytes) -> GetRequest:
        """Return the request for a key."""
        # tuple's own constructor takes a third of the time of NamedTuple's
        return tuple.__new__(GetRequest, (self._type, self._bucket, key))

    def frame(self, key: bytes, timeout: int) -> bytes:
        """Return the frame of the request for a key; ``timeout`` in milliseconds, 0 for none."""
        head = self._heads.get(len(key))
        if head is None or timeout != self._timeout:
            head = self._prepare(len(key), timeout)
        return head + key + self._tail

    def _prepare(self, length: int, timeout: int) -> bytes:
        if timeout != self._timeout or len(self._heads) >= _REMEMBERED:
            self._heads.clear()
            self._timeout = timeout
        message = self.request(bytes(length)).message()
        if timeout:
            message.timeout = timeout
        frame = encode_frame(GET.request_code, message.SerializeToString())
        message.ClearField("bucket")
        message.ClearField("key")  # the fields that are left follow the key
        self._tail = message.SerializePartialToString()
        head = self._heads[length] = frame[: len(frame) - len(self._tail) - length]
        return head


_header = Struct("!IB").pack
_VCLOCK, _CONTENT = b"\x1a", b"\x22"  # the tags of RpbPutReq's fields behind the key: their number, and "bytes"
_VALUE = b"\x0a"  # the tag of the first field of RpbContent


def is_plain(content: Outgoing) -> bool:
    """Whether a content is a value and a content type alone."""
    if content.usermeta or content.links or content.indexes or content.charset or content.content_encoding:
        return False
    return type(content.content_type) is str or content.content_type is None


class PutRequest(NamedTuple):
    """A put of a plain content, without other options than ``return_body``."""

    type: bytes
    """The bucket type; empty for the default type."""
    bucket: bytes
    key: bytes
    vclock: bytes | None
    content: Outgoing
    return_body: bool | None

    def message(self) -> kv.RpbPutReq:
        """Return the request as a message, without a timeout."""
        message = kv.RpbPutReq(bucket=self.bucket, key=self.key, vclock=self.vclock)
        if self.type:
            message.type = self.type
        if self.return_body is not None:
            message.return_body = self.return_body
        fill(message.content, self.content)
        return message


class PutEncoder:
    """Encodes the puts of one bucket that are plain.

    A value is copied once, into its frame.
    """

    __slots__ = ("_plans", "bucket", "type")

    def __init__(self, kind: bytes | None, bucket: bytes) -> None:
        self.type: bytes = kind or b""
        self.bucket: bytes = bucket
        # by the key's length, the content type and the options: what is between the frame's header and the key, what
        # is behind the value, and how long the last is in the content and in all
        self._plans: dict[tuple[int, str | None, int, bool | None], tuple[bytes, bytes, int, int]] = {}

    def request(self, key: bytes, vclock: bytes | None, content: Outgoing, return_body: bool | None) -> PutRequest:
        """Return the request for a plain content."""
        # tuple's own constructor takes a third of the time of NamedTuple's
        return tuple.__new__(PutRequest, (self.type, self.bucket, key, vclock, content, return_body))

    def frame(self, request: PutRequest, timeout: int) -> bytes:
        """Return the frame of a request of this encoder; ``timeout`` in milliseconds, 0 for none.

        Raises :class:`~aioriak.error.InvalidRequest` for a content type that cannot be sent.
        """
        _, _, key, vclock, content, return_body = request
        usual = len(key), content.content_type, timeout, return_body
        head, behind, in_content, in_all = self._plans.get(usual) or self._prepare(*usual)
        if vclock is not None:
            key = key + _VCLOCK + varint(len(vclock)) + vclock
        value = content.value
        size = len(value)
        value_size = varint(size)
        size += len(value_size) + in_content
        content_size = varint(size)
        return b"".join((
            _header(size + len(content_size) + len(key) + in_all, PUT.request_code), head, key, _CONTENT, content_size,
            _VALUE, value_size, value, behind,
        ))  # fmt: skip

    def _prepare(
        self, length: int, content_type: str | None, timeout: int, return_body: bool | None
    ) -> tuple[bytes, bytes, int, int]:
        if len(self._plans) >= _REMEMBERED:
            self._plans.clear()
        names = kv.RpbPutReq(bucket=self.bucket, key=bytes(length)).SerializePartialToString()
        head = names[: len(names) - length]
        content = kv.RpbContent()
        fill(content, Outgoing(b"", content_type))
        content.ClearField("value")
        after_value = content.SerializePartialToString()
        message = kv.RpbPutReq()
        if self.type:
            message.type = self.type
        if return_body is not None:
            message.return_body = return_body
        if timeout:
            message.timeout = timeout
        tail = message.SerializePartialToString()
        in_content = len(_VALUE) + len(after_value)
        in_all = 1 + len(head) + len(_CONTENT) + len(tail)  # 1: the message code
        plan = self._plans[length, content_type, timeout, return_body] = head, after_value + tail, in_content, in_all
        return plan
