"""OpenTelemetry: traces and metrics of a client, by the semantic conventions for database clients.

Needs the extra ``otel``::

    client = RiakClient(telemetry=OpenTelemetry())

The providers are OpenTelemetry's global ones unless others are given.

Every operation is a span of kind *client*, named after the operation and the bucket (``get users``), with
``db.system.name`` (``riak``), ``db.operation.name``, ``db.collection.name`` (the bucket), ``db.namespace``
(the bucket type), ``server.address`` and ``server.port`` of the node that answered; attempts that failed before are
its events.  A failure has ``error.type`` (the class), ``error.message`` (the class's ``summary``), and
``aioriak.outcome`` (``unknown`` or ``written``) where a write may have been done, or was.  Keys, values and the
server's own texts, which can quote both, are never recorded.

Metrics: ``db.client.operation.duration`` and ``db.client.connection.create_time`` (histograms, seconds),
``db.client.connection.count``, ``db.client.connection.pending_requests``, ``db.client.connection.timeouts``,
and, which the conventions do not have, ``aioriak.nodes`` (by state), ``aioriak.retries`` and
``aioriak.hedges``.

(OpenTelemetry, "Semantic conventions for database client spans" and "… metrics".)
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Histogram, Meter, MeterProvider, Observation
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from aioriak.error import PoolTimeout, RiakError
from aioriak.observability.stats import NodeStats, Stats
from aioriak.observability.telemetry import Call, FailedAttempt, Hedge, Outcome, Telemetry

logger: logging.Logger = logging.getLogger("aioriak.telemetry")

_NAME = "aioriak"
_DURATIONS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)  # what the conventions want

Attributes = dict[str, str | int]


class OpenTelemetry(Telemetry):
    """Tells OpenTelemetry what one or several clients do."""

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = trace.get_tracer(_NAME, tracer_provider=tracer_provider)
        meter = metrics.get_meter(_NAME, meter_provider=meter_provider)
        self._duration = _histogram(meter, "db.client.operation.duration", "Duration of operations")
        self._create_time = _histogram(
            meter, "db.client.connection.create_time", "Time it took to make a connection, TLS and login included"
        )
        self._timeouts = meter.create_counter(
            "db.client.connection.timeouts", "{timeout}", "Requests that were given up before they were sent"
        )
        self._retries = meter.create_counter("aioriak.retries", "{retry}", "Attempts that failed and were made again")
        self._hedges = meter.create_counter("aioriak.hedges", "{request}", "Requests sent to a second node as well")
        for name, unit, description, observe in (
            ("db.client.connection.count", "{connection}", "Open connections", _connections),
            ("db.client.connection.pending_requests", "{request}", "Requests that wait for a connection", _pending),
            ("aioriak.nodes", "{node}", "Nodes of the cluster", _nodes),
        ):
            meter.create_observable_up_down_counter(name, [self._observer(observe)], unit, description)
        self._clients: list[Callable[[], Stats]] = []

    # -- operations ------------------------------------------------------------------------

    def operation_started(self, call: Call) -> Span:
        """Begin a span in the caller's context."""
        return self._tracer.start_span(
            f"{call.operation} {call.bucket}" if call.bucket else call.operation,
            kind=SpanKind.CLIENT,
            attributes=_call(call),
        )

    def attempt_failed(self, token: Any, attempt: FailedAttempt) -> None:
        """Add an event to the span."""
        described = {**_error(attempt.error), "attempt": attempt.number, **_server(attempt.node)}
        token.add_event("attempt failed", described)
        self._retries.add(1, {"db.system.name": "riak", "error.type": _kind(attempt.error), **_server(attempt.node)})

    def request_hedged(self, token: Any, hedge: Hedge) -> None:
        """Add an event to the span, and count."""
        token.add_event("hedged", _server(hedge.second))
        self._hedges.add(1, {"db.system.name": "riak", **_server(hedge.node)})

    def operation_ended(self, token: Any, outcome: Outcome) -> None:
        """End the span, and count."""
        more: Attributes = {} if outcome.node is None else _server(outcome.node)
        if outcome.error is not None:
            more["error.type"] = _kind(outcome.error)
        token.set_attributes(more)
        if isinstance(outcome.error, Exception):
            described = _error(outcome.error)
            token.set_attributes(described)
            token.set_status(Status(StatusCode.ERROR, str(described.get("error.message", ""))))
        token.end()
        self._duration.record(outcome.seconds, {**_call(outcome.call), **more})
        if isinstance(outcome.error, PoolTimeout) and outcome.node is not None:
            self._timeouts.add(1, {"db.client.connection.pool.name": outcome.node})

    # -- connections -----------------------------------------------------------------------

    def connection_opened(self, node: str, seconds: float) -> None:
        """Count."""
        self._create_time.record(seconds, {"db.client.connection.pool.name": node})

    # -- clients ---------------------------------------------------------------------------

    def client_started(self, stats: Callable[[], Stats]) -> None:
        """Ask this client for its figures whenever metrics are collected."""
        self._clients.append(stats)

    def client_closed(self, stats: Callable[[], Stats]) -> None:
        """Ask no more."""
        self._clients.remove(stats)

    def _observer(
        self, observe: Callable[[NodeStats], Iterator[tuple[int, Attributes]]]
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observations(options: CallbackOptions) -> Iterable[Observation]:
            # several clients may have a pool of one name: what they have is added up
            found: Counter[tuple[tuple[str, str | int], ...]] = Counter()
            for stats in list(self._clients):
                for node in _read(stats):
                    for value, attributes in observe(node):
                        found[tuple(attributes.items())] += value
            return [Observation(value, dict(attributes)) for attributes, value in found.items()]

        return observations


def _histogram(meter: Meter, name: str, description: str) -> Histogram:
    try:
        return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=_DURATIONS)
    except TypeError:  # OpenTelemetry before 1.30
        return meter.create_histogram(name, "s", description)


