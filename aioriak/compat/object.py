"""Object methods of riak 2.7 that start a map/reduce job."""

from __future__ import annotations

from typing import Any, Protocol

from aioriak.operations.names import Name
from aioriak.queries.mapreduce import RiakMapReduce
from aioriak.runtime import BucketView, HasRuntime


class _Object(Protocol):
    """What these methods read."""

    @property
    def client(self) -> HasRuntime: ...
    @property
    def bucket(self) -> BucketView: ...
    @property
    def key(self) -> Name | None: ...


class CompatObject:
    """Methods that make a :class:`~aioriak.queries.mapreduce.RiakMapReduce` of the object."""

    __slots__ = ()

    def add(self: _Object, *args: Any) -> RiakMapReduce:
        """Start a map/reduce job with this object, and the given inputs, as its inputs."""
        return _job(self).add(*args)

    def link(self: _Object, *args: Any) -> RiakMapReduce:
        """Start a map/reduce job that follows this object's links (Riak 2.x)."""
        return _job(self).link(*args)

    def map(self: _Object, *args: Any) -> RiakMapReduce:
        """Start a map/reduce job with a map phase over this object."""
        return _job(self).map(*args)

    def reduce(self: _Object, *args: Any) -> RiakMapReduce:
        """Start a map/reduce job with a reduce phase over this object's key."""
        return _job(self).reduce(*args)


def _job(robject: _Object) -> RiakMapReduce:
    return RiakMapReduce(robject.client).add_object(robject)
