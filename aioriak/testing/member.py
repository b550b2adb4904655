"""One member of the cluster, as the ring and the handlers see it: a name, an address and a state."""

from __future__ import annotations

from hashlib import sha1
from typing import Literal

State = Literal["down", "starting", "joining", "up", "draining"]


class Member:
    """A member: its Erlang ``name`` (``riak@127.0.0.1``), its ``host`` and ``port``, and its ``state``.

    ``down``
        Connections are refused.
    ``starting``
        Every request but a ping gets ``Unknown message code``.
    ``joining``
        Requests are answered with the replicas of the other nodes only; without
        other nodes the answer is ``{insufficient_vnodes,0,need,2}``.
    ``up``
        Requests are answered.
    ``draining``
        As ``starting``; the connections will be closed.
    """

    def __init__(self, name: bytes, host: str, port: int) -> None:
        self.name = name
        self.actor: bytes = sha1(name, usedforsecurity=False).digest()[:8]
        """The node's actor id in vector clocks."""
        self.host: str = host
        self.port: int = port
        self.state: State = "down"

    @property
    def address(self) -> str:
        """The address as ``host:port``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def up(self) -> bool:
        """Whether the node runs."""
        return self.state != "down"

    @property
    def serving(self) -> bool:
        """Whether the node's replicas are available to the cluster."""
        return self.state == "up"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name.decode()} {self.address} {self.state}>"
