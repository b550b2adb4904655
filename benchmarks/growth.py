"""How cost and memory grow: with tasks, with connections, with the size of a value, with the keys of a listing.

Every point is measured in a process of its own, so that its peak of memory is its own too.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from . import canned
from .contestant.case import BUCKET, Case
from .report import print_bars, size_name
from .session import Contestant
from .source import Source, source

TASKS = (10, 64, 1000, 10_000)
CONNECTIONS = (1, 8, 32, 100)
SIZES = (1024, 100 * 1024, 1 << 20, 10 << 20)
KEYS = (10_000, 100_000, 1_000_000)
MEGABYTE = 1e6
_IMPORT = """
import google.protobuf.message, google.protobuf.internal.builder, google.protobuf.symbol_database
import time
begun = time.perf_counter()
import asyncio
halfway = time.perf_counter()
import aioriak
print(time.perf_counter() - begun, halfway - begun)
"""

Point = dict[str, Any]


def _measure(answering: Source, name: str, case: Case) -> Point:
    """Measure one point; ``idle_bytes`` is the memory of the same process after one small request."""
    frames = canned.requests("get", case.size, min(case.tasks, 1000))
    contestant = Contestant(name, "asyncio")
    try:
        small = Case(case.nodes, "get", 1, 1, 100, 0.0, requests=1)
        answering.prepare(small)
        idle = contestant.measure(small, frames)["peak_bytes"]
        answering.prepare(case)
        figures = contestant.measure(case, frames)
    finally:
        contestant.close()
    return {"contestant": name, **figures, "idle_bytes": idle}


def run(quick: bool, nodes: Sequence[str] = ()) -> tuple[list[Point], bool]:
    """Measure, print; the points and whether the goals were met."""
    points: list[Point] = []
    seconds = 0.3 if quick else 1.0

    with source(nodes) as answering:
        where = answering.nodes

        def add(kind: str, at: int, case: Case, name: str = "aioriak") -> Point:
            points.append({"kind": kind, "at": at, **_measure(answering, name, case)})
            return points[-1]

        print("\nget of 1 KiB, 8 connections, by number of tasks")
        print(f"  {'tasks':>10}{'CPU µs/req':>12}{'floor':>8}{'peak MB':>10}{'grown MB':>10}")
        for tasks in TASKS:
            case = Case(where, "get", tasks, 8, 1024, seconds)
            floor = add("tasks", tasks, case, "floor")
            point = add("tasks", tasks, case)
            print(f"  {tasks:>10,}{point['cpu_us']:>12.1f}{floor['cpu_us']:>8.1f}{_peaks(point)}")

        print("\nget of 1 KiB, 256 tasks, by number of connections")
        print(f"  {'':>10}{'CPU µs/req':>12}{'p50 µs':>8}{'peak MB':>10}{'grown MB':>10}")
        for connections in CONNECTIONS:
            point = add("connections", connections, Case(where, "get", 256, connections, 1024, seconds))
            print(f"  {connections:>10}{point['cpu_us']:>12.1f}{point['p50_us']:>8.0f}{_peaks(point)}")

        print("\nget, one task, by size of the value (its bytes, not decoded)")
        print(f"  {'':>10}{'µs':>12}{'MB/s':>8}{'peak MB':>10}{'grown MB':>10}{'copies':>8}")
        for size in SIZES:
            point = add("size", size, Case(where, "value", 1, 1, size, 0.0, requests=max(1, (4 << 20) // size)))
            point["copies"] = (point["peak_bytes"] - point["idle_bytes"]) / size
            copies = f"{point['copies']:>8.1f}" if size >= 1 << 20 else ""  # below that it says nothing
            speed = size / point["wall_us"]
            print(f"  {size_name(size):>10}{point['wall_us']:>12,.0f}{speed:>8.0f}{_peaks(point)}{copies}")

        print("\na listing, by number of keys")
        print(f"  {'':>10}{'µs/key':>12}{'keys/s':>12}{'peak MB':>10}{'grown MB':>10}")
        for keys in KEYS[:2] if quick or nodes else KEYS:
            listing = Case(where, "list", 1, 1, 1024, 0.0, requests=1, keys=keys, bucket=f"{BUCKET}-{keys}")
            point = add("keys", keys, listing)
            for name in ("cpu_us", "wall_us", "p50_us", "p99_us"):
                point[name] /= keys
            print(f"  {keys:>10,}{point['cpu_us']:>12.2f}{1e6 / point['wall_us']:>12,.0f}{_peaks(point)}")

    points.append(_imports(3 if quick else 11))
    print("\nan import, beyond protobuf's own, in a new process")
    print(f"  {points[-1]['ms']:.1f} ms, of which asyncio has {points[-1]['asyncio_ms']:.1f}")
    return points, bool(nodes) or print_bars(bars(points))


def _imports(rounds: int) -> Point:
    """Return the median cost of importing aioriak, compiled, with protobuf imported already."""
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    runs = []
    for _ in range(rounds + 1):
        said = subprocess.run([sys.executable, "-c", _IMPORT], env=compiled, capture_output=True, text=True, check=True)
        runs.append([float(figure) for figure in said.stdout.split()])
    whole, of_asyncio = (statistics.median(figures) * 1000 for figures in zip(*runs[1:], strict=True))
    return {"kind": "import", "at": 1, "contestant": "aioriak", "ms": whole, "asyncio_ms": of_asyncio}


def _peaks(point: Point) -> str:
    peak, grown = point["peak_bytes"], point["peak_bytes"] - point["idle_bytes"]
    return f"{peak / MEGABYTE:>10.0f}{grown / MEGABYTE:>10.1f}"


def _find(points: list[Point], kind: str, at: int) -> Point | None:
    found = (p for p in points if (p["kind"], p["at"], p["contestant"]) == (kind, at, "aioriak"))
    return next(found, None)


def bars(points: list[Point]) -> list[tuple[str, float, float, bool]]:
    """Return the bars for growth: name, figure, bound, and whether it is a minimum."""
    judged: list[tuple[str, float, float, bool]] = []
    few, many, large = _find(points, "tasks", 64), _find(points, "tasks", 10_000), _find(points, "size", 10 << 20)
    if few and many:
        judged.append(("10,000 tasks: CPU over that of 64", many["cpu_us"] / few["cpu_us"], 1.3, False))
        judged.append(("10,000 tasks: peak memory, MB", many["peak_bytes"] / MEGABYTE, 100.0, False))
    imported = _find(points, "import", 1)
    if imported:
        judged.append(("import beyond protobuf's own, ms", imported["ms"], 50.0, False))
    if large:
        judged.append(("get of 10 MiB: copies in memory at the peak", large["copies"], 3.0, False))
    return judged
