"""Telemetry is told of operations, connections and nodes, and can do no harm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from aioriak import RetryPolicy, RiakClient
from aioriak.cluster.dispatcher import Dispatcher
from aioriak.cluster.observed import ObservedDispatcher
from aioriak.config import Backoff, HealthPolicy
from aioriak.error import ConnectError, ConnectionLost, Overload, QuorumTooLarge, RequestTimeout, RiakError
from aioriak.observability.stats import Stats
from aioriak.observability.telemetry import Call, FailedAttempt, Guarded, Outcome, Telemetry
from aioriak.testing import RiakServer

AT_ONCE = RetryPolicy(attempts=3, backoff=Backoff(first=0.0, longest=0.0))


class Recorder(Telemetry):
    """Writes everything down."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.outcomes: list[Outcome] = []
        self.failures: list[FailedAttempt] = []
        self.calls: list[Call] = []
        self.changed = asyncio.Event()

    def _write(self, *told: Any) -> None:
        self.told.append(told)
        self.changed.set()

    async def until(self, *told: Any) -> None:
        """Wait until this was told."""
        while told not in self.told:
            self.changed.clear()
            await self.changed.wait()

    def operation_started(self, call: Call) -> object:
        self.calls.append(call)
        return len(self.calls)

    def attempt_failed(self, token: Any, attempt: FailedAttempt) -> None:
        assert self.calls[token - 1] is attempt.call
        self.failures.append(attempt)

    def operation_ended(self, token: Any, outcome: Outcome) -> None:
        assert self.calls[token - 1] is outcome.call
        self.outcomes.append(outcome)

    def connection_opened(self, node: str, seconds: float) -> None:
        assert seconds >= 0
        self._write("opened", node)

    def connection_failed(self, node: str, seconds: float, error: Exception) -> None:
        self._write("failed", node, type(error))

    def connection_closed(self, node: str) -> None:
        self._write("closed", node)

    def node_joined(self, node: str) -> None:
        self._write("joined", node)

    def node_left(self, node: str) -> None:
        self._write("left", node)

    def node_down(self, node: str, error: Exception) -> None:
        self._write("down", node)

    def node_up(self, node: str) -> None:
        self._write("up", node)

    def client_started(self, stats: Callable[[], Stats]) -> None:
        self._write("started")

    def client_closed(self, stats: Callable[[], Stats]) -> None:
        self._write("closed client")


async def connected(server: RiakServer, recorder: Telemetry, **settings: Any) -> RiakClient:
    return await RiakClient.create(server.host, server.port, telemetry=recorder, retry=AT_ONCE, **settings)


async def test_an_operation_is_told_from_its_start_to_its_end(server: RiakServer) -> None:
    recorder = Recorder()
    async with await connected(server, recorder) as client:
        await (await client.bucket("users", "siblings").new("ann", 1)).store()
        await client.bucket("users").get("ann")
        recorder.calls, recorder.outcomes = recorder.calls[-1:], recorder.outcomes[-1:]
    [outcome] = recorder.outcomes
    assert outcome.call is recorder.calls[0]
    assert outcome.call == Call(operation="get", bucket_type="default", bucket="users", writes=False)
    assert (outcome.node, outcome.attempts, outcome.error) == (server.address, 1, None)
    assert 0 < outcome.seconds < 10


async def test_bucket_type_and_writing_are_told(server: RiakServer) -> None:
    recorder = Recorder()
    async with await connected(server, recorder) as client:
        await (await client.bucket("users", "siblings").new("ann", 1)).store()
        await client.ping()
    assert Call(operation="put", bucket_type="siblings", bucket="users", writes=True) in recorder.calls
    assert Call(operation="ping", bucket_type=None, bucket=None, writes=False) in recorder.calls


async def test_an_attempt_that_is_made_again_is_told_with_its_reason(server: RiakServer) -> None:
    recorder = Recorder()
    server.faults.error("get", "overload", times=2)
    async with await connected(server, recorder) as client:
        bucket = client.bucket("users")
        recorder.outcomes.clear()
        await bucket.client.get(await bucket.new("ann"))
        stats = client.stats()
    failed = [one for one in recorder.failures if one.call.operation == "get"]
    assert [(one.number, one.node, type(one.error)) for one in failed] == [
        (1, server.address, Overload), (2, server.address, Overload)
    ]  # fmt: skip
    outcome = recorder.outcomes[-1]
    assert (outcome.attempts, outcome.error) == (3, None)
    assert stats.retries == 2


async def test_a_failure_is_told_with_its_error(server: RiakServer) -> None:
    recorder = Recorder()
    async with await connected(server, recorder) as client:
        with pytest.raises(QuorumTooLarge) as caught:
            await client.get(await client.bucket("users").new("ann"), r=99)
    outcome = recorder.outcomes[-1]
    assert outcome.error is caught.value
    assert outcome.attempts == 1
    assert not recorder.failures


async def test_a_caller_who_gives_up_is_told_too(server: RiakServer) -> None:
    recorder = Recorder()
    async with await connected(server, recorder) as client:
        server.faults.hang("ping")
        asking = asyncio.ensure_future(client.ping())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        outcome = recorder.outcomes[-1]
        assert outcome.call.operation == "ping"
        assert isinstance(outcome.error, asyncio.CancelledError)
        client.close()


