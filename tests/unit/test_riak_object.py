"""Objects without a server: names, siblings, equality, what they look like."""

from __future__ import annotations

import weakref
from datetime import UTC, datetime
from typing import Any

import pytest

from aioriak import RiakClient, RiakContent, RiakObject
from aioriak.bucket import Bucket
from aioriak.error import ConflictError, ContentError, InvalidRequest, InvalidType
from aioriak.riak_pb import kv


@pytest.fixture
def bucket() -> Bucket:
    """A bucket of a client that is never connected."""
    return RiakClient().bucket("b", "siblings")


@pytest.fixture
def robject(bucket: Bucket) -> RiakObject:
    return RiakObject(bucket.client, bucket, "k")


def content(robject: RiakObject, value: bytes, **fields: Any) -> RiakContent:
    return RiakContent.from_reply(robject, kv.RpbContent(value=value, content_type=b"application/json", **fields))


PROPERTIES = {
    "data": 5, "encoded_data": b"5", "content_type": "text/plain", "charset": "utf-8", "content_encoding": "gzip",
    "usermeta": {"a": "b"}, "links": [("b", "k", "t")], "indexes": {("a_int", 1)},
}  # fmt: skip


@pytest.mark.parametrize("name", PROPERTIES)
def test_what_is_said_of_one_sibling_is_said_of_the_object(robject: RiakObject, name: str) -> None:
    setattr(robject, name, PROPERTIES[name])
    assert getattr(robject, name) == PROPERTIES[name]
    assert getattr(robject.siblings[0], name) == PROPERTIES[name]


@pytest.mark.parametrize("name", [*PROPERTIES, "etag", "last_modified", "modified_at"])
def test_without_siblings_there_is_nothing_to_say(robject: RiakObject, name: str) -> None:
    robject.clear()
    empty: dict[str, Any] = {"usermeta": {}, "links": [], "indexes": set()}
    assert getattr(robject, name) == empty.get(name)


def test_metadata_added_before_there_is_a_value_is_kept(robject: RiakObject) -> None:
    robject.clear()
    robject.usermeta["a"] = "b"
    robject.indexes.add(("n_int", 1))
    assert robject.siblings == []
    robject.data = 5
    assert (robject.usermeta, robject.indexes, robject.data) == ({"a": "b"}, {("n_int", 1)}, 5)


def test_objects_made_without_a_key_are_equal_only_to_themselves(robject: RiakObject) -> None:
    one, other = (RiakObject(robject.client, robject.bucket) for _ in range(2))
    assert one != other
    assert len({one, other}) == 2
    held = {one}
    one.key = "made-by-the-server"
    assert one in held
    assert one == one
    assert one != RiakObject(robject.client, robject.bucket, "made-by-the-server")


def test_the_time_of_a_write_is_an_aware_datetime(robject: RiakObject) -> None:
    robject.siblings[0].last_modified = 86400.5
    assert robject.modified_at == datetime(1970, 1, 2, 0, 0, 0, 500000, tzinfo=UTC)


@pytest.mark.parametrize("name", PROPERTIES)
def test_without_siblings_setting_something_makes_one(robject: RiakObject, name: str) -> None:
    robject.clear()
    setattr(robject, name, PROPERTIES[name])
    assert len(robject.siblings) == 1
    assert getattr(robject, name) == PROPERTIES[name]


@pytest.mark.parametrize("name", PROPERTIES)
def test_with_several_siblings_nothing_can_be_said_or_set(robject: RiakObject, name: str) -> None:
    robject.siblings = [content(robject, b"1"), content(robject, b"2")]
    with pytest.raises(ConflictError, match="siblings/b/k has 2 siblings"):
        getattr(robject, name)
    with pytest.raises(ConflictError):
        setattr(robject, name, PROPERTIES[name])


def test_indexes_and_links_are_set_on_an_empty_object_too(robject: RiakObject) -> None:
    robject.clear()
    assert robject.add_index("a_int", 1) is robject
    robject.set_index("a_int", 2).add_link(("b", "k", "t"))
    assert robject.indexes == {("a_int", 2)}
    robject.remove_indexes()
    assert (robject.indexes, robject.links) == (set(), [("b", "k", "t")])


@pytest.mark.parametrize("key", ["", b"", 5, "k" * 65537])
def test_what_cannot_be_a_key_is_refused_at_once(bucket: Bucket, key: Any) -> None:
    with pytest.raises(InvalidRequest):
        RiakObject(bucket.client, bucket, key)


def test_an_object_exists_when_one_of_its_contents_does(robject: RiakObject) -> None:
    assert not robject.exists
    robject.siblings = [content(robject, b"1")]
    assert robject.exists
    robject.siblings = [content(robject, b"", deleted=True)]
    assert not robject.exists
    robject.siblings = [content(robject, b"1"), content(robject, b"", deleted=True)]
    assert robject.exists
    robject.clear()
    assert not robject.exists
    robject.unchanged = True
    assert robject.exists


