"""The dispatcher: picks a node, watches the deadline, tries again where that is safe."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

from aioriak.cluster.cluster import Cluster
from aioriak.cluster.hedging import Hedging, Race
from aioriak.cluster.node import Node
from aioriak.cluster.retry import attempts_of, conclude, may_try_again
from aioriak.config import RetryPolicy
from aioriak.error import (
    ClientClosed,
    ConnectError,
    InvalidRequest,
    RiakError,
    SecurityError,
)
from aioriak.transport.exchange import Exchange, StreamExchange, encode_request, new_exchange
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import SET_CLIENT_ID, Operation

logger: logging.Logger = logging.getLogger("aioriak.cluster")

CLOSED = "the client is closed, and cannot be opened again; create a new RiakClient"

Q = TypeVar("Q")
M = TypeVar("M", covariant=True)
R = TypeVar("R")


@runtime_checkable
class Encoded(Protocol[M]):
    """A request that was encoded without its message."""

    def message(self) -> M:
        """Return the message, without a timeout."""


class Begun:
    """A request whose first attempt was sent, and that no task awaits so far."""

    __slots__ = ("deadline", "exchange", "future", "node")

    def __init__(self, exchange: Exchange, node: Node, deadline: float | None) -> None:
        self.exchange: Exchange = exchange
        self.future: asyncio.Future[None] = exchange.future
        """Done when the attempt has ended."""
        self.node: Node = node
        self.deadline: float | None = deadline
        """Loop time at which the request, of any number of attempts, is given up."""

    @property
    def reply(self) -> Any:
        """The reply; ``None`` unless the attempt has succeeded."""
        return self.exchange.reply if self.future.exception() is None else None

    def cancel(self) -> None:
        """Give the request up."""
        self.exchange.cancel()


class Attempts:
    """What became of the attempts at one request so far."""

    __slots__ = ("counted", "errors", "nodes")

    def __init__(self) -> None:
        self.counted: int = 0
        """Those that count towards the policy's number."""
        self.errors: list[RiakError] = []
        self.nodes: list[Node] = []
        """The nodes that failed: others are preferred."""

    def add(self, node: Node, error: RiakError, counts: bool) -> None:
        """Add a failed attempt."""
        self.counted += counts
        self.nodes.append(node)
        self.errors.append(error)
        if len(self.errors) > 10:  # keep the errors that leave the outcome unknown
            del self.errors[next((at for at, one in enumerate(self.errors) if not one.outcome_unknown), 0)]


