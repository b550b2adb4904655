"""Reading all objects of a bucket: in the order of their keys, or by a coverage plan from many nodes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from aioriak.operations import cluster
from aioriak.operations.cluster import BucketFoldOptions, FoldedObject
from aioriak.operations.options import positive
from aioriak.runtime import BucketView

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _Bucket(BucketView, Protocol[T_co]):
    """A bucket that makes objects of the replies of a fold."""

    async def _folded(self, found: FoldedObject) -> T_co: ...


class BucketFold(Generic[T]):
    """An async iterator over a bucket's objects, in the order of their keys.

    ``async with`` closes its connection when the iteration is left early.  ``continuation`` is set when it has
    ended because of ``max_results``.
    """

    def __init__(self, bucket: _Bucket[T], options: BucketFoldOptions) -> None:
        self._bucket = bucket
        self._fold = cluster.BucketFold(
            bucket._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, options
        )

    @property
    def continuation(self) -> bytes | None:
        """An opaque value to pass to the next fold; ``None`` when all objects were read."""
        return self._fold.continuation

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        return await self._bucket._folded(await anext(self._fold))

    async def aclose(self) -> None:
        """End the fold; its connection is closed unless the last reply has arrived."""
        await self._fold.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


async def scan(bucket: _Bucket[T], concurrency: int, min_partitions: int | None) -> AsyncIterator[T]:
    """Yield the objects of all pieces of a coverage plan, with ``concurrency`` pieces read at a time."""
    limit = asyncio.Semaphore(positive("concurrency", concurrency))
    plan = await cluster.coverage(
        bucket._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, min_partitions
    )
    results: asyncio.Queue[T | BaseException | None] = asyncio.Queue(2 * concurrency)

    async def read(entry: cluster.CoverageEntry) -> None:
        try:
            async with limit, BucketFold(bucket, {"cover_context": entry.cover_context}) as piece:
                async for robject in piece:
                    await results.put(robject)
        except Exception as error:
            await results.put(error)
        else:
            await results.put(None)

    readers = [asyncio.create_task(read(entry)) for entry in plan]
    try:
        running = len(readers)
        while running:
            result: Any = await results.get()
            if result is None:
                running -= 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
