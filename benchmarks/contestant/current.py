"""This client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import aioriak

from .case import BUCKET, INDEX, MAP_TYPE, PAGE, Case, document, key
from .floor import MANY
from .measure import measure

LISTING: dict[str, Any] = {"allow_listing": "silent"}


class Current:
    """One client, many tasks; ``key-aware`` asks the nodes that hold a key, ``hedged`` a second one after a while."""

    def __init__(self, kind: str = "") -> None:
        self.options: dict[str, Any] = {"key-aware": {"key_aware": True}, "hedged": {"hedge": True}, "": {}}[kind]

    async def run(self, case: Case) -> dict[str, float]:
        most = -(-case.connections // len(case.nodes))
        async with aioriak.RiakClient(nodes=case.nodes, max_size=most, **LISTING, **self.options) as client:
            worker = WORKERS[case.workload](client, case)
            if case.workload == "get-many":
                return await measure([worker(key(0))], case, MANY)
            return await measure([worker(key(number)) for number in range(case.tasks)], case)


Worker = Callable[[str], Callable[[], Awaitable[Any]]]


def get(client: aioriak.RiakClient, case: Case) -> Worker:
    """Read an object and look at its value."""
    bucket = client.bucket(BUCKET)

    async def once(name: str) -> Any:
        return (await bucket.get(name)).data

    return lambda name: partial(once, name)


def put(client: aioriak.RiakClient, case: Case) -> Worker:
    """Make an object of a value and write it."""
    bucket, doc = client.bucket(BUCKET), document(case.size)

    async def once(name: str) -> None:
        stored = await bucket.new(name, data=doc)
        await stored.store(return_body=False)

    return lambda name: partial(once, name)


def get_many(client: aioriak.RiakClient, case: Case) -> Worker:
    """Read many objects by one call."""
    bucket = client.bucket(BUCKET)

    async def once() -> None:
        async for _, found in bucket.get_many([key(n) for n in range(MANY)]):
            found.data  # noqa: B018

    return lambda name: once


def datatype(client: aioriak.RiakClient, case: Case) -> Worker:
    """Change a register and a counter of a map."""
    maps = client.bucket_type(MAP_TYPE).bucket(BUCKET)

    async def once(name: str) -> Any:
        updated = await maps.new(name)
        updated.registers["name"].assign("aioriak")
        updated.counters["downloads"].increment()
        await updated.store()
        return updated.value

    return lambda name: partial(once, name)


def page(client: aioriak.RiakClient, case: Case) -> Worker:
    """Fetch a page of an index."""
    bucket = client.bucket(BUCKET)

    async def once() -> Any:
        return await bucket.get_index(INDEX, 0, 1_000_000, max_results=PAGE)

    return lambda name: once


def value(client: aioriak.RiakClient, case: Case) -> Worker:
    """Read an object, its value as it is stored."""
    bucket = client.bucket(BUCKET)

    async def once(name: str) -> Any:
        return (await bucket.get(name)).encoded_data

    return lambda name: partial(once, name)


def listing(client: aioriak.RiakClient, case: Case) -> Worker:
    """List the keys of a bucket."""
    bucket = client.bucket(case.bucket)

    async def once() -> int:
        count = 0
        async for _ in bucket.stream_keys():
            count += 1
        return count

    return lambda name: once


WORKERS: dict[str, Callable[[aioriak.RiakClient, Case], Worker]] = {
    "get": get, "put": put, "get-many": get_many, "data type": datatype, "2i page": page, "value": value,
    "list": listing,
}  # fmt: skip
