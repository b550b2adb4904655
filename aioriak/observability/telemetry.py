"""Telemetry: hooks that report the work of a client.

Subclass :class:`Telemetry`, override what is of interest, and give an instance to the client::

    class Slow(Telemetry):
        def operation_ended(self, token: object, outcome: Outcome) -> None:
            if outcome.seconds > 0.5:
                print(outcome)

    client = RiakClient(telemetry=Slow())

Everything is called in the event loop, on the way of requests: be quick and do not wait.  An exception that a
hook raises is logged, once for each class, and changes nothing for the request.  Without telemetry nothing of
this costs anything.

The text of an error can hold the server's words, and so keys and parts of values.  Export its class and its
``summary``, which hold neither.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from aioriak.observability.complaints import Complaints
from aioriak.observability.stats import Stats

logger: logging.Logger = logging.getLogger("aioriak.telemetry")


class Call(NamedTuple):
    """An operation that begins: one request and its reply, or one stream."""

    operation: str
    """Its name, such as ``get`` or ``index query``."""
    bucket_type: str | None
    """``None`` for an operation without one."""
    bucket: str | None
    writes: bool


class FailedAttempt(NamedTuple):
    """An attempt that failed and is followed by another."""

    call: Call
    node: str
    """``host:port``"""
    number: int
    """Counts from 1."""
    error: Exception


class Hedge(NamedTuple):
    """A request that took long and is sent to a second node as well."""

    call: Call
    node: str
    """The first one, ``host:port``."""
    second: str
    seconds: float
    """From the call until now."""


class Outcome(NamedTuple):
    """How an operation ended."""

    call: Call
    node: str | None
    """The node of the last attempt; ``None`` when no attempt was made."""
    attempts: int
    seconds: float
    """From the call to its end, with all attempts and waits."""
    error: BaseException | None
    """``None`` for success; an ``asyncio.CancelledError`` when the caller gave up."""
    hedged: bool = False
    """It was sent to a second node as well; ``node`` is the one that answered first."""


class Telemetry:
    """Hooks for the events of a client.  Every method here does nothing; override those of interest."""

    def operation_started(self, call: Call) -> object:
        """Report the start of an operation.  The result is passed as ``token`` to the later hooks of the operation."""
        return None

    def attempt_failed(self, token: Any, attempt: FailedAttempt) -> None:
        """Report a failed attempt that is followed by another."""

    def request_hedged(self, token: Any, hedge: Hedge) -> None:
        """Report a request that was sent to a second node as well, because the first takes long to answer."""

    def operation_ended(self, token: Any, outcome: Outcome) -> None:
        """Report the end of an operation, successful or not."""

    def connection_opened(self, node: str, seconds: float) -> None:
        """Report a new connection, and the seconds until it was ready, TLS and login included."""

    def connection_failed(self, node: str, seconds: float, error: Exception) -> None:
        """Report a connection that could not be established."""

    def connection_closed(self, node: str) -> None:
        """Report a connection that was closed by either side."""

    def node_joined(self, node: str) -> None:
        """Report a node that was added."""

    def node_left(self, node: str) -> None:
        """Report a node that was removed."""

    def node_down(self, node: str, error: Exception) -> None:
        """Report a node that was marked down because of this error."""

    def node_up(self, node: str) -> None:
        """Report a node that was marked up again."""

    def client_started(self, stats: Callable[[], Stats]) -> None:
        """Report that a client connects; ``stats`` may be called at any time until it is closed."""

    def client_closed(self, stats: Callable[[], Stats]) -> None:
        """Report that a client was closed."""


class Guarded(Telemetry):
    """Passes everything on, and lets no exception out: it is logged, once for each hook and class of exception."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._complaints = Complaints(logger)

    def _call(self, hook: Callable[..., Any], *args: Any) -> Any:
        try:
            return hook(*args)
        except Exception as error:
            self._complaints.log(f"{getattr(hook, '__qualname__', hook)} failed", error, whatever_text=True)
            return None

    def operation_started(self, call: Call) -> object:
        """See :class:`Telemetry`, as for all that follow."""
        return self._call(self._telemetry.operation_started, call)

    def attempt_failed(self, token: Any, attempt: FailedAttempt) -> None:
        self._call(self._telemetry.attempt_failed, token, attempt)

    def request_hedged(self, token: Any, hedge: Hedge) -> None:
        self._call(self._telemetry.request_hedged, token, hedge)

    def operation_ended(self, token: Any, outcome: Outcome) -> None:
        self._call(self._telemetry.operation_ended, token, outcome)

    def connection_opened(self, node: str, seconds: float) -> None:
        self._call(self._telemetry.connection_opened, node, seconds)

    def connection_failed(self, node: str, seconds: float, error: Exception) -> None:
        self._call(self._telemetry.connection_failed, node, seconds, error)

    def connection_closed(self, node: str) -> None:
        self._call(self._telemetry.connection_closed, node)

    def node_joined(self, node: str) -> None:
        self._call(self._telemetry.node_joined, node)

    def node_left(self, node: str) -> None:
        self._call(self._telemetry.node_left, node)

    def node_down(self, node: str, error: Exception) -> None:
        self._call(self._telemetry.node_down, node, error)

    def node_up(self, node: str) -> None:
        self._call(self._telemetry.node_up, node)

    def client_started(self, stats: Callable[[], Stats]) -> None:
        self._call(self._telemetry.client_started, stats)

    def client_closed(self, stats: Callable[[], Stats]) -> None:
        self._call(self._telemetry.client_closed, stats)
