"""Frames: four bytes of length, one byte of message code, a body.

``FrameReader`` takes bytes as they arrive, however they are cut, and gives back
whole frames.  The chunks of a large frame are kept as they came and joined once.
"""

from __future__ import annotations

from struct import Struct

from aioriak.error import ProtocolError

DEFAULT_MAX_FRAME = 128 * 1024 * 1024
"""The largest frame read unless told otherwise, in bytes."""

_HEADER = Struct("!IB")
_SIZE = Struct("!I")
_pack = _HEADER.pack
_unpack_from = _HEADER.unpack_from

Frame = tuple[int, bytes]
"""A message code and a body."""


def encode_frame(code: int, body: bytes = b"") -> bytes:
    """The bytes of one message."""
    return _pack(len(body) + 1, code) + body


class FrameReader:
    """Cuts a byte stream into frames.

    ``max_frame`` is the largest length accepted, in bytes; a larger or an empty
    frame raises :class:`~aioriak.error.ProtocolError`, after which the stream is
    out of step and must be closed.
    """

    __slots__ = ("_chunks", "_code", "_head", "_missing", "max_frame", "whole")

    def __init__(self, max_frame: int = DEFAULT_MAX_FRAME) -> None:
        self.max_frame = max_frame
        self._head = b""  # what has come of a header that is not whole yet
        self._code = 0
        self._missing = 0  # bytes that the frame being collected still lacks
        self._chunks: list[bytes] = []
        self.whole: list[Frame] = []
        """After an error: the frames that the same chunk had completed before."""

    def feed(self, data: bytes) -> list[Frame]:
        """Take a chunk; return the frames that it completes."""
        frames: list[Frame] = []
        position = 0
        missing = self._missing
        if missing:
            if len(data) < missing:
                self._chunks.append(data)
                self._missing = missing - len(data)
                return frames
            self._chunks.append(data[:missing])
            frames.append((self._code, b"".join(self._chunks)))
            self._chunks.clear()
            self._missing = 0
            position = missing
        elif self._head:
            data = self._head + data
            self._head = b""
        end = len(data)
        while end - position >= 5:
            size, code = _unpack_from(data, position)
            stop = position + 4 + size
            if not 0 < size <= self.max_frame:
                self._refuse(size, frames)
            if stop > end:
                self._code = code
                self._missing = stop - end
                if position + 5 < end:
                    self._chunks.append(data[position + 5 :])
                return frames
            frames.append((code, data[position + 5 : stop]))
            position = stop
        if position < end:
            self._head = data[position:]
            if end - position == 4 and not _SIZE.unpack(self._head)[0]:
                self._refuse(0, frames)
        return frames

    @property
    def in_frame(self) -> bool:
        """Whether the stream stands in the middle of a frame."""
        return bool(self._head or self._missing)

    def _refuse(self, size: int, whole: list[Frame]) -> None:
        self.whole = whole
        if not size:
            raise ProtocolError("a frame of length zero arrived")
        raise ProtocolError(f"a frame of {size} bytes arrived; the limit is {self.max_frame} bytes")
