"""``python -m benchmarks.startup``: the time that the command ``aioriak`` takes to answer.

Prints the median and the best of some runs. Exits 1 when the median of ``--help`` is not under 0.3 seconds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

LIMIT = 0.3
PROGRAM = Path(sys.executable).with_name("aioriak")
LINES = (["--help"], ["--version"], ["get", "--help"], ["serve", "--help"])


def seconds(arguments: list[str], rounds: int) -> list[float]:
    """Return how long each run of a command line took."""
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        subprocess.run([PROGRAM, *arguments], stdout=subprocess.DEVNULL, check=True)
        found.append(time.perf_counter() - begun)
    return found


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs of each command line (default: %(default)s)")
    options = parser.parse_args()
    good = True
    for arguments in LINES:
        found = seconds(arguments, options.rounds)
        median = statistics.median(found)
        good &= arguments != ["--help"] or median < LIMIT
        print(f"aioriak {' '.join(arguments):20} {median:6.3f} s  (best {min(found):.3f})")
    print(f"limit of --help: {LIMIT} s; {'met' if good else 'NOT met'}")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
