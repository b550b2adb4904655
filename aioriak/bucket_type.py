"""Bucket types: handles to name things with; making one sends nothing."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from aioriak.error import PermissionDenied
from aioriak.operations import properties
from aioriak.operations.names import Name, encode_type, show
from aioriak.operations.properties import BucketProperties
from aioriak.operations.stream import Stream
from aioriak.resolver import Resolver, checked

if TYPE_CHECKING:
    from aioriak.bucket import Bucket
    from aioriak.client import RiakClient


class BucketType:
    """A bucket type: a namespace of buckets with common properties.

    Riak's documentation: "Bucket Types".
    """

    def __init__(self, client: RiakClient, name: Name) -> None:
        self.client = client
        self.name = name
        self.wire_name = encode_type(name)
        """The name as it is sent; ``None`` for the default type."""
        self._resolver: Resolver | None = None

    def is_default(self) -> bool:
        """Whether this is the type ``default``."""
        return self.wire_name is None

    def bucket(self, name: Name) -> Bucket:
        """A bucket of this type."""
        return self.client.bucket(name, self)

    @property
    def resolver(self) -> Resolver:
        """The conflict resolver: this type's own, or the client's."""
        return self._resolver or self.client.resolver

    @resolver.setter
    def resolver(self, value: Resolver | None) -> None:
        self._resolver = checked(value)

    async def get_properties(self) -> BucketProperties:
        """The type's properties."""
        return await properties.get_type(self.client.dispatcher, self.wire_name or b"default")

    async def set_properties(self, props: BucketProperties) -> None:
        """Change the properties named; the other nodes of a cluster learn of it some time after.

        Raises :class:`~aioriak.error.InvalidRequest` for an unknown or ill-typed one, before sending.
        """
        await properties.set_type(self.client.dispatcher, self.wire_name or b"default", props)

    async def get_property(self, key: str) -> Any:
        """One of the type's properties. Raises ``KeyError`` when the server does not name it."""
        return (await self.get_properties())[key]  # type: ignore[literal-required]

    async def set_property(self, key: str, value: Any) -> None:
        """Change one of the type's properties."""
        await self.set_properties({key: value})  # type: ignore[misc]

    async def get_buckets(self, timeout: int | None = None) -> list[Bucket]:
        """The buckets of this type that hold a key; reads the whole cluster. ``timeout`` in milliseconds."""
        return await self.client.get_buckets(self, timeout)

    def stream_buckets(self, timeout: int | None = None) -> Stream[Name]:
        """The names of the buckets of this type as they come. ``timeout`` in milliseconds."""
        return self.client.stream_buckets(self, timeout)

    async def get_datatype(self) -> str | None:
        """The data type of this type's buckets: ``"counter"``, ``"set"``, ``"map"``, ``"hll"``, ``"gset"`` or ``None``.

        Asked once for all handles of a client, and remembered.
        """
        known = self.client.datatypes
        if self.wire_name is None:
            return None
        if self.wire_name not in known:
            try:
                known[self.wire_name] = (await self.get_properties()).get("datatype")
            except PermissionDenied:
                # who may not ask can still read and write: objects, and data types by client.fetch_datatype()
                known[self.wire_name] = None
        return known[self.wire_name]

    @property
    def datatype(self) -> Awaitable[str | None]:
        """The same as :meth:`get_datatype`, to be awaited."""
        return self.get_datatype()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BucketType):
            return NotImplemented
        return self.wire_name == other.wire_name and self.client.same_cluster(other.client)

    def __hash__(self) -> int:
        return hash(self.wire_name)

    def __repr__(self) -> str:
        return f"<BucketType {show(self.name)}>"
