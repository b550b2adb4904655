"""Run mixed load for minutes, and account for every write: ``python -m benchmarks.soak --seconds 120``.

Tasks write, read and delete objects of their own.  On the development server, nodes are killed, frozen,
drained and restarted meanwhile; with ``--nodes HOST:PORT,…`` the load runs on a cluster that is left alone.
At the end every acknowledged write is read back, and every write of unknown outcome is classified by
reading.  Tables close the run: outcomes, slopes of memory and descriptors with their standard error, and
percentiles of latency over time, which ``--svg FILE`` draws.  The exit status is 1 if a write was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import math
import os
import pathlib
import statistics
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any

from aioriak import RiakClient
from aioriak.error import OutcomeUnknown, RiakError
from aioriak.testing import RiakServer

WINDOWS = 20
KEYS = 20
"""Objects of each task."""


STEP = math.log(1.05)


class Latencies:
    """Histograms of latency in :data:`WINDOWS` parts of the run; their memory does not grow with it."""

    def __init__(self, start: float, end: float) -> None:
        self._start = start
        self.width = (end - start) / WINDOWS
        self.parts: list[Counter[int]] = [Counter() for _ in range(WINDOWS)]

    def add(self, moment: float, seconds: float) -> None:
        """Count a request that took so long and ended at loop time ``moment``."""
        part = max(0, min(WINDOWS - 1, int((moment - self._start) / self.width)))
        self.parts[part][math.ceil(math.log(max(seconds, 1e-6)) / STEP)] += 1

    @property
    def count(self) -> int:
        """Requests counted."""
        return sum(part.total() for part in self.parts)

    def rows(self) -> list[list[float]]:
        """Return rows of seconds since the start, requests, and p50, p99 and longest in milliseconds (within 5 %)."""
        return [
            [number * self.width, part.total(), *(_percentile(part, share) for share in (0.5, 0.99, 1.0))]
            for number, part in enumerate(self.parts)
        ]


def _percentile(part: Counter[int], share: float) -> float:
    left = share * part.total()
    for step in sorted(part):
        left -= part[step]
        if left <= 1e-9:
            return math.exp(step * STEP) * 1000
    return 0.0


class Ledger:
    """What each key may hold, by what its writer was told."""

    def __init__(self, start: float, end: float) -> None:
        self.allowed: dict[str, set[int | None]] = {}
        self.doubtful: dict[str, set[int | None]] = {}
        """Values of writes whose outcome is unknown, since the last acknowledged write."""
        self.outcomes: Counter[str] = Counter()
        self.latencies = Latencies(start, end)

    def acknowledge(self, key: str, value: int | None) -> None:
        """Record an acknowledged write."""
        self.allowed[key] = {value}
        self.doubtful[key] = set()

    def doubt(self, key: str, value: int | None) -> None:
        """Record a write with an unknown outcome: it may have happened, or may happen yet."""
        self.allowed[key].add(value)
        self.doubtful[key].add(value)


async def _work(client: RiakClient, name: str, number: int, end: float, ledger: Ledger, random: Random) -> None:
    bucket = client.bucket(name, "nosiblings")
    keys = [f"{number}-{at}" for at in range(KEYS)]
    for key in keys:
        ledger.allowed[key], ledger.doubtful[key] = {None}, set()
    value = 0
    loop = asyncio.get_running_loop()
    while loop.time() < end:
        key, chance = random.choice(keys), random.random()
        began = time.perf_counter()
        try:
            if chance < 0.5:
                found = await bucket.get(key)
                ledger.outcomes["reads"] += 1
                seen = found.data if found.exists else None
                if seen not in ledger.allowed[key]:
                    ledger.outcomes["WRONG READS"] += 1
                    print(f"wrong read: {key} was {seen!r}, may be {ledger.allowed[key]}", file=sys.stderr)
            else:
                value += 1
                wanted = None if chance > 0.95 else value
                try:
                    if wanted is None:
                        await bucket.delete(key)
                    else:
                        await bucket.new_object(key, wanted).store(return_body=False)
                except OutcomeUnknown:
                    ledger.doubt(key, wanted)
                    raise
                if ledger.doubtful[key]:
                    # a write of unknown outcome may be carried out late, after this one
                    ledger.allowed[key] = {wanted} | ledger.doubtful[key]
                else:
                    ledger.acknowledge(key, wanted)
                ledger.outcomes["writes"] += 1
        except RiakError as error:
            kind = "write" if chance >= 0.5 else "read"
            ledger.outcomes[f"{kind}: {type(error).__name__}"] += 1
        ledger.latencies.add(loop.time(), time.perf_counter() - began)
        await asyncio.sleep(0)


async def _churn(server: RiakServer, end: float, events: Counter[str], random: Random) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < end - 6:
        await asyncio.sleep(random.uniform(1, 3))
        node = random.choice(server.nodes)
        what = random.choice(("kill", "freeze", "drain", "restart", "slow"))
        events[what] += 1
        if what == "kill":
            await node.kill()
            await asyncio.sleep(random.uniform(0.2, 2))
            await node.start()
        elif what == "freeze":
            node.freeze()
            await asyncio.sleep(random.uniform(0.5, 3))
            node.thaw()
        elif what == "drain":
            await node.drain(0.2)
            await node.start(starting=0.2)
        elif what == "restart":
            await node.restart(starting=0.2)
        else:
            node.slow(0.05)
            await asyncio.sleep(1)
            node.slow(0)


def _resources() -> tuple[int, int]:
    """Return resident memory in KiB, and open descriptors; Linux only."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024, len(os.listdir("/proc/self/fd"))


async def _watch(end: float, samples: list[tuple[float, int, int]]) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < end:
        await asyncio.sleep(1)
        gc.collect()
        samples.append((loop.time(), *_resources()))


