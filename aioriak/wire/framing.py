"""Frames: four bytes of length, one byte of message code, a body.

``FrameReader`` turns the bytes received, in chunks of any size, into whole frames.
Its memory follows the bytes that were received, never the length that a header claims.
"""

from __future__ import annotations

from struct import Struct

from aioriak.error import ProtocolError

DEFAULT_MAX_FRAME = 128 * 1024 * 1024
"""The default limit on the length of a frame, in bytes."""

_NOWHERE = memoryview(b"")
_HEADER = Struct("!IB")
_SIZE = Struct("!I")
_pack = _HEADER.pack
_unpack_from = _HEADER.unpack_from
_unpack_size = _SIZE.unpack_from

ROOM = 512 * 1024
"""The size of the largest room, in bytes: frames of up to half of it are assembled there."""

_LEAST_ROOM = 16 * 1024  # the size of the first read buffer; it grows when one read fills it
_LARGEST_IN_ROOM = ROOM // 2  # the other half lets one read complete it and bring what follows
_LEAST_BODY = 64 * 1024  # allocated for a larger frame's body at first; doubled each time it is full

_COPY_ONCE = 16 * 1024  # what is less than this is copied as a whole; of more, frames are views

Body = bytes | memoryview
"""A frame's body; of a large one, or of many at once, a view of the buffer they were received into."""

Frame = tuple[int, Body]
"""A message code and a body."""


def encode_frame(code: int, body: bytes = b"") -> bytes:
    """Return the bytes of one message."""
    return _pack(len(body) + 1, code) + body


class FrameReader:
    """Splits a byte stream into frames.

    Bytes are written into :meth:`room` and reported with :meth:`filled`, or passed to :meth:`feed`.  A frame stays
    where it was received until it is complete: a body that :meth:`filled` returns can be a view of the room, and is
    valid until :meth:`room` is called again.

    ``max_frame`` is the largest length accepted, in bytes.  A larger or an empty frame raises
    :class:`~aioriak.error.ProtocolError`; the position in the stream is lost then, and the
    connection must be closed.
    """

    __slots__ = ("_body", "_code", "_end", "_have", "_room", "_size", "_start", "max_frame")

    def __init__(self, max_frame: int = DEFAULT_MAX_FRAME) -> None:
        self.max_frame: int = max_frame
        self._room = _NOWHERE
        self._start = 0  # the first part of an incomplete frame stands in the room from here
        self._end = 0  # to here
        self._body: memoryview | None = None  # the buffer for an incomplete body that is too large for a room
        self._code = 0  # its code
        self._size = 0  # the length of that body, which the buffer may be smaller than;
        self._have = 0  # bytes of it received so far

    def room(self) -> memoryview:
        """Return the buffer that the next bytes must be written into; it is never empty."""
        body = self._body
        if body is not None:
            if self._have == len(body):
                body = self._grow(body)
            return body[self._have :]
        room = self._room
        if not self._end:
            if room is _NOWHERE:
                room = self._room = memoryview(bytearray(_LEAST_ROOM))
            return room
        start, kept = self._start, self._end - self._start
        if 2 * kept > len(room) < ROOM:
            self._room = memoryview(bytearray(min(ROOM, 4 * len(room))))
            self._room[:kept] = room[start : self._end]
        elif start:
            room[:kept] = room[start : self._end]
        self._start, self._end = 0, kept
        return self._room[kept:]

    def filled(self, count: int) -> list[Frame]:
        """Return the frames completed by the ``count`` bytes that were written into :meth:`room`."""
        body = self._body
        if body is not None:
            self._have += count
            if self._have < self._size:
                return []
            self._body = None
            return [(self._code, body)]
        room = self._room
        end = self._end + count
        data = room[:end].tobytes() if end < _COPY_ONCE else room
        frames, position = self._split(data, end)
        kept = end - position
        if kept >= 4:
            size = _unpack_size(data, position)[0]
            if not size:
                self._refuse(0)
            if kept > 4 and size > _LARGEST_IN_ROOM:
                self._begin_body(room[position:end])
                position, kept = end, 0
        if end == len(room) < ROOM:
            self._room = memoryview(bytearray(min(ROOM, 4 * end)))
            self._room[:kept] = room[position:end]
            position = 0
        self._start = position
        self._end = position + kept if kept else 0
        return frames

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by a chunk of bytes."""
        frames: list[Frame] = []
        position = 0
        if not self._end and self._body is None:
            frames, position = self._split(data, len(data))
            if position == len(data):
                return frames
        left = memoryview(data)[position:]
        while left:
            room = self.room()
            count = min(len(room), len(left))
            room[:count] = left[:count]
            frames += [(code, bytes(body)) for code, body in self.filled(count)]
            left = left[count:]
        return frames

    def _split(self, data: Body, end: int) -> tuple[list[Frame], int]:
        """Return the whole frames at the start of ``data[:end]``, and where they end."""
        frames: list[Frame] = []
        most = self.max_frame
        position = 0
        while position + 5 <= end:
            size, code = _unpack_from(data, position)
            if size > most or not size:
                self._refuse(size)
            stop = position + 4 + size
            if stop > end:
                break
            frames.append((code, data[position + 5 : stop]))
            position = stop
        return frames, position

    @property
    def in_frame(self) -> bool:
        """Whether a frame was received in part."""
        return self._end > 0 or self._body is not None

    def _begin_body(self, received: memoryview) -> None:
        """Move the first part of a frame to a buffer of its own."""
        size, self._code = _unpack_from(received)
        self._size, self._have = size - 1, len(received) - 5
        self._body = memoryview(bytearray(min(self._size, max(_LEAST_BODY, 2 * self._have))))
        self._body[: self._have] = received[5:]

    def _grow(self, body: memoryview) -> memoryview:
        """Replace the buffer of a partial body, which is full, by one of twice the size."""
        grown = self._body = memoryview(bytearray(min(self._size, 2 * len(body))))
        grown[: len(body)] = body
        return grown

    def _refuse(self, size: int) -> None:
        if not size:
            raise ProtocolError("received a frame of length zero")
        other = _other_protocol(_SIZE.pack(size))
        if other is not None:
            raise ProtocolError(f"{other}; the protocol-buffers port of Riak is usually 8087")
        raise ProtocolError(f"received a frame of {size} bytes; the limit is {self.max_frame} bytes")


def _other_protocol(start: bytes) -> str | None:
    """Return what the first four bytes received say about a server of another protocol."""
    if start == b"HTTP" or start.startswith(b"<"):
        return "the server speaks HTTP"
    if start[:2] == b"\x15\x03":  # an alert, which answers what is not a ClientHello
        return "the server speaks TLS, without STARTTLS"
    if all(0x20 <= byte < 0x7F or byte in b"\r\n" for byte in start):
        return f"the server does not speak Riak's protocol: its reply starts with {start.decode()!r}"
    return None
