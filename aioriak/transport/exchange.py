"""Exchanges: a request on its way, and whoever waits for the answer.

An :class:`Exchange` costs one future and no task.  A :class:`StreamExchange` is answered by
many messages and hands them out one by one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Protocol

from aioriak.error import PoolTimeout, RequestTimeout
from aioriak.wire.framing import Body, encode_frame
from aioriak.wire.operation import Operation


class Carrier(Protocol):
    """What a request was sent over."""

    def given_up(self, exchange: Exchange) -> None:
        """Nobody waits for the reply any more."""


class Exchange:
    """A request that is answered once: ``future`` is done when ``reply`` holds the body of the reply."""

    __slots__ = ("alone", "carrier", "deadline", "frame", "future", "operation", "reply", "sent", "started")

    streaming = False

    operation: Operation[Any, Any]
    frame: bytes
    started: float
    """Loop time at which it was asked for."""
    deadline: float | None
    """Loop time at which the caller gives up."""
    sent: bool
    """Some of it may have left this machine."""
    alone: bool
    """It needs a connection of its own."""
    carrier: Carrier | None
    reply: Body
    """Taken out as soon as it is decoded: asyncio holds a future, and its result, longer than its caller does."""
    future: asyncio.Future[None]
    """One of the loop's own: those are what it resumes a task for most quickly."""

    def __await__(self) -> Generator[Any, None, None]:
        return self.future.__await__()

    def done(self) -> bool:
        """Whether it has ended: answered, failed or given up."""
        return self.future.done()

    def cancel(self) -> None:
        """Nobody waits any more: the connection, if it was sent, is told that its reply is nobody's."""
        future = self.future
        future.cancel()
        if future.cancelled():
            if self.carrier is not None:
                self.carrier.given_up(self)
        else:
            future.exception()  # it ended in the same turn: say that it was seen

    def fail(self, error: BaseException) -> None:
        """End with an error, unless it has ended."""
        if not self.future.done():
            self.future.set_exception(error)


def new_exchange(
    loop: asyncio.AbstractEventLoop,
    operation: Operation[Any, Any],
    request: Any,
    started: float,
    deadline: float | None,
) -> Exchange:
    """An exchange that has not been sent; ``request`` is a message, or ``None`` where there is nothing to say."""
    body = b"" if request is None else request.SerializeToString()
    exchange = Exchange()
    exchange.operation = operation
    exchange.frame = encode_frame(operation.request_code, body)
    exchange.started = started
    exchange.deadline = deadline
    exchange.sent = False
    exchange.alone = operation.alone
    exchange.carrier = None
    exchange.reply = b""
    exchange.future = loop.create_future()
    return exchange


class StreamExchange:
    """A request that is answered by many messages, with back-pressure.

    Messages wait here until :meth:`next` takes them.  When more than ``limit`` bytes wait, the
    connection stops reading until half of them are taken.  ``timeout`` is how long, in seconds,
    the next message may take to come.
    """

    __slots__ = (
        "_ended", "_error", "_loop", "_messages", "_paused", "_waiter", "buffered", "deadline", "frame", "left",
        "limit", "operation", "pause", "resume", "sent", "timeout",
    )

    streaming = True
    alone = True

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        operation: Operation[Any, Any],
        request: Any,
        deadline: float | None,
        timeout: float | None,
        limit: int,
    ) -> None:
        self.operation = operation
        self.frame = encode_frame(operation.request_code, request.SerializeToString())
        self.deadline = deadline  # counts until it is sent
        self.timeout = timeout
        self.limit = limit
        self.sent = False
        self.buffered = 0
        """Bytes of messages that wait to be taken."""
        self.pause: Callable[[], None] = _nothing
        self.resume: Callable[[], None] = _nothing
        self.left: Callable[[], None] = _nothing
        """What the connection does when nobody wants the rest."""
        self._loop = loop
        self._messages: deque[tuple[Any, int]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self._ended = False
        self._paused = False

    def done(self) -> bool:
        """Whether no more messages will come."""
        return self._ended

    def feed(self, message: Any, size: int) -> None:
        """A message of ``size`` bytes came."""
        if self._ended:
            return
        self._messages.append((message, size))
        self.buffered += size
        if self.buffered > self.limit and not self._paused:
            self._paused = True
            self.pause()
        self._wake()

    def finish(self) -> None:
        """The last message came."""
        self._end()

    def fail(self, error: BaseException) -> None:
        """No more messages will come, and this is why; those that came before can still be taken."""
        if not self._ended:
            self._error = error
            self._end()

    def _end(self) -> None:
        """The connection is somebody else's from now on: let it read, and keep no hold on it."""
        self._ended = True
        if self._paused:
            self._paused = False
            self.resume()
        self.pause = self.resume = self.left = _nothing
        self._wake()

    async def next(self) -> Any:
        """The next message, or ``None`` at the end.

        Raises the error that ended the stream, or :class:`~aioriak.error.RequestTimeout`.
        """
        while not self._messages:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._ended:
                return None
            await self._wait()
        message, size = self._messages.popleft()
        self.buffered -= size
        if self._paused and self.buffered <= self.limit // 2:
            self._paused = False
            self.resume()
        return message

    def leave(self) -> None:
        """Nobody wants the rest: the connection is closed, unless the stream has ended."""
        self._messages.clear()
        self.buffered = 0
        if not self._ended:
            self.left()
            self._end()

    async def _wait(self) -> None:
        waiter = self._waiter = self._loop.create_future()
        limit = self.timeout if self.sent else self._until_deadline()
        handle = None if limit is None else self._loop.call_later(limit, self._too_late)
        try:
            await waiter
        finally:
            self._waiter = None
            if handle is not None:
                handle.cancel()

    def _until_deadline(self) -> float | None:
        return None if self.deadline is None else max(0.0, self.deadline - self._loop.time())

    def _too_late(self) -> None:
        if self._ended:
            return
        if self.sent:
            self.left()
            self.fail(RequestTimeout("no further message of the stream came in time"))
        else:
            self.fail(PoolTimeout("every connection stayed busy; nothing was sent"))

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


def _nothing() -> None:
    pass
