"""A dispatcher that tells telemetry of every operation.

It takes the plain dispatcher's place when a client has telemetry, so that a client without pays nothing.
"""

from __future__ import annotations

from typing import Any, TypeVar

from aioriak.cluster.dispatcher import Begun, Dispatcher, Encoded, MessageStream
from aioriak.cluster.node import Node
from aioriak.error import RiakError
from aioriak.observability.telemetry import Call, FailedAttempt, Hedge, Outcome
from aioriak.wire.operation import Operation

Q = TypeVar("Q")
R = TypeVar("R")


class Watched(Dispatcher):
    """The dispatcher of one operation: sees its attempts, and tells of them."""

    __slots__ = ("_call", "_ended", "_failed", "_hedged", "_node", "_started", "_token")

    def __init__(self, dispatcher: Dispatcher, operation: Operation[Any, Any], request: Any) -> None:
        super().__init__(dispatcher.cluster, dispatcher.request_timeout, dispatcher.retry, dispatcher.hedging)
        self._reports_latency = True
        self._call = Call(
            operation=operation.name,
            bucket_type=_bucket_type(request),
            bucket=_text(getattr(request, "bucket", None)),
            writes=operation.writes,
        )
        self._node: str | None = None
        self._failed = 0
        self._hedged = False
        self._ended = False
        self._started = self._loop.time()
        self._token = self.cluster.telemetry.operation_started(self._call)

    def hedged(self, node: Node, second: Node) -> None:
        """Report an attempt that was sent to a second node as well."""
        self._hedged = True
        seconds = self._loop.time() - self._started
        hedge = Hedge(call=self._call, node=node.name, second=second.name, seconds=seconds)
        self.cluster.telemetry.request_hedged(self._token, hedge)

    def answered(self, node: Node, started: float) -> None:
        """Report an attempt that succeeded."""
        self._node = node.name
        super().answered(node, started)

    def after(self, error: RiakError, node: Node, *rest: Any) -> float:
        """Report an attempt that failed."""
        self._node = node.name
        self._failed += 1
        wait = super().after(error, node, *rest)
        attempt = FailedAttempt(call=self._call, node=node.name, number=self._failed, error=error)
        self.cluster.telemetry.attempt_failed(self._token, attempt)
        return wait

    def end(self, error: BaseException | None, node: Node | None = None) -> None:
        """Report the end of the operation, once."""
        if self._ended:
            return
        self._ended = True
        outcome = Outcome(
            call=self._call,
            node=self._node if node is None else node.name,
            attempts=self._failed + (error is None),
            seconds=self._loop.time() - self._started,
            error=error,
            hedged=self._hedged,
        )
        self.cluster.telemetry.operation_ended(self._token, outcome)


class ObservedDispatcher(Dispatcher):
    """Sends requests as a :class:`Dispatcher` does, and tells of them."""

    __slots__ = ()

    async def call(
        self,
        operation: Operation[Q, R],
        request: Q | Encoded[Q],
        timeout: float | None = None,
        frame: bytes | None = None,
        begun: Begun | None = None,
    ) -> R:
        """Send a request and return its reply."""
        watched = Watched(self, operation, request)
        try:
            reply = await Dispatcher.call(watched, operation, request, timeout, frame, begun)
        except BaseException as error:
            watched.end(error)
            raise
        watched.end(None)
        return reply

    def begin(self, operation: Operation[Any, Any], request: Any, frame: bytes) -> None:
        """Begin nothing: telemetry follows a request in the task that awaits it."""

    def stream(self, operation: Operation[Q, R], request: Q, timeout: float | None = None) -> MessageStream[R]:
        """Stream the messages that answer a request."""
        watched = Watched(self, operation, request)
        return ObservedStream(watched, operation, request, self.request_timeout if timeout is None else timeout)


class ObservedStream(MessageStream[R]):
    """A stream whose end is told of: when its last message came, it failed, or nobody wants the rest."""

    def __init__(self, dispatcher: Watched, operation: Operation[Q, R], request: Q, timeout: float | None) -> None:
        super().__init__(dispatcher, operation, request, timeout)
        self._watched = dispatcher

    async def __anext__(self) -> R:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self._watched.end(None, self._node)
            raise
        except BaseException as error:
            self._watched.end(error, self._node)
            raise

    async def aclose(self) -> None:
        """End the stream."""
        await super().aclose()
        self._watched.end(None, self._node)

    def __del__(self) -> None:
        super().__del__()
        self._watched.end(None, self._node)


def _text(name: object) -> str | None:
    return name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) and name else None


def _bucket_type(request: Any) -> str | None:
    kind = getattr(request, "type", None)
    return (_text(kind) or "default") if isinstance(kind, bytes) else None
