"""One process that updates a key that others update too: ``python -m tests.contract.update_worker``.

The arguments are the node's host and port, the bucket, the process's name, the number of updates, and ``merge``
or ``none`` for the resolver.  Each update adds a mark to a set.  Prints what became of each mark.
"""

from __future__ import annotations

import asyncio
import json
import sys

from aioriak import RiakClient, RiakObject
from aioriak.error import RiakError, StoredAsSibling
from aioriak.resolver import merge_resolver


def union(versions: list[list[str]]) -> list[str]:
    return sorted(set().union(*versions))


async def main(host: str, port: str, name: str, own: str, count: str, resolver: str) -> None:
    outcomes: dict[str, str] = {}
    async with RiakClient(host, int(port)) as client:
        bucket = client.bucket(name, "siblings")
        if resolver == "merge":
            bucket.resolver = merge_resolver(union)

        async def add(mark: str) -> None:
            def change(robject: RiakObject) -> None:
                robject.data = sorted({*(robject.data or []), mark})

            try:
                await bucket.update("k", change)
            except StoredAsSibling as error:
                outcomes[mark] = f"sibling: {error}"
            except RiakError as error:
                outcomes[mark] = f"{type(error).__name__}: {error}"
            else:
                outcomes[mark] = "done"

        print("ready", flush=True)
        sys.stdin.readline()  # all processes begin together
        marks = [f"{own}{number}" for number in range(int(count))]
        for start in range(0, len(marks), 3):  # three tasks at a time: their updates are combined
            await asyncio.gather(*(add(mark) for mark in marks[start : start + 3]))
    print(json.dumps(outcomes))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:7]))
