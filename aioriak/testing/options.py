"""The options of a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypedDict

from aioriak.testing.security import Security


class ServerOptions(TypedDict, total=False):
    """The options of :class:`~aioriak.testing.RiakServer`, besides ``bucket_types`` and ``nodes``."""

    host: str
    """The address to listen on; default ``127.0.0.1``."""
    port: int
    """The port of the first node; further nodes have the ports after it.  Default 0, any free port."""
    data: str | Path | None
    """A file that keeps everything across restarts; by default nothing is kept."""
    security: Security | None
    """Users, sources and grants; clients must then use TLS and log in."""
    ring_size: int
    """The number of partitions of the ring; default 64."""
    tombstone_seconds: float | None
    """Riak's ``delete_mode``: seconds, ``0`` for *immediate*, ``None`` for *keep*; default 3."""
    max_siblings: int
    """The number of siblings that an object may have; default 100."""
    max_object_size: int
    """The size that an object may have, in bytes; default 50 MiB."""
    chunk: int
    """The number of keys or buckets in one message of a listing; default 100."""
    keep_requests: int
    """The number of requests that ``requests`` keeps; default 10,000."""
    version: str | None
    """The release that the server reports; default 3.2.3, with ``search`` 2.2.3."""
    search: bool
    """Enable what only Riak 2.x has: search and JavaScript map/reduce."""
    coverage: bool
    """Enable coverage plans (message 70), which Riak 3 does not have."""
    real_time_enqueue: bool
    """Enable message 200, which the protocol defines and no release of Riak answers."""
    clock: Callable[[], float]
    """The source of the time: a function that returns seconds since the epoch."""
    random: Random | None
    """The source of random numbers."""
