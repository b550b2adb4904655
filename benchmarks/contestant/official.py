"""riak 2.7.0: in threads as it was meant, and through ``run_in_executor`` as asyncio programs used it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import riak  # type: ignore[import-not-found]

from .case import BUCKET, INDEX, MAP_TYPE, PAGE, Case, document, key
from .floor import MANY
from .measure import measure, measure_threads


def calls(client: Any, case: Case) -> Callable[[int], Callable[[], Any]]:
    """Return the function that one worker calls."""
    bucket, maps, doc = client.bucket(BUCKET), client.bucket_type(MAP_TYPE).bucket(BUCKET), document(case.size)

    def get(name: str) -> Any:
        return bucket.get(name).data

    def put(name: str) -> None:
        bucket.new(name, data=doc).store(return_body=False)

    def many(name: str) -> None:
        for found in client.multiget([("default", BUCKET, key(n)) for n in range(MANY)]):
            found.data  # noqa: B018

    def datatype(name: str) -> Any:
        updated = maps.new(name)
        updated.registers["name"].assign("aioriak")
        updated.counters["downloads"].increment()
        updated.store()
        return updated.value

    def page(name: str) -> Any:
        return bucket.get_index(INDEX, 0, 1_000_000, max_results=PAGE).results

    call = {"get": get, "put": put, "get-many": many, "data type": datatype, "2i page": page}[case.workload]
    return lambda number: partial(call, key(number))


class Official:
    """``threads`` or ``executor``: as many threads as connections either way."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    async def run(self, case: Case) -> dict[str, float]:
        nodes = [dict(zip(("host", "pb_port"), case.address(n), strict=True)) for n in range(len(case.nodes))]
        client = riak.RiakClient(nodes=nodes, multiget_pool_size=case.connections)
        call = calls(client, case)
        many = case.workload == "get-many"
        try:
            if self.kind == "threads":
                count = 1 if many else min(case.tasks, case.connections)
                return measure_threads([call(number) for number in range(count)], case, MANY if many else 1)
            with ThreadPoolExecutor(case.connections) as executor:
                return await self.in_executor(executor, client, call, case)
        finally:
            client.close()

    async def in_executor(
        self, executor: ThreadPoolExecutor, client: Any, call: Callable[[int], Any], case: Case
    ) -> dict[str, float]:
        loop = asyncio.get_running_loop()
        if case.workload == "get-many":
            bucket = client.bucket(BUCKET)

            def get(number: int) -> Any:
                return bucket.get(key(number)).data

            async def gathered() -> None:
                await asyncio.gather(*(loop.run_in_executor(executor, get, number) for number in range(MANY)))

            return await measure([gathered], case, MANY)
        return await measure(
            [partial(loop.run_in_executor, executor, call(number)) for number in range(case.tasks)], case
        )
