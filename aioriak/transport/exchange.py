"""Exchanges: a request, and the caller that waits for its reply.

An :class:`Exchange` costs one future and no task.  A :class:`StreamExchange` is answered by
many messages and hands them out one by one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Protocol

from aioriak.error import PoolTimeout, RequestTimeout, RiakError
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import Operation

MESSAGE_COST = 640
"""Bytes charged for each message of a stream besides its own: what an empty one takes in memory."""


class Carrier(Protocol):
    """A connection that a request was sent over, or the pool that it waits in."""

    def abandoned(self, exchange: AnyExchange) -> None:
        """Note that no caller waits for the exchange any more."""


class Exchange:
    """A request that is answered once: ``future`` is done when ``reply`` holds the message."""

    __slots__ = ("alone", "carrier", "deadline", "frame", "future", "operation", "reply", "sent", "started")

    streaming = False

    operation: Operation[Any, Any]
    frame: bytes
    started: float
    """Loop time of the call."""
    deadline: float | None
    """Loop time at which the caller gives up; once it gave up, the time at which it did."""
    sent: bool
    """The server may have received some of it, over any connection."""
    alone: bool
    """It needs a connection of its own."""
    carrier: Carrier | None
    reply: Any
    """The decoded message; cleared by the caller, because asyncio keeps a future longer than its caller does."""
    future: asyncio.Future[None]
    """Made by the loop itself: a task that waits for such a future is resumed fastest."""

    def __await__(self) -> Generator[Any, None, None]:
        return self.future.__await__()

    def done(self) -> bool:
        """Whether it was answered, failed or given up."""
        return self.future.done()

    @property
    def movable(self) -> bool:
        """Whether it may be sent over a second connection while the first may still carry it out.

        Not so for writes, even idempotent ones: the first copy may take effect after a later write.
        """
        operation = self.operation
        return operation.idempotent and not operation.writes and not self.alone

    def cancel(self) -> None:
        """Give the request up; a reply that still comes is dropped in its place."""
        future = self.future
        future.cancel()
        if not future.cancelled():
            future.exception()  # the request has just ended: mark its exception as retrieved
        elif self.carrier is not None:
            self.carrier.abandoned(self)

    def fail(self, error: RiakError) -> None:
        """End with an error, unless it has ended."""
        if not self.future.done():
            self.future.set_exception(error)


def encode_request(operation: Operation[Any, Any], request: Any) -> bytes:
    """Return the frame of a request; ``request`` is a message, ``None`` for one without body."""
    return encode_frame(operation.request_code, b"" if request is None else request.SerializeToString())


def new_exchange(
    loop: asyncio.AbstractEventLoop,
    operation: Operation[Any, Any],
    frame: bytes,
    started: float,
    deadline: float | None,
) -> Exchange:
    """Return an exchange that has not been sent; ``frame`` is the encoded request."""
    exchange = Exchange()
    exchange.operation = operation
    exchange.frame = frame
    exchange.started = started
    exchange.deadline = deadline
    exchange.sent = False
    exchange.alone = operation.alone
    exchange.carrier = None
    exchange.reply = None
    exchange.future = loop.create_future()
    return exchange


def placeholder(exchange: Exchange, loop: asyncio.AbstractEventLoop) -> Exchange:
    """Return an abandoned exchange that takes the place of ``exchange`` on its connection."""
    stand_in = Exchange()
    stand_in.operation = exchange.operation
    stand_in.frame = b""
    stand_in.started = exchange.started
    stand_in.deadline = loop.time()
    stand_in.sent = True
    stand_in.alone = False
    stand_in.carrier = None
    stand_in.reply = None
    stand_in.future = loop.create_future()
    stand_in.future.cancel()
    return stand_in


class StreamExchange:
    """A request that is answered by many messages, with back-pressure.

    Messages are buffered here until :meth:`next` takes them.  When more than ``limit`` bytes are
    buffered, the connection stops reading until half of them are taken.  ``timeout`` is how long, in
    seconds, the next message may take.
    """

    __slots__ = (
        "_ended", "_error", "_loop", "_messages", "_paused", "_waiter", "buffered", "carrier", "deadline", "frame",
        "limit", "operation", "pause", "resume", "sent", "timeout",
    )

    streaming = True
    alone = True
    movable = False

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        operation: Operation[Any, Any],
        request: Any,
        deadline: float | None,
        timeout: float | None,
        limit: int,
    ) -> None:
        self.operation: Operation[Any, Any] = operation
        self.frame: bytes = encode_request(operation, request)
        self.deadline: float | None = deadline  # loop time by which the request must be sent
        self.timeout: float | None = timeout
        self.limit: int = limit
        self.sent: bool = False
        self.buffered: int = 0
        """Bytes charged for the buffered messages: their own, and :data:`MESSAGE_COST` for each."""
        self.carrier: Carrier | None = None
        self.pause: Callable[[], None] = _nothing
        self.resume: Callable[[], None] = _nothing
        self._loop = loop
        self._messages: deque[tuple[Any, int]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._error: RiakError | None = None
        self._ended = False
        self._paused = False

    def done(self) -> bool:
        """Whether no more messages will come."""
        return self._ended

    def feed(self, message: Any) -> None:
        """Buffer a message."""
        if self._ended:
            return
        size = message.ByteSize() + MESSAGE_COST
        self._messages.append((message, size))
        self.buffered += size
        if self.buffered > self.limit and not self._paused:
            self._paused = True
            self.pause()
        self._wake()

    def finish(self) -> None:
        """End the stream: the last message was fed."""
        self._end()

    def fail(self, error: RiakError) -> None:
        """End the stream with an error, raised once the buffered messages are taken."""
        if not self._ended:
            self._error = error
            self._end()

    def _end(self) -> None:
        """Let go of the connection, which others use from now on, and let it read."""
        self._ended = True
        if self._paused:
            self._paused = False
            self.resume()
        self.pause = self.resume = _nothing
        self.carrier = None
        self._wake()

    async def next(self) -> Any:
        """Return the next message, or ``None`` at the end.

        A cancelled call takes nothing: the next one goes on.  Raises the error that ended the stream,
        at every call, or :class:`~aioriak.error.RequestTimeout`.
        """
        while not self._messages:
            if self._error is not None:
                raise self._error
            if self._ended:
                return None
            await self._wait()
        message, size = self._messages.popleft()
        self.buffered -= size
        if self._paused and self.buffered <= self.limit // 2:
            self._paused = False
            self.resume()
        return message

    def cancel(self) -> None:
        """Discard the buffered messages; close the connection unless the stream has ended."""
        self._messages.clear()
        self.buffered = 0
        if not self._ended:
            self._let_go()
            self._end()

    def _let_go(self) -> None:
        if self.carrier is not None:
            self.carrier.abandoned(self)

    async def _wait(self) -> None:
        waiter = self._waiter = self._loop.create_future()
        limit = self.timeout if self.sent else self._until_deadline()
        handle = None if limit is None else self._loop.call_later(limit, self._expire)
        try:
            await waiter
        finally:
            self._waiter = None
            if handle is not None:
                handle.cancel()

    def _until_deadline(self) -> float | None:
        return None if self.deadline is None else max(0.0, self.deadline - self._loop.time())

    def _expire(self) -> None:
        if self._ended:
            return
        self._let_go()
        if self.sent:
            self.fail(RequestTimeout("the next message of the stream did not come in time"))
        else:
            self.fail(PoolTimeout("every connection stayed busy; nothing was sent"))

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


AnyExchange = Exchange | StreamExchange


def _nothing() -> None:
    pass