async def test_a_stream_is_one_operation_that_ends_with_its_last_message(server: RiakServer) -> None:
    recorder = Recorder()
    async with await connected(server, recorder, allow_listing="silent") as client:
        bucket = client.bucket("users")
        for key in ("a", "b", "c"):
            await (await bucket.new(key, 1)).store()
        assert sorted(await bucket.get_keys()) == ["a", "b", "c"]
    listings = [one for one in recorder.outcomes if one.call.operation == "list keys"]
    assert [(one.node, one.attempts, one.error) for one in listings] == [(server.address, 1, None)]
    assert len([one for one in recorder.calls if one.operation == "list keys"]) == 1


async def test_a_stream_that_fails_is_told_with_its_error(server: RiakServer) -> None:
    recorder = Recorder()
    server.faults.error("list keys", "{r_val_unsatisfied,2,1}")
    async with await connected(server, recorder, allow_listing="silent") as client:
        with pytest.raises(RiakError) as caught:
            await client.bucket("users").get_keys()
    [outcome] = [one for one in recorder.outcomes if one.call.operation == "list keys"]
    assert outcome.error is caught.value
    assert outcome.node == server.address


async def test_a_stream_that_is_left_early_has_ended_well(server: RiakServer) -> None:
    recorder = Recorder()
    async with await connected(server, recorder, allow_listing="silent") as client:
        bucket = client.bucket("users")
        for number in range(300):
            await (await bucket.new(str(number), 1)).store()
        keys = bucket.stream_keys()
        async for _ in keys:
            break
        await keys.aclose()
        [outcome] = [one for one in recorder.outcomes if one.call.operation == "list keys"]
        assert outcome.error is None


async def test_connections_are_told_from_their_making_to_their_end(server: RiakServer) -> None:
    recorder = Recorder()
    async with await connected(server, recorder, max_size=1) as client:
        assert ("opened", server.address) in recorder.told
        assert ("closed", server.address) not in recorder.told
        server.faults.refuse("get", times=1)
        await client.bucket("users").get("ann")
        await recorder.until("closed", server.address)
    assert recorder.told.count(("opened", server.address)) == 2
    assert recorder.told.count(("closed", server.address)) == 2


async def test_nodes_are_told_when_they_join_go_down_come_back_and_leave() -> None:
    recorder = Recorder()
    policy = HealthPolicy(backoff=Backoff(first=0.01, longest=0.01))
    async with RiakServer.cluster(2) as server:
        first, second = server.nodes
        settings: dict[str, Any] = {"health": policy, "retry": AT_ONCE, "telemetry": recorder}
        async with await RiakClient.create(first.host, first.port, **settings) as client:
            await client.add_node(second.address)
            assert recorder.told.index(("joined", first.address)) < recorder.told.index(("joined", second.address))
            await second.kill()
            while ("down", second.address) not in recorder.told:
                await client.ping()
            assert {node.node: node.state for node in client.stats().nodes} == {
                first.address: "up", second.address: "down"
            }  # fmt: skip
            await recorder.until("failed", second.address, ConnectError)
            await second.restart()
            await recorder.until("up", second.address)
            await client.remove_node(second.address)
            assert recorder.told[-1] == ("left", second.address) or ("left", second.address) in recorder.told
            assert [node.node for node in client.stats().nodes] == [first.address]
    assert recorder.told.count(("started",)) == 1
    assert recorder.told.count(("closed client",)) == 1


async def test_a_hook_that_raises_is_logged_and_changes_nothing(
    server: RiakServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Telemetry):
        def operation_started(self, call: Call) -> object:
            raise LookupError("no place to write")

        def connection_opened(self, node: str, seconds: float) -> None:
            raise LookupError("no place to write")

    async with await connected(server, Broken()) as client:
        assert await client.ping()
    assert "Broken.operation_started failed" in caplog.text
    assert "Broken.connection_opened failed" in caplog.text
    assert {record.name for record in caplog.records if record.levelno >= logging.ERROR} == {"aioriak.telemetry"}


async def test_a_hook_that_always_raises_is_logged_once_with_its_traceback(
    server: RiakServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Telemetry):
        def operation_ended(self, token: Any, outcome: Outcome) -> None:
            raise LookupError(f"no place to write {outcome.seconds}")

    async with await connected(server, Broken()) as client:
        for _ in range(20):
            assert await client.ping()
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)


def test_every_hook_is_guarded() -> None:
    hooks = {name for name in vars(Telemetry) if not name.startswith("_")}
    assert hooks <= vars(Guarded).keys()


async def test_a_copy_with_other_options_tells_as_well(server: RiakServer) -> None:
    recorder = Recorder()
    server.faults.hang("get")
    async with await connected(server, recorder) as client:
        hurried = client.with_options(request_timeout=0.05, attempts=1)
        with pytest.raises(RequestTimeout):
            await hurried.bucket("users").get("ann")
        assert isinstance(recorder.outcomes[-1].error, RequestTimeout)
        client.close()


async def test_without_telemetry_the_plain_dispatcher_does_the_work(server: RiakServer) -> None:
    async with await RiakClient.create(server.host, server.port) as client:
        assert type(client._runtime.dispatcher) is Dispatcher
        assert type(client.with_options(attempts=1)._runtime.dispatcher) is Dispatcher
    async with await connected(server, Recorder()) as client:
        assert type(client._runtime.dispatcher) is ObservedDispatcher


async def test_a_lost_connection_is_told_as_the_error_it_is(server: RiakServer) -> None:
    recorder = Recorder()
    server.faults.cut("put", when="before")
    async with await connected(server, recorder) as client:
        with pytest.raises(ConnectionLost):
            await (await client.bucket("users").new("ann", 1)).store()
    [outcome] = [one for one in recorder.outcomes if one.call.operation == "put"]
    assert isinstance(outcome.error, ConnectionLost)
    assert outcome.attempts == 1
