"""Riak's side, with aioriak.

For each document, the first two at once and the last when both are done:

1. the document itself, under its id, with indexes; the newer of two versions
   wins, whether they meet here or as siblings;
2. a map for its source: the ids counted so far and how many they are, in one
   update, so that a document that comes twice is counted once;
3. a counter for its source: how many deliveries were stored.

Whatever fails, the message is put back and all three are done again: the first
changes nothing then, the second finds the id counted, the third counts one
delivery more, which is what happened.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aioriak import RiakClient, RiakObject
from aioriak.resolver import largest_resolver

from .documents import Document
from .naming import SHARDS, Types, shard


class Storage:
    """Where documents go."""

    def __init__(self, client: RiakClient, bucket: str = "documents", types: Types = Types()) -> None:  # noqa: B008
        self.documents = client.bucket_type(types.documents).bucket(bucket)
        self.documents.resolver = largest_resolver(lambda stored: stored["version"])
        self.sources = client.bucket_type(types.maps).bucket(bucket)
        self.deliveries = client.bucket_type(types.counters).bucket(bucket)

    async def store(self, document: Document) -> None:
        """Store a document and count it; raises :class:`~aioriak.error.RiakError`."""
        # Both end before an error is raised: a message that is put back must not be worked on here still.
        for error in await asyncio.gather(self._keep(document), self._count_once(document), return_exceptions=True):
            if error is not None:
                raise error
        counter = await self.deliveries.new(document.source)
        counter.increment()
        await counter.store(return_body=False)

    async def _keep(self, document: Document) -> None:
        def change(stored: RiakObject) -> None:
            if _is_older(stored, document):
                stored.data = document.stored()
                stored.set_index("source_bin", document.source)
                stored.set_index("version_int", document.version)

        # most that come again are there already: nothing is written then
        if _is_older(await self.documents.get(document.id), document):
            await self.documents.update(document.id, change)

    async def _count_once(self, document: Document) -> None:
        source = await self.sources.get(f"{document.source}/{shard(document.id):02}")
        if document.id in source.sets["ids"]:
            return
        source.sets["ids"].add(document.id)
        source.counters["documents"].increment()
        source.registers["latest"].assign(document.id)
        await source.store(return_body=False)

    async def report(self, source: str) -> dict[str, Any]:
        """Return the facts about a source: documents counted, distinct ids, deliveries."""
        counted = 0
        ids: set[str] = set()
        for number in range(SHARDS):
            part = await self.sources.get(f"{source}/{number:02}")
            counted += part.counters["documents"].value
            ids |= part.sets["ids"].value
        deliveries = await self.deliveries.get(source)
        return {"documents": counted, "ids": ids, "deliveries": deliveries.value}


def _is_older(stored: RiakObject, document: Document) -> bool:
    return not stored.exists or stored.data["version"] < document.version
