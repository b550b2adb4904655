"""Secondary indexes over the database: built when first asked for, then kept up to date.

One bucket and one index name have a sorted list of ``(term, key)``.  A write only
notes its key; the next query brings the list up to date, so that a load without
queries costs nothing and a query costs no scan.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import Protocol

from aioriak.testing.robject import RiakObj, index_name

Term = int | bytes
Entry = tuple[Term, bytes]
Bucket = tuple[bytes, bytes]


class Objects(Protocol):
    """The objects that are indexed."""

    def get(self, type: bytes, bucket: bytes, key: bytes) -> RiakObj | None:
        """Return an object, or ``None``."""

    def items(self, type: bytes, bucket: bytes) -> Iterator[tuple[bytes, RiakObj]]:
        """Iterate over the keys and objects of a bucket."""


_REBUILD = 8  # sorting anew is cheaper once more than an eighth has changed


class Secondary:
    """The indexes of all buckets of a database."""

    def __init__(self) -> None:
        self.watched: dict[Bucket, set[bytes]] = {}
        """Keys written since a bucket's indexes were last brought up to date."""
        self._indexes: dict[Bucket, dict[bytes, _Index]] = {}

    def touch(self, type: bytes, bucket: bytes, key: bytes) -> None:
        """Note that a key was written or removed."""
        keys = self.watched.get((type, bucket))
        if keys is not None:
            keys.add(key)

    def entries(self, objects: Objects, type: bytes, bucket: bytes, name: bytes) -> list[Entry]:
        """Return all entries of an index, sorted by term, then by key.  The caller must not change the list.

        ``$key`` has an entry for every key, its term the key itself.
        """
        where = (type, bucket)
        indexes = self._indexes.setdefault(where, {})
        changed = self.watched.setdefault(where, set())
        if changed:
            for each in indexes.values():
                each.update((key, objects.get(type, bucket, key)) for key in changed)
            changed.clear()
        index = indexes.get(name)
        if index is None:
            index = indexes[name] = _Index(name)
            index.update(objects.items(type, bucket))
        return index.entries


class _Index:
    def __init__(self, name: bytes) -> None:
        self.name = name
        self.entries: list[Entry] = []
        self._terms: dict[bytes, tuple[Term, ...]] = {}

    def update(self, changes: Iterable[tuple[bytes, RiakObj | None]]) -> None:
        old: list[Entry] = []
        new: list[Entry] = []
        for key, obj in changes:
            before = self._terms.pop(key, ())
            after = tuple(terms(obj, key, self.name)) if obj is not None else ()
            if after:
                self._terms[key] = after
            if before != after:
                old += [(term, key) for term in before]
                new += [(term, key) for term in after]
        entries = self.entries
        if (len(old) + len(new)) * _REBUILD > len(entries):
            self.entries = sorted((term, key) for key, found in self._terms.items() for term in found)
            return
        for entry in old:
            del entries[bisect_left(entries, entry)]
        for entry in new:
            insort(entries, entry)


def terms(obj: RiakObj, key: bytes, name: bytes) -> Iterator[Term]:
    """Return the distinct terms of an object in an index, those of all its siblings."""
    if name == b"$key":
        yield key
        return
    found: set[Term] = set()
    for content in obj.contents:
        for entry, value in content.indexes:
            if index_name(entry) == name:
                found.add(int(value) if name.endswith(b"_int") else value)
    yield from sorted(found)


def between(entries: list[Entry], low: Entry, high: Term | None, *, after: bool = False) -> Iterator[Entry]:
    """Return the entries from ``low`` (exclusive with ``after``) to ``high``, in order; ``None`` is open."""
    start = (bisect_right if after else bisect_left)(entries, low)
    stop = len(entries) if high is None else bisect_right(entries, high, key=lambda entry: entry[0])
    for place in range(start, stop):
        yield entries[place]
