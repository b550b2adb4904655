"""The same tests on a real Riak: ``pytest --riak-nodes 10.0.0.1:8087,10.0.0.2:8087``.

Every bucket gets a name of the test's own and is emptied after the test.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, NoReturn, Unpack
from uuid import uuid4

import pytest

from aioriak import RiakClient
from aioriak.bucket import Bucket, BucketType
from aioriak.error import BucketTypeNotFound, RiakError
from aioriak.operations.defaults import BucketOptions
from aioriak.testing.bucket_types import BucketType as NewBucketType

Name = str | bytes


class RealNodes:
    """What ``riak_server`` is with ``--riak-nodes``: addresses.

    A test that uses anything else of the server, such as its faults, is skipped.
    """

    def __init__(self, addresses: list[tuple[str, int]]) -> None:
        self.host: str = addresses[0][0]
        self.port: int = addresses[0][1]
        self.addresses: list[str] = [_address(host, port) for host, port in addresses]
        self.address: str = self.addresses[0]

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        pytest.skip(f"needs the development server (uses its {name!r}); not available with --riak-nodes")


class TestClient(RiakClient):
    """A client whose buckets have names of one test's own; it records which buckets the test used."""

    __test__ = False
    suffix: str = ""
    missing: dict[bytes, NewBucketType]

    def prepare(self, suffix: str, missing: dict[bytes, NewBucketType]) -> None:
        """Set the suffix of bucket names, and the bucket types that the nodes lack."""
        self.suffix = suffix
        self.missing = missing
        self.used: dict[tuple[bytes, bytes], Bucket] = {}

    def bucket_type(self, name: Name) -> BucketType:
        """Return a bucket type; fail the test if the nodes lack it."""
        wanted = self.missing.get(name.encode() if isinstance(name, str) else name)
        if wanted is not None:
            pytest.fail(f"the nodes have no bucket type {name!r}; create it:\n{wanted.admin_commands()}", pytrace=False)
        return super().bucket_type(name)

    def bucket(
        self, name: Name, bucket_type: Name | BucketType = "default", **options: Unpack[BucketOptions]
    ) -> Bucket:
        """Return a bucket whose name belongs to the test alone."""
        own: Name = name + self.suffix if isinstance(name, str) else name + self.suffix.encode()
        if isinstance(name, str) and name.endswith(self.suffix):
            own = name
        bucket = super().bucket(own, bucket_type, **options)
        kind = bucket.bucket_type.name
        place = _bytes(kind), _bytes(own)
        if place not in self.used:
            self.used[place] = super().bucket(own, kind)  # emptied with no options
        return bucket


def parse_nodes(text: str) -> list[tuple[str, int]]:
    """Return the addresses in ``host:port,host:port``; ``pytest.UsageError`` for anything else."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"(\[[^\]]+\]|[^:\s]+):(\d{1,5})", part)
        if match is None or not 0 < int(match[2]) < 65536:
            raise pytest.UsageError(f"--riak-nodes: not host:port: {part!r}")
        found.append((match[1].strip("[]"), int(match[2])))
    if not found:
        raise pytest.UsageError("--riak-nodes names no node")
    return found


@asynccontextmanager
async def test_client(
    nodes: list[str],
    types: Iterable[NewBucketType],
    known: dict[bytes, NewBucketType | None],
    options: dict[str, Any],
) -> AsyncIterator[TestClient]:
    """Yield a client for one test, and empty its buckets afterwards.

    ``known`` remembers for the session which bucket types exist (``None``) or are missing.
    """
    client = await TestClient.create(nodes=nodes, **options)
    async with client:
        client.prepare("", {})
        await _look_up(client, types, known)
        missing = {name: wanted for name, wanted in known.items() if wanted is not None}
        client.prepare(f"-{uuid4().hex[:12]}", missing)
        yield client
        for bucket in client.used.values():
            await _empty(bucket)


test_client.__test__ = False  # type: ignore[attr-defined]


async def _look_up(
    client: RiakClient, types: Iterable[NewBucketType], known: dict[bytes, NewBucketType | None]
) -> None:
    for wanted in types:
        if wanted.name not in known:
            try:
                await client.bucket_type(wanted.name).get_properties()
            except BucketTypeNotFound:
                known[wanted.name] = wanted
            else:
                known[wanted.name] = None


async def _empty(bucket: Bucket) -> None:
    try:
        async for key in bucket.stream_keys():
            await bucket.delete(key)
        await bucket.clear_properties()
    except RiakError as error:
        raise AssertionError(f"the bucket {bucket.name!r} could not be emptied after the test: {error}") from error


def _bytes(name: Name) -> bytes:
    return name.encode() if isinstance(name, str) else name


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
