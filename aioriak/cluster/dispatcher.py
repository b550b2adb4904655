"""The dispatcher: picks a node, watches the deadline, tries again where that is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

from google.protobuf.message import DecodeError

from aioriak.cluster.node import Node
from aioriak.cluster.retry import may_try_again
from aioriak.config import RetryPolicy, Settings
from aioriak.error import ClientClosed, ProtocolError, RiakError
from aioriak.transport.exchange import StreamExchange, new_exchange
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import SET_CLIENT_ID, Operation

Q = TypeVar("Q")
R = TypeVar("R")


class Cluster:
    """The nodes that a client and its copies share."""

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: Settings) -> None:
        self.loop = loop
        self.settings = settings
        self.nodes = [Node(loop, address, settings) for address in settings.nodes]
        self.closed = False

    async def start(self) -> None:
        """Connect; raises the error that prevented it."""
        await self.nodes[0].pool.open_one()

    def pick(self, avoid: Sequence[Node] = ()) -> Node:
        """The node for the next attempt."""
        return self.nodes[0]

    def set_client_id(self, client_id: bytes) -> None:
        """Every connection made from now on introduces itself so."""
        for node in self.nodes:
            node.client_id = client_id

    def close(self) -> None:
        """Close every connection now."""
        if not self.closed:
            self.closed = True
            for node in self.nodes:
                node.pool.close(ClientClosed("the client was closed"))

    async def aclose(self) -> None:
        """Let what is in flight end, then close."""
        self.closed = True
        await asyncio.gather(*(node.pool.aclose(self.settings.timeouts.close) for node in self.nodes))


class Dispatcher:
    """Sends requests for one client: a cluster and the options of this client."""

    __slots__ = ("_loop", "cluster", "request_timeout", "retry")

    def __init__(self, cluster: Cluster, request_timeout: float | None, retry: RetryPolicy) -> None:
        self.cluster = cluster
        self.request_timeout = request_timeout
        self.retry = retry
        self._loop = cluster.loop

    async def call(self, operation: Operation[Q, R], request: Q, timeout: float | None = None) -> R:
        """Send a request and return its reply.

        ``timeout`` (seconds) takes the place of the client's own; attempts, waits and the server's
        time all count towards it.  Riak's ``timeout`` field carries what is left of it.
        """
        loop = self._loop
        limit = self.request_timeout if timeout is None else timeout
        deadline = None if limit is None else loop.time() + limit
        if limit is not None and operation.has_timeout:
            request.timeout = _milliseconds(limit)  # type: ignore[attr-defined]
        failed: list[RiakError] = []
        while True:
            node = self.pick(failed)
            body = b"" if request is None else request.SerializeToString()  # type: ignore[attr-defined]
            exchange = new_exchange(loop, operation, encode_frame(operation.request_code, body), deadline)
            node.pool.submit(exchange)
            try:
                return operation.decode(await exchange)
            except DecodeError as cause:
                raise ProtocolError(f"the reply cannot be decoded: {cause}", node=node.name) from cause
            except asyncio.CancelledError:
                if exchange.done() and not exchange.cancelled():
                    exchange.exception()  # it ended in the same turn: say that it was seen
                raise
            except RiakError as error:
                _place(error, node, operation, request)
                wait = may_try_again(error, operation, exchange.sent, len(failed) + 1, self.retry)
                if wait is None or (deadline is not None and loop.time() + wait >= deadline):
                    error.attempts = tuple(failed)
                    raise
                failed.append(error)
            if wait:
                await asyncio.sleep(wait)
            if deadline is not None and operation.has_timeout:
                request.timeout = _milliseconds(deadline - loop.time())  # type: ignore[attr-defined]

    def stream(self, operation: Operation[Q, R], request: Q, timeout: float | None = None) -> MessageStream[R]:
        """The messages that answer a request, one by one; see :class:`MessageStream`."""
        return MessageStream(self, operation, request, self.request_timeout if timeout is None else timeout)

    def pick(self, failed: Sequence[RiakError] = ()) -> Node:
        """The node for the next attempt."""
        if self.cluster.closed:
            raise ClientClosed("the client is closed")
        return self.cluster.pick()

    async def set_client_id(self, client_id: bytes) -> None:
        """Introduce every connection, present and to come, by a client id."""
        self.cluster.set_client_id(client_id)
        assert SET_CLIENT_ID.request is not None
        await self.call(SET_CLIENT_ID, SET_CLIENT_ID.request(client_id=client_id))


class MessageStream(Generic[R]):
    """The messages of one stream, as they come; an async iterator.

    The connection is the stream's alone until its last message.  Left early (``aclose()``, or
    simply dropped) the connection is closed at once.  Before the first message has come a stream
    that may be repeated is attempted again like any other request.
    """

    def __init__(self, dispatcher: Dispatcher, operation: Operation[Q, R], request: Q, timeout: float | None) -> None:
        self._dispatcher = dispatcher
        self._operation = operation
        self._request = request
        self._timeout = timeout
        self._exchange: StreamExchange | None = None
        self._node: Node | None = None
        self._begun = False
        self._ended = False

    @property
    def buffered(self) -> int:
        """Bytes of messages that came and were not taken yet."""
        return 0 if self._exchange is None else self._exchange.buffered

    def __aiter__(self) -> MessageStream[R]:
        return self

    async def __anext__(self) -> R:
        if self._ended:
            raise StopAsyncIteration
        failed: list[RiakError] = []
        while True:
            try:
                exchange = self._exchange or self._start(failed)
                message = await exchange.next()
            except asyncio.CancelledError:
                self._end()
                raise
            except RiakError as error:
                wait = self._again(error, failed)
                if wait is None:
                    self._end()
                    error.attempts = tuple(failed)
                    raise
                failed.append(error)
                await asyncio.sleep(wait)
                continue
            if message is None:
                self._end()
                raise StopAsyncIteration
            self._begun = True
            return cast(R, message)

    def _start(self, failed: Sequence[RiakError]) -> StreamExchange:
        dispatcher, operation = self._dispatcher, self._operation
        loop = dispatcher.cluster.loop
        self._node = dispatcher.pick(failed)
        body = self._request.SerializeToString()  # type: ignore[attr-defined]
        exchange = self._exchange = StreamExchange(
            loop,
            operation,
            encode_frame(operation.request_code, body),
            None if self._timeout is None else loop.time() + self._timeout,
            self._timeout,
            dispatcher.cluster.settings.pool.stream_buffer,
        )
        self._node.pool.submit(exchange)
        return exchange

    def _again(self, error: RiakError, failed: Sequence[RiakError]) -> float | None:
        exchange, self._exchange = self._exchange, None
        if self._node is None or exchange is None:
            return None
        _place(error, self._node, self._operation, self._request)
        if self._begun:
            return None
        return may_try_again(error, self._operation, exchange.sent, len(failed) + 1, self._dispatcher.retry)

    async def aclose(self) -> None:
        """End the stream; its connection is closed unless the last message has come."""
        self._end()

    def _end(self) -> None:
        self._ended = True
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.leave()

    def __del__(self) -> None:
        if not self._ended and self._exchange is not None and not self._dispatcher.cluster.loop.is_closed():
            self._end()


def _milliseconds(seconds: float) -> int:
    return max(1, min(int(seconds * 1000), 0xFFFFFFFF))


def _place(error: RiakError, node: Node, operation: Operation[Any, Any], request: Any) -> None:
    """Say in an error where and in doing what it happened."""
    if error.node is None:
        error.node = node.name
    if error.operation is None:
        error.operation = f"{operation.name}{describe(request)}"


def describe(request: Any) -> str:
    """`` of type/bucket/key``, as far as a request has them."""
    names = [
        value.decode("utf-8", "backslashreplace")
        for value in (getattr(request, name, None) for name in ("bucket", "key"))
        if isinstance(value, bytes) and value
    ]
    kind = getattr(request, "type", None)
    if not isinstance(kind, bytes):
        return ""
    path = "/".join([kind.decode("utf-8", "backslashreplace") or "default", *names])
    return f" of {path[:200]}"
