"""Encoders and decoders, by content type."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aioriak import RiakClient, codec
from aioriak.codec import Codecs
from aioriak.error import ContentError, InvalidRequest

JSON = "application/json"


@pytest.mark.parametrize(
    ("value", "content_type", "stored"),
    [
        ({"a": [1, None, True, "ü"]}, JSON, '{"a":[1,null,true,"ü"]}'.encode()),
        ("text", JSON, b'"text"'),
        (b"text", JSON, b'"text"'),
        (None, JSON, b"null"),
        ("ü", "text/plain", "ü".encode()),
        (b"\xff", "text/plain", b"\xff"),
        (b"\xff", "application/octet-stream", b"\xff"),
        (bytearray(b"x"), "application/octet-stream", b"x"),
        (memoryview(b"x"), "binary/octet-stream", b"x"),
        ("text", "application/octet-stream", b"text"),
        (b"\x89PNG", "image/png", b"\x89PNG"),
        ("<p>", "text/html", b"<p>"),
        (b"raw", None, b"raw"),
        ("raw", None, b"raw"),
    ],
)
def test_values_are_stored_as_their_content_type_says(value: Any, content_type: str | None, stored: bytes) -> None:
    assert Codecs().encode(value, content_type, None) == stored


@pytest.mark.parametrize(
    ("stored", "content_type", "value"),
    [
        (b'{"a":1}', JSON, {"a": 1}),
        (b'{"a":1}', "application/json; charset=utf-8", {"a": 1}),
        (b'{"a":1}', "Application/JSON ;x=y", {"a": 1}),
        (b"[]", "text/json", []),
        ("ü".encode(), "text/plain", "ü"),
        ("ü".encode(), "text/x-own", "ü"),
        (b"\xff", "application/octet-stream", b"\xff"),
        (b"\xff", None, b"\xff"),
        (b"", "text/plain", ""),
    ],
)
def test_values_are_read_as_their_content_type_says(stored: bytes, content_type: str | None, value: Any) -> None:
    assert Codecs().decode(stored, content_type, None) == value


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/plain", "iso-8859-1"),
        ("text/plain; charset=iso-8859-1", None),
        ('text/plain; charset="iso-8859-1"', None),
        (JSON, "iso-8859-1"),
        ("application/json; charset=iso-8859-1", None),
        (JSON, "utf-16"),
        (JSON, "UTF-8"),
        ("text/plain", "utf-16-le"),
    ],
)
def test_a_charset_works_both_ways(content_type: str, charset: str | None) -> None:
    codecs = Codecs()
    stored = codecs.encode("Grüße", content_type, charset)
    assert codecs.decode(stored, content_type, charset) == "Grüße"
    if charset != "UTF-8":
        assert "ü".encode() not in stored


@pytest.mark.parametrize("charset", ["no-such-charset", "rot13", "\udcff"])
def test_an_unknown_charset_is_a_content_error(charset: str) -> None:
    for content_type in ("text/plain", JSON):
        with pytest.raises(ContentError):
            Codecs().decode(b'"x"', content_type, charset)
        with pytest.raises(ContentError):
            Codecs().encode("x", content_type, charset)


@pytest.mark.parametrize(
    ("value", "content_type"),
    [(object(), JSON), ({"a"}, JSON), (b"\xff", JSON), (5, "text/plain"), ({"a": 1}, "application/octet-stream"),
     ({"a": 1}, "image/png"), (5, None), ("\ud800", "text/plain")],
)  # fmt: skip
def test_what_cannot_be_stored_is_a_content_error(value: Any, content_type: str | None) -> None:
    with pytest.raises(ContentError) as caught:
        Codecs().encode(value, content_type, None)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("stored", "content_type"),
    [(b"{", JSON), (b"", JSON), (b"\xff", "text/plain"), (b"\xff", JSON), (b"x", "image/png")],
)
def test_what_cannot_be_read_is_a_content_error(stored: bytes, content_type: str) -> None:
    with pytest.raises(ContentError, match=content_type):
        Codecs().decode(stored, content_type, None)


def test_what_the_fast_encoder_refuses_the_standard_one_takes() -> None:
    codecs = Codecs()
    for value in ({"big": 2**70}, {5: "five"}):
        stored = codecs.encode(value, JSON, None)
        assert json.loads(stored) == {str(key): found for key, found in value.items()}


@pytest.mark.parametrize("value", [{"a": [1, 2.5, "ü", None]}, "text", b"bytes", 2**70])
def test_both_json_encoders_write_the_same(value: Any) -> None:
    assert codec._standard_json(value) == Codecs().encode(value, JSON, None)


def test_an_encoder_and_a_decoder_of_ones_own() -> None:
    codecs = Codecs()
    codecs.encoders.set("text/upper", str.upper)
    codecs.decoders.set("text/upper", lambda stored: stored.decode().lower())
    assert codecs.encode("ü", "text/upper", "iso-8859-1") == "Ü".encode("iso-8859-1")
    assert codecs.decode(b"ABC", "text/upper", None) == "abc"
    assert codecs.encode("x", "text/upper; charset=iso-8859-1", None) == b"X"


def test_what_ones_own_encoder_or_decoder_raises_is_a_content_error() -> None:
    codecs = Codecs()

    def fail(value: Any) -> Any:
        raise LookupError("inner")

    codecs.encoders.set("a/b", fail)
    codecs.decoders.set("a/b", fail)
    with pytest.raises(ContentError, match="inner") as caught:
        codecs.encode("x", "a/b", None)
    assert isinstance(caught.value.__cause__, LookupError)
    with pytest.raises(ContentError, match="inner"):
        codecs.decode(b"x", "a/b", None)


def test_what_came_is_decoded_as_it_would_be_by_its_names() -> None:
    parent = Codecs()
    child = Codecs(parent)
    child.decoders.set("a/b", bytes.upper)
    for codecs in (parent, child):
        assert codecs.decode_sent(b'{"a":1}', JSON.encode(), b"") == {"a": 1}
        assert codecs.decode_sent('"ü"'.encode("iso-8859-1"), JSON.encode(), b"iso-8859-1") == "ü"
        assert codecs.decode_sent('"ü"'.encode("iso-8859-1"), b"text/json; charset=iso-8859-1", b"") == "ü"
        assert codecs.decode_sent("ü".encode(), b"text/csv", b"") == "ü"
        assert codecs.decode_sent(b"x", b"", b"") == b"x"
        with pytest.raises(ContentError, match="application/json"):
            codecs.decode_sent(b"{", JSON.encode(), b"")
        with pytest.raises(ContentError, match="no decoder for 'a/c'"):
            codecs.decode_sent(b"x", b"a/c", b"")
    assert child.decode_sent(b"x", b"a/b", b"") == b"X"
    child.decoders.set(JSON, lambda stored: "mine")
    assert child.decode_sent(b"1", b"application/json; charset=utf-8", b"") == "mine"
    assert (child.decode_sent(b"1", JSON.encode(), b""), parent.decode_sent(b"1", JSON.encode(), b"")) == ("mine", 1)


def test_a_bucket_has_its_clients_codecs_until_it_is_given_one() -> None:
    client = RiakClient()
    bucket, other = client.bucket("b"), client.bucket("other")
    client.set_decoder("a/b", bytes.upper)
    assert bucket.get_decoder("a/b") is bytes.upper
    bucket.set_decoder("a/b", bytes.lower)
    client.set_encoder("a/b", str)
    assert (bucket.get_decoder("a/b"), bucket.get_encoder("a/b")) == (bytes.lower, str)
    assert (other.get_decoder("a/b"), client.get_decoder("a/b")) == (bytes.upper, bytes.upper)


def test_a_bucket_falls_back_to_its_client() -> None:
    parent = Codecs()
    child = Codecs(parent)
    assert child.encoders.get(JSON) is parent.encoders.get(JSON)
    parent.encoders.set("a/b", str)
    assert child.encoders.get("a/b") is str
    child.encoders.set("a/b", repr)
    assert (child.encoders.get("a/b"), parent.encoders.get("a/b")) == (repr, str)
    child.decoders.set("a/b", bytes.upper)
    assert (child.decoders.get("a/b"), parent.decoders.get("a/b")) == (bytes.upper, None)


def test_one_client_does_not_change_another() -> None:
    Codecs().decoders.set(JSON, bytes)
    assert Codecs().decode(b"1", JSON, None) == 1


@pytest.mark.parametrize(("content_type", "function"), [(None, str), (5, str), ("a/b", None), ("a/b", "str")])
def test_an_encoder_is_a_function_for_a_content_type(content_type: Any, function: Any) -> None:
    for setter in (Codecs().encoders.set, Codecs().decoders.set):
        with pytest.raises(InvalidRequest):
            setter(content_type, function)
