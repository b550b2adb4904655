"""Where the objects of a bucket are read from, in the order of their keys.

The fastest way that the server offers is chosen: a *fold* brings whole objects; *index* pages of
``$bucket`` and a *listing* bring keys, whose objects are then read one by one. A listing has no order, so
its keys go through a sorted file first. Memory stays bounded, and reading can go on behind any key.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from aioriak.cli.backup.record import DatatypeRecord, ObjectRecord, Record
from aioriak.cli.exits import FAILED, Failure
from aioriak.cli.notation import show
from aioriak.error import BucketTypeNotFound, NotSupported, RequestTimeout, RiakError, ServerError
from aioriak.operations.indexes import Term
from aioriak.operations.names import Name, raw, text
from aioriak.queries.index import in_order

if TYPE_CHECKING:
    from aioriak.bucket import Bucket

Kind = Literal["fold", "index", "listing", "where"]
SOURCES: tuple[Kind, ...] = ("fold", "index", "listing")
_PAGE = 1000
_ATTEMPTS = 5


class Rate:
    """Spaces requests so that there are at most ``limit`` a second; ``None`` is no limit."""

    def __init__(
        self,
        limit: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._interval = None if limit is None else 1 / limit
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    async def wait(self) -> None:
        """Wait until the next request is due."""
        if self._interval is None:
            return
        now = self._clock()
        due = max(self._next, now - 0.1)  # after a pause, catch up a tenth of a second at most
        self._next = due + self._interval
        if due > now:
            await self._sleep(due - now)


@dataclass(frozen=True)
class Where:
    """An index query that chooses the objects."""

    index: Name
    start: Term
    end: Term | None


@dataclass(frozen=True)
class Selection:
    """Which objects of a bucket are read."""

    since: float | None = None
    """Only what was written at this time or later: seconds since 1970."""
    where: Where | None = None


async def choose(bucket: Bucket, selection: Selection, wanted: Kind | None = None) -> Kind:
    """Return the fastest source for a bucket; ``wanted`` is used without a trial.

    Raises :class:`~aioriak.error.BucketTypeNotFound`.
    """
    if selection.where is not None:
        return "where"
    if wanted is not None:
        return wanted
    if await bucket.bucket_type.get_datatype() is None and await _works(_try_fold, bucket):
        return "fold"
    return "index" if await _works(_try_index, bucket) else "listing"


async def _works(trial: Callable[[Bucket], Awaitable[None]], bucket: Bucket) -> bool:
    try:
        await trial(bucket)
    except BucketTypeNotFound:
        raise
    except (ServerError, RequestTimeout, ConnectionError):
        return False
    return True


async def _try_fold(bucket: Bucket) -> None:
    async with bucket.fold(max_results=1) as fold:
        async for _ in fold:
            break


async def _try_index(bucket: Bucket) -> None:
    await bucket.get_index("$bucket", bucket.name, max_results=1)


class Source:
    """The objects of one bucket, in the order of their keys, from behind the key ``after``."""

    def __init__(
        self, bucket: Bucket, kind: Kind, selection: Selection, rate: Rate, concurrency: int, after: bytes | None = None
    ) -> None:
        self.bucket = bucket
        self.kind = kind
        self._selection = selection
        self._rate = rate
        self._concurrency = concurrency
        self._after = after

    async def records(self) -> AsyncIterator[Record]:
        """Yield the records.

        Raises :class:`~aioriak.error.RiakError` when reading failed for good.
        """
        found = self._folded() if self.kind == "fold" else in_order(self._read, self._keys(), self._concurrency)
        since = self._selection.since
        async for record in found:
            if record is None:
                continue
            if since is not None and isinstance(record, ObjectRecord) and record.last_modified < since:
                continue
            yield record

    # -- whole objects --------------------------------------------------------------------

    async def _folded(self) -> AsyncIterator[Record | None]:
        """Fold page after page; a page that fails is asked for again behind the last key that came."""
        after, failures = self._after, 0
        while True:
            count = 0
            try:
                async with self.bucket.fold(
                    start_key=after or b"", start_incl=after is None, max_results=_PAGE
                ) as fold:
                    async for robject in fold:
                        count += 1
                        key = raw(robject.key or b"")
                        if after is not None and key <= after:
                            raise Failure(
                                f"the bucket fold of {self.bucket.path} brought {show(key)} after {show(after)}, out "
                                "of order; use --source index",
                                FAILED,
                            )
                        await self._rate.wait()
                        record = ObjectRecord.of(robject)
                        yield record if record.siblings else None
                        after, failures = key, 0
            except (RequestTimeout, ConnectionError, ServerError) as error:
                if isinstance(error, (NotSupported, PermissionError)) or failures == _ATTEMPTS:
                    raise
                failures += 1
                await asyncio.sleep(min(5.0, 0.1 * 2**failures))
                continue
            if count < _PAGE:
                return

    # -- keys, then objects -----------------------------------------------------------------

    async def _keys(self) -> AsyncIterator[Name]:
        if self.kind == "index":
            async for rows in self.bucket.query("$bucket", self.bucket.name, page_size=_PAGE).pages():
                for row in rows:
                    if self._after is None or raw(row.key) > self._after:
                        yield row.key
            return
        async for key in _sorted(self._unsorted(), self._after):
            yield key

    async def _unsorted(self) -> AsyncIterator[list[Name]]:
        where = self._selection.where
        if where is not None:
            async for rows in self.bucket.query(where.index, where.start, where.end, page_size=_PAGE).pages():
                yield [row.key for row in rows]
            return
        async with self.bucket.stream_keys() as keys:
            async for chunk in keys.chunks():
                yield chunk

    async def _read(self, key: Name) -> Record | None:
        from aioriak.riak_object import RiakObject

        await self._rate.wait()
        since = self._selection.since
        found = await self.bucket.get(key)
        if isinstance(found, RiakObject):
            record = ObjectRecord.of(found)
            return record if record.siblings else None
        if not found.exists:
            return None
        if since is not None:  # a data type's fetch does not tell when it was written
            robject = RiakObject(self.bucket.client, self.bucket, key)
            await robject.reload(head=True)
            if ObjectRecord.of(robject).last_modified < since:
                return None
        return DatatypeRecord.of(found)


async def _sorted(chunks: AsyncIterator[list[Name]], after: bytes | None) -> AsyncIterator[Name]:
    """Sort keys in a file and leave out those up to ``after``; each comes once."""
    with tempfile.TemporaryDirectory(prefix="aioriak-") as folder:
        store = sqlite3.connect(Path(folder) / "keys", isolation_level=None)
        try:
            store.execute("PRAGMA journal_mode=OFF")
            store.execute("PRAGMA synchronous=OFF")
            store.execute("CREATE TABLE keys (key BLOB PRIMARY KEY) WITHOUT ROWID")
            store.execute("BEGIN")
            async for chunk in chunks:
                store.executemany("INSERT OR IGNORE INTO keys VALUES (?)", ((raw(key),) for key in chunk))
            for (key,) in store.execute("SELECT key FROM keys WHERE key > ? ORDER BY key", (after or b"",)):
                yield text(key)
        finally:
            store.close()


async def all_buckets(client: object, types: list[Name]) -> tuple[list[tuple[Name, Name]], str]:
    """Return every bucket of these types (or of all types, when there are none), and how they were found."""
    from aioriak.client import RiakClient

    assert isinstance(client, RiakClient)
    if not types:
        try:
            return sorted(
                ((found.bucket_type, found.bucket) for found in await client.aae.list_buckets()),
                key=lambda row: (raw(row[0]), raw(row[1])),
            ), "aae"
        except (RiakError, TimeoutError):
            types = ["default"]
    found = []
    for kind in types:
        async with client.bucket_type(kind).stream_buckets() as names:
            async for chunk in names.chunks():
                found += [(kind, name) for name in chunk]
    return sorted(found, key=lambda row: (raw(row[0]), raw(row[1]))), "listing"
