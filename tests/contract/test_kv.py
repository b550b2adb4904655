"""Key/value, from both ends: what can be read, written and deleted, under which conditions."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from aioriak import RiakClient, RiakObject
from aioriak.bucket import Bucket
from aioriak.error import (
    BucketTypeNotFound,
    ConflictError,
    ContentError,
    InvalidIndex,
    InvalidRequest,
    NoneMatchFailed,
    NotModifiedFailed,
    PreconditionFailed,
    QuorumTooLarge,
    ResolverError,
    RiakError,
)

NOT_UTF8 = b"\xff\x00\xfe key"


@pytest.fixture
def bucket(client: RiakClient, bucket_name: str) -> Bucket:
    return client.bucket(bucket_name)


@pytest.fixture
def typed(client: RiakClient, bucket_name: str) -> Bucket:
    """A bucket with siblings."""
    return client.bucket(bucket_name, "siblings")


async def stored(bucket: Bucket, key: Any, data: Any, content_type: str = "application/json") -> RiakObject:
    return await bucket.new_object(key, data, content_type).store()


# -- values ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        ({"name": "Ann", "n": [1, 2.5, None, True], "ü": "ß"}, "application/json"),
        (0, "application/json"),
        ("", "application/json"),
        ([], "application/json"),
        ("Grüße", "text/plain"),
        ("", "text/plain"),
        (b"\x00\xff\x80", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
async def test_what_was_stored_is_read(bucket: Bucket, data: Any, content_type: str) -> None:
    await stored(bucket, "k", data, content_type)
    read = await bucket.get("k")
    assert read.exists
    assert read.data == data
    assert read.content_type == content_type
    assert read.vclock


async def test_json_null_is_a_value(bucket: Bucket) -> None:
    fresh = bucket.new_object("k")
    fresh.data = None
    await fresh.store()
    read = await bucket.get("k")
    assert (read.exists, read.data, read.encoded_data) == (True, None, b"null")


async def test_a_large_value_comes_back_whole(bucket: Bucket) -> None:
    value = random.Random(1).randbytes(3_000_000)
    await bucket.new_object("k", encoded_data=value, content_type="application/octet-stream").store(return_body=False)
    read = await bucket.get("k")
    assert read.data == value
    assert read.encoded_data == value


async def test_a_value_of_unknown_type_is_an_error_only_when_it_is_decoded(bucket: Bucket) -> None:
    await bucket.new_object("k", encoded_data=b"\x01\x02", content_type="application/x-own").store()
    read = await bucket.get("k")
    assert read.encoded_data == b"\x01\x02"
    with pytest.raises(ContentError, match="no decoder for 'application/x-own'"):
        _ = read.data


async def test_a_value_that_is_not_what_its_type_says_is_an_error_only_when_it_is_decoded(bucket: Bucket) -> None:
    await bucket.new_object("k", encoded_data=b"{not json", content_type="application/json").store()
    read = await bucket.get("k")
    assert read.encoded_data == b"{not json"
    with pytest.raises(ContentError, match="application/json"):
        _ = read.data


async def test_a_value_without_content_type_is_bytes(bucket: Bucket) -> None:
    await bucket.new_object("k", encoded_data=b"raw", content_type=None).store()
    read = await bucket.get("k")
    assert read.data == b"raw"


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
async def test_a_text_in_another_character_set_comes_back(bucket: Bucket, content_type: str, charset: str) -> None:
    fresh = bucket.new_object("k", "Grüße", content_type)
    fresh.charset = charset
    await fresh.store()
    read = await bucket.get("k")
    assert (read.data, read.charset) == ("Grüße", charset)
    read.data = read.data + "é"
    await read.store()
    assert (await bucket.get("k")).data == "Grüßeé"


# -- names ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["plain", "Schlüssel/mit %2F", " ", b"\x00", NOT_UTF8, "k" * 65536])
async def test_any_bytes_are_a_key(bucket: Bucket, key: Any) -> None:
    await stored(bucket, key, 1)
    read = await bucket.get(key)
    assert (read.key, read.data) == (key, 1)
    assert (await bucket.delete(key)).exists is False


async def test_a_bucket_need_not_be_utf8_either(client: RiakClient, bucket_name: str) -> None:
    bucket = client.bucket(bucket_name.encode() + b"\xff")
    await stored(bucket, "k", 1)
    assert (await bucket.get("k")).data == 1


@pytest.mark.parametrize("key", ["", b"", None, 5, "k" * 65537, "\ud800"])
async def test_what_cannot_be_a_key_is_refused_before_it_is_sent(bucket: Bucket, key: Any) -> None:
    with pytest.raises(InvalidRequest):
        await bucket.get(key)


async def test_a_key_is_made_where_there_is_none(bucket: Bucket) -> None:
    first, second = bucket.new_object(None, 1), bucket.new_object(None, 2)
    await first.store()
    await second.store(return_body=False)
    assert isinstance(first.key, str)
    assert isinstance(second.key, str)
    assert first.key != second.key
    assert (await bucket.get(first.key)).data == 1
    assert (await bucket.get(second.key)).data == 2


async def test_a_bucket_type_that_does_not_exist_is_an_error(client: RiakClient, bucket_name: str) -> None:
    bucket = client.bucket(bucket_name, "no-such-type")
    with pytest.raises(BucketTypeNotFound) as caught:
        await bucket.get("k")
    assert caught.value.node
    with pytest.raises(BucketTypeNotFound, match=f"put of no-such-type/{bucket_name}/k"):
        await bucket.new_object("k", 1).store()


# -- metadata -----------------------------------------------------------------------------


async def test_metadata_comes_back_as_it_was(bucket: Bucket) -> None:
    fresh = bucket.new_object("k", "x", "text/plain")
    fresh.content_encoding = "identity"
    fresh.usermeta = {"Color": "blue", "ключ": "значение", "raw": b"\xff\xfe"}
    fresh.links = [("other", "key", "tag"), (b"\xff", "k2", "t")]
    fresh.add_index("field_bin", "Wert").add_index("field_bin", b"\xff").add_index("n_int", -5).add_index("n_int", 0)
    await fresh.store()
    read = await bucket.get("k")
    assert read.content_encoding == "identity"
    assert read.usermeta == {"Color": "blue", "ключ": "значение", "raw": b"\xff\xfe"}
    assert sorted(read.links, key=str) == sorted([("other", "key", "tag"), (b"\xff", "k2", "t")], key=str)
    assert read.indexes == {("field_bin", "Wert"), ("field_bin", b"\xff"), ("n_int", -5), ("n_int", 0)}
    assert read.etag
    assert read.last_modified > 1.6e9


async def test_a_link_without_a_tag_is_not_a_link_with_an_empty_one(bucket: Bucket) -> None:
    fresh = bucket.new_object("k", 1)
    fresh.links = [("b", "none", None), ("b", "empty", ""), ("b", "tagged", "t")]
    await fresh.store()
    read = await bucket.get("k")
    assert sorted(read.links, key=str) == [("b", "empty", ""), ("b", "none", None), ("b", "tagged", "t")]


async def test_a_put_replaces_all_metadata(bucket: Bucket) -> None:
    fresh = bucket.new_object("k", 1)
    fresh.usermeta = {"a": "1"}
    fresh.add_index("x_int", 1)
    await fresh.store()
    fresh.usermeta = {}
    fresh.remove_index()
    await fresh.store()
    read = await bucket.get("k")
    assert (read.usermeta, read.links, read.indexes) == ({}, [], set())


async def test_one_index_entry_is_removed_without_the_others(bucket: Bucket) -> None:
    fresh = bucket.new_object("k", 1)
    fresh.add_index("n_int", 0).add_index("n_int", 1).add_index("s_bin", "a")
    fresh.remove_index("n_int", 0)
    await fresh.store()
    assert (await bucket.get("k")).indexes == {("n_int", 1), ("s_bin", "a")}


async def test_an_index_entry_that_riak_cannot_take_is_refused_before_it_is_sent(bucket: Bucket) -> None:
    fresh = bucket.new_object("k", 1)
    for field, value in [("age", 1), ("age_int", "old"), ("age_int", 1.5), ("age_bin", None), (5, 5)]:
        with pytest.raises(InvalidRequest):
            fresh.add_index(field, value)  # type: ignore[arg-type]
    fresh.indexes = {("age", "1")}
    with pytest.raises(InvalidRequest):
        await fresh.store()


async def test_an_index_is_an_int_index_by_its_ending(bucket: Bucket) -> None:
    fresh = bucket.new_object("k", 1)
    fresh.add_index("foo_internal_bin", "text")
    await fresh.store()
    assert (await bucket.get("k")).indexes == {("foo_internal_bin", "text")}


# -- reading ----------------------------------------------------------------------------------


async def test_nothing_found_is_no_error(bucket: Bucket) -> None:
    missing = await bucket.get("missing")
    assert not missing.exists
    assert (missing.data, missing.siblings, missing.vclock, missing.usermeta) == (None, [], None, {})


async def test_a_head_brings_metadata_and_no_value(bucket: Bucket) -> None:
    fresh = bucket.new_object("k", {"big": "x" * 1000})
    fresh.usermeta = {"a": "b"}
    await fresh.store()
    for option in ({"head": True}, {"head_only": True}):
        read = await bucket.get("k", **option)  # type: ignore[arg-type]
        assert read.exists
        assert (read.data, read.encoded_data) == (None, None)
        assert read.usermeta == {"a": "b"}
        assert read.vclock
        with pytest.raises(InvalidRequest, match="head"):
            await read.store()


async def test_an_object_read_by_head_may_be_given_a_value_and_stored(bucket: Bucket) -> None:
    fresh = bucket.new_object("k", 1)
    fresh.usermeta = {"a": "b"}
    await fresh.store()
    read = await bucket.get("k", head=True)
    read.data = 2
    await read.store()
    again = await bucket.get("k")
    assert (again.data, again.usermeta) == (2, {"a": "b"})


async def test_if_modified_brings_nothing_when_nothing_is_newer(bucket: Bucket) -> None:
    first = await stored(bucket, "k", 1)
    unchanged = await bucket.get("k", if_modified=first.vclock)
    assert unchanged.unchanged
    assert unchanged.exists
    assert (unchanged.siblings, unchanged.vclock) == ([], first.vclock)
    other = await bucket.get("k")
    other.data = 2
    await other.store()
    changed = await bucket.get("k", if_modified=first.vclock)
    assert not changed.unchanged
    assert changed.data == 2


async def test_an_object_that_is_reloaded_if_modified_keeps_what_it_has(bucket: Bucket) -> None:
    first = await stored(bucket, "k", {"a": 1})
    await first.reload(if_modified=first.vclock)
    assert first.unchanged
    assert first.data == {"a": 1}
    await first.reload()
    assert not first.unchanged


@pytest.mark.parametrize("quorum", [0, 1, 3, "one", "quorum", "all", "default", None])
async def test_quorums_are_numbers_or_words(bucket: Bucket, quorum: Any) -> None:
    await bucket.new_object("k", 1).store(w=quorum, dw=quorum, pw=quorum)
    async with asyncio.timeout(30):  # what one replica was given another need not have yet
        while not (read := await bucket.get("k", r=quorum, pr=quorum)).exists:
            pass
    assert read.data == 1
    await bucket.delete("k", rw=quorum, r=quorum, w=quorum, dw=quorum, pr=quorum, pw=quorum)


async def test_a_quorum_larger_than_n_val_is_an_error(bucket: Bucket) -> None:
    with pytest.raises(QuorumTooLarge) as caught:
        await bucket.get("k", r=5)
    assert caught.value.n_val == 3
    with pytest.raises(QuorumTooLarge):
        await bucket.new_object("k", 1).store(pw=4)


@pytest.mark.parametrize("options", [{"r": "most"}, {"r": -1}, {"r": True}, {"head": 1}, {"timeout": 0}, {"n_val": 0}])
async def test_an_ill_typed_option_is_refused_before_it_is_sent(bucket: Bucket, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(options))):
        await bucket.get("k", **options)


async def test_an_unknown_option_is_a_type_error(bucket: Bucket) -> None:
    with pytest.raises(TypeError, match="quorum"):
        await bucket.get("k", quorum=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="wr"):
        await bucket.new_object("k", 1).store(wr=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="vclok"):
        await bucket.delete("k", vclok=b"")  # type: ignore[call-arg]


async def test_all_options_of_a_read_are_taken(bucket: Bucket) -> None:
    await stored(bucket, "k", 1)
    read = await bucket.get(
        "k", r=1, pr=0, basic_quorum=True, notfound_ok=False, head=False, if_modified=None, deletedvclock=True,
        n_val=2, sloppy_quorum=True, node_confirms=1, timeout=5000,
    )  # fmt: skip
    assert read.data == 1


# -- writing ---------------------------------------------------------------------------------------


async def test_all_options_of_a_write_are_taken(bucket: Bucket) -> None:
    fresh = bucket.new_object("k", 1)
    await fresh.store(
        w=2, dw=1, pw=0, return_body=True, if_none_match=True, timeout=5000, asis=False, n_val=3, sloppy_quorum=True,
        node_confirms="one", sync_on_write="backend", return_head=False, if_not_modified=False,
    )  # fmt: skip
    assert (await bucket.get("k")).data == 1


async def test_a_put_may_answer_with_the_object_its_head_or_nothing(bucket: Bucket) -> None:
    body = bucket.new_object("body", {"a": 1})
    await body.store(return_body=True)
    assert body.etag
    assert body.vclock
    head = bucket.new_object("head", {"a": 1})
    await head.store(return_head=True)
    assert head.etag
    assert head.vclock
    assert head.data == {"a": 1}
    nothing = bucket.new_object("nothing", {"a": 1})
    await nothing.store(return_body=False)
    assert nothing.exists
    assert nothing.vclock is None
    assert nothing.data == {"a": 1}
    for key in ("body", "head", "nothing"):
        assert (await bucket.get(key)).data == {"a": 1}


async def test_the_vclock_goes_from_read_to_write(typed: Bucket) -> None:
    first = await stored(typed, "k", 1)
    read = await typed.get("k")
    assert read.vclock == first.vclock
    read.data = 2
    await read.store()
    read.data = 3
    await read.store()
    again = await typed.get("k")
    assert (len(again.siblings), again.data) == (1, 3)


async def test_if_none_match_stores_only_what_is_not_there(bucket: Bucket) -> None:
    await bucket.new_object("k", 1).store(if_none_match=True)
    with pytest.raises(NoneMatchFailed) as caught:
        await bucket.new_object("k", 2).store(if_none_match=True)
    assert isinstance(caught.value, PreconditionFailed)
    assert caught.value.text == "match_found"
    assert (await bucket.get("k")).data == 1


async def test_if_not_modified_stores_only_what_is_still_the_same(bucket: Bucket) -> None:
    await stored(bucket, "k", 1)
    mine, theirs = await bucket.get("k"), await bucket.get("k")
    theirs.data = 2
    await theirs.store(if_not_modified=True)
    mine.data = 3
    with pytest.raises(NotModifiedFailed):
        await mine.store(if_not_modified=True)
    assert (await bucket.get("k")).data == 2


async def test_if_not_modified_of_something_that_is_gone_fails(bucket: Bucket) -> None:
    mine = await stored(bucket, "k", 1)
    await (await bucket.get("k")).delete()
    with pytest.raises(NotModifiedFailed):
        await mine.store(if_not_modified=True)


async def test_if_not_modified_needs_a_vclock(bucket: Bucket) -> None:
    with pytest.raises(InvalidRequest, match="vclock"):
        await bucket.new_object("k", 1).store(if_not_modified=True)


async def test_an_object_without_data_is_not_stored(bucket: Bucket) -> None:
    with pytest.raises(InvalidRequest, match="no data"):
        await bucket.new_object("k").store()
    with pytest.raises(ConflictError, match="has no value"):
        await (await bucket.get("missing")).store()


async def test_data_that_does_not_fit_its_content_type_is_not_stored(bucket: Bucket) -> None:
    with pytest.raises(ContentError):
        await bucket.new_object("k", object()).store()
    with pytest.raises(ContentError, match="no encoder for 'image/png'"):
        await bucket.new_object("k", {"a": 1}, "image/png").store()
    assert not (await bucket.get("k")).exists


async def test_what_was_not_found_may_be_given_data_and_stored(bucket: Bucket) -> None:
    missing = await bucket.get("k")
    missing.data = {"a": 1}
    missing.add_index("a_int", 1)
    await missing.store()
    read = await bucket.get("k")
    assert (read.data, read.indexes) == ({"a": 1}, {("a_int", 1)})


async def test_the_client_reads_writes_and_deletes_objects_too(client: RiakClient, bucket: Bucket) -> None:
    fresh = bucket.new_object("k", 1)
    assert await client.put(fresh, w="quorum", return_body=True) is fresh
    other = RiakObject(client, bucket, "k")
    assert (await client.get(other, r="quorum")).data == 1
    assert (await client.delete(other)).exists is False
    assert not (await bucket.get("k")).exists


async def test_a_write_once_bucket_keeps_values(client: RiakClient, bucket_name: str) -> None:
    bucket = client.bucket(bucket_name, "writeonce")
    await bucket.new_object("k", 1).store(return_body=False)
    assert (await bucket.get("k")).data == 1


# -- deleting ---------------------------------------------------------------------------------------


async def test_what_was_deleted_is_not_found(bucket: Bucket) -> None:
    fresh = await stored(bucket, "k", 1)
    assert await fresh.delete() is fresh
    assert (fresh.exists, fresh.siblings) == (False, [])
    assert not (await bucket.get("k")).exists


async def test_deleting_nothing_is_no_error(bucket: Bucket) -> None:
    await bucket.delete("missing")


async def test_a_tombstone_shows_its_vclock_unless_that_is_not_wanted(bucket: Bucket) -> None:
    fresh = await stored(bucket, "k", 1)
    await fresh.delete()
    tombstone = await bucket.get("k")
    assert not tombstone.exists
    assert tombstone.vclock
    assert "tombstone" in repr(tombstone) or "not found" in repr(tombstone)
    assert (await bucket.get("k", deletedvclock=False)).vclock is None


async def test_writing_over_a_tombstone_with_its_vclock_leaves_no_sibling(typed: Bucket) -> None:
    fresh = await stored(typed, "k", 1)
    await fresh.delete()
    tombstone = await typed.get("k")
    tombstone.data = 2
    await tombstone.store()
    read = await typed.get("k")
    assert (len(read.siblings), read.data) == (1, 2)


async def test_an_object_without_a_key_can_be_neither_read_nor_deleted(bucket: Bucket) -> None:
    with pytest.raises(InvalidRequest):
        await bucket.new_object(None, 1).reload()
    with pytest.raises(InvalidRequest):
        await bucket.new_object(None, 1).delete()


# -- many ---------------------------------------------------------------------------------------------


async def test_many_are_stored_and_read_as_they_come(bucket: Bucket) -> None:
    objects = [bucket.new_object(f"k{number}", number) for number in range(150)]
    results = [pair async for pair in bucket.put_many(objects, concurrency=16, return_body=False)]
    assert {robject.key for robject, error in results if error is None} == {f"k{number}" for number in range(150)}
    found = {key: robject.data async for key, robject in bucket.get_many(f"k{number}" for number in range(150))}
    assert found == {f"k{number}": number for number in range(150)}


async def test_many_tell_which_failed(bucket: Bucket) -> None:
    await stored(bucket, "good", 1)
    found = {key: result async for key, result in bucket.get_many(["good", "", "missing"])}
    assert found["good"].data == 1
    assert isinstance(found[""], InvalidRequest)
    assert not found["missing"].exists
    good, bad = bucket.new_object("x", 1), bucket.new_object("y", object())
    outcomes = {robject.key: error async for robject, error in bucket.put_many([good, bad])}
    assert outcomes["x"] is None
    assert isinstance(outcomes["y"], ContentError)


def youngest(robject: RiakObject) -> None:
    robject.siblings = [max(robject.siblings, key=lambda content: content.data)]


async def test_a_key_of_many_is_read_as_it_is_alone(typed: Bucket) -> None:
    await stored(typed, "one", {"n": 1})
    await stored(typed, NOT_UTF8, "text", "text/plain")
    await (await stored(typed, "tombstone", 1)).delete()
    for number in range(3):
        await stored(typed, "siblings", number)
        await stored(typed, "broken", number)
    keys = ["one", "siblings", "missing", "tombstone", NOT_UTF8, "broken"]

    def resolver(robject: RiakObject) -> None:
        if robject.key == "broken":
            raise LookupError("a mistake")
        youngest(robject)

    typed.resolver = resolver
    found: dict[Any, Any] = {key: result async for key, result in typed.get_many(keys, concurrency=2)}
    assert list(found) != []
    broken = found.pop("broken")
    assert isinstance(broken, ResolverError)
    assert isinstance(broken.__cause__, LookupError)
    for key, result in found.items():
        alone = await typed.get(key)
        assert result == alone
        assert (result.key, result.vclock, result.exists) == (key, alone.vclock, alone.exists)
        assert (result.data, len(result.siblings)) == (alone.data, len(alone.siblings))
    assert found["siblings"].data == 2


async def test_multiget_and_multiput_keep_the_order(client: RiakClient, bucket: Bucket) -> None:
    objects = [bucket.new_object(f"k{number}", number) for number in range(20)]
    bad = bucket.new_object("bad", object())
    stored_ones = await client.multiput([*objects, bad], return_body=False)
    assert stored_ones[:20] == objects
    assert stored_ones[20][0] is bad
    assert isinstance(stored_ones[20][1], RiakError)
    found = await bucket.multiget([f"k{number}" for number in range(20)])
    assert [robject.data for robject in found] == list(range(20))
    mixed = await client.multiget([("default", bucket.name, "k3"), ("no-such-type", bucket.name, "k")])
    assert mixed[0].data == 3
    assert mixed[1][:3] == ("no-such-type", bucket.name, "k")
    assert isinstance(mixed[1][3], BucketTypeNotFound)


async def test_many_tasks_share_one_client(bucket: Bucket) -> None:
    async def write_and_read(number: int) -> None:
        await stored(bucket, f"k{number}", {"n": number})
        read = await bucket.get(f"k{number}")
        assert read.data == {"n": number}

    await asyncio.gather(*(write_and_read(number) for number in range(200)))


# -- codecs ---------------------------------------------------------------------------------------------


async def test_a_bucket_may_have_encoders_and_decoders_of_its_own(client: RiakClient, bucket: Bucket) -> None:
    bucket.set_encoder("text/x-upper", lambda value: value.upper())
    bucket.set_decoder("text/x-upper", lambda value: value.decode().lower())
    await stored(bucket, "k", "MiXed", "text/x-upper")
    read = await bucket.get("k")
    assert (read.data, read.encoded_data) == ("mixed", b"MIXED")
    assert client.get_decoder("text/x-upper") is None


async def test_a_file_is_stored_as_it_is(bucket: Bucket, tmp_path: Any) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(b"<p>\xc3\xbc</p>")
    await (await bucket.new_from_file("k", path)).store()
    read = await bucket.get("k")
    assert (read.data, read.content_type) == ("<p>ü</p>", "text/html")


async def test_an_index_that_a_hook_of_riak_refuses_is_told(bucket: Bucket) -> None:
    """What gets past the client's own check is refused by the server."""
    from aioriak.riak_pb import kv as messages
    from aioriak.wire.operation import PUT

    request = messages.RpbPutReq(bucket=bucket.wire_name, key=b"k")
    request.content.value = b"x"
    request.content.indexes.add(key=b"age_int", value=b"old")
    with pytest.raises(InvalidIndex):
        await bucket.client._runtime.dispatcher.call(PUT, request)


async def test_a_value_that_the_caller_holds_stays_the_objects_value(bucket: Bucket) -> None:
    robject = bucket.new_object("held", {"n": 0})
    data, usermeta = robject.data, robject.usermeta
    for n in (1, 2):
        data["n"] = n
        usermeta["n"] = str(n)
        await robject.store()
        assert robject.data is data
        assert robject.etag is not None
    read = await bucket.get("held")
    assert (read.data, read.usermeta) == ({"n": 2}, {"n": "2"})


async def test_what_is_changed_while_a_store_is_under_way_is_stored_by_the_next_one(bucket: Bucket) -> None:
    robject = bucket.new_object("busy", {"n": 0})
    storing = asyncio.create_task(robject.store())
    await asyncio.sleep(0)
    robject.data["n"] = 1
    robject.indexes.add(("n_int", 1))
    await storing
    assert (robject.data, robject.indexes, robject.exists) == ({"n": 1}, {("n_int", 1)}, True)
    await robject.store()
    read = await bucket.get("busy")
    assert (read.data, read.indexes) == ({"n": 1}, {("n_int", 1)})
