"""Measure branch coverage: ``python -m tests.coverage [pytest options]``; exits with 1 below the bars.

Without options, :data:`MEASURED` runs in two processes, which takes about four minutes on two cores.  Every process
that the suite starts is measured too: a ``.pth`` file in a folder on ``PYTHONPATH`` starts coverage in each.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).parent.parent
BARS = {"wire": 95.0, "transport": 95.0, "cluster": 95.0, "operations": 95.0}
"""Percent that these packages must reach; the whole must reach :data:`WHOLE`."""
WHOLE = 90.0
MEASURED = ("cli", "contract", "examples", "faults", "fuzz", "model", "models", "properties", "trust", "unit")
"""Suites that run by default.

The others start a browser, type checkers, instruction counters or pytest itself for each test.  They are slow
under coverage and reach nothing that these do not.
"""
CONFIG = """[run]
branch = true
parallel = true
concurrency = thread
source = aioriak
data_file = {folder}/data
omit = */riak_pb/*_pb2.py
sigterm = true
[report]
exclude_also =
    if TYPE_CHECKING:
    raise NotImplementedError
    assert_never
"""


def _share(files: dict[str, dict[str, dict[str, float]]], package: str) -> tuple[float, int]:
    """Percent covered of lines and branches together, and how many there are."""
    covered = total = 0.0
    for name, found in files.items():
        if name.startswith(f"aioriak/{package}"):
            summary = found["summary"]
            covered += summary["covered_lines"] + summary["covered_branches"]
            total += summary["num_statements"] + summary["num_branches"]
    return (100 * covered / total if total else 100.0), int(total)


def main(arguments: Sequence[str]) -> int:
    """Run the suite under coverage, and print the table."""
    options = list(arguments) or ["-n", "2", *(f"tests/{name}" for name in MEASURED)]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        config = folder / "coveragerc"
        config.write_text(CONFIG.format(folder=folder))
        # what starts coverage in the processes that tests start
        (folder / "sitecustomize.py").write_text("import coverage\ncoverage.process_startup()\n")
        path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "COVERAGE_PROCESS_START": str(config), "PYTHONPATH": path}
        command = [sys.executable, "-m", "pytest", "-q", *options]
        status = subprocess.run(command, cwd=ROOT, env=environment).returncode
        tool = [sys.executable, "-m", "coverage"]
        quiet = {**os.environ, "COVERAGE_RCFILE": str(config)}
        subprocess.run([*tool, "combine", "-q"], cwd=ROOT, env=quiet, check=True)
        report = folder / "report.json"
        subprocess.run([*tool, "json", "-q", "-o", str(report)], cwd=ROOT, env=quiet, check=True)
        files = json.loads(report.read_text())["files"]
    packages = sorted({file.split("/")[1] for file in files if file.count("/") > 1})
    print(f"{'package':<16} {'covered':>8}  {'bar':>5}")
    low = False
    for package in packages:
        share, _ = _share(files, f"{package}/")
        bar = BARS.get(package)
        low |= bar is not None and share < bar
        print(f"{package:<16} {share:7.1f}%  {f'{bar:.0f}%' if bar else '':>5}")
    whole, size = _share(files, "")
    low |= whole < WHOLE
    print(f"{'aioriak':<16} {whole:7.1f}%  {WHOLE:.0f}%   ({size} lines and branches)")
    least = sorted(files.items(), key=lambda item: item[1]["summary"]["percent_covered"])[:10]
    print("least covered: " + ", ".join(f"{file} {found['summary']['percent_covered']:.0f}%" for file, found in least))
    return status or int(low)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
