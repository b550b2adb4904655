"""Exchanges of each family of requests, small enough to fail at every byte."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from aioriak import RiakClient, SecurityCreds
from aioriak.datatypes import Counter
from aioriak.testing import RiakServer
from aioriak.testing.security import Grant, Security, Source
from tests.certificates import Authority

KEYS = [f"k{number}" for number in range(7)]


@dataclass(frozen=True, slots=True)
class Family:
    """One exchange: what is asked, what the answer is without a fault, and what it did to the server.

    ``written`` reads the exchange's effect back: 0 for not done, 1 for done once, 2 for done twice.
    ``None`` marks a read.
    """

    name: str
    ask: Callable[[RiakClient], Awaitable[Any]]
    answer: Any
    written: Callable[[RiakClient], Awaitable[int]] | None = None
    prepare: Callable[[RiakClient], Awaitable[None]] | None = None
    """Stores what the exchange reads or removes."""
    secured: bool = False
    repeated: bool = True
    """A read that is repeated when its connection is lost; a stream is not once its first message was read."""
    step: int = 1
    """Every how many bytes the exchange fails, unless all are asked for."""


async def _get(client: RiakClient) -> Any:
    found = await client.bucket("objects").get("read")
    return found.data, found.usermeta, found.indexes


async def _put(client: RiakClient) -> Any:
    fresh = client.bucket("objects").new_object("written", {"n": 1})
    await fresh.store()
    return fresh.exists


async def _delete(client: RiakClient) -> Any:
    return (await client.bucket("objects").delete("removed")).exists


async def _stream(client: RiakClient) -> Any:
    return sorted([key async for key in client.bucket("listed").stream_keys()], key=str)


async def _datatype(client: RiakClient) -> Any:
    found = await client.fetch_datatype(client.bucket("types", "maps"), "m")
    return found.value


async def _increment(client: RiakClient) -> Any:
    counter = Counter(client.bucket("types", "counters"), "written")
    counter.increment(1)
    await counter.store()
    return counter.value


async def _index(client: RiakClient) -> Any:
    results, _ = await client.bucket("objects").get_index("n_int", 0, 9, return_terms=True)
    return results


async def _mapred(client: RiakClient) -> Any:
    return await client.mapred(
        [["objects", "read"]],
        [{"map": {"language": "erlang", "module": "riak_kv_mapreduce", "function": "map_object_value"}}],
    )


async def _stored(client: RiakClient) -> int:
    return int((await client.bucket("objects").get("written")).exists)


async def _removed(client: RiakClient) -> int:
    return int(not (await client.bucket("objects").get("removed")).exists)


async def _counted(client: RiakClient) -> int:
    found = await client.fetch_datatype(client.bucket("types", "counters"), "written")
    return int(found.value or 0)


async def _object(client: RiakClient) -> None:
    read = client.bucket("objects").new_object("read", {"a": [1, 2.5]})
    read.usermeta = {"color": "blue"}
    read.add_index("n_int", 7)
    await read.store(return_body=False)


async def _removable(client: RiakClient) -> None:
    await client.bucket("objects").new_object("removed", 1).store(return_body=False)


async def _keys(client: RiakClient) -> None:
    for key in KEYS:
        await client.bucket("listed").new_object(key, 1).store(return_body=False)


async def _map(client: RiakClient) -> None:
    async with client.bucket("types", "maps").edit("m") as fields:
        fields.counters["hits"].increment(3)
        fields.sets["names"].add("ann")
        fields.sets["names"].add("bob")


FAMILIES = (
    Family("get", _get, ({"a": [1, 2.5]}, {"color": "blue"}, {("n_int", 7)}), prepare=_object),
    Family("put", _put, True, _stored),
    Family("delete", _delete, False, _removed, _removable),
    Family("list keys", _stream, KEYS, prepare=_keys, repeated=False),
    Family(
        "data type", _datatype, {("hits", "counter"): 3, ("names", "set"): frozenset({"ann", "bob"})}, prepare=_map
    ),
    Family("data type update", _increment, 1, _counted),
    Family("index", _index, [(7, "read")], prepare=_object),
    Family("map/reduce", _mapred, ['{"a":[1,2.5]}'], prepare=_object, repeated=False, step=3),
    Family("put with TLS and login", _put, True, _stored, secured=True, step=61),
)


async def fill(client: RiakClient, family: Family) -> None:
    """Store two objects for the reads after the exchange, and what it reads itself."""
    for name in ("first", "second"):
        await client.bucket("objects").new_object(name, name).store(return_body=False)
    if family.prepare is not None:
        await family.prepare(client)


def _clock() -> float:
    """The time with a fraction that takes as many bytes in every reply."""
    return int(time.time()) + 0.5


class Secrets:
    """A server's security and the credentials that fit it."""

    def __init__(self, directory: pathlib.Path) -> None:
        authority = Authority(directory)
        self.security = Security(
            certificate=authority.server(),
            ca=authority.file,
            users={"ann": "correct horse"},
            sources=[Source(method="password", users="ann")],
            grants=[Grant(permissions=("riak_kv.get", "riak_kv.put"))],
            refusal_delay=0.0,
        )
        self.credentials = SecurityCreds("ann", "correct horse", cacert_file=authority.file)

    def server(self, family: Family, **options: Any) -> RiakServer:
        """A server for a family, with security where it needs it, whose replies always have the same length."""
        security = self.security if family.secured else None
        return RiakServer("standard", security=security, chunk=2, **{"clock": _clock, "random": Random(7), **options})

    def client(self, server: RiakServer, family: Family, **options: Any) -> RiakClient:
        """A client of that server, not yet connected."""
        credentials = self.credentials if family.secured else None
        return RiakClient(nodes=list(server.addresses), credentials=credentials, allow_listing="silent", **options)
