"""The same storage with the official client, ``riak`` 2.7.0, each request in a thread of an executor.

This is how asyncio programs used Riak before there was a client for them; it is
here to be compared.  The client needs Python 3.9 or older, or the benchmark's
shim (``make bench-peers`` makes an environment for it).
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .documents import Document
from .naming import Types, shard

try:
    import riak  # type: ignore[import-not-found]
except ImportError:
    from benchmarks.contestant import shim

    shim.install()
    import riak

FAILURES: tuple[type[Exception], ...] = (riak.RiakError, OSError, riak.transports.pool.BadResource)


class Storage:
    """Where documents go."""

    def __init__(
        self, nodes: list[tuple[str, int]], bucket: str = "documents", types: Types = Types(), threads: int = 64  # noqa: B008
    ) -> None:
        self.client = riak.RiakClient(nodes=[{"host": host, "pb_port": port} for host, port in nodes])
        self.documents = self.client.bucket_type(types.documents).bucket(bucket)
        self.documents.resolver = _newest
        self.sources = self.client.bucket_type(types.maps).bucket(bucket)
        self.deliveries = self.client.bucket_type(types.counters).bucket(bucket)
        self.executor = ThreadPoolExecutor(threads)

    def close(self) -> None:
        """End the threads and the connections."""
        self.executor.shutdown()
        self.client.close()

    async def _call(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.executor, function, *arguments)

    async def store(self, document: Document) -> None:
        """Store a document and count it."""
        for error in await asyncio.gather(self._keep(document), self._count_once(document), return_exceptions=True):
            if error is not None:
                raise error
        counter = self.deliveries.new(document.source)
        counter.increment()
        await self._call(counter.store)

    async def _keep(self, document: Document) -> None:
        stored = await self._call(self.documents.get, document.id)
        if not stored.exists or stored.data["version"] < document.version:
            stored.data = document.stored()
            stored.set_index("source_bin", document.source)
            stored.set_index("version_int", document.version)
            await self._call(stored.store)

    async def _count_once(self, document: Document) -> None:
        source = await self._call(self.sources.get, f"{document.source}/{shard(document.id):02}")
        if document.id not in source.sets["ids"].value:
            source.sets["ids"].add(document.id)
            source.counters["documents"].increment()
            source.registers["latest"].assign(document.id)
            await self._call(source.store)


def _newest(stored: Any) -> None:
    stored.siblings = [max(stored.siblings, key=lambda sibling: sibling.data["version"])]
