"""The data type method of aioriak 0.2 that another method has replaced."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar, Unpack

from aioriak.operations.datatypes import DatatypeWriteOptions

D = TypeVar("D", bound="_Datatype")


class _Datatype(Protocol):
    """The method of a data type that is used here."""

    def store(self: D, **options: Unpack[DatatypeWriteOptions]) -> Awaitable[D]: ...


class CompatDatatype:
    """A second name of ``store``."""

    async def update(self: D, **options: Unpack[DatatypeWriteOptions]) -> D:
        """Call :meth:`Datatype.store <aioriak.datatypes.Datatype.store>`."""
        return await self.store(**options)
