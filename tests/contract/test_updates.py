"""``update()`` of one key by several processes: no update that reported success is missing from what is stored."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from aioriak import RiakClient
from aioriak.bucket import Bucket

PROCESSES, UPDATES = 4, 12

PROGRAM = """
import asyncio, json, sys
from aioriak import RiakClient
from aioriak.error import OutcomeUnknown, StoredAsSibling
from aioriak.resolver import merge_resolver

nodes, bucket_name, process, updates, how = json.loads(sys.argv[1])
RESOLVERS = {
    "none": None,
    "merges": merge_resolver(lambda versions: sorted({name for version in versions for name in version})),
}

async def main():
    outcomes = {"done": [], "sibling": [], "unknown": []}
    async with RiakClient(nodes=[tuple(node) for node in nodes], resolver=RESOLVERS[how]) as client:
        bucket = client.bucket(bucket_name, "siblings")

        async def update(name):
            def add(found):
                if len(found.siblings) > 1:  # without a resolver the function has to choose
                    values = [version.data for version in found.siblings]
                    found.siblings = found.siblings[:1]
                    found.data = sorted({each for value in values for each in value})
                found.data = sorted({*(found.data or []), name})
            try:
                await bucket.update("key", add)
            except StoredAsSibling:
                outcomes["sibling"].append(name)
            except OutcomeUnknown:
                outcomes["unknown"].append(name)
            else:
                outcomes["done"].append(name)

        for first in range(0, updates, 3):
            await asyncio.gather(*(update(f"{process}-{number}") for number in range(first, first + 3)))
    print(json.dumps(outcomes))

asyncio.run(main())
"""


async def updated(nodes: list[tuple[str, int]], bucket_name: str, process: int, how: str) -> dict[str, list[str]]:
    """Run a process of updates; return the names that it added, by their outcome."""
    arguments = json.dumps([nodes, bucket_name, process, UPDATES, how])
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await running.communicate()
    assert running.returncode == 0, err.decode()
    outcomes: dict[str, list[str]] = json.loads(out)
    return outcomes


async def stored(bucket: Bucket) -> set[str]:
    found = await bucket.get("key")
    return {name for version in found.siblings for name in version.data}


@pytest.mark.parametrize("how", ["none", "merges"])
async def test_no_update_of_four_processes_that_succeeded_is_missing(
    request: pytest.FixtureRequest, client: RiakClient, nodes: list[tuple[str, int]], bucket_name: str, real_riak: bool,
    how: str,
) -> None:  # fmt: skip
    if not real_riak:
        # pairs of writers pass the server's check together, as they do on a busy Riak
        request.getfixturevalue("server").faults.race(writers=2, seconds=0.05)
    results = await asyncio.gather(*(updated(nodes, bucket_name, process, how) for process in range(PROCESSES)))
    by_outcome = {key: {name for result in results for name in result[key]} for key in ("done", "sibling", "unknown")}
    everyone = {f"{process}-{number}" for process in range(PROCESSES) for number in range(UPDATES)}
    assert set().union(*by_outcome.values()) == everyone
    there = await stored(client.bucket(bucket_name, "siblings"))
    assert by_outcome["done"] | by_outcome["sibling"] <= there
    assert by_outcome["unknown"] == set()
    if not real_riak and how == "none":
        assert by_outcome["sibling"], "the race was not opened"
