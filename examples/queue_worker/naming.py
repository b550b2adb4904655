"""What is stored where: bucket types, and the shards of a source's map."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

SHARDS = 16  # maps for each source: a set of ids must not grow without bound in one object


@dataclass(frozen=True)
class Types:
    """The bucket types to store under; on a Riak they are made with ``riak-admin bucket-type create``."""

    documents: str = "siblings"
    """``allow_mult`` is true."""
    maps: str = "maps"
    """``datatype`` is map."""
    counters: str = "counters"
    """``datatype`` is counter."""


def shard(document_id: str) -> int:
    """Return the map of its source that counts the document."""
    return zlib.crc32(document_id.encode()) % SHARDS


def addresses(text: str) -> list[tuple[str, int]]:
    """Parse ``host:port,host:port``."""
    pairs = (part.rpartition(":") for part in text.split(","))
    return [(host or "127.0.0.1", int(port)) for host, _, port in pairs]
