"""What happens to objects on the development server, beyond what was recorded."""

from __future__ import annotations

import pytest

from aioriak.testing import RiakServer
from aioriak.wire.operation import DELETE, GET, LIST_BUCKETS, LIST_KEYS, PUT, SET_BUCKET

SIBLINGS = {"type": b"siblings", "bucket": b"b", "key": b"k"}


async def put(peer, value=b"v", **fields):
    return await peer.ask(PUT, **{"bucket": b"b", "key": b"k", **fields}, content={"value": value}, return_body=True)


async def get(peer, **fields):
    return await peer.ask(GET, **{"bucket": b"b", "key": b"k", **fields})


def values(message):
    return sorted(content.value for content in message.content)


async def test_a_tombstone_is_gone_when_its_time_has_come(connect, clock):
    async with RiakServer(clock=clock) as server:
        peer = await connect(server)
        await put(peer)
        await peer.ask(DELETE, bucket=b"b", key=b"k")
        assert (await get(peer, deletedvclock=True)).vclock
        assert [list(message.keys) for message in await peer.stream(LIST_KEYS, bucket=b"b")] == [[b"k"], []]
        clock.advance(2.9)
        assert (await get(peer, deletedvclock=True)).vclock
        clock.advance(0.2)
        assert not (await get(peer, deletedvclock=True)).vclock
        assert [list(message.keys) for message in await peer.stream(LIST_KEYS, bucket=b"b")] == [[]]
        assert list((await peer.ask(LIST_BUCKETS)).buckets) == []


async def test_what_was_written_over_a_tombstone_stays(connect, clock):
    async with RiakServer(clock=clock) as server:
        peer = await connect(server)
        await put(peer, b"1")
        await peer.ask(DELETE, bucket=b"b", key=b"k")
        await put(peer, b"2")
        clock.advance(60)
        assert values(await get(peer)) == [b"2"]


async def test_tombstones_can_be_kept(connect, clock):
    async with RiakServer(clock=clock, tombstone_seconds=None) as server:
        peer = await connect(server)
        await put(peer)
        await peer.ask(DELETE, bucket=b"b", key=b"k")
        clock.advance(1_000_000)
        assert (await get(peer, deletedvclock=True)).vclock


async def test_tombstones_can_be_removed_at_once(connect):
    async with RiakServer(tombstone_seconds=0) as server:
        peer = await connect(server)
        await put(peer)
        await peer.ask(DELETE, bucket=b"b", key=b"k")
        assert not (await get(peer, deletedvclock=True)).vclock
        assert server.database.keys(b"default", b"b") == []


async def test_a_clock_from_a_keys_earlier_life_has_not_seen_its_new_one(connect):
    async with RiakServer(tombstone_seconds=0) as server:
        peer = await connect(server)
        old = await put(peer, b"1", **SIBLINGS)
        old = await put(peer, b"2", **SIBLINGS, vclock=old.vclock)
        await peer.ask(DELETE, **SIBLINGS, vclock=old.vclock)
        await put(peer, b"new", **SIBLINGS)
        await put(peer, b"late", **SIBLINGS, vclock=old.vclock)
        assert values(await get(peer, **SIBLINGS)) == [b"late", b"new"]


async def test_a_conditional_put_takes_a_tombstone_for_nothing(peer, refused):
    await put(peer)
    await peer.ask(DELETE, bucket=b"b", key=b"k")
    with pytest.raises(refused, match="notfound"):
        await put(peer, if_not_modified=True)
    await put(peer, b"2", if_none_match=True)


async def test_of_two_writers_who_saw_the_same_only_one_is_not_modified(peer, refused):
    first = await put(peer, b"1")
    await put(peer, b"2", vclock=first.vclock, if_not_modified=True)
    with pytest.raises(refused, match="modified"):
        await put(peer, b"3", vclock=first.vclock, if_not_modified=True)


async def test_a_bucket_of_the_default_type_has_no_dotted_clocks(peer):
    await peer.ask(SET_BUCKET, bucket=b"b", props={"allow_mult": True})
    first = await put(peer, b"1")
    await put(peer, b"2", vclock=first.vclock)
    both = await put(peer, b"3", vclock=first.vclock)
    await put(peer, b"4")
    merged = await put(peer, b"merged", vclock=both.vclock)
    # with dots, 2 and 3 would be gone: the clock of the last writer had seen them
    assert values(merged) == [b"2", b"3", b"4", b"merged"]


