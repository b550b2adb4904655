"""Updates of one key by several clients and processes, which can all pass the server's check."""

from __future__ import annotations

import asyncio
import json
import pathlib
import sys
from asyncio.subprocess import PIPE
from typing import Any, NamedTuple

import pytest

from aioriak import RiakClient, RiakObject
from aioriak.error import StoredAsSibling
from aioriak.resolver import last_written_resolver, merge_resolver
from aioriak.testing import RiakServer
from tests.contract.update_worker import union

ROOT = pathlib.Path(__file__).parents[2]
PROCESSES, UPDATES = 4, 9


async def work(process: asyncio.subprocess.Process) -> dict[str, str]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    outcomes: dict[str, str] = json.loads(await process.stdout.readline())
    assert await process.wait() == 0
    return outcomes


@pytest.mark.parametrize("resolver", ["merge", "none"])
async def test_no_update_of_four_processes_is_lost(
    request: pytest.FixtureRequest,
    client: RiakClient,
    nodes: list[tuple[str, int]],
    bucket_name: str,
    real_riak: bool,
    resolver: str,
) -> None:
    if not real_riak:
        server: RiakServer = request.getfixturevalue("server")
        server.faults.race(writers=PROCESSES, seconds=0.05)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.contract.update_worker", nodes[0][0], str(nodes[0][1]), bucket_name,
            chr(ord("a") + number), str(UPDATES), resolver, stdin=PIPE, stdout=PIPE, cwd=ROOT,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    outcomes: dict[str, str] = {}
    for each in await asyncio.gather(*(work(process) for process in processes)):
        outcomes |= each
    assert len(outcomes) == PROCESSES * UPDATES
    bucket = client.bucket(bucket_name, "siblings")
    found = await bucket.get("k")
    stored = {mark for content in found.siblings if content.exists for mark in content.data}
    await bucket.delete("k", vclock=found.vclock)
    done = {mark for mark, outcome in outcomes.items() if outcome == "done"}
    siblings = {mark for mark, outcome in outcomes.items() if outcome.startswith("sibling: ")}
    assert done | siblings <= stored
    assert not [mark for mark in outcomes if mark in stored - done - siblings]
    if resolver == "merge":
        failed = [outcome for outcome in outcomes.values() if outcome != "done"]
        assert stored == set(outcomes), failed
        assert failed == []
    elif not real_riak:
        assert siblings
        assert all(
            "is stored as one of" in outcomes[mark] and "the write was done" in outcomes[mark] for mark in siblings
        )


class Race(NamedTuple):
    """How two clients' updates of one object ended."""

    results: list[RiakObject | BaseException]
    calls: int
    stored: list[int]


async def two(server: RiakServer, resolver: Any) -> Race:
    """Let two clients count from 5 in the same moment, one by 2 and one by 3; both pass the server's check."""
    async with RiakClient(server.host, server.port) as one, RiakClient(server.host, server.port) as other:
        buckets = [client.bucket("b", "siblings") for client in (one, other)]
        await buckets[0].new_object("k", 5).store()
        server.faults.race(writers=2, seconds=5.0, times=2)
        calls = [0]

        async def count(bucket: Any, times: int) -> Any:
            bucket.resolver = resolver

            def change(robject: RiakObject) -> None:
                calls[0] += 1
                robject.data += 1

            updates = (bucket.update("k", change) for _ in range(times))
            return (await asyncio.gather(*updates, return_exceptions=True))[0]

        results = await asyncio.gather(count(buckets[0], 2), count(buckets[1], 3))
        found = await buckets[0].get("k")
        return Race(list(results), calls[0], sorted(content.data for content in found.siblings))


async def test_a_choice_of_the_resolver_loses_neither_of_two_updates(server: RiakServer) -> None:
    race = await two(server, last_written_resolver)
    assert not [result for result in race.results if isinstance(result, BaseException)]
    assert race.stored == [10]


async def test_a_merge_is_stored_without_calling_the_changes_again(server: RiakServer) -> None:
    race = await two(server, merge_resolver(lambda values: sum(values) - 5))
    assert not [result for result in race.results if isinstance(result, BaseException)]
    assert race.stored == [10]
    assert race.calls == 5


async def test_without_a_resolver_the_error_says_that_the_write_is_stored(server: RiakServer) -> None:
    race = await two(server, None)
    errors = [result for result in race.results if isinstance(result, BaseException)]
    assert [type(error) for error in errors] == [StoredAsSibling]
    assert "the update of siblings/b/k is stored as one of 2 siblings" in str(errors[0])
    assert str(errors[0]).count("the write was done") == 1
    assert getattr(errors[0], "siblings", None) == 2
    assert race.stored == [7, 8]


def test_the_union_of_the_worker_keeps_every_mark() -> None:
    assert union([["a"], ["b", "a"]]) == ["a", "b"]
