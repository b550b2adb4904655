"""What an application writes, for the type checker alone: nothing here is ever run."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aioriak import Backoff, Bucket, PoolLimits, RetryPolicy, RiakClient, RiakObject, Timeouts
from aioriak.datatypes import Map, Set
from aioriak.error import OutcomeUnknown, PreconditionFailed, RiakError
from aioriak.operations.names import Name
from aioriak.operations.options import ReadOptions, WriteOptions
from aioriak.resolver import last_written_resolver, merge_resolver


async def connecting() -> None:
    async with await RiakClient.create("localhost", 8087, max_size=4) as client:
        alive: bool = await client.ping()
        print(alive, (await client.get_server_info()).server_version)
    async with RiakClient.from_url("riak://localhost:8087/?max_size=4") as client:
        await client.aclose()
    client = await RiakClient(nodes=[{"host": "a", "pb_port": 8087}, ("b", 8087), "c:8087"])
    client = RiakClient(
        ["a", "b"],
        timeouts=Timeouts(request=5.0, connect=None),
        pool=PoolLimits(max_size=2),
        retry=RetryPolicy(attempts=2, backoff=Backoff(first=0.1)),
        resolver=last_written_resolver,
    )
    quick: RiakClient = client.with_options(request_timeout=0.5)
    quick.close()


async def objects(bucket: Bucket) -> bytes | None:
    fresh: RiakObject = bucket.new_object("key", {"a": 1})
    fresh.usermeta = {"a": "b"}
    fresh.add_index("n_int", 5).add_index("s_bin", b"\xff")
    await fresh.store(w="quorum", dw=0, return_body=True, timeout=1000, node_confirms="one", sync_on_write="all")
    await fresh.reload(r=2, pr=None, head=True, if_modified=fresh.vclock)
    try:
        await fresh.store(if_not_modified=True)
    except PreconditionFailed as refused:
        print(refused.text)
    except OutcomeUnknown as error:
        print(error.node, error.operation)
    await fresh.delete(rw="all", vclock=b"")
    return fresh.encoded_data


async def many(bucket: Bucket, names: AsyncIterator[Name]) -> None:
    read: ReadOptions = {"r": "one", "timeout": 500}
    write: WriteOptions = {"w": 2, "return_body": False}
    async for key, found in bucket.get_many(names, concurrency=8, **read):
        print(key, found)
    async for robject, error in bucket.put_many([bucket.new_object("k", 1)], **write):
        print(robject, error)
    async for key in bucket.stream_keys(timeout=1000):
        print(key)
    async for keys in bucket.stream_keys().chunks():
        print(len(keys))
    bucket.resolver = merge_resolver(sum)

    async def change(robject: RiakObject) -> None:
        robject.data = (robject.data or 0) + 1

    updated: RiakObject = await bucket.update("k", change, if_not_modified=False, attempts=3, r=2)
    print(updated)


async def metadata(robject: RiakObject, user: str) -> None:
    plain: dict[str, str] = {"by": user}
    robject.usermeta = plain
    robject.usermeta["at"] = b"12:00"
    entries = {("name_bin", user)}
    robject.indexes = entries
    robject.links = [("users", user, None)]
    robject.siblings[0].usermeta = plain
    robject.usermeta = {"n": 1}  # expect-error: assignment, reportAttributeAccessIssue
    robject.indexes = {("n_int", 1.5)}  # expect-error: arg-type, reportAttributeAccessIssue
    await robject.store()


async def properties(bucket: Bucket) -> None:
    props = await bucket.get_properties()
    n_val: int = props["n_val"]  # expect-error: -, reportTypedDictNotRequiredAccess
    await bucket.set_properties({"n_val": n_val, "r": "quorum", "precommit": [{"mod": "m", "fun": "f"}]})


async def mistakes(bucket: Bucket) -> None:
    """Each of these is refused by the type checker: an unused ignore would be an error."""
    await RiakClient.create(max_szie=3)  # type: ignore[call-arg]
    RiakClient(max_size="3")  # type: ignore[arg-type]
    RiakClient.from_url("riak://h", alow_listing="warn")  # type: ignore[call-arg]
    bucket.client.with_options(max_size=3)  # type: ignore[call-arg]
    await bucket.new_object("k", 1).store(w="most")  # type: ignore[arg-type]
    await bucket.new_object("k", 1).store(node_confirm=1)  # type: ignore[call-arg]
    await bucket.new_object("k", 1).reload(head="yes")  # type: ignore[arg-type]
    await bucket.delete("k", return_body=True)  # type: ignore[call-arg]
    await bucket.set_properties({"nval": 3})  # type: ignore[typeddict-unknown-key]
    bucket.name.data  # type: ignore[union-attr]  # noqa: B018


async def carts(client: RiakClient) -> int:
    typed = client.bucket("carts", "maps").of(Map)
    cart: Map = await typed.get("ada", include_context=True)
    async with typed.edit("ada", w="all") as edited:
        edited.counters["tea"].increment()
    async for key, found in typed.get_many(["ada"]):
        if isinstance(found, RiakError):
            print(key, found.node)
        else:
            print(found.registers["name"].value)
    tags: Set = client.bucket("tags", "sets").of(Set).new()
    tags.add("x")
    return cart.counters["tea"].value
