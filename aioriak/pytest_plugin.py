"""Fixtures for the tests of programs that use Riak.

pytest finds this module by itself once aioriak is installed::

    async def test_something(riak_client):
        bucket = riak_client.bucket_type("siblings").bucket("users")
        ...

``riak_server`` is a development server of the test's own, in this process;
``riak_client`` a client connected to it, closed after the test; a project that
wants other bucket types overrides ``riak_bucket_types``.  Both need
pytest-asyncio (``pip install 'aioriak[testing]'``); without it they are not
defined, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

try:
    import pytest_asyncio
except ImportError:
    pytest_asyncio = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from aioriak import RiakClient
    from aioriak.testing import RiakServer
    from aioriak.testing.bucket_types import BucketTypes


@pytest.fixture
def riak_bucket_types() -> object:
    """What ``riak_server`` is given as its ``bucket_types``; override it to have others."""
    return "standard"


async def _server(riak_bucket_types: BucketTypes) -> AsyncIterator[RiakServer]:
    """A development server of this test's own, empty, on a free port."""
    from aioriak.testing import RiakServer

    async with RiakServer(bucket_types=riak_bucket_types) as server:
        yield server


async def _client(riak_server: RiakServer) -> AsyncIterator[RiakClient]:
    """A client of ``riak_server``, closed after the test."""
    from aioriak import RiakClient

    async with await RiakClient.create(riak_server.host, riak_server.port, allow_listing="silent") as client:
        yield client


if pytest_asyncio is not None:
    riak_server = pytest_asyncio.fixture(name="riak_server")(_server)
    riak_client = pytest_asyncio.fixture(name="riak_client")(_client)
