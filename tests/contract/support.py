"""What a server supports, found out by asking it, and the removal of what a contract run stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aioriak import Bucket, RiakClient
from aioriak.error import BucketTypeNotFound, NotFound, RequestTimeout, RiakError

BUCKET_TYPES = (
    "siblings", "nosiblings", "lww", "maps", "sets", "counters", "hlls", "gsets", "writeonce",
)  # fmt: skip
"""The standard bucket types, which the contract tests need."""

PATIENCE = 15.0
"""Seconds that one probe may take."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One line of the table: a name, and a request that succeeds where the server supports it."""

    name: str
    ask: Callable[[RiakClient, Bucket], Awaitable[Any]]


async def _store(bucket: Bucket, **options: Any) -> None:
    await bucket.new_object("stored", encoded_data=b"1", content_type="text/plain").store(**options)


async def _index(client: RiakClient, bucket: Bucket) -> None:
    await bucket.get_index("n_int", 0, 10, max_results=1)


async def _regex(client: RiakClient, bucket: Bucket) -> None:
    await bucket.get_index("n_bin", "a", "z", return_terms=True, term_regex="b.*")


async def _fold(client: RiakClient, bucket: Bucket) -> None:
    await anext(aiter(bucket.fold()), None)


async def _erlang(client: RiakClient, bucket: Bucket) -> None:
    function = {"language": "erlang", "module": "riak_kv_mapreduce", "function": "map_object_value"}
    await client.mapred([[bucket.name, "stored", None, bucket.bucket_type.name]], [{"map": function}])


async def _javascript(client: RiakClient, bucket: Bucket) -> None:
    function = {"language": "javascript", "name": "Riak.mapValuesJson"}
    await client.mapred([[bucket.name, "stored", None, bucket.bucket_type.name]], [{"map": function}])


async def _queue(client: RiakClient, bucket: Bucket) -> None:
    try:
        await client.replication.queue("aioriak-contract").fetch()
    except NotFound:
        pass  # the request is known; the queue is not defined


async def _search(client: RiakClient, bucket: Bucket) -> None:
    await client.list_search_indexes()


async def _counter(client: RiakClient, bucket: Bucket) -> None:
    await client.bucket(bucket.name).get_counter("absent")


FEATURES = (
    Feature("node_confirms", lambda client, bucket: bucket.get("absent", node_confirms=1)),
    Feature("sync_on_write", lambda client, bucket: _store(bucket, sync_on_write="backend")),
    Feature("secondary indexes", _index),
    Feature("term regular expressions", _regex),
    Feature("map/reduce in Erlang", _erlang),
    Feature("map/reduce in JavaScript", _javascript),
    Feature("search", _search),
    Feature("legacy counters", _counter),
    Feature("key preflists", lambda client, bucket: bucket.get_preflist("k")),
    Feature("membership", lambda client, bucket: client.get_members()),
    Feature("bucket folds", _fold),
    Feature("AAE folds", lambda client, bucket: client.aae.object_stats(bucket)),
    Feature("replication queues", _queue),
    Feature("coverage plans", lambda client, bucket: bucket.get_coverage()),
)


async def supported(client: RiakClient, bucket: Bucket) -> list[tuple[str, str]]:
    """Ask for every feature; return its name with ``"yes"``, or with ``"no: …"`` and the server's reason."""
    found = []
    for feature in FEATURES:
        try:
            async with asyncio.timeout(PATIENCE):
                await feature.ask(client, bucket)
        except (RequestTimeout, TimeoutError):
            found.append((feature.name, f"unknown: no answer in {PATIENCE:.0f} s"))
        except RiakError as error:
            found.append((feature.name, f"no: {_short(error)}"))
        else:
            found.append((feature.name, "yes"))
    return found


def _short(error: RiakError) -> str:
    words = str(error.value).splitlines()[0]
    return words if len(words) <= 70 else f"{words[:69]}…"


async def missing_types(client: RiakClient) -> list[str]:
    """The standard bucket types that the server does not have."""
    absent = []
    for name in BUCKET_TYPES:
        try:
            await client.get_bucket_type_props(name)
        except BucketTypeNotFound:
            absent.append(name)
    return absent


async def _buckets(client: RiakClient, prefix: str) -> list[Bucket]:
    found = []
    for kind in ("default", *BUCKET_TYPES):
        for bucket in await client.get_buckets(kind):
            name = bucket.name if isinstance(bucket.name, bytes) else bucket.name.encode()
            if name.startswith(prefix.encode()):
                found.append(bucket)
    return found


async def remove(client: RiakClient, prefix: str, patience: float = 60.0) -> tuple[int, int]:
    """Delete every object in buckets whose names begin with ``prefix``.

    Returns how many objects were deleted, and how many are still listed after ``patience`` seconds.
    Riak lists tombstones for as long as its ``delete_mode`` says, 3 seconds by default.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    deleted = None
    while True:
        left = 0
        for bucket in await _buckets(client, prefix):
            keys = await bucket.get_keys()
            left += len(keys)
            for start in range(0, len(keys), 50):
                await asyncio.gather(*(bucket.delete(key) for key in keys[start : start + 50]))
        deleted = left if deleted is None else deleted
        if not left or loop.time() > deadline:
            return deleted, left
        await asyncio.sleep(0.5)
