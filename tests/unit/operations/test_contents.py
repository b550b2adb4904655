"""Contents on the wire: every field of RpbContent, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak.error import InvalidRequest
from aioriak.operations.contents import Outgoing, encode_index, fill, index_entry, metadata
from aioriak.riak_pb import kv


def filled(**given: Any) -> kv.RpbContent:
    content = kv.RpbContent()
    fill(content, Outgoing(b"value", **given))
    return content


def test_a_content_has_no_field_that_is_forgotten() -> None:
    """Sent: the value and what the application says of it.  Read: also what the server says of it."""
    sent = {field.name for field, _ in filled(
        content_type="a/b", charset="c", content_encoding="e", usermeta={"a": "b"}, links=[("b", "k", "t")],
        indexes=[("a_int", 1)],
    ).ListFields()}  # fmt: skip
    from_the_server = {"vtag", "last_mod", "last_mod_usecs", "deleted", "ttl"}
    assert sent | from_the_server >= set(kv.RpbContent.DESCRIPTOR.fields_by_name)


def test_metadata_comes_back_as_it_was_sent() -> None:
    links = [("b", "k", "t"), (b"\xff", "k", None), (None, None, "t")]
    found = metadata(filled(
        content_type="text/plain", charset="utf-8", content_encoding="gzip", usermeta={"a": "b", b"\xff": b"\xfe"},
        links=links, indexes={("a_int", -1), ("b_bin", "ü"), ("b_bin", b"\xff")},
    ))  # fmt: skip
    assert (found.content_type, found.charset, found.content_encoding) == ("text/plain", "utf-8", "gzip")
    assert found.usermeta == {"a": "b", b"\xff": b"\xfe"}
    assert found.links == links
    assert found.indexes == {("a_int", -1), ("b_bin", "ü"), ("b_bin", b"\xff")}


def test_what_is_not_there_is_none() -> None:
    found = metadata(kv.RpbContent(value=b""))
    assert found[:5] == (None, None, None, None, None)
    assert (found.usermeta, found.links, found.indexes, found.deleted) == ({}, [], set(), False)


def test_the_servers_own_words_are_read() -> None:
    found = metadata(kv.RpbContent(value=b"", vtag=b"tag", last_mod=10, last_mod_usecs=500_000, deleted=True))
    assert (found.etag, found.last_modified, found.deleted) == ("tag", 10.5, True)


def test_words_that_are_not_utf8_survive_a_round() -> None:
    came = kv.RpbContent(value=b"", content_type=b"\xff/x", charset=b"\xfe")
    found = metadata(came)
    sent = filled(content_type=found.content_type, charset=found.charset)
    assert (sent.content_type, sent.charset) == (b"\xff/x", b"\xfe")


@pytest.mark.parametrize(
    ("field", "value", "sent"),
    [
        ("a_int", 5, (b"a_int", b"5")),
        ("a_int", 0, (b"a_int", b"0")),
        ("a_int", "-5", (b"a_int", b"-5")),
        ("a_int", b"7", (b"a_int", b"7")),
        ("a_bin", "ü", (b"a_bin", b"\xc3\xbc")),
        ("a_bin", b"\xff", (b"a_bin", b"\xff")),
        ("a_bin", 5, (b"a_bin", b"5")),
        (b"\xff_bin", "", (b"\xff_bin", b"")),
        ("x_internal_bin", "text", (b"x_internal_bin", b"text")),
    ],
)
def test_an_index_entry_is_sent_by_the_ending_of_its_name(field: Any, value: Any, sent: Any) -> None:
    assert encode_index(field, value) == sent


@pytest.mark.parametrize(
    ("field", "value"),
    [("a", 1), ("a_INT", 1), ("a_int", "x"), ("a_int", 1.0), ("a_int", None), ("a_int", True), ("a_bin", None),
     ("a_bin", 1.5), ("a_bin", True), (None, 1), (5, 1), ("$key", "a")],
)  # fmt: skip
def test_an_index_entry_that_riak_cannot_take_is_refused(field: Any, value: Any) -> None:
    with pytest.raises(InvalidRequest):
        encode_index(field, value)


def test_an_int_index_with_something_else_in_it_is_read_as_it_is() -> None:
    assert index_entry(b"a_int", b"x") == ("a_int", "x")


@pytest.mark.parametrize(
    "given",
    [{"usermeta": {5: "a"}}, {"usermeta": {"a": None}}, {"links": [("b", "k")]}, {"links": ["bkt"]},
     {"links": [("b", 5, "t")]}, {"indexes": [("a_int",)]}, {"indexes": ["a_int"]}, {"indexes": [("a", 1)]}],
)  # fmt: skip
def test_metadata_that_cannot_be_sent_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        filled(**given)
