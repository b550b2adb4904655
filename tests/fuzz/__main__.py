"""Fuzz for a bounded time: ``python -m tests.fuzz [--seconds N] [TARGET …]``.

Each target runs in a process of its own: half of its time with mutations of recorded inputs, half with
atheris (coverage-guided) where it is installed.  A table closes the run; the exit status is 1 if there
is a fault.  An input that shows one is written to ``tests/fuzz/found``, where the suite runs it again.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from random import Random

from tests.fuzz.mutation import mutated

FOUND = pathlib.Path(__file__).parent / "found"
SLOW = 2.0
"""Seconds of processor time that no single input may take."""


def mutate(name: str, seconds: float, seed: int) -> int:
    """Run mutations of the seeds; print one line of figures."""
    from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    seeds = target.seeds()
    random = Random(seed)
    end = time.monotonic() + seconds
    count, slowest = 0, 0.0
    while time.monotonic() < end:
        data = mutated(random, seeds, longest=8192)
        began = time.thread_time()
        try:
            target.run(data)
        except Exception as error:
            return _fault(name, data, f"{type(error).__name__}: {error}")
        took = time.thread_time() - began
        slowest = max(slowest, took)
        if took > SLOW:
            return _fault(name, data, f"took {took:.1f} s")
        count += 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"figures {count} {slowest * 1000:.1f} {memory}")
    return 0


def guided(name: str, seconds: float) -> int:
    """Run atheris; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["aioriak"]):
        from tests.fuzz.targets import TARGETS

    target = TARGETS[name]

    def one(data: bytes) -> None:
        try:
            target.run(data)
        except Exception as error:
            _fault(name, data, f"{type(error).__name__}: {error}")
            raise

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds()):
            pathlib.Path(corpus, str(number)).write_bytes(seed)
        options = [
            f"-max_total_time={max(1, int(seconds))}", "-max_len=8192", "-timeout=10", "-rss_limit_mb=1500",
            "-print_final_stats=1", f"-artifact_prefix={corpus}/",
        ]  # fmt: skip
        atheris.Setup([sys.argv[0], *options, corpus], one)
        atheris.Fuzz()
    return 0


def _fault(name: str, data: bytes, what: str) -> int:
    FOUND.mkdir(exist_ok=True)
    number = 1
    while (path := FOUND / f"{name.replace('/', '-')}-{number}").exists():
        number += 1
    path.write_bytes(data)
    print(f"fault {what.splitlines()[0][:160]} ({path.name})", flush=True)
    return 1


def _run(name: str, engine: str, seconds: float, seed: int) -> list[str]:
    """One row of the table: target, engine, runs, slowest input, memory, fault."""
    command = [sys.executable, "-m", "tests.fuzz", f"--{engine}", "--seconds", str(seconds), "--seed", str(seed), name]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=seconds * 3 + 120)
    said = done.stdout + done.stderr
    fault = re.search(r"^fault (.*)$", said, re.MULTILINE)
    figures = re.search(r"^figures (\d+) ([\d.]+) (\d+)$", said, re.MULTILINE)
    runs, slowest, memory = figures.groups() if figures else ("", "", "")
    if engine == "guided":
        units = re.search(r"number_of_executed_units:\s*(\d+)", said)
        peak = re.search(r"peak_rss_mb:\s*(\d+)", said)
        slow = re.search(r"slowest_unit_time_sec:\s*(\d+)", said)
        runs, memory = units[1] if units else "", peak[1] if peak else ""
        slowest = f"{int(slow[1]) * 1000}" if slow else ""
    what = fault[1] if fault else "" if not done.returncode else f"exit status {done.returncode}: {said.strip()[-160:]}"
    return [name, engine, runs, slowest, memory, what]


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together (default: 60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="for the mutations (default: the time)")
    parser.add_argument("--mutate", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--guided", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.mutate:
        return mutate(given.targets[0], given.seconds, given.seed)
    if given.guided:
        return guided(given.targets[0], given.seconds)
    from tests.fuzz.targets import TARGETS

    names = given.targets or list(TARGETS)
    unknown = set(names) - TARGETS.keys()
    if unknown:
        parser.error(f"no targets {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    engines = ["mutate"] + (["guided"] if find_spec("atheris") else [])
    share = given.seconds / len(names) / len(engines)
    print(f"{len(names)} targets, {share:.1f} s for each of {', '.join(engines)}, seed {given.seed}")
    print(f"{'target':<14} {'engine':<8} {'runs':>9} {'slowest ms':>11} {'peak MiB':>9}  fault")
    faults = 0
    for name in names:
        for engine in engines:
            row = _run(name, engine, share, given.seed)
            faults += bool(row[5])
            print(f"{row[0]:<14} {row[1]:<8} {row[2]:>9} {row[3]:>11} {row[4]:>9}  {row[5] or 'none'}", flush=True)
    print(f"{faults} faults")
    return bool(faults)



if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
