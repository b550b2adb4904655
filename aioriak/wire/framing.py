"""Frames: four bytes of length, one byte of message code, a body.

``FrameReader`` takes bytes as they arrive, however they are cut, and gives back
whole frames.
"""

from __future__ import annotations

from struct import Struct

from aioriak.error import ProtocolError

DEFAULT_MAX_FRAME = 128 * 1024 * 1024
"""The largest frame read unless told otherwise, in bytes."""

_NOWHERE = memoryview(b"")
_HEADER = Struct("!IB")
_SIZE = Struct("!I")
_pack = _HEADER.pack
_unpack_from = _HEADER.unpack_from

ROOM = 256 * 1024
"""The most bytes read at once, but for frames that are larger."""

_LEAST_ROOM = 16 * 1024  # to begin with; it grows when a read has filled it

_MUCH = 16 * 1024  # bytes; of more than this each frame is copied by itself, of less all at once, which is quicker

Body = bytes | memoryview
"""A frame's body; where it came in pieces, a view of what they were put together in."""

Frame = tuple[int, Body]
"""A message code and a body."""


def encode_frame(code: int, body: bytes = b"") -> bytes:
    """The bytes of one message."""
    return _pack(len(body) + 1, code) + body


class FrameReader:
    """Cuts a byte stream into frames.

    Bytes are given to :meth:`feed`, or put into :meth:`room` and told of with :meth:`filled`: then a
    large frame is put together where it is received, and never copied.

    ``max_frame`` is the largest length accepted, in bytes; a larger or an empty
    frame raises :class:`~aioriak.error.ProtocolError`, after which the stream is
    out of step and must be closed.
    """

    __slots__ = ("_body", "_code", "_have", "_head", "_room", "max_frame", "whole")

    def __init__(self, max_frame: int = DEFAULT_MAX_FRAME) -> None:
        self.max_frame = max_frame
        self._head = b""  # what has come of a header that is not whole yet
        self._code = 0
        self._body: memoryview | None = None  # of the frame that is being put together, and
        self._have = 0  # so many bytes of it are there
        self._room = _NOWHERE
        self.whole: list[Frame] = []
        """After an error: the frames that the same chunk had completed before."""

    def room(self) -> memoryview:
        """Where the next bytes that arrive are to be put."""
        body = self._body
        if body is not None and len(body) - self._have >= len(self._room):
            return body[self._have :]
        if self._room is _NOWHERE:
            self._room = memoryview(bytearray(_LEAST_ROOM))
        return self._room

    def filled(self, count: int) -> list[Frame]:
        """``count`` bytes were put there; return the frames that they complete."""
        body, room = self._body, self._room
        if body is not None and len(body) - self._have >= len(room):
            self._have += count
            return self._completed(body) if self._have == len(body) else []
        if count == len(room) < ROOM:
            self._room = memoryview(bytearray(4 * count))
        return self.feed(room[:count].tobytes() if count < _MUCH else room[:count])

    def feed(self, data: bytes | memoryview) -> list[Frame]:
        """Take a chunk; return the frames that it completes."""
        frames: list[Frame] = []
        lent = type(data) is memoryview
        position = 0
        body = self._body
        if body is not None:
            have = self._have
            position = min(len(body) - have, len(data))
            body[have : have + position] = data[:position]
            self._have = have + position
            if self._have < len(body):
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
                self._refuse(size, frames)
            start = position + 5
            position += 4 + size
            if position > end:
                self._code = code
                self._body = memoryview(bytearray(size - 1))
                self._body[: end - start] = data[start:]
                self._have = end - start
                return frames
            frames.append((code, bytes(data[start:position]) if lent else data[start:position]))
        if position < end:
            self._head = bytes(data[position:])
            if end - position == 4 and not _SIZE.unpack(self._head)[0]:
                self._refuse(0, frames)
        return frames

    @property
    def in_frame(self) -> bool:
        """Whether the stream stands in the middle of a frame."""
        return bool(self._head) or self._body is not None

    def _completed(self, body: memoryview) -> list[Frame]:
        self._body = None
        return [(self._code, body)]

    def _refuse(self, size: int, whole: list[Frame]) -> None:
        self.whole = whole
        if not size:
            raise ProtocolError("a frame of length zero arrived")
        raise ProtocolError(f"a frame of {size} bytes arrived; the limit is {self.max_frame} bytes")