def slope(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the least-squares slope of points and its standard error."""
    if len(points) < 3:
        return 0.0, 0.0
    xs, ys = [x for x, _ in points], [y for _, y in points]
    middle, mean = statistics.fmean(xs), statistics.fmean(ys)
    spread = sum((x - middle) ** 2 for x in xs)
    found = sum((x - middle) * (y - mean) for x, y in points) / spread
    rest = sum((y - mean - found * (x - middle)) ** 2 for x, y in points)
    return found, (rest / (len(points) - 2) / spread) ** 0.5


def svg(rows: Sequence[Sequence[float]], path: pathlib.Path) -> None:
    """Draw p50, p99 and the longest latency over time, on a logarithmic scale from 0.1 ms to 100 s."""
    width, height = 720, 300
    right = rows[-1][0] or 1

    def place(second: float, value: float) -> str:
        y = height - 30 - (math.log10(min(max(value, 0.1), 1e5)) + 1) / 6 * (height - 50)
        return f"{50 + second / right * (width - 70):.1f},{y:.1f}"

    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">']
    lines.append("<style>text { font-size: 11px }</style>")
    for power in range(-1, 6):
        y = place(0, 10.0**power).split(",")[1]
        lines.append(f'<path d="M50 {y}H{width - 20}" stroke="#ccc"/><text x="2" y="{y}">{10.0**power:g} ms</text>')
    for column, (name, color) in enumerate((("p50", "#1b7837"), ("p99", "#c2570c"), ("longest", "#762a83")), 2):
        points = " ".join(place(row[0], row[column]) for row in rows)
        lines.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        lines.append(f'<text x="{60 + 70 * column}" y="14" fill="{color}">{name}</text>')
    lines.append(f'<text x="{width - 90}" y="{height - 8}">{right:.0f} s</text></svg>')
    path.write_text("\n".join(lines))


@contextlib.asynccontextmanager
async def _cluster(nodes: list[str]) -> AsyncIterator[tuple[list[Any], RiakServer | None]]:
    if nodes:
        yield nodes, None
        return
    async with RiakServer.cluster(3) as server:
        yield list(server.addresses), server


async def soak(seconds: float, nodes: list[str], tasks: int, seed: int, drawing: pathlib.Path | None) -> int:
    """Run, and print the tables; the exit status."""
    loop = asyncio.get_running_loop()
    name = f"aioriak-soak-{uuid.uuid4().hex[:8]}"
    events, random = Counter[str](), Random(seed)
    samples: list[tuple[float, int, int]] = []
    async with _cluster(nodes) as (addresses, server):
        client = RiakClient(nodes=addresses, request_timeout=10.0)
        async with client:
            start = loop.time()
            end = start + seconds
            ledger = Ledger(start, end)
            async with asyncio.TaskGroup() as group:
                for number in range(tasks):
                    group.create_task(_work(client, name, number, end, ledger, Random(seed + number)))
                group.create_task(_watch(end, samples))
                if server is not None:
                    group.create_task(_churn(server, end, events, random))
        # read through a new client, whose connections have seen no fault
        verdicts: Counter[str] = Counter()
        async with RiakClient(nodes=addresses) as client:
            bucket = client.bucket(name, "nosiblings")
            for key, allowed in ledger.allowed.items():
                found = await bucket.get(key)
                seen = found.data if found.exists else None
                if seen not in allowed:
                    verdicts["LOST"] += 1
                    print(f"lost: {key} is {seen!r}, may be {allowed}", file=sys.stderr)
                elif seen in ledger.doubtful[key]:
                    verdicts["outcome unknown: it happened"] += 1
                elif ledger.doubtful[key]:
                    verdicts["outcome unknown: it did not happen"] += 1
                else:
                    verdicts["as acknowledged"] += 1
                await bucket.delete(key)
    left = len(asyncio.all_tasks()) - 1
    rows = ledger.latencies.rows()
    print(f"\n{seconds:.0f} s, {tasks} tasks, {ledger.latencies.count} requests, seed {seed}")
    print("churn: " + (", ".join(f"{what} {count}" for what, count in sorted(events.items())) or "none"))
    for title, counts in (("outcome", ledger.outcomes), ("read back", verdicts)):
        print(f"\n{title:<40} count")
        for what, count in sorted(counts.items()):
            print(f"{what:<40} {count:5}")
    print("\nslope a minute, after the first quarter")
    later = samples[len(samples) // 4 :]
    for title, column in (("memory, KiB", 1), ("descriptors", 2)):
        found, error = slope([(sample[0] / 60, float(sample[column])) for sample in later])
        print(f"{title:<16} {found:+10.1f} ± {error:.1f}")
    print("\nsecond  requests     p50     p99  longest, ms")
    for row in rows:
        print(f"{row[0]:6.0f} {row[1]:9.0f} {row[2]:7.2f} {row[3]:7.2f} {row[4]:8.2f}")
    if drawing is not None:
        svg(rows, drawing)
        print(f"\n{drawing}")
    wrong = verdicts["LOST"] + ledger.outcomes["WRONG READS"]
    print(f"\n{wrong} wrong, {left} tasks left")
    return int(bool(wrong or left))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="at most 3600 (default: 120)")
    parser.add_argument("--nodes", default="", help="HOST:PORT,… of a cluster with the standard bucket types")
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--svg", type=pathlib.Path, help="draw latencies over time into this file")
    given = parser.parse_args(arguments)
    nodes = [node for node in given.nodes.split(",") if node]
    return asyncio.run(soak(min(given.seconds, 3600.0), nodes, given.tasks, given.seed, given.svg))


if __name__ == "__main__":
    sys.exit(main())
