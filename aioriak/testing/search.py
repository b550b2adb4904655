"""The indexes and schemas of search, as Riak 2.x keeps them."""

from __future__ import annotations

DEFAULT_SCHEMA = b"_yz_default"


class SearchState:
    """The search indexes and schemas of a server."""

    def __init__(self) -> None:
        self.indexes: dict[bytes, tuple[bytes, int]] = {}
        """Schema and n_val by index name."""
        self.schemas: dict[bytes, bytes] = {DEFAULT_SCHEMA: b'<schema name="default" version="1.5"/>'}
        """XML by schema name."""