async def test_a_typed_bucket_keeps_only_what_the_writer_had_not_seen(peer):
    first = await put(peer, b"1", **SIBLINGS)
    await put(peer, b"2", **SIBLINGS, vclock=first.vclock)
    both = await put(peer, b"3", **SIBLINGS, vclock=first.vclock)
    await put(peer, b"4", **SIBLINGS)
    merged = await put(peer, b"merged", **SIBLINGS, vclock=both.vclock)
    assert values(merged) == [b"4", b"merged"]


async def test_the_last_write_wins_where_that_is_the_rule(peer):
    await put(peer, b"1", type=b"lww")
    await put(peer, b"2", type=b"lww")
    assert values(await get(peer, type=b"lww")) == [b"2"]


async def test_an_object_larger_than_the_limit_is_refused(connect, refused):
    async with RiakServer(max_object_size=1000) as server:
        peer = await connect(server)
        await put(peer, b"x" * 1000)
        with pytest.raises(refused, match=r"^\{too_large,1001\}$"):
            await put(peer, b"x" * 1001)
        assert values(await get(peer)) == [b"x" * 1000]


async def test_more_siblings_than_the_limit_are_refused(connect, refused):
    async with RiakServer(max_siblings=3) as server:
        peer = await connect(server)
        for _ in range(3):
            await put(peer, **SIBLINGS)
        with pytest.raises(refused, match=r"^\{too_many_siblings,4\}$"):
            await put(peer, **SIBLINGS)
        assert len((await get(peer, **SIBLINGS)).content) == 3


async def test_generated_keys_are_all_different_and_lead_to_what_was_stored(peer):
    keys = set()
    for number in range(50):
        reply = await peer.ask(PUT, bucket=b"b", content={"value": b"%d" % number})
        keys.add(reply.key)
        assert values(await get(peer, key=reply.key)) == [b"%d" % number]
    assert len(keys) == 50
    assert all(20 < len(key) < 28 and key.isalnum() for key in keys)


async def test_index_names_are_lower_case_and_whole_numbers_lose_their_zeros(peer):
    await peer.ask(
        PUT, bucket=b"b", key=b"k",
        content={"value": b"", "indexes": [{"key": b"Age_INT", "value": b"007"}, {"key": b"age_int", "value": b"-3"}]},
    )
    (content,) = (await get(peer)).content
    assert [(pair.key, pair.value) for pair in content.indexes] == [(b"age_int", b"-3"), (b"age_int", b"7")]


async def test_every_bad_index_entry_is_named(peer, refused):
    given = ((b"age", b"1"), (b"n_int", b"\xff\x00"), (b"ok_bin", b""))
    indexes = [{"key": key, "value": value} for key, value in given]
    with pytest.raises(refused) as told:
        await peer.ask(PUT, bucket=b"b", key=b"k", content={"value": b"", "indexes": indexes})
    assert str(told.value) == (
        '{precommit_fail,[{field_parsing_failed,{<<"n_int">>,<<255,0>>}},{unknown_field_type,<<"age">>}]}'
    )


async def test_usermeta_without_a_value_comes_back_as_undefined(peer):
    await peer.ask(PUT, bucket=b"b", key=b"k", content={"value": b"", "usermeta": [{"key": b"m"}]})
    (content,) = (await get(peer)).content
    assert [(pair.key, pair.value) for pair in content.usermeta] == [(b"m", b"undefined")]


async def test_a_put_without_content_is_the_end_of_the_connection(peer):
    peer.send(PUT, bucket=b"b", key=b"k")
    assert (await peer.receive())[1].errmsg.startswith(b"Error processing incoming message: ")
    assert await peer.gone()


async def test_keys_are_listed_in_chunks_and_done_comes_last(connect):
    async with RiakServer(chunk=4) as server:
        peer = await connect(server)
        for number in range(10):
            await put(peer, key=b"%d" % number)
        messages = await peer.stream(LIST_KEYS, bucket=b"b")
        assert [len(message.keys) for message in messages] == [4, 4, 2, 0]
        assert [message.done for message in messages] == [False, False, False, True]


async def test_deleting_with_quorums_that_cannot_be_met_is_refused(peer, refused):
    await put(peer)
    with pytest.raises(refused, match="n_val_violation"):
        await peer.ask(DELETE, bucket=b"b", key=b"k", rw=9)
    with pytest.raises(refused, match="n_val_violation"):
        await peer.ask(DELETE, bucket=b"b", key=b"k", w=9)
    assert values(await get(peer)) == [b"v"]
