"""Search, as Riak 2.x has it: ``client.search``."""

from __future__ import annotations

from typing import Unpack

from aioriak.error import ProtocolError
from aioriak.operations import search
from aioriak.operations.names import Name
from aioriak.operations.options import Timeout
from aioriak.operations.search import SearchIndex, SearchOptions, SearchResults, SearchSchema
from aioriak.runtime import Runtime

__all__ = ["Search", "SearchIndex", "SearchResults", "SearchSchema"]


class Search:
    """Queries to search indexes, and the administration of indexes and schemas.

    Riak 3 has no search: each method then raises :class:`~aioriak.error.NotSupported`.
    Riak's documentation: "Using Search".
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def query(self, index: Name, query: str, **options: Unpack[SearchOptions]) -> SearchResults:
        """Search an index.

        Raises :class:`~aioriak.error.NotFound` for an index that does not exist.
        """
        return await search.query(self._runtime.dispatcher, index, query, options)

    async def create_index(
        self, index: Name, schema: Name | None = None, n_val: int | None = None, timeout: Timeout | None = None
    ) -> None:
        """Create a search index; nothing happens when it exists. ``timeout`` is a ``timedelta`` or milliseconds."""
        await search.create_index(self._runtime.dispatcher, index, schema, n_val, timeout)

    async def get_index(self, index: Name) -> SearchIndex:
        """Fetch a search index. Raises :class:`~aioriak.error.NotFound`."""
        found = await search.get_indexes(self._runtime.dispatcher, index)
        if not found:
            raise ProtocolError(f"the server's reply describes no search index where {index!r} was asked for")
        return found[0]

    async def list_indexes(self) -> list[SearchIndex]:
        """Fetch all search indexes."""
        return await search.get_indexes(self._runtime.dispatcher, None)

    async def delete_index(self, index: Name) -> None:
        """Delete a search index that no bucket uses. Raises :class:`~aioriak.error.NotFound`."""
        await search.delete_index(self._runtime.dispatcher, index)

    async def create_schema(self, schema: Name, content: Name) -> None:
        """Store a schema; ``content`` is Solr's XML."""
        await search.put_schema(self._runtime.dispatcher, schema, content)

    async def get_schema(self, schema: Name) -> SearchSchema:
        """Fetch a schema. Raises :class:`~aioriak.error.NotFound`."""
        return await search.get_schema(self._runtime.dispatcher, schema)
