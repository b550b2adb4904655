"""A session: whose reply is this, and may I send now?

Riak answers the requests of one connection strictly in order, and nothing may
follow a request that is answered by a stream until the stream is done.  The
session keeps that order; it knows bytes and waiters, no sockets and no tasks.

What may happen in which state::

    state       send        send a stream   reply           end of file
    OPEN        yes         when idle       to the oldest   CLOSED
    STREAMING   no          no              to the stream   CLOSED
    CLOSED      no          no              dropped         -
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import Any, Generic, Protocol, TypeVar

from google.protobuf.message import DecodeError

from aioriak.error import ProtocolError
from aioriak.wire.framing import DEFAULT_MAX_FRAME, Body, FrameReader
from aioriak.wire.operation import Operation


class State(Enum):
    """See the table above."""

    OPEN = auto()
    STREAMING = auto()
    CLOSED = auto()


_OPEN = State.OPEN


class Waiting(Protocol):
    """What a session needs to know of a request that waits for its reply."""

    operation: Operation[Any, Any]
    streaming: bool


W = TypeVar("W", bound=Waiting)

Reply = tuple[W, int, Any]
"""A waiter, the reply's message code, and its body, or for a stream's message the message itself."""


class Session(Generic[W]):
    """The order of requests and replies on one connection."""

    __slots__ = ("_reader", "fault", "pending", "room", "state")

    def __init__(self, max_frame: int = DEFAULT_MAX_FRAME) -> None:
        self.state = State.OPEN
        self.fault: ProtocolError | None = None
        """Why the stream is out of step, if it is; the connection is of no use then."""
        self.pending: deque[W] = deque()
        """The waiters whose replies have not come, oldest first."""
        self._reader = FrameReader(max_frame)
        self.room = self._reader.room
        """Where the next bytes that arrive are to be put; see :meth:`FrameReader.room`."""

    def may_send(self, streaming: bool = False) -> bool:
        """Whether a request may go out now."""
        return self.state is State.OPEN and not (streaming and self.pending)

    def sent(self, waiter: W) -> None:
        """A request goes out; its reply belongs to ``waiter``."""
        if self.state is not _OPEN or (waiter.streaming and self.pending):
            raise AssertionError(f"{waiter.operation.name} must not be sent while {self.state.name.lower()}")
        if waiter.streaming:
            self.state = State.STREAMING
        self.pending.append(waiter)

    def receive(self, count: int) -> list[Reply[W]]:
        """Match what arrived, ``count`` bytes in :attr:`room`, to those who wait for it, in order.

        Look at :attr:`fault` afterwards: what arrived before the stream fell out of step is
        matched all the same.
        """
        try:
            frames = self._reader.filled(count)
        except ProtocolError as error:
            self.fault = error
            frames = self._reader.whole
        pending = self.pending
        if self.state is _OPEN and len(frames) <= len(pending):
            # no stream is on its way, so each frame is one reply
            oldest = pending.popleft
            return [(oldest(), code, body) for code, body in frames]
        replies: list[Reply[W]] = []
        for code, body in frames:
            if not pending:
                if self.state is State.CLOSED:
                    break
                self.fault = ProtocolError(f"message code {code} arrived unasked")
                break
            waiter = pending[0]
            if not waiter.streaming:
                pending.popleft()
                replies.append((waiter, code, body))
                continue
            try:
                message = self._stream_message(waiter, code, body)
            except DecodeError as error:
                self.fault = ProtocolError(f"a reply to {waiter.operation.name} cannot be decoded: {error}")
                break
            replies.append((waiter, code, message))
        return replies

    def close(self) -> list[W]:
        """End of file, or given up: returns those whose replies will not come."""
        self.state = State.CLOSED
        left = list(self.pending)
        self.pending.clear()
        return left

    def _stream_message(self, waiter: W, code: int, body: Body) -> Any:
        message: Any = body
        if code == waiter.operation.reply_code:
            message = waiter.operation.decode(body)
            if not message.done:
                return message
        self.pending.popleft()
        self.state = State.OPEN
        return message
