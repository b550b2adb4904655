"""Conflict-free replicated data types: states, their changes and their merging.  Nothing of Riak's messages here.

Each type has ``value()``, ``context()``, ``update(change, actor, context, now)``,
``merge(other)``, ``to_bytes()`` and ``from_bytes(data)``.
"""

from __future__ import annotations

from aioriak.testing.crdt.changes import Field, MapChange, NotPresent, SetChange
from aioriak.testing.crdt.clock import Clock
from aioriak.testing.crdt.codec import Junk
from aioriak.testing.crdt.counter import PNCounter
from aioriak.testing.crdt.gset import GSet
from aioriak.testing.crdt.hll import DEFAULT_PRECISION, HyperLogLog
from aioriak.testing.crdt.map import Map
from aioriak.testing.crdt.orset import ORSet

__all__ = [
    "DEFAULT_PRECISION",
    "TYPES",
    "Clock",
    "Datatype",
    "Field",
    "GSet",
    "HyperLogLog",
    "Junk",
    "Map",
    "MapChange",
    "NotPresent",
    "ORSet",
    "PNCounter",
    "SetChange",
]

Datatype = PNCounter | ORSet | Map | HyperLogLog | GSet

TYPES: dict[str, type[PNCounter] | type[ORSet] | type[Map] | type[HyperLogLog] | type[GSet]] = {
    "counter": PNCounter,
    "set": ORSet,
    "map": Map,
    "hll": HyperLogLog,
    "gset": GSet,
}
"""The types that a key may hold, by the bucket type's ``datatype``."""
