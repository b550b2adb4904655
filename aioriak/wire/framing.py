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

ROOM = 256 * 1024
"""The most bytes read at once, except into the body of a larger frame."""

_LEAST_ROOM = 16 * 1024  # the size of the first read buffer; it grows when one read fills it
_LEAST_BODY = 64 * 1024  # allocated for a partial body at first; doubled each time it is full

_COPY_ONCE = 16 * 1024  # a read up to this size is copied as a whole, a larger one frame by frame

Body = bytes | memoryview
"""A frame's body; a view of the buffer it was received into when it came in several chunks."""

Frame = tuple[int, Body]
"""A message code and a body."""


def encode_frame(code: int, body: bytes = b"") -> bytes:
    """Return the bytes of one message."""
    return _pack(len(body) + 1, code) + body


class FrameReader:
    """Splits a byte stream into frames.

    Bytes are passed to :meth:`feed`, or written into :meth:`room` and reported with :meth:`filled`; in
    that way a large frame is assembled where it is received.

    ``max_frame`` is the largest length accepted, in bytes.  A larger or an empty frame raises
    :class:`~aioriak.error.ProtocolError`; the position in the stream is lost then, and the
    connection must be closed.
    """

    __slots__ = ("_body", "_code", "_have", "_head", "_room", "_size", "max_frame")

    def __init__(self, max_frame: int = DEFAULT_MAX_FRAME) -> None:
        self.max_frame: int = max_frame
        self._head = b""  # the part received so far of an incomplete header
        self._code = 0
        self._body: memoryview | None = None  # buffer for the body of the partially received frame;
        self._size = 0  # the length of that body, which the buffer may be smaller than;
        self._have = 0  # bytes of it received so far
        self._room = _NOWHERE

    def room(self) -> memoryview:
        """Return the buffer that the next bytes must be written into; it is never empty."""
        body = self._body
        if body is not None and self._size - self._have >= len(self._room):
            if self._have == len(body):
                body = self._grow(body, self._have + 1)
            return body[self._have :]
        if self._room is _NOWHERE:
            self._room = memoryview(bytearray(_LEAST_ROOM))
        return self._room

    def filled(self, count: int) -> list[Frame]:
        """Return the frames completed by the ``count`` bytes that were written into :meth:`room`."""
        body, room = self._body, self._room
        if body is not None and self._size - self._have >= len(room):
            self._have += count
            return self._completed(body) if self._have == self._size else []
        if count == len(room) < ROOM:
            self._room = memoryview(bytearray(4 * count))
        return self.feed(room[:count].tobytes() if count < _COPY_ONCE else room[:count])

    def feed(self, data: bytes | memoryview) -> list[Frame]:
        """Return the frames completed by a chunk of bytes."""
        frames: list[Frame] = []
        borrowed = type(data) is memoryview
        position = 0
        body = self._body
        if body is not None:
            have = self._have
            position = min(self._size - have, len(data))
            if have + position > len(body):
                body = self._grow(body, have + position)
            body[have : have + position] = data[:position]
            self._have = have + position
            if self._have < self._size:
                return frames
            frames = self._completed(body)
        elif self._head:
            data = self._head + data
            self._head = b""
        end = len(data)
        most = self.max_frame
        while position + 5 <= end:
            size, code = _unpack_from(data, position)
            if size > most or not size:
                self._refuse(size)
            start = position + 5
            position += 4 + size
            if position > end:
                self._code = code
                self._size = size - 1
                self._have = end - start
                self._body = memoryview(bytearray(min(self._size, max(_LEAST_BODY, 2 * self._have))))
                self._body[: self._have] = data[start:]
                return frames
            frames.append((code, bytes(data[start:position]) if borrowed else data[start:position]))
        if position < end:
            self._head = bytes(data[position:])
            if end - position == 4 and not _SIZE.unpack(self._head)[0]:
                self._refuse(0)
        return frames

    @property
    def in_frame(self) -> bool:
        """Whether a frame was received in part."""
        return bool(self._head) or self._body is not None

    def _grow(self, body: memoryview, least: int) -> memoryview:
        """Replace the buffer of a partial body by one of at least ``least`` bytes."""
        grown = memoryview(bytearray(min(self._size, max(2 * len(body), least))))
        grown[: len(body)] = body
        self._body = grown
        return grown

    def _completed(self, body: memoryview) -> list[Frame]:
        self._body = None
        return [(self._code, body)]

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
