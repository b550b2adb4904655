"""What a handler is given, and what it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from aioriak.testing.database import Database

if TYPE_CHECKING:
    from aioriak.testing.node import Node
    from aioriak.testing.server import RiakServer


@dataclass(slots=True)
class Peer:
    """What the server remembers of one connection."""

    address: tuple[str, int] = ("", 0)
    client_id: bytes = b"\0\0\0\0"
    encrypted: bool = False
    """Whether TLS is up, or about to be."""
    user: bytes | None = None
    """Who logged in, where security is on."""
    common_name: str | None = None
    """The name in the client's certificate, once TLS is up and it showed one."""
    logins_left: int = 3


@dataclass(slots=True)
class Context:
    """Where a request came in: one of these lives as long as its connection."""

    server: RiakServer
    node: Node
    database: Database
    peer: Peer = field(default_factory=Peer)
    random: Random = field(default_factory=Random)
    clock: Callable[[], float] = time.time

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.clock()


Answer = Message | Iterator[Message] | None
"""One message, a stream of them whose last has ``done``, or nothing but the message code."""

Handler = Callable[[Context, Any], Answer]
"""Answers one request, at once; raises what ``errors`` has instead of an answer."""
