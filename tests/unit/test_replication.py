"""Replication queues."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from aioriak import Bucket, RiakClient
from aioriak.error import ContentError, InvalidRequest, NotSupported, ServerError
from aioriak.riak_pb import kv
from aioriak.testing import RiakServer
from aioriak.testing.handlers import replication as handlers
from aioriak.wire.operation import QUEUE_FETCH

QUEUE = "q1_ttaaefs"


@pytest.fixture
async def bucket(client: RiakClient) -> Bucket:
    """A bucket with one object."""
    bucket = client.bucket("b", "siblings")
    await bucket.new_object("k", encoded_data=b"value", content_type="text/plain").store()
    return bucket


async def _push(bucket: Bucket) -> Any:
    return await bucket.client.replication.queue(QUEUE).push(await bucket.client.aae.fetch_clocks_range(bucket))


async def test_what_is_pushed_can_be_taken_once(bucket: Bucket) -> None:
    queue = bucket.client.replication.queue(QUEUE)
    assert await _push(bucket) == (True, 0, 1, 0)
    item = await queue.fetch()
    assert item is not None
    assert (item.bucket_type, item.bucket, item.key) == ("siblings", "b", "k")
    assert b"value" in item.payload
    assert not item.deleted
    assert item.segment_hash is None
    assert await queue.fetch() is None


async def test_the_place_in_trees_comes_when_asked_for(bucket: Bucket) -> None:
    await _push(bucket)
    item = await bucket.client.replication.queue(QUEUE).fetch("internal_aaehash", timeout=5000)
    assert item is not None
    assert item.segment_id is not None
    assert item.segment_hash is not None


async def test_a_fold_fills_a_queue_that_is_then_drained(bucket: Bucket) -> None:
    await bucket.new_object("l", encoded_data=b"v", content_type="text/plain").store()
    await bucket.delete("l")
    assert await bucket.client.aae.replicate_keys(bucket, QUEUE) == 2
    found = {item.key: item.deleted async for item in bucket.client.replication.queue(QUEUE).drain()}
    assert found == {"k": False, "l": True}


async def test_a_wrong_checksum_is_noticed(server: RiakServer, bucket: Bucket) -> None:
    def fetch(context: Any, request: Any) -> kv.RpbFetchResp:
        reply = handlers.fetch(context, request)
        reply.crc_check ^= 1
        return reply

    server.handlers[QUEUE_FETCH] = fetch
    await _push(bucket)
    with pytest.raises(ContentError, match="checksum"):
        await bucket.client.replication.queue(QUEUE).fetch()
    assert await bucket.client.ping()


@pytest.mark.parametrize(
    ("payload", "flags", "names"),
    [
        (b"\x10\0\0\0\0\0\0\0\1b\0\0\0\1kobject", (False, False), ("default", "b", "k")),
        (b"\x18\0\0\0\1t\0\0\0\1b\0\0\0\1kobject", (True, False), ("t", "b", "k")),
        (b"\x14\0\0\0\0\0\0\0\1b\0\0\0\1kreap", (False, True), ("default", "b", "k")),
        (b"\x20unknown version", (False, False), (None, None, None)),
        (b"", (False, False), (None, None, None)),
    ],
)
async def test_the_names_in_front_are_read_as_far_as_they_are_known(
    server: RiakServer, client: RiakClient, payload: bytes, flags: tuple[bool, bool], names: tuple[str, ...]
) -> None:
    reply = kv.RpbFetchResp(queue_empty=False, replencoded_object=payload, crc_check=zlib.crc32(payload))
    server.handlers[QUEUE_FETCH] = lambda context, request: reply
    item = await client.replication.queue(QUEUE).fetch()
    assert item is not None
    assert (item.compressed, item.reap) == flags
    assert (item.bucket_type, item.bucket, item.key) == names


async def test_names_that_end_too_early_are_no_names(server: RiakServer, client: RiakClient) -> None:
    payload = b"\x10\0\0\0\0\0\0\0\xffb"
    reply = kv.RpbFetchResp(queue_empty=False, replencoded_object=payload, crc_check=zlib.crc32(payload))
    server.handlers[QUEUE_FETCH] = lambda context, request: reply
    with pytest.raises(ContentError, match="names"):
        await client.replication.queue(QUEUE).fetch()


async def test_a_queue_nobody_knows_makes_the_server_hang_up_after_its_error(client: RiakClient) -> None:
    with pytest.raises(ServerError, match="badarg"):
        await client.replication.queue("nobody_knows").push([("default", "b", "k", b"\1")])
    assert await client.ping()


async def test_what_is_no_reference_is_refused(client: RiakClient) -> None:
    queue = client.replication.queue(QUEUE)
    for reference in (("b", "k", b"c"), ("default", "b", "k", ""), ("default", "b", "k", b""), ("t", "", "k", b"c")):
        with pytest.raises(InvalidRequest):
            await queue.push([reference])  # type: ignore[list-item]
    with pytest.raises(InvalidRequest):
        await queue.fetch("base64")  # type: ignore[arg-type]


async def test_real_time_enqueue_says_when_it_is_not_supported(bucket: Bucket) -> None:
    with pytest.raises(NotSupported, match="real-time enqueue"):
        await bucket.client.replication.enqueue(await bucket.get("k"))


async def test_an_object_goes_on_the_real_time_queues_of_a_server_that_knows_how() -> None:
    async with (
        RiakServer(real_time_enqueue=True) as server,
        await RiakClient.create(server.host, server.port) as client,
    ):
        robject = await client.bucket("b").new_object("k", encoded_data=b"v", content_type="text/plain").store()
        await client.replication.enqueue(robject, r="one")
        item = await client.replication.queue(QUEUE).fetch()
        assert item is not None
        assert item.key == "k"
