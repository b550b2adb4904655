"""``bench``: a mixed load of gets and puts, bounded in time and keys."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

import click

from aioriak.cli.exits import PARTIAL, Failure
from aioriak.cli.notation import show
from aioriak.cli.options import NAME, bucket_type, command, confirm, yes
from aioriak.cli.output import note
from aioriak.error import RiakError
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@command("bench")
@bucket_type
@click.option("--bucket", type=NAME, default="aioriak-bench", show_default=True, help="Where objects are stored.")
@click.option("--gets", type=click.FloatRange(0, 1), default=0.8, show_default=True, help="The share of gets.")
@click.option("--size", type=click.IntRange(0, 10_000_000), default=1024, show_default=True, help="Bytes of a value.")
@click.option("--tasks", type=click.IntRange(1, 10_000), default=16, show_default=True, help="Concurrent tasks.")
@click.option("--keys", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="Different keys.")
@click.option("--seconds", type=click.FloatRange(0, 3600, min_open=True), default=5.0, show_default=True)
@click.option("--keep", is_flag=True, help="Do not delete the objects afterwards.")
@yes
def bench_command(
    session: Session, kind: Name, bucket: Name, gets: float, size: int, tasks: int, keys: int, seconds: float,
    keep: bool, yes: bool,
) -> None:  # fmt: skip
    """Measure gets and puts of a cluster of your own for some seconds.

    Writes up to --keys objects named bench-0, bench-1 … to --bucket, and deletes them afterwards.
    """
    confirm(f"Write up to {keys:,} objects to {show(kind)}/{show(bucket)}?", yes)
    found = session.run(lambda client: _measure(client, kind, bucket, gets, size, tasks, keys, seconds, keep))
    output = session.output
    if output.json:
        output.document(found.to_json())
    else:
        for line in found.lines():
            output.line(line)
    if found.failed:
        raise Failure(f"{found.failed:,} requests failed, the last with {found.last_error}", PARTIAL)


class Measured:
    """Latencies, in seconds, by operation."""

    def __init__(self) -> None:
        self.latencies: dict[str, list[float]] = {"get": [], "put": []}
        self.failed = 0
        self.last_error = ""
        self.seconds: float = 0.0

    def to_json(self) -> dict[str, object]:
        """Return the figures."""
        return {
            "seconds": round(self.seconds, 3), "failed": self.failed,
            **{name: {"requests": len(taken), "per_second": round(len(taken) / self.seconds, 1),
                      **{f"p{part}_ms": round(quantile(taken, part) * 1000, 3) for part in (50, 95, 99)}}
               for name, taken in self.latencies.items() if taken},
        }  # fmt: skip

    def lines(self) -> list[str]:
        """Return the figures and a chart of latencies, of at most 80 columns."""
        lines = [
            f"{name}  {len(taken) / self.seconds:>9,.0f}/s  p50 {quantile(taken, 50) * 1000:.2f} ms"
            f"  p95 {quantile(taken, 95) * 1000:.2f} ms  p99 {quantile(taken, 99) * 1000:.2f} ms"
            for name, taken in self.latencies.items()
            if taken
        ]
        counted: dict[int, int] = {}
        for taken in self.latencies.values():
            for latency in taken:
                bound = max(0, int(latency * 1_000_000)).bit_length()  # powers of two, in microseconds
                counted[bound] = counted.get(bound, 0) + 1
        most = max(counted.values(), default=1)
        for bound in range(min(counted, default=0), max(counted, default=-1) + 1):
            count = counted.get(bound, 0)
            lines.append(f"< {2**bound / 1000:>9,.2f} ms  {'█' * round(count * 50 / most)} {count:,}")
        return lines


def quantile(taken: list[float], percent: int) -> float:
    """Return the latency that this percentage of requests did not exceed."""
    ordered = sorted(taken)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


async def _measure(
    client: RiakClient, kind: Name, bucket: Name, gets: float, size: int, tasks: int, keys: int, seconds: float,
    keep: bool,
) -> Measured:  # fmt: skip
    found, rng, handle = Measured(), random.Random(), client.bucket(bucket, kind)
    value = rng.randbytes(size)
    written: set[str] = set()
    if await handle.bucket_type.get_datatype() is not None:
        raise Failure(f"buckets of the type {show(kind)} hold data types; bench stores objects", 2)
    clock = time.perf_counter
    start = clock()
    end = start + seconds

    async def task() -> None:
        while clock() < end:
            key = f"bench-{rng.randrange(keys)}"
            name = "get" if rng.random() < gets else "put"
            begun = clock()
            try:
                if name == "get":
                    await handle.get(key)
                else:
                    written.add(key)
                    current = handle.new_object(key, None, "application/octet-stream", value)
                    await current.store(return_body=False)
            except RiakError as error:
                found.failed += 1
                found.last_error = f"{type(error).__name__}: {error}"
                continue
            found.latencies[name].append(clock() - begun)

    try:
        await asyncio.gather(*(task() for _ in range(tasks)))
    finally:
        found.seconds = clock() - start
        if not keep:
            note(f"deleting {len(written):,} objects")
            limit = asyncio.Semaphore(tasks)

            async def remove(key: str) -> None:
                async with limit:
                    current = await handle.get(key, head=True)
                    await current.delete()

            await asyncio.gather(*map(remove, sorted(written)))
    return found
