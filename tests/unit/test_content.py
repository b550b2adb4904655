"""Contents: a value and its metadata, taken apart when they are looked at."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak import RiakClient, RiakContent, RiakObject
from aioriak.bucket import Bucket
from aioriak.error import ContentError, InvalidRequest
from aioriak.operations.contents import fill
from aioriak.riak_pb import kv


@pytest.fixture
def bucket() -> Bucket:
    """A bucket of a client that is never connected."""
    return RiakClient().bucket("b")


@pytest.fixture
def robject(bucket: Bucket) -> RiakObject:
    return RiakObject(bucket.client, bucket, "k")


def came(robject: RiakObject, has_value: bool = True, **fields: Any) -> RiakContent:
    """A content as the server sent it."""
    fields.setdefault("value", b'{"a":1}')
    fields.setdefault("content_type", b"application/json")
    return RiakContent.from_reply(robject, kv.RpbContent(**fields), has_value)


def sent(content: RiakContent) -> kv.RpbContent:
    target = kv.RpbContent()
    fill(target, content.outgoing())
    return target


def test_a_new_content_has_nothing_and_is_json(robject: RiakObject) -> None:
    content = RiakContent(robject)
    assert (content.data, content.encoded_data, content.exists) == (None, None, False)
    assert content.content_type == "application/json"
    assert (content.usermeta, content.links, content.indexes) == ({}, [], set())
    assert "not stored" in repr(content)


def test_all_arguments_are_attributes(robject: RiakObject) -> None:
    given: dict[str, Any] = {
        "data": {"a": 1}, "charset": "utf-8", "content_type": "text/json", "content_encoding": "gzip",
        "last_modified": 5.0, "etag": "tag", "usermeta": {"a": "b"}, "links": [("b", "k", "t")],
        "indexes": {("a_int", 1)}, "exists": True,
    }  # fmt: skip
    content = RiakContent(robject, **given)
    assert {name: getattr(content, name) for name in given} == given


def test_data_and_encoded_data_are_made_from_each_other(robject: RiakObject) -> None:
    content = RiakContent(robject, data={"a": 1})
    assert content.encoded_data == b'{"a":1}'
    content.encoded_data = b'{"b":2}'
    assert content.data == {"b": 2}
    content.data = {"c": 3}
    assert content.encoded_data == b'{"c":3}'


def test_data_may_be_changed_in_place(robject: RiakObject) -> None:
    content = came(robject)
    content.data["b"] = 2
    assert sent(content).value == b'{"a":1,"b":2}'


def test_what_was_not_looked_at_is_sent_as_it_came(robject: RiakObject) -> None:
    content = came(robject, value=b'{ "a" : 1.0 }')
    assert content.encoded_data == b'{ "a" : 1.0 }'
    assert sent(content).value == b'{ "a" : 1.0 }'


def test_none_is_a_value_once_it_was_set(robject: RiakObject) -> None:
    content = RiakContent(robject)
    with pytest.raises(InvalidRequest, match="no data"):
        sent(content)
    content.data = None
    assert sent(content).value == b"null"


@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), memoryview(b"x"), "x"])
def test_encoded_data_is_bytes(robject: RiakObject, value: Any) -> None:
    content = RiakContent(robject, encoded_data=value)
    assert content.encoded_data == b"x"
    content.encoded_data = value
    assert content.encoded_data == b"x"


def test_what_is_no_bytes_is_no_encoded_data(robject: RiakObject) -> None:
    with pytest.raises(InvalidRequest):
        RiakContent(robject, encoded_data={"a": 1})  # type: ignore[arg-type]


def test_decoding_happens_when_data_is_touched_and_once(robject: RiakObject) -> None:
    decoded = 0

    def decode(stored: bytes) -> Any:
        nonlocal decoded
        decoded += 1
        return stored

    robject.bucket.set_decoder("a/b", decode)
    content = came(robject, content_type=b"a/b", value=b"x")
    assert (content.usermeta, content.etag, decoded) == ({}, None, 0)
    assert (content.data, content.data, decoded) == (b"x", b"x", 1)


def test_an_undecodable_value_is_an_error_each_time_data_is_touched(robject: RiakObject) -> None:
    content = came(robject, value=b"{")
    for _ in range(2):
        with pytest.raises(ContentError):
            _ = content.data
    assert content.encoded_data == b"{"
    assert content.content_type == "application/json"


def test_a_charset_that_is_no_text_is_a_content_error(robject: RiakObject) -> None:
    content = came(robject, content_type=b"text/plain", charset=b"\xff")
    with pytest.raises(ContentError):
        _ = content.data


def test_a_tombstone_has_no_data_and_does_not_exist(robject: RiakObject) -> None:
    content = came(robject, value=b"", deleted=True, vtag=b"tag")
    assert (content.data, content.exists) == (None, False)
    assert repr(content) == "<RiakContent tombstone>"
    assert content.data is None, "not when it has been taken apart either"


def test_a_head_has_metadata_and_no_data(robject: RiakObject) -> None:
    content = came(robject, False, value=b"", vtag=b"tag")
    assert (content.data, content.encoded_data, content.etag, content.exists) == (None, None, "tag", True)
    with pytest.raises(InvalidRequest, match="head"):
        sent(content)
    content.data = 5
    assert sent(content).value == b"5"


def test_an_empty_value_is_a_value(robject: RiakObject) -> None:
    content = came(robject, value=b"", content_type=b"text/plain")
    assert (content.data, content.encoded_data, content.exists) == ("", b"", True)


def test_setting_anything_keeps_everything_else(robject: RiakObject) -> None:
    fields: dict[str, Any] = {"charset": b"utf-8", "content_encoding": b"gzip", "vtag": b"tag", "last_mod": 9}
    values = {
        "charset": "latin-1", "content_encoding": "br", "content_type": "a/b", "etag": "other", "last_modified": 1.0,
        "usermeta": {"x": "y"}, "links": [("b", "k", "t")], "indexes": {("a_int", 1)}, "exists": False,
    }  # fmt: skip
    before = came(robject, **fields)
    for name, value in values.items():
        content = came(robject, **fields)
        setattr(content, name, value)
        assert getattr(content, name) == value
        for other in values.keys() - {name}:
            assert getattr(content, other) == getattr(before, other), (name, other)
        assert content.encoded_data == b'{"a":1}'


def test_index_entries_are_added_removed_and_replaced(robject: RiakObject) -> None:
    content = RiakContent(robject)
    assert content.add_index("n_int", 0) is robject
    content.add_index("n_int", 1)
    content.add_index("s_bin", "a")
    content.remove_index("n_int", 0)
    assert content.indexes == {("n_int", 1), ("s_bin", "a")}
    content.set_index("n_int", 5)
    assert content.indexes == {("n_int", 5), ("s_bin", "a")}
    content.remove_indexes("n_int")
    assert content.indexes == {("s_bin", "a")}
    content.remove_index()
    assert content.indexes == set()


@pytest.mark.parametrize(("field", "value"), [("n_int", 1), ("n_int", 0)])
def test_removing_an_entry_that_is_not_there_is_an_error_and_removes_nothing(
    robject: RiakObject, field: str, value: int
) -> None:
    content = RiakContent(robject, indexes={("n_int", 5)})
    with pytest.raises(KeyError):
        content.remove_index(field, value)
    assert content.indexes == {("n_int", 5)}


def test_a_bad_entry_does_not_cost_the_others(robject: RiakObject) -> None:
    content = RiakContent(robject, indexes={("n_int", 5)})
    for bad in ("x", None):
        with pytest.raises(InvalidRequest):
            content.set_index("n_int", bad)  # type: ignore[arg-type]
    assert content.indexes == {("n_int", 5)}


def test_links_are_added_to_objects_and_names(robject: RiakObject) -> None:
    content = RiakContent(robject)
    assert content.add_link(robject, "self") is robject
    content.add_link(("b2", "k2", None))
    assert content.links == [("b", "k", "self"), ("b2", "k2", None)]


def test_a_copy_is_changed_apart(robject: RiakObject) -> None:
    content = came(robject, vtag=b"tag", usermeta=[{"key": b"a", "value": b"b"}])
    other = content.copy()
    other.usermeta["x"] = "y"
    other.add_index("a_int", 1)
    other.data = "other"
    assert (content.usermeta, content.indexes, content.data) == ({"a": "b"}, set(), {"a": 1})
    assert (other.etag, other.exists) == ("tag", True)


def test_a_copy_of_what_was_not_decoded_is_not_decoded_either(robject: RiakObject) -> None:
    content = came(robject, value=b"{")
    assert content.copy().encoded_data == b"{"
