"""``python -m benchmarks.hot_key``: updates a second of one key by many tasks.

Each way counts on one key for the same time, in turns:

- ``combined``: ``bucket.update``, whose callers share a fetch and a store;
- ``one by one``: a loop of fetch, change and conditional store in each task, with a pause at random after a refusal;
- ``data type``: an increment of a counter by each task, which the server merges.

Prints updates a second, requests to the server an update, and whether each update was counted once.  The server is a
development server in a process of its own, or a node of Riak (``--node``) with the bucket types of the standard set.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aioriak import RiakClient, RiakObject
from aioriak.error import PreconditionFailed

Way = Callable[[RiakClient, str], Awaitable[None]]


def _count(found: RiakObject) -> None:
    found.data = (found.data or 0) + 1


async def combined(client: RiakClient, key: str) -> None:
    """Update through the client's queue."""
    await client.bucket("hot", "siblings").update(key, _count)


async def one_by_one(client: RiakClient, key: str) -> None:
    """Fetch, change and store on a condition, until the server accepts it."""
    bucket = client.bucket("hot", "siblings")
    for attempt in range(1, 1000):
        found = await bucket.get(key)
        condition = {"if_not_modified": True} if found.siblings else {"if_none_match": True}
        _count(found)
        try:
            await found.store(return_body=False, **condition)
        except PreconditionFailed:
            await asyncio.sleep(random.uniform(0, min(0.5, 0.005 * 2**attempt)))
        else:
            return


async def data_type(client: RiakClient, key: str) -> None:
    """Increment a counter."""
    counter = await client.bucket("hot", "counters").new(key)
    counter.increment()
    await counter.store(return_body=False)


WAYS: dict[str, tuple[Way, str]] = {
    "combined": (combined, "siblings"),
    "one by one": (one_by_one, "siblings"),
    "data type": (data_type, "counters"),
}


@contextlib.asynccontextmanager
async def served(node: str | None) -> AsyncIterator[str]:
    """Give the address of the node, or of a new development server."""
    if node is not None:
        yield node
        return
    command = [sys.executable, "-m", "aioriak", "serve", "--port", "0", "--bucket-types", "standard"]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        ready = (await process.stdout.readline()).decode()
        yield ready.split()[-1]
    finally:
        process.terminate()
        await process.wait()


async def measure(address: str, way: Way, kind: str, tasks: int, seconds: float) -> tuple[int, float, int, int]:
    """Return updates, seconds, requests, and the value that was counted."""
    key = f"{way.__name__}-{time.time_ns()}"
    async with RiakClient(nodes=address) as client:
        done = 0
        begun = time.perf_counter()
        until = begun + seconds

        async def work() -> None:
            nonlocal done
            while time.perf_counter() < until:
                await way(client, key)
                done += 1

        await asyncio.gather(*(work() for _ in range(tasks)))
        taken = time.perf_counter() - begun
        requests = client.stats().latency.count
        found: Any = await client.bucket("hot", kind).get(key)
        value = found.value if kind == "counters" else found.data
        await found.delete()
    return done, taken, requests, value


async def run(node: str | None, tasks: int, seconds: float) -> int:
    """Measure each way and print the table; return 1 if an update was lost or counted twice."""
    good = True
    rates: dict[str, float] = {}
    async with served(node) as address:
        print(f"{'one key, ' + str(tasks) + ' tasks':<20} {'updates/s':>10} {'requests each':>14}  counted")
        for name, (way, kind) in WAYS.items():
            done, taken, requests, value = await measure(address, way, kind, tasks, seconds)
            rates[name] = done / taken
            good &= value == done
            counted = "once each" if value == done else f"{value} of {done}"
            print(f"{name:<20} {rates[name]:>10.0f} {requests / done:>14.2f}  {counted}")
    print(f"combined over one by one: {rates['combined'] / rates['one by one']:.1f}")
    return int(not good)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hot_key", description="Updates a second of one key.")
    parser.add_argument("--tasks", type=int, default=100, help="tasks that update the key (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="time of each way (default: %(default)s)")
    parser.add_argument("--node", metavar="HOST:PORT", help="measure on this node of Riak")
    options = parser.parse_args()
    return asyncio.run(run(options.node, options.tasks, options.seconds))


if __name__ == "__main__":
    sys.exit(main())
