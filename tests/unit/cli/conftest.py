"""Runs command lines in this process, beside the server's event loop, and keeps what they print."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aioriak.testing import RiakServer


class Result(NamedTuple):
    """What a command line came to."""

    status: int
    octets: bytes
    err: str

    @property
    def out(self) -> str:
        """What was printed on stdout, as text."""
        return self.octets.decode()

    @property
    def lines(self) -> list[str]:
        """The lines of stdout."""
        return self.out.splitlines()


Run = Callable[..., Coroutine[Any, Any, Result]]


def pytest_collect_file() -> None:
    """Skip the directory where the extra 'cli' is not installed."""
    for package in ("click", "rich", "prompt_toolkit"):
        pytest.importorskip(package)


def call(arguments: list[str], given: bytes = b"") -> Result:
    """Run a command line in this process."""
    from aioriak.cli.app import main

    saved = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(out, encoding="utf-8")
    sys.stderr = io.TextIOWrapper(err, encoding="utf-8")
    try:
        status = main(arguments)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return Result(status, out.getvalue(), err.getvalue().decode())
    finally:
        sys.stdin, sys.stdout, sys.stderr = saved


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine reach a test."""
    import os

    for name in os.environ:
        if name.startswith("AIORIAK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-settings"))


@pytest.fixture
def run(server: RiakServer) -> Run:
    """Runs a command line against the test's server."""

    async def invoke(*arguments: str, given: bytes = b"") -> Result:
        return await asyncio.to_thread(call, ["--url", f"riak://{server.address}", *arguments], given)

    return invoke
