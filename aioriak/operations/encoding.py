"""Requests encoded from a part that is prepared once for a bucket.

Most requests of a bucket differ in little more than the key.  The message classes encode the rest, once; what they
make of a whole request is the same, byte for byte (``tests/properties/test_encoding.py``).
"""

from __future__ import annotations

from typing import NamedTuple

from aioriak.riak_pb import kv
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import GET

_LENGTHS = 256  # lengths of keys remembered for a bucket at a time


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
        if timeout != self._timeout or len(self._heads) >= _LENGTHS:
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
