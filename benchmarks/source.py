"""What answers the contestants: canned replies of a process of its own, or the nodes of a Riak.

On a Riak the documents are stored first, in a bucket of their own, and removed in the end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Protocol

import aioriak

from . import canned
from .contestant.case import BUCKET, INDEX, MAP_TYPE, PAGE, Case, document, key
from .contestant.floor import MANY
from .session import Answerer, answerer

AT_ONCE = 50  # documents stored or removed


class Source(Protocol):
    """Answers the requests of cases."""

    nodes: tuple[str, ...]
    """Addresses, as ``HOST:PORT``."""

    def prepare(self, case: Case) -> None:
        """See to it that what the case asks for is there."""

    def usage(self) -> tuple[float, float] | None:
        """Return the CPU seconds that the answering process has used, and its clock, where they are known."""


class Canned:
    """The answering process, which gives the same replies whatever is asked for."""

    def __init__(self, answering: Answerer) -> None:
        self.nodes: tuple[str, ...] = (f"{answering.host}:{answering.port}",)
        self._answering = answering
        self.usage = answering.usage

    def prepare(self, case: Case) -> None:
        """Have the replies to the case's requests given from now on."""
        self._answering.put(canned.replies(case.workload, case.size))
        if case.workload == "list":
            self._answering.put({canned.code("RpbListKeysReq"): canned.listing(case.keys)})


class Server:
    """The nodes of a Riak."""

    def __init__(self, nodes: Sequence[str]) -> None:
        self.nodes: tuple[str, ...] = tuple(nodes)
        self._keys: dict[str, int] = {}  # in each bucket
        self._maps = 0

    def prepare(self, case: Case) -> None:
        """Store what the case reads: its documents with their index, or as many keys as it lists."""
        asyncio.run(self.store(case))

    def usage(self) -> None:
        """Return nothing: the server's processes are not seen from here."""

    async def store(self, case: Case) -> None:
        """Do what :meth:`prepare` does, on a running loop."""
        async with aioriak.RiakClient(nodes=self.nodes) as client:
            bucket = client.bucket(case.bucket)
            counts = {"list": case.keys, "get-many": MANY, "2i page": PAGE}
            count, size = counts.get(case.workload, case.tasks), 10 if case.workload == "list" else case.size
            objects = (bucket.new_object(key(n), document(size)).add_index(INDEX, n) for n in range(count))
            self._keys[case.bucket] = max(count, self._keys.get(case.bucket, 0))
            if case.workload == "data type":
                self._maps = max(self._maps, case.tasks)
            async for _, error in client.put_many(objects, concurrency=AT_ONCE, return_body=False):
                if error is not None:
                    raise error

    async def remove(self) -> None:
        """Remove all that was stored."""
        async with aioriak.RiakClient(nodes=self.nodes) as client:
            places = [(client.bucket(name), count) for name, count in self._keys.items()]
            if self._maps:
                places.append((client.bucket_type(MAP_TYPE).bucket(BUCKET), self._maps))
            for bucket, count in places:
                for first in range(0, count, AT_ONCE):
                    batch = range(first, min(first + AT_ONCE, count))
                    await asyncio.gather(*(bucket.delete(key(number)) for number in batch))


@contextlib.contextmanager
def source(nodes: Sequence[str]) -> Iterator[Source]:
    """Use these nodes, or the answering process where there are none."""
    if not nodes:
        with answerer() as answering:
            yield Canned(answering)
        return
    server = Server(nodes)
    try:
        yield server
    finally:
        asyncio.run(server.remove())
