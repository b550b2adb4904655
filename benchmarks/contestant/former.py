"""aioriak 0.2.0: a connection for each task, since one connection serves one request at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aioriak

from .case import BUCKET, INDEX, MAP_TYPE, PAGE, Case, document, key
from .floor import MANY
from .measure import measure

CONNECTIONS = 64


class Former:
    """As many clients as tasks, 64 at the most; more tasks than that share their work among the 64."""

    async def run(self, case: Case) -> dict[str, float]:
        count = CONNECTIONS if case.workload == "get-many" else min(case.tasks, CONNECTIONS)
        clients = [await aioriak.RiakClient.create(*case.address(n)) for n in range(count)]
        try:
            if case.workload == "get-many":
                return await measure([self.many(clients)], case, MANY)
            return await measure([self.worker(client, case, n) for n, client in enumerate(clients)], case)
        finally:
            for client in clients:
                client.close()

    def worker(self, client: Any, case: Case, number: int) -> Callable[[], Awaitable[Any]]:
        bucket, name, doc = client.bucket(BUCKET), key(number), document(case.size)
        maps = client.bucket_type(MAP_TYPE).bucket(BUCKET)

        async def get() -> Any:
            return (await bucket.get(name)).data

        async def put() -> None:
            stored = await bucket.new(name, data=doc)
            await stored.store(return_body=False)

        async def datatype() -> Any:
            updated = await maps.new(name)
            updated.registers["name"].assign("aioriak")
            updated.counters["downloads"].increment()
            await updated.store()
            return updated.value

        async def page() -> Any:
            return await bucket.get_index(INDEX, 0, 1_000_000, max_results=PAGE)

        return {"get": get, "put": put, "data type": datatype, "2i page": page}[case.workload]

    def many(self, clients: list[Any]) -> Callable[[], Awaitable[Any]]:
        async def some(client: Any, numbers: range) -> None:
            bucket = client.bucket(BUCKET)
            for number in numbers:
                (await bucket.get(key(number))).data  # noqa: B018

        async def many() -> None:
            await asyncio.gather(*(some(client, range(n, MANY, CONNECTIONS)) for n, client in enumerate(clients)))

        return many
