"""Processes and rounds: contestants side by side, interleaved, against one answering process."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import pathlib
import select
import socket
import statistics
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from . import answers, canned
from .contestant.case import OURS, Case

HERE = pathlib.Path(__file__).parent
PEERS = HERE.parent / ".venv-peers"
PATIENCE = 30.0  # seconds for one measurement

Figures = dict[str, float]


class Answerer:
    """The answering process, seen from here."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "answers.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.host, self.port = "127.0.0.1", int(self._process.stdout.readline())
        self._socket = socket.create_connection((self.host, self.port), timeout=30)

    def put(self, replies: dict[int, bytes]) -> None:
        """Answer with these from now on."""
        for code, reply in replies.items():
            self._ask(answers.SET, bytes([code]) + reply)

    def usage(self) -> tuple[float, float]:
        """Return the CPU seconds that it has used, and its clock."""
        cpu, clock = struct.unpack("!dd", self._ask(answers.USAGE)[5:])
        return cpu, clock

    def _ask(self, code: int, body: bytes = b"") -> bytes:
        self._socket.sendall(struct.pack("!IB", len(body) + 1, code) + body)
        answer = b""
        while len(answer) < 4 or len(answer) < 4 + int.from_bytes(answer[:4], "big"):
            answer += self._socket.recv(4096)
        return answer

    def close(self) -> None:
        self._socket.close()
        _end(self._process)


class Contestant:
    """A measuring process: a client, on an event loop."""

    patience = PATIENCE

    def __init__(self, name: str, loop: str) -> None:
        self.name, self.loop = name, loop
        self._process = subprocess.Popen(
            self.command(), cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def command(self) -> list[str]:
        """Return what is run."""
        own = self.name in ("floor", *OURS)
        python = sys.executable if own else str(PEERS / "bin" / "python")
        return [python, "-m", "contestant.run", self.name, self.loop]

    def measure(self, case: Case, frames: list[bytes]) -> Figures:
        """Run one measurement.  Raises ``RuntimeError`` with the error of the other process."""
        assert self._process.stdin is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.name} on {self.loop}: it ended earlier")
        sent = [base64.b64encode(frame).decode() for frame in frames] if self.name == "floor" else []
        self._process.stdin.write(json.dumps(dataclasses.asdict(case) | {"frames": sent}) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], self.patience)[0]:
            self._process.kill()
            raise RuntimeError(f"{self.name} on {self.loop}: no answer within {self.patience:.0f} s")
        answer = json.loads(self._process.stdout.readline() or '{"error": "it ended"}')
        if "error" in answer:
            raise RuntimeError(f"{self.name} on {self.loop}: {answer['error']}")
        return {name: float(figure) for name, figure in answer.items()}

    def close(self) -> None:
        _end(self._process)


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


@contextlib.contextmanager
def contestants(names: list[tuple[str, str]]) -> Iterator[list[Contestant]]:
    """Start a process for each name and loop; end them all."""
    with contextlib.ExitStack() as stack:
        started = []
        for name, loop in names:
            contestant = Contestant(name, loop)
            stack.callback(contestant.close)
            started.append(contestant)
        yield started


@contextlib.contextmanager
def answerer() -> Iterator[Answerer]:
    """Start the answering process; end it."""
    process = Answerer()
    try:
        yield process
    finally:
        process.close()


def compare(
    case: Case, started: list[Contestant], rounds: int, usage: Callable[[], tuple[float, float] | None]
) -> list[dict[str, Any]]:
    """Measure one case with every contestant in turn, ``rounds`` times; medians, and how busy the other side was.

    ``usage`` returns the CPU seconds of the other side and its clock, where they are known.
    """
    frames = canned.requests(case.workload, case.size, case.tasks)
    measured: dict[Contestant, list[Figures]] = {contestant: [] for contestant in started}
    failures: dict[Contestant, str] = {}
    for _ in range(rounds):
        for contestant in started:
            if contestant in failures:
                continue
            before = usage()
            try:
                figures = contestant.measure(case, frames)
            except RuntimeError as error:
                failures[contestant] = str(error)
                continue
            after = usage()
            if before and after:
                figures["answerer_busy"] = (after[0] - before[0]) / (after[1] - before[1])
            measured[contestant].append(figures)
    rows = []
    for contestant, runs in measured.items():
        row: dict[str, Any] = {"contestant": contestant.name, "loop": contestant.loop, **_cell(case)}
        if contestant in failures:
            row["error"] = failures[contestant]
        else:
            row |= {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            row["runs"] = len(runs)
        rows.append(row)
    return rows


def _cell(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in ("workload", "tasks", "connections", "size")}
