"""The faults of aioriak 0.2 and of the official client 2.7 that must not come back, each by its name."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from aioriak import RiakClient, RiakObject
from aioriak.datatypes import Map, Set
from aioriak.error import OutcomeUnknown, RequestTimeout, RiakError
from aioriak.resolver import last_written_resolver
from aioriak.testing import RiakServer

# -- aioriak 0.2 -----------------------------------------------------------------------------------


async def test_an_end_of_file_does_not_freeze_the_loop(server: RiakServer, client: RiakClient) -> None:
    await client.ping()
    await server.nodes[0].kill()
    async with asyncio.timeout(5):
        for _ in range(100):
            await asyncio.sleep(0)
    await server.nodes[0].start()
    assert await client.ping()


async def test_two_tasks_on_one_client_get_their_own_replies(client: RiakClient) -> None:
    bucket = client.bucket("b")
    for number in range(20):
        await bucket.new_object(f"k{number}", number).store()

    async def read(number: int) -> None:
        for _ in range(20):
            assert (await bucket.get(f"k{number}")).data == number

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(read(number))


async def test_an_error_in_mid_stream_shifts_no_later_reply(server: RiakServer, client: RiakClient) -> None:
    bucket = client.bucket("b")
    for number in range(250):
        await bucket.new_object(f"k{number}", number).store(return_body=False)
    server.faults.error("list keys", "timeout", after=1, times=1)
    with pytest.raises(RiakError):
        await bucket.get_keys()
    assert [(await bucket.get(f"k{number}")).data for number in range(10)] == list(range(10))


async def test_a_stream_is_iterated_without_awaiting_aiter(client: RiakClient) -> None:
    stream = client.bucket("b").stream_keys()
    assert not inspect.iscoroutinefunction(type(stream).__aiter__)
    assert [key async for key in stream] == []


async def test_a_bucket_type_has_a_resolver_and_properties(client: RiakClient) -> None:
    kind = client.bucket_type("siblings")
    kind.resolver = last_written_resolver
    assert kind.resolver is last_written_resolver
    assert kind.bucket("b").resolver is last_written_resolver
    assert await kind.get_property("allow_mult") is True


async def test_an_update_without_its_body_keeps_the_value(client: RiakClient) -> None:
    members = Set(client.bucket("b", "sets"), "k")
    members.add("x")
    await members.store(return_body=False)
    assert members.value == {"x"}
    members.add("y")
    await members.update(return_body=False)
    assert members.value == {"x", "y"}


async def test_reload_and_delete_take_their_options(server: RiakServer, client: RiakClient) -> None:
    robject = await client.bucket("b").new_object("k", 1).store()
    reads = {"r": 1, "pr": 0, "timeout": 5000, "basic_quorum": False, "notfound_ok": True}
    await robject.reload(**reads)
    deletes = {"rw": 1, "r": 1, "w": 1, "dw": 1, "pr": 0, "pw": 0, "timeout": 5000}
    await robject.delete(**deletes)
    assert not robject.exists
    for operation, options in (("get", reads), ("delete", deletes)):
        message = server.requests.filter(operation)[-1].message
        assert {name: getattr(message, name) for name in options if message.HasField(name)} == options


async def test_hook_names_and_content_encodings_are_text(client: RiakClient) -> None:
    bucket = client.bucket("b")
    await bucket.set_properties({"postcommit": [{"mod": "mod", "fun": "fun"}]})
    assert await bucket.get_property("postcommit") == [{"mod": "mod", "fun": "fun"}]
    await bucket.clear_properties()
    robject = bucket.new_object("k", "x", "text/plain")
    robject.content_encoding = "identity"
    await robject.store()
    assert (await bucket.get("k")).content_encoding == "identity"


# -- riak 2.7 --------------------------------------------------------------------------------------


async def test_a_timed_out_request_leaves_no_reply_for_the_next(server: RiakServer, client: RiakClient) -> None:
    bucket = client.bucket("b")
    for key in ("slow", "next"):
        await bucket.new_object(key, key).store()
    server.faults.delay("get", 0.3, keys=["slow"])
    with pytest.raises(RequestTimeout):
        await client.with_options(request_timeout=0.05).bucket("b").get("slow")
    assert [(await bucket.get("next")).data for _ in range(20)] == ["next"] * 20


async def test_a_put_whose_reply_is_lost_is_not_sent_again(server: RiakServer, client: RiakClient) -> None:
    server.faults.cut("put", when="before", times=1)
    with pytest.raises(OutcomeUnknown):
        await client.bucket("b").new_object("k", 1).store()
    assert server.requests["put"] == 1


async def test_a_quorum_of_zero_is_sent(server: RiakServer, client: RiakClient) -> None:
    seen: list[int] = []
    server.faults.delay("get", 0.0, only=lambda request: bool(request.HasField("r") and seen.append(request.r)))
    await client.bucket("b").get("k", r=0)
    assert seen == [0]


async def test_removing_the_index_entry_0_leaves_the_others(client: RiakClient) -> None:
    robject = client.bucket("b").new_object("k", 1)
    robject.add_index("n_int", 0).add_index("n_int", 1)
    robject.remove_index("n_int", 0)
    assert robject.indexes == {("n_int", 1)}


async def test_a_range_that_ends_at_0_is_a_range(client: RiakClient) -> None:
    bucket = client.bucket("b")
    for number in (-5, -1, 0):
        robject = bucket.new_object(f"k{number}", 1)
        robject.add_index("n_int", number)
        await robject.store()
    assert sorted((await bucket.get_index("n_int", -5, 0))[0]) == ["k-1", "k-5", "k0"]


async def test_an_index_is_numeric_by_the_end_of_its_name(client: RiakClient) -> None:
    robject = client.bucket("b").new_object("k", 1)
    robject.add_index("an_int_bin", "words")
    await robject.store()
    assert (await client.bucket("b").get_index("an_int_bin", "words"))[0] == ["k"]


async def test_the_views_of_a_map_have_a_length(client: RiakClient) -> None:
    fields = Map(client.bucket("b", "maps"), "k")
    fields.counters["a"].increment()
    fields.counters["b"].increment()
    fields.sets["s"].add("x")
    await fields.store(return_body=True)
    assert (len(fields.counters), len(fields.sets), len(fields.flags)) == (2, 1, 0)


async def test_a_field_that_is_deleted_and_changed_is_sent_once(client: RiakClient) -> None:
    fields = Map(client.bucket("b", "maps"), "k")
    fields.sets["s"].add("old")
    await fields.store(return_body=True)
    del fields.sets["s"]
    fields.sets["s"].add("new")
    operation = fields.to_op()
    assert operation is not None
    assert len(operation) == 1
    await fields.store(return_body=True)
    assert fields.sets["s"].value == {"new"}


async def test_a_stream_that_is_closed_early_neither_drains_nor_leaks(server: RiakServer, client: RiakClient) -> None:
    bucket = client.bucket("b")
    for number in range(300):
        await bucket.new_object(f"k{number}", number).store(return_body=False)
    before = server.connections
    for _ in range(10):
        async with bucket.stream_keys() as stream:
            await anext(stream)
    assert (await bucket.get("k1")).data == 1
    assert server.connections <= before + 2


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16"])
async def test_a_charset_is_used_to_decode(client: RiakClient, charset: str) -> None:
    robject = client.bucket("b").new_object("k", "Größe", "text/plain")
    robject.charset = charset
    await robject.store()
    assert (await client.bucket("b").get("k")).data == "Größe"


async def test_a_generated_key_is_text(client: RiakClient) -> None:
    members = Set(client.bucket("b", "sets"), None)
    members.add("x")
    await members.store()
    assert isinstance(members.key, str)
    robject: RiakObject = client.bucket("b").new_object(None, 1)
    await robject.store()
    assert isinstance(robject.key, str)
