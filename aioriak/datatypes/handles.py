"""Fetching, making and editing the data types of a bucket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from aioriak.datatypes.base import Datatype
from aioriak.datatypes.base import fetch as fetch_value
from aioriak.datatypes.hll import Hll
from aioriak.datatypes.map import FIELDS
from aioriak.datatypes.set import GSet
from aioriak.error import NotSupported
from aioriak.operations.datatypes import DatatypeWriteOptions
from aioriak.operations.names import Name
from aioriak.runtime import BucketView

D = TypeVar("D", bound=Datatype[Any])

TYPES: dict[str, type[Datatype[Any]]] = {**FIELDS, "hll": Hll, "gset": GSet}
"""The class of each data type, by Riak's name for it."""


def new(type_name: str, bucket: BucketView, key: Name | None = None) -> Datatype[Any]:
    """Make an empty data type.  Nothing is sent."""
    kind = TYPES.get(type_name)
    if kind is None:
        raise NotSupported(f"the bucket type has a data type that is not known here: {type_name}")
    return kind(bucket, key)


async def fetch(bucket: BucketView, key: Name, options: Mapping[str, Any]) -> Datatype[Any]:
    """Fetch the data type under a key.  Not found is no error: ``exists`` is false then.

    ``options`` are those of :class:`~aioriak.operations.datatypes.DatatypeReadOptions`.
    """
    found = await fetch_value(bucket, key, options)
    datatype = TYPES[found.type_name](bucket, key)
    datatype._accept(found)
    return datatype


class Edit(Generic[D]):
    """``async with bucket.edit(key) as datatype``: fetched on entering, stored once on leaving.

    After an exception, or when nothing was changed, nothing is stored.  ``fetch`` takes the options of a fetch,
    ``options`` are those of the store.
    """

    def __init__(
        self, fetch: Callable[[Mapping[str, object]], Awaitable[object]], options: DatatypeWriteOptions
    ) -> None:
        self._fetch = fetch
        self._options = options
        self._datatype: D | None = None

    async def __aenter__(self) -> D:
        shared = {name: value for name, value in self._options.items() if name == "timeout"}
        self._datatype = datatype = cast(D, await self._fetch(shared))
        return datatype

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        datatype, self._datatype = self._datatype, None
        if kind is None and datatype is not None and datatype.modified:
            await datatype.store(**self._options)


