"""The database: bucket types, bucket properties and objects, in memory.

Everything is bytes.  A ``Storage`` may stand behind it to make it last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from aioriak.testing.errors import NoSuchType
from aioriak.testing.properties import DEFAULT_TYPE, Properties
from aioriak.testing.robject import RiakObj
from aioriak.testing.secondary import Secondary

Where = tuple[bytes, bytes, bytes]
"""Bucket type, bucket and key."""


class Storage(Protocol):
    """Keeps the database across restarts; changes are durable once ``commit`` returns."""

    dirty: bool

    def commit(self) -> None:
        """Make all changes so far durable."""

    def save(self, type: bytes, bucket: bytes, key: bytes, obj: RiakObj | None) -> None:
        """Save the object under its key; ``None`` removes the key."""

    def save_properties(self, type: bytes, bucket: bytes | None, properties: Properties | None) -> None:
        """Save the properties set on a bucket, or on the type itself; ``None`` removes them."""


Objects = dict[bytes, dict[bytes, dict[bytes, RiakObj]]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content of a database at one moment."""

    bucket_types: Mapping[bytes, Properties]
    own_properties: Mapping[tuple[bytes, bytes], Properties]
    objects: Objects
    doomed: tuple[tuple[float, Where, RiakObj], ...]


class Database:
    """Objects by bucket type, bucket and key.

    ``tombstone_seconds`` is Riak's ``delete_mode``: how long a deleted object
    leaves a tombstone; ``None`` keeps it for ever, ``0`` removes it at once.
    ``clock`` gives seconds since the epoch.
    """

    def __init__(
        self,
        bucket_types: Mapping[bytes, Properties] | None = None,
        *,
        tombstone_seconds: float | None = 3.0,
        clock: Callable[[], float],
    ) -> None:
        self.bucket_types: dict[bytes, Properties] = {b"default": DEFAULT_TYPE, **(bucket_types or {})}
        self.tombstone_seconds = tombstone_seconds
        self.clock = clock
        self.storage: Storage | None = None
        self.secondary: Secondary = Secondary()
        self._own_properties: dict[tuple[bytes, bytes], Properties] = {}
        self._objects: Objects = {}
        self._doomed: deque[tuple[float, Where, RiakObj]] = deque()

    # -- properties ---------------------------------------------------------

    def properties(self, type: bytes, bucket: bytes) -> Properties:
        """Return the bucket's properties.  Raises :class:`NoSuchType` for an unknown bucket type."""
        own = self._own_properties.get((type, bucket))
        if own is not None:
            return own
        properties = self.bucket_types.get(type)
        if properties is None:
            raise NoSuchType(type)
        return properties

    def set_properties(self, type: bytes, bucket: bytes, properties: Properties | None) -> None:
        """Set properties on the bucket; ``None`` resets them to those of its type."""
        if properties is None:
            self._own_properties.pop((type, bucket), None)
        else:
            self._own_properties[type, bucket] = properties
        if self.storage:
            self.storage.save_properties(type, bucket, properties)

    def set_bucket_type(self, type: bytes, properties: Properties) -> None:
        """Make a bucket type, or change its properties."""
        self.bucket_types[type] = properties
        if self.storage:
            self.storage.save_properties(type, None, properties)

    def replace_bucket_types(self, types: Mapping[bytes, Properties]) -> None:
        """Replace all bucket types by these, and reset ``default``."""
        replaced = {b"default": DEFAULT_TYPE, **types}
        if self.storage:
            for type in self.bucket_types.keys() | replaced.keys():
                self.storage.save_properties(type, None, replaced.get(type))
            self.storage.commit()
        self.bucket_types = replaced

    # -- everything ---------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return a copy of everything; objects are immutable and shared with it."""
        return Snapshot(
            dict(self.bucket_types), dict(self._own_properties), _copy(self._objects), tuple(self._doomed)
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Replace everything with the content of a snapshot, in the storage too."""
        if self.storage:
            self._save_difference(self.storage, snapshot)
            self.storage.commit()
        self.bucket_types = dict(snapshot.bucket_types)
        self._own_properties = dict(snapshot.own_properties)
        self._objects = _copy(snapshot.objects)
        self._doomed = deque(snapshot.doomed)
        self.secondary = Secondary()

    def _save_difference(self, storage: Storage, snapshot: Snapshot) -> None:
        for type, buckets in self._objects.items():
            for bucket, keys in buckets.items():
                kept = snapshot.objects.get(type, {}).get(bucket, {})
                for key in keys.keys() - kept.keys():
                    storage.save(type, bucket, key, None)
        for type, buckets in snapshot.objects.items():
            for bucket, keys in buckets.items():
                there = self._objects.get(type, {}).get(bucket, {})
                for key, obj in keys.items():
                    if there.get(key) is not obj:
                        storage.save(type, bucket, key, obj)
        for type in self.bucket_types.keys() | snapshot.bucket_types.keys():
            storage.save_properties(type, None, snapshot.bucket_types.get(type))
        for type, bucket in self._own_properties.keys() | snapshot.own_properties.keys():
            storage.save_properties(type, bucket, snapshot.own_properties.get((type, bucket)))

    # -- objects ------------------------------------------------------------

    def get(self, type: bytes, bucket: bytes, key: bytes) -> RiakObj | None:
        """Return the object, which may be a tombstone; ``None`` if there is none."""
        if self._doomed:
            self._reap()
        try:
            return self._objects[type][bucket].get(key)
        except KeyError:
            return None

    def put(self, type: bytes, bucket: bytes, key: bytes, obj: RiakObj) -> None:
        """Store the object as it is and replace the previous one."""
        obj.vclock.compact()
        if obj.is_tombstone and self.tombstone_seconds is not None:
            if self.tombstone_seconds <= 0:
                self.delete(type, bucket, key)
                return
            self._doomed.append((self.clock() + self.tombstone_seconds, (type, bucket, key), obj))
        self._objects.setdefault(type, {}).setdefault(bucket, {})[key] = obj
        if self.secondary.watched:
            self.secondary.touch(type, bucket, key)
        if self.storage:
            self.storage.save(type, bucket, key, obj)

    def delete(self, type: bytes, bucket: bytes, key: bytes) -> bool:
        """Delete the key without a tombstone; return whether it existed."""
        buckets = self._objects.get(type, {})
        keys = buckets.get(bucket, {})
        if keys.pop(key, None) is None:
            return False
        if not keys:
            del buckets[bucket]
        if self.secondary.watched:
            self.secondary.touch(type, bucket, key)
        if self.storage:
            self.storage.save(type, bucket, key, None)
        return True

    def keys(self, type: bytes, bucket: bytes) -> list[bytes]:
        """Return every key of the bucket, those of tombstones too, in no particular order."""
        self._reap()
        return list(self._objects.get(type, {}).get(bucket, ()))

    def items(self, type: bytes, bucket: bytes) -> Iterator[tuple[bytes, RiakObj]]:
        """Return every key of the bucket with its object, tombstones too; later changes do not affect the result."""
        self._reap()
        return iter(list(self._objects.get(type, {}).get(bucket, {}).items()))

    def buckets(self, type: bytes) -> list[bytes]:
        """Return every bucket of the type that has a key."""
        self._reap()
        return list(self._objects.get(type, ()))

    def load(self, type: bytes, bucket: bytes, key: bytes, obj: RiakObj) -> None:
        """Load an object from the storage."""
        obj.vclock.compact()
        self._objects.setdefault(type, {}).setdefault(bucket, {})[key] = obj
        if obj.is_tombstone and self.tombstone_seconds is not None:
            self._doomed.append((self.clock() + self.tombstone_seconds, (type, bucket, key), obj))

    def load_properties(self, type: bytes, bucket: bytes | None, properties: Properties) -> None:
        """Load properties from the storage."""
        if bucket is None:
            self.bucket_types[type] = properties
        else:
            self._own_properties[type, bucket] = properties

    def _reap(self) -> None:
        """Remove the tombstones whose time has come, unless something was written since."""
        now = self.clock()
        while self._doomed and self._doomed[0][0] <= now:
            _, (type, bucket, key), tombstone = self._doomed.popleft()
            if self._objects.get(type, {}).get(bucket, {}).get(key) is tombstone:
                self.delete(type, bucket, key)


def _copy(objects: Objects) -> Objects:
    return {type: {bucket: dict(keys) for bucket, keys in buckets.items()} for type, buckets in objects.items()}
