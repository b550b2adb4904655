"""OpenTelemetry gets spans and metrics that follow its conventions for databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from aioriak import HedgePolicy, RetryPolicy, RiakClient
from aioriak.config import Backoff
from aioriak.error import ContentError, OutcomeUnknown, Overload, QuorumTooLarge, RiakError, ServerError
from aioriak.testing import RiakServer

pytest.importorskip("opentelemetry.sdk")

from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aioriak.observability.otel import OpenTelemetry


class Collected:
    """Providers that keep in memory what they are told."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._reader])
        self.telemetry = OpenTelemetry(self.tracers, self.meters)

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._spans.get_finished_spans() if span.name == name]

    def points(self, name: str) -> list[Any]:
        """The data points of a metric, read now."""
        data = self._reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def values(self, name: str, attribute: str) -> dict[Any, Any]:
        return {point.attributes[attribute]: point.value for point in self.points(name)}


@pytest.fixture
def collected() -> Iterator[Collected]:
    made = Collected()
    yield made
    made.tracers.shutdown()
    made.meters.shutdown()


async def connected(server: RiakServer, collected: Collected, **settings: Any) -> RiakClient:
    return await RiakClient.create(server.host, server.port, telemetry=collected.telemetry, **settings)


async def test_an_operation_is_a_span_named_and_described_by_the_conventions(
    server: RiakServer, collected: Collected
) -> None:
    async with await connected(server, collected) as client:
        await (await client.bucket("users", "siblings").new("ann", "value")).store()
    [span] = collected.spans("put users")
    assert span.kind is trace.SpanKind.CLIENT
    assert dict(span.attributes or {}) == {
        "db.system.name": "riak",
        "db.operation.name": "put",
        "db.collection.name": "users",
        "db.namespace": "siblings",
        "server.address": server.host,
        "server.port": server.port,
    }
    assert span.status.status_code is trace.StatusCode.UNSET
    assert "ann" not in span.to_json()
    assert "value" not in span.to_json()


async def test_a_span_belongs_to_the_callers(server: RiakServer, collected: Collected) -> None:
    tracer = collected.tracers.get_tracer("test")
    async with await connected(server, collected) as client:
        with tracer.start_as_current_span("request") as outer:
            await asyncio.gather(client.ping(), client.get_server_info())
    for name in ("ping", "server info"):
        [span] = collected.spans(name)
        assert span.parent is not None
        assert span.parent.span_id == outer.get_span_context().span_id


async def test_an_error_is_the_spans_status_and_type(server: RiakServer, collected: Collected) -> None:
    async with await connected(server, collected) as client:
        robject = await client.bucket("users").new("ann")
        with pytest.raises(QuorumTooLarge):
            await client.get(robject, r=99)
    [span] = collected.spans("get users")
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.status.description == QuorumTooLarge.summary
    assert "n_val_violation" not in span.to_json()
    assert (span.attributes or {})["error.type"] == "aioriak.error.QuorumTooLarge"
    assert "ann" not in span.to_json()


async def test_neither_server_texts_nor_values_nor_keys_reach_spans_and_metrics(
    server: RiakServer, collected: Collected
) -> None:
    retry = RetryPolicy(attempts=2, backoff=Backoff(first=0.0, longest=0.0))
    async with await connected(server, collected, retry=retry) as client:
        bucket = client.bucket("users", "siblings")
        server.faults.error("get", "{error, hunter2-of-the-server}", times=1)
        with pytest.raises(ServerError):
            await bucket.get("hunter2-key")
        server.faults.error("put", "overload", times=1)  # the next attempt is answered by the other text
        server.faults.error("put", "hunter2 of a write", times=1)
        with pytest.raises(OutcomeUnknown):
            await (await bucket.new("hunter2-key", "hunter2-value")).store()
        with pytest.raises(RiakError):
            await bucket.get("hunter2-key", r=99)
        await (await bucket.new("hunter2-key", encoded_data=b"{hunter2")).store()
        with pytest.raises(ContentError):
            (await bucket.get("hunter2-key")).data  # noqa: B018 - decodes
    exported = "".join(span.to_json() for span in collected._spans.get_finished_spans())
    metrics = collected._reader.get_metrics_data()
    assert metrics is not None
    assert "hunter2" not in exported + metrics.to_json()
    [failed] = [span for span in collected.spans("put users") if span.status.status_code is trace.StatusCode.ERROR]
    assert (failed.attributes or {})["aioriak.outcome"] == "unknown"
    assert failed.events[0].attributes is not None
    assert failed.events[0].attributes["error.message"] == Overload.summary


