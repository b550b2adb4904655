"""The benchmark runs, and judges by what it measured; its figures are nobody's business here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from aioriak import RiakClient
from aioriak.riak_pb import MESSAGES
from aioriak.testing import RiakServer
from benchmarks import canned, instructions, report
from benchmarks.contestant.case import BUCKET, INDEX, PAGE, Case, document, key
from benchmarks.contestant.current import WORKERS, Current
from benchmarks.contestant.floor import Floor
from benchmarks.session import answerer
from benchmarks.source import Canned, Server

WORKLOADS = ("get", "put", "get-many", "data type", "2i page")


@pytest.fixture(scope="module")
def answering() -> Iterator[Canned]:
    with answerer() as process:
        yield Canned(process)


def case(answering: Canned, workload: str, tasks: int = 4) -> Case:
    return Case(answering.nodes, workload, tasks, min(tasks, 2), 1024, 0.0, requests=8)


@pytest.mark.parametrize("workload", WORKLOADS)
async def test_every_workload_is_answered(answering: Canned, workload: str) -> None:
    asked = case(answering, workload)
    answering.prepare(asked)
    for contestant in (Current(), Floor(canned.requests(workload, 1024, asked.tasks))):
        figures = await contestant.run(asked)
        assert figures["requests"] >= 8
        assert figures["per_second"] > 0


async def test_a_listing_is_read_to_its_end(answering: Canned) -> None:
    asked = replace(case(answering, "list", tasks=1), keys=250)
    answering.prepare(asked)
    async with RiakClient(nodes=asked.nodes, allow_listing="silent") as client:
        assert await WORKERS["list"](client, asked)("")() == 250


def test_what_is_canned_are_whole_messages_of_riak() -> None:
    for workload in WORKLOADS:
        frames = [*canned.replies(workload, 100).values(), *canned.requests(workload, 100, 2)]
        for frame in frames:
            assert int.from_bytes(frame[:4], "big") == len(frame) - 4
            _, kind = MESSAGES[frame[4]]
            assert kind is None or kind.FromString(frame[5:]).IsInitialized()


@pytest.mark.parametrize("size", [100, 1024, 100 * 1024])
def test_a_document_is_about_as_large_as_asked_for(size: int) -> None:
    assert len(canned.value(size)) == pytest.approx(size, abs=40)
    assert document(size)["name"] == "aioriak"


def test_goals_are_judged_by_their_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    cell = {"workload": "get", "tasks": 64, "connections": 8, "size": 1024, "p50_us": 1.0}
    rows = [
        {"contestant": "floor", "loop": "asyncio", "per_second": 100.0, "cpu_us": 10.0, **cell},
        {"contestant": "aioriak", "loop": "asyncio", "per_second": 56.0, "cpu_us": 26.0, **cell},
        {"contestant": "riak threads", "loop": "none", "per_second": 4.0, "cpu_us": 200.0, **cell},
        {"contestant": "riak executor", "loop": "asyncio", "error": "it ended", **cell},
    ]
    found = {what: (ratio, holds) for what, ratio, holds in judged(rows)}
    assert found == {
        "get: throughput over riak threads": (14.0, True),
        "get, 1 KiB: CPU over the floor, asyncio": (2.6, False),
    }
    assert not report.print_bars(report.bars(rows))
    assert "FAIL" in capsys.readouterr().out


def judged(rows: list[report.Row]) -> list[tuple[str, float, bool]]:
    return [
        (what, ratio, ratio >= bound if at_least else ratio <= bound)
        for what, ratio, bound, at_least in report.bars(rows)
    ]


async def test_what_is_read_from_a_server_is_stored_there_first(server: RiakServer, client: RiakClient) -> None:
    riak = Server([f"{server.host}:{server.port}"])
    asked = Case(riak.nodes, "get", 4, 2, 100, 0.0, requests=8)
    await riak.store(asked)
    bucket = client.bucket(BUCKET)
    assert (await bucket.get(key(3))).data == document(100)
    for workload in WORKLOADS:
        frames = canned.requests(workload, 100, asked.tasks)
        asked = replace(asked, workload=workload)
        await riak.store(asked)
        for contestant in (Current(), Current("key-aware"), Current("hedged"), Floor(frames)):
            figures = await contestant.run(asked)
            assert figures["requests"] >= 8
    found, _ = await bucket.get_index(INDEX, 0, 1_000_000, max_results=PAGE)
    assert len(found) == PAGE
    listed = replace(asked, workload="list", keys=250, bucket=f"{BUCKET}-250")
    await riak.store(listed)
    async with RiakClient(nodes=riak.nodes, allow_listing="silent") as other:
        assert await WORKERS["list"](other, listed)("")() == 250
    await riak.remove()
    for number in (0, 3, 99, 249):
        assert not (await bucket.get(key(number))).exists
        assert not (await client.bucket(listed.bucket).get(key(number))).exists
    assert not (await client.bucket_type("maps").bucket(BUCKET).get(key(3))).exists


class Machine(instructions.Counted):
    """Spends a fixed number of instructions on a case, and some on each of its requests."""

    def __init__(self) -> None:
        self.name, self.loop = "aioriak", "asyncio"
        self.counting = False

    def start(self) -> None:
        self.counting = True

    def measure(self, case: Case, frames: list[bytes]) -> dict[str, float]:
        return {}

    def count(self, case: Case, frames: list[bytes]) -> int:
        assert self.counting
        assert not case.latencies
        return 1_000_000 + {"get": 50, "put": 60}[case.workload] * case.requests


def test_counted_instructions_are_those_of_the_requests_alone(
    answering: Canned, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = instructions.count_cells(Machine(), answering, (("get", 64, 1024), ("put", 64, 1024)))
    assert [row["instructions"] for row in rows] == [50, 60]
    instructions.print_rows(rows)
    assert "1.20" in capsys.readouterr().out  # put over get
