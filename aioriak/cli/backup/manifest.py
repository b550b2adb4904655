"""Counts and checksums of a dump.

The checksum of a bucket is the sum of its records' SHA-256 digests, modulo 2²⁵⁶: it does not depend on
their order, and it can be continued from a file that was cut off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aioriak.cli.backup.record import BadRecord, ObjectRecord, Record, encode, needed

BucketId = tuple[bytes, bytes]
"""Bucket type and bucket."""


@dataclass(slots=True)
class Totals:
    """What was counted of one bucket."""

    objects: int = 0
    """Objects with a value, and data types."""
    siblings: int = 0
    """Values beyond the first of an object."""
    datatypes: int = 0
    tombstones: int = 0
    """Objects that are nothing but a tombstone; neither counted as objects nor part of the checksum."""
    checksum: int = 0
    source: str | None = None

    def add(self, record: Record) -> None:
        """Count a record."""
        if isinstance(record, ObjectRecord):
            live = len(record.live)
            if not live:
                self.tombstones += 1
                return
            self.siblings += live - 1
        else:
            self.datatypes += 1
        self.objects += 1
        self.checksum = (self.checksum + int.from_bytes(record.digest(), "big")) % 2**256

    def to_json(self) -> dict[str, Any]:
        """Return the totals as a manifest has them."""
        return {
            "objects": self.objects, "siblings": self.siblings, "datatypes": self.datatypes,
            "tombstones": self.tombstones, "checksum": f"{self.checksum:064x}",
        }  # fmt: skip


@dataclass(slots=True)
class Manifest:
    """The totals of every bucket of a dump."""

    buckets: dict[BucketId, Totals] = field(default_factory=dict)

    def of(self, bucket: BucketId) -> Totals:
        """Return the totals of a bucket."""
        return self.buckets.setdefault(bucket, Totals())

    def add(self, record: Record) -> None:
        """Count a record."""
        self.of(record.place[:2]).add(record)

    def total(self, name: str) -> int:
        """Return the sum of a count over all buckets."""
        return sum(getattr(totals, name) for totals in self.buckets.values())

    def to_json(self) -> dict[str, Any]:
        """Return the last line of a dump."""
        return {
            "objects": self.total("objects"),
            "tombstones": self.total("tombstones"),
            "buckets": [
                {
                    "type": encode(kind), "bucket": encode(bucket), **totals.to_json(),
                    **({"source": totals.source} if totals.source else {}),
                }
                for (kind, bucket), totals in sorted(self.buckets.items())
                if totals.objects or totals.tombstones
            ],
        }  # fmt: skip

    def differences(self, written: Any) -> list[str]:
        """Return what differs between this and the manifest that a dump ends with. Raises :class:`BadRecord`."""
        if not isinstance(written, Mapping) or not isinstance(written.get("buckets"), list):
            raise BadRecord("the manifest has no buckets")
        theirs: dict[BucketId, Mapping[str, Any]] = {}
        for row in written["buckets"]:
            if not isinstance(row, Mapping):
                raise BadRecord("a bucket of the manifest is a JSON object")
            theirs[needed(row.get("type"), "type"), needed(row.get("bucket"), "bucket")] = row
        found: list[str] = []
        for bucket in sorted({*theirs, *self.buckets}):
            row, own = theirs.get(bucket, {}), self.buckets.get(bucket, Totals()).to_json()
            found += [
                f"{_shown(bucket)}: {name} {own[name]}, and {row.get(name, 0)} in the manifest"
                for name in ("objects", "siblings", "datatypes", "tombstones", "checksum")
                if row.get(name, Totals().to_json()[name]) != own[name]
            ]
        return found


def _shown(bucket: BucketId) -> str:
    from aioriak.cli.notation import show

    return "/".join(map(show, bucket))