def test_objects_are_equal_by_place_and_version(bucket: Bucket) -> None:
    one, other = RiakObject(bucket.client, bucket, "k"), RiakObject(bucket.client, bucket, "k")
    assert one == other
    assert hash(one) == hash(other)
    other.vclock = b"newer"
    assert one != other
    assert one != RiakObject(bucket.client, bucket, "k2")
    assert one != RiakObject(bucket.client, bucket.client.bucket("b"), "k")
    assert one != "k"


def test_objects_and_contents_hold_no_dictionary_each(robject: RiakObject) -> None:
    assert not hasattr(robject, "__dict__")
    assert not hasattr(robject.siblings[0], "__dict__")


def test_an_object_says_what_it_is(robject: RiakObject) -> None:
    assert repr(robject) == "<RiakObject siblings/b/k application/json, not stored>"
    robject.siblings = [content(robject, b"1"), content(robject, b"2")]
    assert repr(robject) == "<RiakObject siblings/b/k 2 siblings>"
    robject.siblings = [content(robject, b"1")]
    assert repr(robject) == "<RiakObject siblings/b/k application/json>"
    robject.vclock = b"x"
    robject.siblings = [content(robject, b"", deleted=True, vtag=b"t")]
    assert repr(robject) == "<RiakObject siblings/b/k application/json, tombstone>"
    robject.clear()
    assert repr(robject) == "<RiakObject siblings/b/k not found>"
    robject.unchanged = True
    assert repr(robject) == "<RiakObject siblings/b/k unchanged>"


def test_a_key_that_is_no_text_can_be_printed(bucket: Bucket) -> None:
    assert "\\xff" in repr(RiakObject(bucket.client, bucket, b"\xff"))


def test_a_content_is_taken_apart_when_it_is_looked_at(robject: RiakObject) -> None:
    came = kv.RpbContent(value=b'{"a":1}', content_type=b"application/json", vtag=b"tag")
    robject._take(kv.RpbGetResp(content=[came], vclock=b"clock"), {})
    data = robject.data
    assert (robject.exists, data, robject.vclock) == (True, {"a": 1}, b"clock")
    (content,) = robject.siblings
    assert (content.data is data, content.etag, robject.etag) == (True, "tag", "tag")
    data["b"] = 2
    assert robject.encoded_data == b'{"a":1,"b":2}'


def test_siblings_that_are_set_take_the_place_of_what_came(robject: RiakObject) -> None:
    robject._take(kv.RpbGetResp(content=[{"value": b"1", "content_type": b"application/json"}]), {})
    mine = RiakContent(robject, 2)
    robject.siblings = [mine]
    assert (robject.data, robject.siblings) == (2, [mine])


def test_what_came_before_is_let_go_when_the_object_is_read_again(robject: RiakObject) -> None:
    for value in (b"1", b"2"):
        robject._take(kv.RpbGetResp(content=[{"value": value, "content_type": b"application/json"}]), {})
        assert robject.data == int(value)
        assert len(robject.siblings) == 1
    robject._take(kv.RpbGetResp(), {})
    assert (robject.exists, robject.data, robject.siblings) == (False, None, [])


def test_a_value_that_cannot_be_decoded_can_be_had_as_it_is(robject: RiakObject) -> None:
    robject._take(kv.RpbGetResp(content=[{"value": b"{", "content_type": b"application/json"}]), {})
    for _ in range(2):
        with pytest.raises(ContentError, match="application/json"):
            robject.data  # noqa: B018
    assert robject.encoded_data == b"{"


def test_a_large_value_is_not_kept_twice(robject: RiakObject) -> None:
    robject._take(kv.RpbGetResp(content=[{"value": b'"' + b"x" * 200_000 + b'"', "content_type": b"text/json"}]), {})
    assert len(robject.data) == 200_000
    assert robject._reply is None
    assert robject.encoded_data == b'"' + b"x" * 200_000 + b'"'


def test_a_value_that_was_replaced_is_let_go(robject: RiakObject) -> None:
    class Decoded:
        pass

    robject.bucket.set_decoder("a/b", lambda stored: Decoded())
    robject._take(kv.RpbGetResp(content=[{"value": b"x", "content_type": b"a/b"}]), {})
    before = weakref.ref(robject.data)
    robject.data = "other"
    assert before() is None


async def test_a_vclock_that_is_text_is_refused_before_anything_is_sent(bucket: Bucket) -> None:
    robject = bucket.new_object("k", 1)
    robject.vclock = "g2wAAAAB"  # type: ignore[assignment]
    with pytest.raises(InvalidType, match="a vclock is bytes, not str"):
        await robject.store()
    with pytest.raises(InvalidType, match="a vclock is bytes, not str"):
        await robject.delete()
    await bucket.client.aclose()
