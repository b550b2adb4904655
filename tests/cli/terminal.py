"""Runs the command in pseudo-terminals of 80 columns and 24 lines, and shows what they display.

Most runs are forks of one process that has imported the command (this file as a program), because the imports take
longer than the rest of a run.  ``installed=True`` starts the installed program instead.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import pytest

pyte = pytest.importorskip("pyte")

COLUMNS, LINES = 80, 24
PATIENCE = 30.0
"""Seconds after which a terminal that does not show what is waited for has failed."""
PROGRAM = Path(sys.executable).with_name("aioriak")
_STYLE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]")


class Result(NamedTuple):
    """What a command printed on the terminal, and its exit status."""

    status: int
    raw: str

    @property
    def text(self) -> str:
        """The text without colours and cursor movements."""
        return _STYLE.sub("", self.raw).replace("\r\n", "\n")


class Runner:
    """Starts commands in terminals."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def close(self) -> None:
        """End the process that forks."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.wait(30)
        self._parent.stdout.close()

    def start(self, arguments: list[str], environment: dict[str, str], *, installed: bool = False) -> Terminal:
        """Start a command."""
        here, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        given = {name: value for name, value in os.environ.items() if not name.startswith("AIORIAK_")}
        given |= {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LC_ALL": "C.UTF-8", **environment}
        if installed:
            process = subprocess.Popen([PROGRAM, *arguments], stdin=there, stdout=there, stderr=there, env=given)
            os.close(there)
            return Terminal(here, process.wait)
        job = {"tty": os.ttyname(there), "arguments": arguments, "environment": given}
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(job) + "\n")
        self._parent.stdin.flush()
        assert self._parent.stdout.readline() == "started\n"
        os.close(there)
        stdout = self._parent.stdout
        return Terminal(here, lambda: int(stdout.readline()))

    def run(
        self, arguments: list[str], environment: dict[str, str], typed: bytes = b"", *, installed: bool = False
    ) -> Result:
        """Run a command to its end."""
        with self.start(arguments, environment, installed=installed) as terminal:
            if typed:
                terminal.type(typed)
            return terminal.end()


class Terminal:
    """A terminal in which a command runs: ``lines`` are what it shows now."""

    def __init__(self, descriptor: int, wait: Callable[[], int]) -> None:
        self._descriptor = descriptor
        self._wait = wait
        self._parts: list[bytes] = []
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._screen.write_process_input = self._answer
        self._stream = pyte.ByteStream(self._screen)
        self._status: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is None:
            self.type(b"\x03\x04")
        os.close(self._descriptor)
        if self._status is None:
            self._wait()

    @property
    def lines(self) -> list[str]:
        """The lines of the screen, without spaces at their ends."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(self.lines).rstrip()

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._descriptor, keys)

    def until(self, condition: Callable[[str], Any]) -> str:
        """Read until what the screen shows fulfils a condition, and return it."""
        deadline = time.monotonic() + PATIENCE
        while not condition(self.text):
            ready, _, _ = select.select([self._descriptor], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"the terminal shows:\n{self.text}"
            assert self._read(), f"the command ended:\n{self.text}"
        return self.text

    def end(self) -> Result:
        """Read to the end of the command."""
        while self._read():
            pass
        self._status = self._wait()
        return Result(self._status, b"".join(self._parts).decode())

    def _read(self) -> bool:
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # the other end is closed
            return False
        if data:
            self._parts.append(data)
            self._stream.feed(data)
        return bool(data)

    def _answer(self, data: str) -> None:
        os.write(self._descriptor, data.encode())  # such as the position of the cursor


def main() -> None:
    """Import the command once, and run each job of the standard input in a fork."""
    import prompt_toolkit
    import rich.console
    import rich.live
    import rich.table

    from aioriak.__main__ import main as command

    del prompt_toolkit, rich
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        os.setsid()
        terminal = os.open(job["tty"], os.O_RDWR)
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        print("started", flush=True)
        for descriptor in range(3):
            os.dup2(terminal, descriptor)
        os.close(terminal)
        os.environ.clear()
        os.environ.update(job["environment"])
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        status = 1
        try:
            status = command(job["arguments"])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


if __name__ == "__main__":
    main()
