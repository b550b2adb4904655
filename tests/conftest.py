"""What all tests share: a development server of their own, and a client connected to it."""

from __future__ import annotations

import json
import pathlib
import re
import signal
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import settings

from aioriak import RiakClient
from aioriak.testing import RiakServer

DATA = pathlib.Path(__file__).parent / "data"

Address = tuple[str, int]

# a time limit for each example fails on a busy machine
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Inherited from a shell that started the tests in the background; the commands under test would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
async def server() -> AsyncIterator[RiakServer]:
    """A development server with the standard bucket types, for one test."""
    async with RiakServer(bucket_types="standard") as running:
        yield running


@pytest.fixture
def nodes(server: RiakServer) -> list[Address]:
    """The addresses that ``client`` connects to; contract tests may have others."""
    return [(server.host, server.port)]


@pytest.fixture
async def client(nodes: list[Address]) -> AsyncIterator[RiakClient]:
    """A client of ``nodes``, closed after the test."""
    async with await RiakClient.create(nodes=nodes, allow_listing="silent") as connected:
        yield connected


@pytest.fixture
def bucket_name(request: pytest.FixtureRequest) -> str:
    """A bucket that no other test and no other run uses."""
    return f"{re.sub(r'[^a-z0-9]+', '-', request.node.name.lower())[:60]}-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def recorded() -> dict[str, list[dict[str, Any]]]:
    """The recorded exchanges with a real Riak 3.2.3: scenario name to steps.

    A step has ``name``, ``send`` (a whole frame, hexadecimal), ``recv`` (pairs
    of message code and body, hexadecimal) and ``closed``.
    """
    loaded: dict[str, list[dict[str, Any]]] = json.loads((DATA / "riak-3.2.3.json").read_text())
    return loaded


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Say in which order the tests ran, where one failed."""
    seed = getattr(config.option, "randomly_seed", None)
    if exitstatus and isinstance(seed, int):
        terminalreporter.write_line(f"the order of the tests: -p randomly --randomly-seed={seed}")
