"""The arguments and results of handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from google.protobuf.message import Message

from aioriak.testing.cluster import Cluster
from aioriak.testing.database import Database
from aioriak.testing.member import Member


@dataclass(slots=True)
class Peer:
    """The state that the server keeps of one connection."""

    address: tuple[str, int] = ("", 0)
    client_id: bytes = b"\0\0\0\0"
    encrypted: bool = False
    """Whether TLS is established, or about to be."""
    user: bytes | None = None
    """The user who logged in, with security enabled."""
    common_name: str | None = None
    """The common name in the client's certificate, once TLS is established and the client sent one."""
    logins_left: int = 3


class Context:
    """The cluster, the node and the peer that a request belongs to; one for each connection."""

    __slots__ = ("cluster", "database", "node", "peer", "random")

    def __init__(self, cluster: Cluster, node: Member, peer: Peer | None = None) -> None:
        self.cluster: Cluster = cluster
        self.node: Member = node
        self.peer: Peer = Peer() if peer is None else peer
        self.database: Database = cluster.database
        self.random: Random = cluster.random

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return self.cluster.clock()


Answer = Message | Iterator[Message] | None
"""One message, a stream of messages whose last one has ``done`` set, or a reply without a body."""

Handler = Callable[[Context, Any], Answer]
"""Answers one request without waiting; raises an exception of ``errors`` instead of an answer."""
