"""Encoders and decoders, by content type."""

from __future__ import annotations

import dataclasses
import datetime
import math
import uuid
from collections import namedtuple
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any

import pytest

from aioriak import RiakClient, codec
from aioriak.codec import Codecs, json_decoder, json_encoder
from aioriak.error import ContentError, InvalidRequest

JSON = "application/json"


@pytest.mark.parametrize(
    ("value", "content_type", "stored"),
    [
        ({"a": [1, None, True, "ü"]}, JSON, '{"a":[1,null,true,"ü"]}'.encode()),
        ("text", JSON, b'"text"'),
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


class Text(str):
    pass


class Number(IntEnum):
    ONE = 1


class Colour(Enum):
    RED = 1


@dataclasses.dataclass
class Point:
    x: int


Pair = namedtuple("Pair", "a b")
CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]

WRITTEN: list[tuple[Any, bytes | None]] = [
    ({"big": 2**70}, b'{"big":1180591620717411303424}'),
    ({5: "five", None: 1, True: 2, 1.5: 3}, b'{"5":"five","null":1,"true":2,"1.5":3}'),
    (Text("a"), b'"a"'),
    (Number.ONE, b"1"),
    (Pair(1, 2), b"[1,2]"),
    ("caf\udce9", b'"caf\\udce9"'),
    ("\ud83d\ude00", b'"\\ud83d\\ude00"'),
    ("😀\x7f\x00", '"😀\x7f\\u0000"'.encode()),
    ([1e16, 1e-5, 1e22], b"[1e+16,1e-05,1e+22]"),
    (math.nan, None),
    ([None, math.inf], None),
    ({math.nan: 1}, None),
    (Colour.RED, None),
    (Point(1), None),
    (datetime.date(2020, 1, 2), None),
    ([datetime.datetime(2020, 1, 2), 2**70], None),
    (uuid.UUID(int=1), None),
    ({("a", "b"): 1}, None),
    (b"bytes", None),
    (bytearray(b"1"), None),
    ([b"bytes"], None),
    ({1, 2}, None),
    (Decimal(1), None),
    (10**5000, None),
    (CIRCLE, None),
    (DEEP, None),
]

READ: list[tuple[bytes, Any]] = [
    (b"18446744073709551616", 2**64),
    (b"[-9223372036854775809]", [-(2**63) - 1]),
    (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
    ('{"a":1}'.encode("utf-16"), {"a": 1}),
    ('{"a":1}'.encode("utf-32-be"), {"a": 1}),
    (rb'"\ud83d"', "\ud83d"),
    (rb'"caf\udce9.txt"', "caf\udce9.txt"),
    (b'{"a":1,"a":2}', {"a": 2}),
    (b"[" * 500 + b"]" * 500, None),
    (b"1e400", ContentError),
    (b"[-1E999]", ContentError),
    (b"NaN", ContentError),
    (b'{"a":-Infinity}', ContentError),
    (b"[" * 200_000, ContentError),
    (b"9" * 5000, ContentError),
    (b"01", ContentError),
    (b"[1,]", ContentError),
    (b'"a\nb"', ContentError),
    (b"", ContentError),
]


@pytest.mark.parametrize("write", [codec._write_standard, Codecs().encoders.get(JSON)])
@pytest.mark.parametrize(("value", "stored"), WRITTEN, ids=range(len(WRITTEN)))
def test_json_is_written_as_the_standard_library_does(write: Any, value: Any, stored: bytes | None) -> None:
    codecs = Codecs()
    codecs.encoders.set(JSON, write)
    if stored is None:
        with pytest.raises(ContentError):
            codecs.encode(value, JSON, None)
    else:
        assert codecs.encode(value, JSON, None) == stored


@pytest.mark.parametrize("read", [codec._read_standard, Codecs().decoders.get(JSON)])
@pytest.mark.parametrize(("stored", "value"), READ, ids=range(len(READ)))
def test_json_is_read_as_the_standard_library_does(read: Any, stored: bytes, value: Any) -> None:
    codecs = Codecs()
    codecs.decoders.set(JSON, read)
    if value is ContentError:
        with pytest.raises(ContentError):
            codecs.decode(stored, JSON, None)
    elif value is not None:
        assert codecs.decode(stored, JSON, None) == value
    else:
        assert codecs.encode(codecs.decode(stored, JSON, None), JSON, None) == stored


def test_an_encoder_and_a_decoder_can_be_told_to_take_nan() -> None:
    codecs = Codecs()
    codecs.encoders.set(JSON, json_encoder(allow_nan=True))
    codecs.decoders.set(JSON, json_decoder(allow_nan=True))
    assert codecs.encode([math.nan, -math.inf], JSON, "utf-16-le") == "[NaN,-Infinity]".encode("utf-16-le")
    assert codecs.decode(b"[Infinity,1e400]", JSON, None) == [math.inf, math.inf]
    assert json_encoder() is Codecs().encoders.get(JSON)
    assert json_decoder() is Codecs().decoders.get(JSON)


def test_bytes_under_json_are_refused_with_a_hint() -> None:
    with pytest.raises(ContentError, match="encoded_data"):
        Codecs().encode(b'{"a":1}', JSON, None)


@pytest.mark.parametrize(
    "content_type", ["Application/JSON", "application/json ", " APPLICATION/json;CHARSET=UTF-8", "application/JSON;;"]
)
def test_media_types_are_compared_without_regard_to_case(content_type: str) -> None:
    codecs = Codecs()
    assert codecs.encode({"a": 1}, content_type, None) == b'{"a":1}'
    assert codecs.decode(b'{"a":1}', content_type, None) == {"a": 1}
    assert codecs.decode_sent(b'{"a":1}', content_type.encode(), b"") == {"a": 1}
    assert codecs.decode("Привет".encode("cp1251"), 'Text/Plain; Charset="Windows-1251"', None) == "Привет"


def test_a_function_for_a_content_type_with_parameters_is_preferred() -> None:
    codecs = Codecs()
    codecs.decoders.set("Application/Vnd.X; Version=2", bytes.upper)
    codecs.decoders.set("application/vnd.x", bytes.lower)
    assert codecs.decode(b"aB", "application/vnd.x;version=2", None) == b"AB"
    assert codecs.decode(b"aB", "application/vnd.x;version=1", None) == b"ab"


@pytest.mark.parametrize("returned", [None, 5, {"a": 1}])
def test_an_encoder_that_returns_neither_bytes_nor_text_is_named(returned: Any) -> None:
    codecs = Codecs()
    codecs.encoders.set("a/b", lambda value: returned)
    with pytest.raises(ContentError, match=f"encoder for 'a/b' returned {type(returned).__name__}"):
        codecs.encode("x", "a/b", None)
    codecs.encoders.set("a/b", lambda value: bytearray(b"x"))
    assert codecs.encode("x", "a/b", None) == b"x"


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


@pytest.mark.parametrize("value", [{1, 2}, {"at": object()}])
def test_a_value_that_is_no_json_is_refused_with_what_to_do(value: Any) -> None:
    with pytest.raises(ContentError, match=r"is not JSON serializable; convert it .* or set an encoder"):
        Codecs().encode(value, "application/json", None)
