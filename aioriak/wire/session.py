"""A session: matches the replies of one connection to its requests.

Riak answers the requests of a connection strictly in order, and nothing may
follow a request that is answered by a stream until the stream is done.  The
session keeps that order; it handles bytes and requests, no sockets and no tasks.

What is legal in which state::

    state       send        send a stream   reply           end of file
    OPEN        yes         when idle       to the oldest   CLOSED
    STREAMING   no          no              to the stream   CLOSED
    CLOSED      no          no              dropped         -

A read is checked as a whole before any of it counts.  After a fault (a reply
too many, an unknown message code, a body that cannot be decoded) the replies of
that read cannot be trusted to stand in their places, so none is delivered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Generic, Protocol, TypeVar

from google.protobuf.message import DecodeError

from aioriak.error import ProtocolError, RiakError, from_server
from aioriak.riak_pb import base
from aioriak.wire.framing import DEFAULT_MAX_FRAME, Body, Frame, FrameReader
from aioriak.wire.operation import Operation
from aioriak.wire.values import LARGE


class State(Enum):
    """See the table above."""

    OPEN = auto()
    STREAMING = auto()
    CLOSED = auto()


_OPEN = State.OPEN


class Request(Protocol):
    """What a session needs of a request that awaits its reply."""

    operation: Operation[Any, Any]
    streaming: bool


W = TypeVar("W", bound=Request)

Reply = tuple[W, Any, RiakError | None]
"""A request, the decoded message of its reply, and the server's error in its place."""


def read_reply(operation: Operation[Any, Any], code: int, body: Body) -> Any:
    """Decode the reply to an operation; an error reply is returned as its exception.

    Raises :class:`~aioriak.error.ProtocolError` for a body that cannot be decoded (nothing else turns
    protobuf's ``DecodeError`` into an error of this package) and for a message code that is no reply
    to the operation.
    """
    try:
        if code == operation.reply_code:
            return operation.decode(body)
        if code == 0:
            return from_server(base.RpbErrorResp.FromString(bytes(body)).errmsg.decode("utf-8", "replace"))
    except DecodeError as cause:
        raise _undecodable(operation, cause) from cause
    raise ProtocolError(f"received message code {code} as the reply to {operation.name}")


def _undecodable(operation: Operation[Any, Any], cause: DecodeError) -> ProtocolError:
    return ProtocolError(f"the reply to {operation.name} cannot be decoded: {cause}")


def _surplus(code: int) -> ProtocolError:
    return ProtocolError(f"received message code {code}, which answers no request")


class Session(Generic[W]):
    """The order of requests and replies on one connection."""

    __slots__ = ("_reader", "fault", "faulty", "pending", "room", "state", "unwritten")

    def __init__(self, max_frame: int = DEFAULT_MAX_FRAME) -> None:
        self.state: State = State.OPEN
        self.fault: ProtocolError | None = None
        """What was wrong with a read, if anything was; the connection must then be closed."""
        self.faulty: W | None = None
        """The request whose reply showed the fault, if it was one request's."""
        self.pending: deque[W] = deque()
        """The requests that await their replies, oldest first."""
        self.unwritten: list[W] = []
        """The last ones of :attr:`pending`, which have not been written and so cannot be answered yet."""
        self._reader = FrameReader(max_frame)
        self.room: Callable[[], memoryview] = self._reader.room
        """Returns the buffer for the next bytes received; see :meth:`FrameReader.room`."""

    def may_send(self, streaming: bool = False) -> bool:
        """Whether a request may be sent now."""
        return self.state is State.OPEN and not (streaming and self.pending)

    def send(self, request: W) -> None:
        """Add a request, which is unwritten until :meth:`written`."""
        if self.state is not _OPEN or (request.streaming and self.pending):
            raise AssertionError(f"{request.operation.name} must not be sent while {self.state.name.lower()}")
        if request.streaming:
            self.state = State.STREAMING
        self.pending.append(request)
        self.unwritten.append(request)

    def written(self) -> list[W]:
        """Return the unwritten requests; from now on they may be answered."""
        written, self.unwritten = self.unwritten, []
        return written

    def receive(self, count: int) -> list[Reply[W]]:
        """Match the ``count`` bytes received into :attr:`room` to the requests they answer, in order.

        A fault sets :attr:`fault`; nothing is returned then and :attr:`pending` stays as it was.
        """
        try:
            frames = self._reader.filled(count)
        except ProtocolError as error:
            return self._refuse(error)
        if not frames or self.fault is not None:
            return []
        pending = self.pending
        if self.state is not _OPEN:
            return self._receive_stream(frames) if pending else []
        if len(frames) > len(pending) - len(self.unwritten):
            return self._refuse(_surplus(frames[len(pending) - len(self.unwritten)][0]))
        replies: list[Reply[W]] = []
        for (code, body), request in zip(frames, pending, strict=False):
            operation = request.operation
            try:
                if code == operation.reply_code:
                    decode = operation.decode if len(body) < LARGE else operation.decode_large
                    replies.append((request, decode(body), None))
                else:
                    replies.append((request, None, read_reply(operation, code, body)))
            except DecodeError as cause:
                return self._refuse(_undecodable(operation, cause), request)
            except ProtocolError as fault:
                return self._refuse(fault, request)
        oldest = pending.popleft
        for _ in frames:
            oldest()
        return replies

    def _receive_stream(self, frames: list[Frame]) -> list[Reply[W]]:
        request = self.pending[0]
        replies: list[Reply[W]] = []
        done = bool(self.unwritten)
        for code, body in frames:
            if done:
                return self._refuse(_surplus(code))
            try:
                message = read_reply(request.operation, code, body)
            except ProtocolError as fault:
                return self._refuse(fault, request)
            if isinstance(message, RiakError):
                done = True
                replies.append((request, None, message))
            else:
                done = message.done
                replies.append((request, message, None))
        if done:
            self.pending.popleft()
            self.state = State.OPEN
        return replies

    def _refuse(self, fault: ProtocolError, request: W | None = None) -> list[Reply[W]]:
        self.fault, self.faulty = fault, request
        return []

    def close(self) -> list[W]:
        """Close the session; returns the requests whose replies will not come."""
        self.state = State.CLOSED
        left = list(self.pending)
        self.pending.clear()
        self.unwritten.clear()
        return left