async def test_attempts_that_were_made_again_are_events_and_counted(server: RiakServer, collected: Collected) -> None:
    retry = RetryPolicy(attempts=3, backoff=Backoff(first=0.0, longest=0.0))
    async with await connected(server, collected, retry=retry) as client:
        server.faults.error("ping", "overload", times=2)
        await client.ping()
    [span] = collected.spans("ping")
    events = [dict(event.attributes or {}) for event in span.events]
    assert [(event["attempt"], event["error.type"]) for event in events] == [
        (1, "aioriak.error.Overload"), (2, "aioriak.error.Overload")
    ]  # fmt: skip
    assert events[0]["server.port"] == server.port
    assert span.status.status_code is trace.StatusCode.UNSET
    assert collected.values("aioriak.retries", "error.type") == {f"aioriak.error.{Overload.__name__}": 2}


async def test_a_hedged_read_has_an_event_and_is_counted(collected: Collected) -> None:
    async with RiakServer.cluster(2) as cluster:
        hedge = HedgePolicy(at_least=0.001, percentile=0.01, budget=1.0)
        async with RiakClient(nodes=list(cluster.addresses), telemetry=collected.telemetry, hedge=hedge) as client:
            await client.bucket("b").get("k")
            fault = cluster.faults.delay("get", 0.3, times=1)
            await client.bucket("b").get("slow")
            assert fault.hits == 1
            assert client.stats().hedged == 1
    (hedged,) = [event for span in collected.spans("get b") for event in span.events]
    assert hedged.name == "hedged"
    assert hedged.attributes is not None
    assert hedged.attributes["server.port"] in [node.port for node in cluster.nodes]
    assert sum(point.value for point in collected.points("aioriak.hedges")) == 1


async def test_a_caller_who_gave_up_is_no_failure(server: RiakServer, collected: Collected) -> None:
    async with await connected(server, collected) as client:
        server.faults.hang("ping")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.ping()
        client.close()
    [span] = collected.spans("ping")
    assert span.status.status_code is trace.StatusCode.UNSET
    assert "CancelledError" in str((span.attributes or {})["error.type"])


async def test_durations_are_a_histogram_in_seconds(server: RiakServer, collected: Collected) -> None:
    async with await connected(server, collected) as client:
        for _ in range(5):
            await client.ping()
        [point] = collected.points("db.client.operation.duration")
        assert point.count == 5
        assert 0 < point.sum < 5
        assert point.explicit_bounds == (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
        assert dict(point.attributes) == {
            "db.system.name": "riak", "db.operation.name": "ping",
            "server.address": server.host, "server.port": server.port,
        }  # fmt: skip


async def test_connections_are_counted_by_pool_and_state(server: RiakServer, collected: Collected) -> None:
    state = "db.client.connection.state"
    async with await connected(server, collected, max_size=1, max_in_flight=1) as client:
        await client.ping()
        assert collected.values("db.client.connection.count", state) == {"idle": 1, "used": 0}
        server.faults.hang("ping")
        asking = [asyncio.ensure_future(client.ping()) for _ in range(3)]
        await asyncio.sleep(0)
        assert collected.values("db.client.connection.count", state) == {"idle": 0, "used": 1}
        pool = "db.client.connection.pool.name"
        assert collected.values("db.client.connection.pending_requests", pool) == {server.address: 2}
        [created] = collected.points("db.client.connection.create_time")
        assert created.count == 1
        client.close()
        await asyncio.gather(*asking, return_exceptions=True)
    assert collected.points("db.client.connection.count") == []


async def test_a_request_that_never_left_is_counted_as_a_timeout(server: RiakServer, collected: Collected) -> None:
    settings = {"max_size": 1, "max_in_flight": 1, "request_timeout": 0.05}
    async with await connected(server, collected, **settings) as client:
        server.faults.hang("ping")
        await asyncio.gather(client.ping(), client.ping(), return_exceptions=True)
        client.close()
    pool = "db.client.connection.pool.name"
    assert collected.values("db.client.connection.timeouts", pool) == {server.address: 1}


async def test_nodes_are_counted_by_their_state(collected: Collected) -> None:
    async with RiakServer.cluster(3) as server:
        async with await RiakClient.create(server.addresses, telemetry=collected.telemetry) as client:
            await server.nodes[2].kill()
            while all(node.state == "up" for node in client.stats().nodes):
                await client.ping()
            assert collected.values("aioriak.nodes", "aioriak.node.state") == {"up": 2, "down": 1}


async def test_two_clients_of_one_server_add_up(server: RiakServer, collected: Collected) -> None:
    async with await connected(server, collected), await connected(server, collected):
        counts = collected.values("db.client.connection.count", "db.client.connection.state")
        assert counts == {"idle": 2, "used": 0}
