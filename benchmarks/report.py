"""Tables and bars: ratios first, then the figures they come from."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

from .canned import environment

RESULTS = pathlib.Path(__file__).parent / "results"
Row = dict[str, Any]


def size_name(size: int) -> str:
    """Format a size, such as ``1 KiB``."""
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:g} {unit}"
    return f"{size} B"


def cell_name(row: Row) -> str:
    """Describe a cell in words."""
    tasks, connections = row["tasks"], row["connections"]
    return (
        f"{row['workload']}, {size_name(row['size'])}, {tasks:,} task{'s'[: tasks != 1]}, "
        f"{connections} connection{'s'[: connections != 1]}"
    )


def cells(rows: list[Row]) -> dict[tuple[Any, ...], list[Row]]:
    """Group the rows by cell, in order."""
    grouped: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row["workload"], row["tasks"], row["connections"], row["size"]), []).append(row)
    return grouped


def find(rows: list[Row], contestant: str, loop: str, **cell: Any) -> Row | None:
    """Return the row of a contestant in a cell, if it was measured."""
    for row in rows:
        measured = (row["contestant"], row["loop"]) == (contestant, loop) and "error" not in row
        if measured and all(row[name] == wanted for name, wanted in cell.items()):
            return row
    return None


def print_cell(rows: list[Row]) -> None:
    """Print one cell: each contestant beside this client, then its figures."""
    print(f"\n{cell_name(rows[0])}")
    print(
        f"  {'':26}{'aioriak is':>12}{'requests/s':>12}{'CPU µs/req':>12}{'p50 µs':>10}{'p99 µs':>10}{'answerer':>10}"
    )
    for row in rows:
        label = f"{row['contestant']} ({row['loop']})"
        if "error" in row:
            print(f"  {label:26}failed: {row['error'].strip().splitlines()[-1]}")
            continue
        ours = next((r for r in rows if r["contestant"] == "aioriak" and r["loop"] == row["loop"]), None)
        if ours is None:  # threads have no loop: beside asyncio
            ours = next((r for r in rows if r["contestant"] == "aioriak" and r["loop"] == "asyncio"), None)
        alone = ours is None or ours is row or "error" in ours
        ratio = "" if ours is None or alone else f"×{ours['per_second'] / row['per_second']:.2f}"
        busy = f"{row['answerer_busy']:.0%}" if "answerer_busy" in row else ""
        print(
            f"  {label:26}{ratio:>12}{row['per_second']:>12,.0f}{row['cpu_us']:>12.1f}{row['p50_us']:>10.0f}"
            f"{row['p99_us']:>10.0f}{busy:>10}"
        )


def bars(rows: list[Row]) -> list[tuple[str, float, float, bool]]:
    """Return the bars that these rows can judge: name, measured ratio, bound, and whether it is a minimum."""
    found: list[tuple[str, float, float, bool]] = []
    cell = {"workload": "get", "tasks": 64, "size": 1024}

    def compare(
        what: str, bound: float, at_least: bool, figure: str, over: tuple[str, str], under: tuple[str, str],
        over_cell: dict[str, Any], under_cell: dict[str, Any],
    ) -> None:  # fmt: skip
        one, other = find(rows, *over, **over_cell), find(rows, *under, **under_cell)
        if one and other:
            found.append((what, one[figure] / other[figure], bound, at_least))

    ours = ("aioriak", "asyncio")
    put, large, one = cell | {"workload": "put"}, cell | {"size": 100 * 1024}, cell | {"tasks": 1}
    for peer, bound in ((("riak executor", "asyncio"), 20.0), (("riak threads", "none"), 14.0),
                        (("aioriak 0.2.0", "asyncio"), 8.0)):  # fmt: skip
        for at in (cell, put):
            compare(f"{at['workload']}: throughput over {peer[0]}", bound, True, "per_second", ours, peer, at, at)
    for loop, bound, small in (("asyncio", 1.6, True), ("uvloop", 2.5, True), ("asyncio", 1.4, False)):
        size, at = ("1 KiB", cell) if small else ("100 KiB", large)
        compare(f"get, {size}: CPU over the floor, {loop}", bound, False, "cpu_us",
                ("aioriak", loop), ("floor", loop), at, at)  # fmt: skip
    at = large | {"workload": "put"}
    compare("put, 100 KiB: CPU over the floor, asyncio", 1.6, False, "cpu_us", ours, ("floor", "asyncio"), at, at)
    for workload, bound in (("put", 1.15), ("get-many", 1.2), ("data type", 2.5), ("2i page", 1.5)):
        compare(f"{workload}: CPU over a get's, asyncio", bound, False, "cpu_us",
                ours, ours, cell | {"workload": workload}, cell)  # fmt: skip
    for loop in ("asyncio", "uvloop"):
        compare(f"one task: latency (p50) over the floor's, {loop}", 1.2, False, "p50_us",
                ("aioriak", loop), ("floor", loop), one, one)  # fmt: skip
    return found


def print_bars(found: list[tuple[str, float, float, bool]]) -> bool:
    """Print the bars, one line each; return whether all hold."""
    if not found:
        return True
    print("\ngoals")
    good = True
    for what, ratio, bound, at_least in found:
        holds = ratio >= bound if at_least else ratio <= bound
        good &= holds
        verdict, side = "pass" if holds else "FAIL", "at least" if at_least else "at most"
        print(f"  {verdict}  {what:52} {ratio:6.2f}  ({side} {bound:.3g})")
    return good


def save(name: str, results: dict[str, Any], path: pathlib.Path | None = None) -> pathlib.Path:
    """Write a run's results as JSON; give the file."""
    if path is None:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{name}.json"
    results = {"when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), **environment(), **results}
    path.write_text(json.dumps(results, indent=1) + "\n")
    return path