class Dispatcher:
    """Sends requests for one client: a cluster and the options of this client."""

    __slots__ = ("_loop", "_reports_latency", "cluster", "hedging", "request_timeout", "retry", "usual_timeout")

    def __init__(
        self, cluster: Cluster, request_timeout: float | None, retry: RetryPolicy, hedging: Hedging | None = None
    ) -> None:
        self.cluster: Cluster = cluster
        self.request_timeout: float | None = request_timeout
        self.retry: RetryPolicy = retry
        self.hedging: Hedging | None = hedging
        self._loop = cluster.loop
        self._reports_latency = cluster.balancer.wants_latency  # answered() is called
        self.usual_timeout: int = 0 if request_timeout is None else _milliseconds(request_timeout)
        """What Riak's ``timeout`` field says in the first attempt at a usual request, in milliseconds; 0 for none."""

    async def call(
        self,
        operation: Operation[Q, R],
        request: Q | Encoded[Q],
        timeout: float | None = None,
        frame: bytes | None = None,
        begun: Begun | None = None,
    ) -> R:
        """Send a request and return its reply.

        ``timeout`` (seconds) takes the place of the client's own; attempts, waits and the server's
        time all count towards it.  Riak's ``timeout`` field carries what is left of it.  ``frame`` is the request
        encoded for the first attempt, with :attr:`usual_timeout`; others make a message of it.  ``begun`` is that
        attempt, where :meth:`begin` has sent it.
        """
        loop = self._loop
        cluster = self.cluster
        if asyncio.get_running_loop() is not loop:
            cluster.check_loop()
        started = loop.time()
        limit = self.request_timeout if timeout is None else timeout
        deadline = None if limit is None else started + limit
        if begun is not None:
            started, deadline = begun.exchange.started, begun.deadline
        if frame is None:
            if limit is not None and operation.has_timeout:
                request.timeout = self.usual_timeout if timeout is None else _milliseconds(limit)  # type: ignore[union-attr]
            body = b"" if request is None else request.SerializeToString()  # type: ignore[union-attr]
            frame = encode_frame(operation.request_code, body)
        tries: Attempts | None = None
        while True:
            until = deadline
            up = cluster.up
            node: Node | None
            if begun is None:
                if cluster.closed:
                    raise conclude(ClientClosed(CLOSED), tries.errors if tries else [])
                if len(up) == 1:  # only one node can be chosen
                    node = up[0]
                else:
                    node = cluster.pick(request, tries.nodes if tries else ())
                    until = self._attempt_deadline(operation, deadline, tries)
                if node is None:
                    await self._wait_for_node(deadline, tries, operation, request)
                    continue
                exchange = new_exchange(loop, operation, frame, started, until)
                node.pool.submit(exchange)
            else:
                node, exchange, begun = begun.node, begun.exchange, None
            race: Race | None = None
            try:
                if self.hedging is None or len(up) < 2 or not exchange.movable:
                    await exchange.future
                else:
                    race = Race(self, self.hedging, operation, request, frame, exchange, node, deadline)
                    await race.run()
                    node = race.node
                reply: R = exchange.reply
                exchange.reply = None
            except asyncio.CancelledError:
                exchange.cancel()
                raise
            except RiakError as error:
                tries = tries or Attempts()
                if race is not None:
                    node = race.node
                    for failed in race.failed:
                        tries.add(*failed, counts=False)
                wait = self.after(error, node, operation, request, exchange.sent, started, deadline, tries)
            else:
                if self._reports_latency:
                    self.answered(node, started)
                return reply
            if wait:
                await cluster.pause(wait)
            started = loop.time()
            if deadline is not None and operation.has_timeout:
                message: Any = request.message() if isinstance(request, Encoded) else request
                message.timeout = _milliseconds(deadline - started)
                frame = encode_request(operation, message)

    def begin(self, operation: Operation[Any, Any], request: Any, frame: bytes) -> Begun | None:
        """Send the first attempt at a request, as :meth:`call` does, and do not wait for its reply.

        :meth:`ended` takes a reply that came; for all other outcomes :meth:`call` goes on with the attempt.
        ``None`` where a request takes more than an attempt that is sent at once: nothing was sent then.
        """
        cluster = self.cluster
        loop = self._loop
        if self.hedging is not None or cluster.closed or asyncio.get_running_loop() is not loop:
            return None
        started = loop.time()
        deadline = until = None if self.request_timeout is None else started + self.request_timeout
        up = cluster.up
        if len(up) == 1:
            node = up[0]
        else:
            chosen = cluster.pick(request)
            if chosen is None:
                return None
            node = chosen
            until = self._attempt_deadline(operation, deadline, None)
        exchange = new_exchange(loop, operation, frame, started, until)
        node.pool.submit(exchange)
        return Begun(exchange, node, deadline)

    def ended(self, begun: Begun) -> None:
        """Note that the reply to a request that was begun has come."""
        begun.exchange.reply = None
        if self._reports_latency:
            self.answered(begun.node, begun.exchange.started)

    def second_deadline(self, operation: Operation[Any, Any], deadline: float | None) -> float | None:
        """Return the loop time at which the second request of a hedged one is given up."""
        return self._attempt_deadline(operation, deadline, None)

    def hedged(self, node: Node, second: Node) -> None:
        """Note that a request to ``node`` was sent to ``second`` as well; for subclasses."""

    def answered(self, node: Node, started: float) -> None:
        """Note that an attempt that began at ``started`` succeeded: for a balancer that wants to know."""
        if self.cluster.balancer.wants_latency:
            self.cluster.observe(node, node.pool.replied_at - started)

    def _attempt_deadline(
        self, operation: Operation[Any, Any], deadline: float | None, tries: Attempts | None
    ) -> float | None:
        """Return the loop time at which this attempt is given up.

        A read that could go elsewhere gives a node half of the time left, so that one that has frozen
        does not use it up.
        """
        counted = tries.counted if tries else 0
        if deadline is None or not operation.idempotent or operation.alone or counted + 1 >= attempts_of(self.retry):
            return deadline
        now = self._loop.time()
        share = (deadline - now) / 2
        most = self.cluster.settings.timeouts.attempt
        return now + (share if most is None else min(share, most))

    def after(
        self,
        error: RiakError,
        node: Node,
        operation: Operation[Any, Any],
        request: Any,
        sent: bool,
        started: float,
        deadline: float | None,
        tries: Attempts,
    ) -> float:
        """Return the seconds to wait before the next attempt.  Raises the error if there is none."""
        _place(error, node, operation, request)
        cluster = self.cluster
        cluster.report(node, error, started)
        left = None if deadline is None else deadline - self._loop.time()
        counts = sent or not isinstance(error, ConnectError) or cluster.settings.behind_load_balancer
        if isinstance(error, SecurityError):
            wait = 0.0 if cluster.up and node not in cluster.up else None  # retry at once on another node
        elif not counts:
            wait = 0.0  # its node was removed before the request was sent: retry at once
        else:
            wait = may_try_again(error, operation, sent, tries.counted + 1, self.retry)
        if cluster.closed or wait is None or (left is not None and wait >= left):
            raise conclude(error, tries.errors)
        tries.add(node, error, counts)
        node.retries += 1
        logger.debug("%s: %s failed, again in %.2f s: %s", node.name, error.operation, wait, error.value)
        return wait

    async def _wait_for_node(
        self, deadline: float | None, tries: Attempts | None, operation: Operation[Any, Any], request: Any
    ) -> None:
        try:
            await self.cluster.wait_for_node(deadline, tries.errors if tries else [])
        except RiakError as error:
            error.operation = f"{operation.name}{describe(request)}"
            raise conclude(error, tries.errors if tries else []) from error.__cause__

    def stream(self, operation: Operation[Q, R], request: Q, timeout: float | None = None) -> MessageStream[R]:
        """Stream the messages that answer a request; see :class:`MessageStream`."""
        return MessageStream(self, operation, request, self.request_timeout if timeout is None else timeout)

    async def set_client_id(self, client_id: bytes) -> None:
        """Set the client id of every connection.

        Raises the server's error if it refuses the id; earlier connections then keep theirs.
        """
        assert SET_CLIENT_ID.request is not None
        await self.call(SET_CLIENT_ID, SET_CLIENT_ID.request(client_id=client_id))
        self.cluster.set_client_id(client_id)


