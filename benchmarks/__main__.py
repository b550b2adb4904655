"""``python -m benchmarks``: peers side by side, growth, the queue worker; ``--quick`` takes under a minute.

``python -m benchmarks.tail`` measures the slow tail, ``python -m benchmarks.soak`` a mixed load with faults.
"""

from __future__ import annotations

import argparse
import importlib.util
import pathlib
import sys
import time

from . import growth, instructions, report, worker
from .contestant.case import OURS, Case
from .session import PEERS, compare, contestants
from .source import source

CONNECTIONS = 8
WORKLOADS = ("get", "put", "get-many", "data type", "2i page")
TASKS = (1, 8, 64, 1000)
SIZES = (100, 1024, 100 * 1024)
THEIRS = ["aioriak 0.2.0", "riak executor"]


def chosen_contestants(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Return the contestants, each with its event loop."""
    loops = ["asyncio"]
    if options.loop != "asyncio" and importlib.util.find_spec("uvloop"):
        loops = ["asyncio", "uvloop"] if options.loop == "both" else ["uvloop"]
    peers = (PEERS / "bin" / "python").exists() and not options.no_peers
    mine = ["floor", *(OURS if len(options.nodes) > 1 else OURS[:1])]
    names = [(name, loop) for loop in loops for name in mine + (THEIRS if peers else [])]
    if peers:
        names.append(("riak threads", "none"))
    elif not options.no_peers:
        print("The older clients are not installed; make bench-peers installs them.")
    if options.only:
        names = [(name, loop) for name, loop in names if name in options.only]
    return names


def chosen_cells(options: argparse.Namespace) -> list[tuple[str, int, int]]:
    """Return workload, tasks and size of each cell: each axis through its middle, or all combinations."""
    workloads = options.workload or WORKLOADS
    if options.full:
        return [(w, t, s) for w in workloads for t in TASKS for s in SIZES]
    if options.quick:
        cells = [("get", 64, 1024), ("get", 1, 1024), ("put", 64, 1024)]
    else:
        cells = [(w, 64, 1024) for w in WORKLOADS]
        cells += [("get", t, 1024) for t in TASKS if t != 64]
        cells += [("get", 64, s) for s in SIZES if s != 1024]
        cells += [("put", 64, 100 * 1024)]
    return [cell for cell in cells if cell[0] in workloads]


def run_peers(options: argparse.Namespace) -> tuple[list[report.Row], bool]:
    """Run the comparison and print it; return its rows and whether the bars were met."""
    rows: list[report.Row] = []

    with source(options.nodes) as answering, contestants(chosen_contestants(options)) as started:
        for workload, tasks, size in chosen_cells(options):
            case = Case(answering.nodes, workload, tasks, min(tasks, CONNECTIONS), size, options.seconds)
            answering.prepare(case)
            cell = compare(case, started, options.rounds, answering.usage)
            rows.extend(cell)
            report.print_cell(cell)
    if options.nodes:  # the bars are for the client, and the server is the limit here
        return rows, True
    return rows, report.print_bars(report.bars(rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", choices=["peers", "growth", "worker", "instructions", []],
                        help="what to measure (peers and growth unless said otherwise)")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="few cells, three short rounds")
    parser.add_argument("--full", action="store_true", help="every workload with every size and number of tasks")
    parser.add_argument("--rounds", type=int, help="rounds that medians are taken of (5)")
    parser.add_argument("--seconds", type=float, help="length of one measurement (0.4)")
    parser.add_argument("--loop", choices=["asyncio", "uvloop", "both"], default="both")
    parser.add_argument("--workload", action="append", choices=WORKLOADS, help="only this one; may be repeated")
    parser.add_argument("--only", action="append", help="only this contestant; may be repeated")
    parser.add_argument("--no-peers", action="store_true", help="leave the older clients out")
    parser.add_argument("--nodes", metavar="HOST:PORT,…", default=[], type=lambda given: given.split(","),
                        help="a Riak, instead of canned replies")  # fmt: skip
    parser.add_argument("--messages", type=int, default=5000, help="how many the queue worker is given")
    parser.add_argument("--json", type=pathlib.Path, help="where to write the results (benchmarks/results/)")
    parser.add_argument("--plots", type=pathlib.Path, metavar="DIR", help="draw SVG plots there (needs matplotlib)")
    parser.add_argument("--check", action="store_true",
                        help="instructions: exit with 1 when a ratio has grown by more than 5 %%")  # fmt: skip
    parser.add_argument("--accept", action="store_true", help="instructions: accept the ratios of this run")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal is missed")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = options.seconds or (0.15 if options.quick else 0.4)
    options.part = options.part or (["peers"] if options.quick or options.nodes else ["peers", "growth"])
    return options


def main() -> int:
    options = arguments()
    started = time.monotonic()
    results: dict[str, object] = {"rounds": options.rounds, "seconds": options.seconds}
    good = True
    if "peers" in options.part:
        results["peers"], held = run_peers(options)
        good &= held
    if "growth" in options.part:
        results["growth"], held = growth.run(options.quick, options.nodes)
        good &= held
    if "instructions" in options.part:
        loops = ("asyncio", "uvloop") if options.loop == "both" and not options.quick else ("asyncio",)
        loops = ("uvloop",) if options.loop == "uvloop" else loops
        results["instructions"] = rows = instructions.run(options.quick, loops, options.nodes)
        if options.accept:
            instructions.accept(rows)
        if options.check:
            good &= instructions.check(rows)
    if "worker" in options.part:
        results["worker"] = worker.run(",".join(options.nodes), options.messages)
    name = "-".join(options.part) + ("-server" if options.nodes else "") + ("-quick" if options.quick else "")
    path = report.save(name, results, options.json)
    print(f"\n{time.monotonic() - started:.0f} s; {path}")
    if options.plots:
        try:
            from . import plots
        except ImportError:
            print("Plots need matplotlib: pip install 'aioriak[bench]'")
            return 1
        for drawn in plots.draw(results, options.plots):
            print(drawn)
    return 0 if good or not (options.strict or options.check) else 1


if __name__ == "__main__":
    sys.exit(main())
