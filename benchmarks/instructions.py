"""Count the instructions of a request: figures that repeat on a busy machine, where times do not.

Each contestant runs in a process under ``valgrind --tool=callgrind``, and so does nothing else.
A cell is measured twice, with different numbers of requests; the difference of the two counts,
divided by the difference of the numbers, is free of what connecting and measuring cost.

``--check`` compares ratios with those of ``instructions.json``, and fails where one is more than 5 % larger.
Ratios are much the same on every machine with the same Python; ``--accept`` writes that file anew.
"""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from . import canned
from .contestant.case import Case
from .session import Contestant
from .source import Source, source

CONNECTIONS = 8
FEW, MANY = 1600, 4800  # requests: multiples of 64 tasks and of the 100 keys of a get-many
CELLS = (
    ("get", 64, 1024), ("put", 64, 1024), ("get-many", 64, 1024), ("data type", 64, 1024), ("2i page", 64, 1024),
    ("get", 64, 100 * 1024), ("put", 64, 100 * 1024),
)  # fmt: skip
PATIENCE = 600.0  # seconds for one measurement: a process under callgrind is about 50 times slower
BASELINE = pathlib.Path(__file__).with_suffix(".json")
TOLERANCE = 1.05
_TOTAL = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)

Row = dict[str, Any]


class Counted(Contestant):
    """A measuring process whose instructions are counted."""

    patience = PATIENCE

    def __init__(self, name: str, loop: str, folder: pathlib.Path) -> None:
        self._folder = folder
        self._dumps = 0
        super().__init__(name, loop)

    def command(self) -> list[str]:
        """Run under callgrind, which starts to count when it is told to."""
        return [
            "valgrind", "--tool=callgrind", "--instr-atstart=no", "--quiet",
            f"--callgrind-out-file={self._folder / 'counts'}", f"--vgdb-prefix={self._folder / 'vgdb'}",
            *super().command(),
        ]  # fmt: skip

    def count(self, case: Case, frames: list[bytes]) -> int:
        """Return the instructions that the process spends on a case."""
        self._control("zero")
        self.measure(case, frames)
        self._control("dump")
        self._dumps += 1
        written = self._folder / f"counts.{self._dumps}"
        return int(_TOTAL.findall(written.read_text())[-1])

    def start(self) -> None:
        """Count from now on."""
        self._control("instrumentation on")

    def _control(self, order: str) -> None:
        prefix = f"--vgdb-prefix={self._folder / 'vgdb'}"
        subprocess.run(
            ["vgdb", prefix, f"--pid={self.pid}", order],
            check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


def count_cells(contestant: Counted, answering: Source, cells: tuple[tuple[str, int, int], ...]) -> list[Row]:
    """Count every cell with one contestant, and return a row for each."""
    rows = []
    for workload, tasks, size in cells:
        frames = canned.requests(workload, size, tasks)

        def case(requests: int, workload: str = workload, tasks: int = tasks, size: int = size) -> Case:
            return Case(answering.nodes, workload, tasks, min(tasks, CONNECTIONS), size, 0.0,
                        requests=requests, latencies=False)  # fmt: skip

        answering.prepare(case(MANY))
        contestant.measure(case(MANY), frames)  # the interpreter adapts its bytecode to what it runs
        if not rows:
            contestant.start()
        few, many = (contestant.count(case(requests), frames) for requests in (FEW, MANY))
        each = (many - few) / (MANY - FEW)
        rows.append({"contestant": contestant.name, "loop": contestant.loop, "workload": workload, "tasks": tasks,
                     "size": size, "instructions": each})  # fmt: skip
    return rows


def run(quick: bool, loops: tuple[str, ...] = ("asyncio", "uvloop"), nodes: Sequence[str] = ()) -> list[Row]:
    """Count, print; return the rows.  Raises RuntimeError where valgrind is missing."""
    if shutil.which("valgrind") is None or shutil.which("vgdb") is None:
        raise RuntimeError("valgrind is not installed")
    cells = CELLS[:2] if quick else CELLS
    rows: list[Row] = []
    with source(nodes) as answering:
        for loop in loops:
            for name in ("floor", "aioriak"):
                started = time.monotonic()
                with tempfile.TemporaryDirectory(prefix="counts-") as folder:
                    contestant = Counted(name, loop, pathlib.Path(folder))
                    try:
                        rows += count_cells(contestant, answering, cells)
                    finally:
                        contestant.close()
                print(f"counted {name} on {loop} in {time.monotonic() - started:.0f} s", file=sys.stderr)
    print_rows(rows)
    return rows


def ratios(rows: list[Row]) -> dict[str, float]:
    """Return what is compared: a get, and large values, over the floor; other workloads over a get."""
    found = {(r["contestant"], r["loop"], r["workload"], r["size"]): r["instructions"] for r in rows}
    given: dict[str, float] = {}
    for (name, loop, workload, size), ours in found.items():
        if name != "aioriak":
            continue
        if workload == "get" or size > 1024:
            given[f"{workload}, {size} B, {loop}: over the floor"] = ours / found["floor", loop, workload, size]
        else:
            given[f"{workload}, {size} B, {loop}: over a get"] = ours / found["aioriak", loop, "get", size]
    return given


def accept(rows: list[Row]) -> None:
    """Write the ratios that later ones are compared with."""
    kept = {"python": python(), "ratios": {name: round(ratio, 3) for name, ratio in ratios(rows).items()}}
    BASELINE.write_text(json.dumps(kept, indent=2) + "\n")


def check(rows: list[Row]) -> bool:
    """Print the ratios that grew by more than 5 %, or have no baseline; return whether there is none.

    Raises RuntimeError for another Python than the baseline's, whose interpreter takes other numbers.
    """
    baseline = json.loads(BASELINE.read_text())
    if baseline["python"] != python():
        raise RuntimeError(f"the baseline is of Python {baseline['python']}, and this is {python()}")
    known: dict[str, float] = baseline["ratios"]
    grown = [
        f"{name}: {ratio:.2f}, {f'was {known[name]:.2f}' if name in known else 'without a baseline: --accept one'}"
        for name, ratio in ratios(rows).items()
        if name not in known or ratio > TOLERANCE * known[name]
    ]
    print("\n".join(grown) or "No ratio has grown by more than 5 %.")
    return not grown


def python() -> str:
    """Return the version of the interpreter, without its last part."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def print_rows(rows: list[Row]) -> None:
    """Print one line for each cell: instructions of a request, and ratios."""
    found = {(r["contestant"], r["loop"], r["workload"], r["size"]): r["instructions"] for r in rows}
    print("\ninstructions of a request (client process, callgrind)")
    print(f"  {'':24}{'loop':>8}{'floor':>10}{'aioriak':>10}{'over floor':>12}{'over get':>10}")
    for (name, loop, workload, size), ours in found.items():
        if name != "aioriak":
            continue
        floor = found.get(("floor", loop, workload, size))
        get = found.get(("aioriak", loop, "get", size))
        over_floor = "" if floor is None else f"{ours / floor:.2f}"
        over_get = "" if get is None else f"{ours / get:.2f}"
        shown = "" if floor is None else f"{floor:,.0f}"
        print(f"  {workload + f', {size:,} B':24}{loop:>8}{shown:>10}{ours:>10,.0f}{over_floor:>12}{over_get:>10}")