def _read(stats: Callable[[], Stats]) -> Iterable[NodeStats]:
    # Metrics are collected in a thread of their own, while the loop goes on changing what is counted.
    for _ in range(3):
        try:
            return stats().nodes
        except RuntimeError:
            continue
    logger.debug("the figures changed too fast to be read")
    return ()


def _connections(node: NodeStats) -> Iterator[tuple[int, Attributes]]:
    used = max(0, node.connections - node.idle)
    for state, count in (("idle", node.idle), ("used", used)):
        yield count, {"db.client.connection.pool.name": node.node, "db.client.connection.state": state}


def _pending(node: NodeStats) -> Iterator[tuple[int, Attributes]]:
    yield node.waiting, {"db.client.connection.pool.name": node.node}


def _nodes(node: NodeStats) -> Iterator[tuple[int, Attributes]]:
    yield 1, {"db.system.name": "riak", "aioriak.node.state": node.state}


def _call(call: Call) -> Attributes:
    attributes: Attributes = {"db.system.name": "riak", "db.operation.name": call.operation}
    if call.bucket is not None:
        attributes["db.collection.name"] = call.bucket
    if call.bucket_type is not None:
        attributes["db.namespace"] = call.bucket_type
    return attributes


def _server(node: str) -> Attributes:
    host, _, port = node.rpartition(":")
    return {"server.address": host.strip("[]"), "server.port": int(port)}


def _error(error: Exception) -> Attributes:
    """Describe an error without its text: that can hold the server's words, keys, and parts of values."""
    described: Attributes = {"error.type": _kind(error)}
    if isinstance(error, RiakError):
        described["error.message"] = type(error).summary
        if error.outcome_unknown:
            described["aioriak.outcome"] = "unknown"
        elif error.written:
            described["aioriak.outcome"] = "written"
    return described


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
