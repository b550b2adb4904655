"""The state that all nodes of a development server share, and its settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from random import Random

from aioriak.testing import database as stored
from aioriak.testing.database import Database
from aioriak.testing.member import Member
from aioriak.testing.replication import Queue, default_queues
from aioriak.testing.requests import RequestLog
from aioriak.testing.ring import Ring
from aioriak.testing.robject import RiakObj
from aioriak.testing.search import SearchState
from aioriak.testing.security import Security
from aioriak.testing.vclock import VClock


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a server holds at one moment; see :meth:`RiakServer.snapshot`."""

    database: stored.Snapshot
    queues: Mapping[bytes, Queue]
    search: SearchState | None


class Cluster:
    """Everything that handlers read and change.

    ``members`` are the nodes of the cluster, up or down; the server adds and
    removes them.  ``clock`` returns seconds since the epoch.  ``search`` and
    ``has_coverage`` say whether the optional message families are enabled.
    """

    def __init__(
        self,
        database: Database,
        members: Sequence[Member],
        *,
        ring_size: int,
        version: bytes,
        clock: Callable[[], float],
        random: Random,
        security: Security | None,
        max_siblings: int,
        max_object_size: int,
        chunk: int,
        requests: RequestLog,
        search: bool,
        has_coverage: bool,
    ) -> None:
        self.database = database
        self.members = members
        self.ring: Ring = Ring(ring_size, members)
        self.version = version
        self.clock = clock
        self.random = random
        self.security = security
        self.max_siblings = max_siblings
        self.max_object_size = max_object_size
        self.chunk = chunk
        self.requests = requests
        self.search = SearchState() if search else None
        self.has_coverage = has_coverage
        self.queues: dict[bytes, Queue] = default_queues()
        self._epochs = int.from_bytes(os.urandom(4), "big")

    @property
    def all_up(self) -> bool:
        """Whether every member serves requests."""
        for member in self.members:  # noqa: SIM110 - every request asks
            if not member.serving:
                return False
        return True

    def snapshot(self) -> Snapshot:
        """Return a copy of everything that is stored."""
        return Snapshot(self.database.snapshot(), deepcopy(self.queues), deepcopy(self.search))

    def restore(self, snapshot: Snapshot) -> None:
        """Replace everything that is stored with the content of a snapshot."""
        self.database.restore(snapshot.database)
        self.queues.clear()
        self.queues.update(deepcopy(dict(snapshot.queues)))
        self.search = deepcopy(snapshot.search)

    def actor(self, member: Member, old: RiakObj | None, seen: VClock) -> bytes:
        """Return the actor id under which a write by this member counts.

        A key that is created again counts under a new epoch.  Otherwise a
        clock from the key's earlier life could pass for one that has seen the
        new object.
        """
        if old is not None:
            for actor, (count, _) in old.vclock.entries.items():
                if actor[:8] == member.actor and seen.count(actor) <= count:
                    return actor
        self._epochs = (self._epochs + 1) & 0xFFFFFFFF
        return member.actor + self._epochs.to_bytes(4, "big")
