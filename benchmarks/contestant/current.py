"""This client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aioriak

from .case import BUCKET, INDEX, MAP_TYPE, PAGE, Case, document, key
from .floor import MANY
from .measure import measure

LISTING: dict[str, Any] = {"allow_listing": "silent"}


class Current:
    """One client, many tasks."""

    async def run(self, case: Case) -> dict[str, float]:
        client = await aioriak.RiakClient.create(case.host, case.port, max_size=case.connections, **LISTING)
        async with client:
            if case.workload == "get-many":
                return await measure([self.worker(client, case, 0)], case, MANY)
            return await measure([self.worker(client, case, number) for number in range(case.tasks)], case)

    def worker(self, client: aioriak.RiakClient, case: Case, number: int) -> Callable[[], Awaitable[Any]]:
        bucket, name, doc = client.bucket(BUCKET), key(number), document(case.size)
        maps = client.bucket_type(MAP_TYPE).bucket(BUCKET)

        async def get() -> Any:
            return (await bucket.get(name)).data

        async def put() -> None:
            stored = await bucket.new(name, data=doc)
            await stored.store(return_body=False)

        async def many() -> None:
            async for _, found in bucket.get_many([key(n) for n in range(MANY)]):
                found.data  # noqa: B018

        async def datatype() -> Any:
            updated = await maps.new(name)
            updated.registers["name"].assign("aioriak")
            updated.counters["downloads"].increment()
            await updated.store()
            return updated.value

        async def page() -> Any:
            return await bucket.get_index(INDEX, 0, 1_000_000, max_results=PAGE)

        async def value() -> Any:
            return (await bucket.get(name)).encoded_data

        async def listing() -> int:
            count = 0
            async for _ in bucket.stream_keys():
                count += 1
            return count

        if case.workload in ("value", "list"):  # of growth alone
            return {"value": value, "list": listing}[case.workload]
        return {"get": get, "put": put, "get-many": many, "data type": datatype, "2i page": page}[case.workload]
