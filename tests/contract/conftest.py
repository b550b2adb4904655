"""The contract tests' nodes: a real Riak's where one is configured, else the development server's.

``AIORIAK_TEST_NODES=127.0.0.1:8087,127.0.0.1:8088`` names the nodes of a
cluster that has the bucket types of the standard set (docker-compose.yml makes
one).  A contract test therefore uses ``client``, ``nodes`` and ``bucket_name``,
never ``server``.  ``make contract`` sets ``AIORIAK_TEST_RUN``, the beginning of
every bucket's name, and removes all objects in buckets of that name at the end.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import AsyncIterator

import pytest

from aioriak import RiakClient

CONFIGURED = os.environ.get("AIORIAK_TEST_NODES", "")
RUN = os.environ.get("AIORIAK_TEST_RUN", "")


@pytest.fixture
def bucket_name(request: pytest.FixtureRequest) -> str:
    """A bucket that no other test and no other run uses."""
    return f"{RUN}{re.sub(r'[^a-z0-9]+', '-', request.node.name.lower())[:60]}-{uuid.uuid4().hex[:12]}"


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.strip().rpartition(":")
    return host.strip("[]"), int(port)


@pytest.fixture
def nodes(request: pytest.FixtureRequest) -> list[tuple[str, int]]:
    """The addresses of the nodes under test."""
    if CONFIGURED:
        return [_address(text) for text in CONFIGURED.split(",")]
    server = request.getfixturevalue("server")
    return [(server.host, server.port)]


@pytest.fixture
async def one_node(nodes: list[tuple[str, int]]) -> AsyncIterator[RiakClient]:
    """A client of the first node alone, which knows at once what it was told of buckets' properties."""
    async with await RiakClient.create(nodes=nodes[:1], allow_listing="silent") as connected:
        yield connected


@pytest.fixture(scope="session")
def real_riak() -> bool:
    """Whether a real Riak answers: what it alone does, or does slowly, may be told apart by this."""
    return bool(CONFIGURED)