class MessageStream(Generic[R]):
    """The messages of one stream, in the order of arrival; an async iterator.

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
        self._deadline: float | None = None  # for the first message, over all attempts
        self._asked_at = 0.0  # loop time of the last step that waited for a message
        self._stepping = False
        self._begun = False
        self._ended = False
        self._error: RiakError | None = None

    @property
    def buffered(self) -> int:
        """Bytes of messages that came and were not taken yet."""
        return 0 if self._exchange is None else self._exchange.buffered

    def __aiter__(self) -> MessageStream[R]:
        return self

    async def __anext__(self) -> R:
        if self._error is not None:
            raise self._error  # raised at every step, so that a failed stream never looks complete
        if self._ended:
            raise StopAsyncIteration
        if self._stepping:
            raise InvalidRequest("a stream is read by one task at a time")
        self._stepping = True
        try:
            return await self._step()
        finally:
            self._stepping = False

    async def _step(self) -> R:
        tries = Attempts()
        while True:
            try:
                exchange = self._exchange or await self._start(tries)
                self._asked_at = self._dispatcher.cluster.loop.time()
                message = await exchange.next()
            except RiakError as error:
                try:
                    wait = self._again(error, tries)
                except RiakError as final:
                    self._error = final
                    self._end()
                    raise
                if wait:
                    await self._dispatcher.cluster.pause(wait)
                continue
            if message is None:
                self._end()
                raise StopAsyncIteration
            self._begun = True
            return cast(R, message)

    async def _start(self, tries: Attempts) -> StreamExchange:
        dispatcher, operation = self._dispatcher, self._operation
        cluster = dispatcher.cluster
        loop = cluster.loop
        cluster.check_loop()
        if self._deadline is None and self._timeout is not None:
            self._deadline = loop.time() + self._timeout
        deadline = self._deadline
        if cluster.closed:
            raise ClientClosed(CLOSED)
        while (node := cluster.pick(self._request, tries.nodes)) is None:
            await cluster.wait_for_node(deadline, tries.errors)
        self._node = node
        exchange = self._exchange = StreamExchange(
            loop,
            operation,
            self._request,
            deadline,
            self._timeout,
            cluster.settings.pool.stream_buffer,
        )
        node.pool.submit(exchange)
        return exchange

    def _again(self, error: RiakError, tries: Attempts) -> float:
        """Return the seconds to wait before the stream is requested again.  Raises the error if it is not."""
        exchange, self._exchange = self._exchange, None
        node, operation, request = self._node, self._operation, self._request
        if node is None or exchange is None:  # no node came up, or the client was closed
            error.operation = error.operation or f"{operation.name}{describe(request)}"
            raise conclude(error, tries.errors) from error.__cause__
        if self._begun:
            _place(error, node, operation, request)
            self._dispatcher.cluster.report(node, error, self._asked_at)
            raise error
        return self._dispatcher.after(
            error, node, operation, request, exchange.sent, self._asked_at, self._deadline, tries
        )

    async def aclose(self) -> None:
        """End the stream; its connection is closed unless the last message has come."""
        self._end()

    def _end(self) -> None:
        self._ended = True
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.cancel()

    def __del__(self) -> None:
        if not self._ended and self._exchange is not None and not self._dispatcher.cluster.loop.is_closed():
            self._end()


def _milliseconds(seconds: float) -> int:
    milliseconds = int(seconds * 1000)
    return 1 if milliseconds < 1 else milliseconds if milliseconds < 0xFFFFFFFF else 0xFFFFFFFF


def _place(error: RiakError, node: Node, operation: Operation[Any, Any], request: Any) -> None:
    """Add node and operation to an error."""
    if error.node is None:
        error.node = node.name
    if error.operation is None:
        error.operation = f"{operation.name}{describe(request)}"


def describe(request: Any) -> str:
    """Return `` of type/bucket/key``, as far as a request has them."""
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
