"""Methods of objects and their contents of aioriak 0.2 and riak 2.7 that another method has replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from aioriak.operations.names import Name
from aioriak.queries.mapreduce import Function, Options, RiakMapReduce
from aioriak.runtime import BucketTypeView, BucketView, HasRuntime, KeyView

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class _HasIndexes(Protocol[R_co]):
    """The method that ``remove_indexes`` calls."""

    def remove_index(self, field: Name | None = ..., value: int | Name | None = ...) -> R_co: ...


class CompatContent:
    """A second name of ``remove_index``."""

    __slots__ = ()

    def remove_indexes(self: _HasIndexes[R], field: Name | None = None, value: int | Name | None = None) -> R:
        """Call :meth:`RiakContent.remove_index <aioriak.content.RiakContent.remove_index>`."""
        return self.remove_index(field, value)


class _Object(KeyView, Protocol):
    """The attributes of an object that are used here."""

    @property
    def client(self) -> HasRuntime: ...


class CompatObject(CompatContent):
    """Methods that start a :class:`~aioriak.queries.mapreduce.RiakMapReduce` with the object."""

    __slots__ = ()

    def add(
        self: _Object,
        arg1: KeyView | BucketView | Name,
        arg2: Name | Sequence[Name | Sequence[object]] | None = None,
        arg3: object = None,
        bucket_type: BucketTypeView | Name | None = None,
    ) -> RiakMapReduce:
        """Start a map/reduce job with this object, and the given inputs, as its inputs."""
        return _job(self).add(arg1, arg2, arg3, bucket_type)

    def link(self: _Object, bucket: Name = "_", tag: Name = "_", keep: bool = False) -> RiakMapReduce:
        """Start a map/reduce job that follows this object's links (Riak 2.x)."""
        return _job(self).link(bucket, tag, keep)

    def map(self: _Object, function: Function, options: Options | None = None) -> RiakMapReduce:
        """Start a map/reduce job with a map phase over this object."""
        return _job(self).map(function, options)

    def reduce(self: _Object, function: Function, options: Options | None = None) -> RiakMapReduce:
        """Start a map/reduce job with a reduce phase over this object's key."""
        return _job(self).reduce(function, options)


def _job(robject: _Object) -> RiakMapReduce:
    return RiakMapReduce(robject.client or robject.bucket).add_object(robject)
