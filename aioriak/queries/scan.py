"""All objects of a bucket: in the order of their keys, or by a coverage plan from many nodes at once."""

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
    """An async iterator of objects; left early, or at the end of ``async with``, its connection is closed.

    ``continuation`` is there once it has ended, if ``max_results`` cut it short.
    """

    def __init__(self, bucket: _Bucket[T], options: BucketFoldOptions) -> None:
        self._bucket = bucket
        self._found = cluster.BucketFold(
            bucket._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, options
        )

    @property
    def continuation(self) -> bytes | None:
        """Opaque; give it to the next fold."""
        return self._found.continuation

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        return await self._bucket._folded(await anext(self._found))

    async def aclose(self) -> None:
        """End it now."""
        await self._found.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


async def scan(bucket: _Bucket[T], concurrency: int, min_partitions: int | None) -> AsyncIterator[T]:
    """The objects of every piece of a coverage plan, ``concurrency`` pieces at a time."""
    limit = asyncio.Semaphore(positive("concurrency", concurrency))
    plan = await cluster.coverage(
        bucket._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, min_partitions
    )
    found: asyncio.Queue[T | BaseException | None] = asyncio.Queue(2 * concurrency)

    async def read(entry: cluster.CoverageEntry) -> None:
        try:
            async with limit, BucketFold(bucket, {"cover_context": entry.cover_context}) as piece:
                async for robject in piece:
                    await found.put(robject)
        except Exception as error:
            await found.put(error)
        else:
            await found.put(None)

    readers = [asyncio.create_task(read(entry)) for entry in plan]
    try:
        left = len(readers)
        while left:
            each: Any = await found.get()
            if each is None:
                left -= 1
            elif isinstance(each, BaseException):
                raise each
            else:
                yield each
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
