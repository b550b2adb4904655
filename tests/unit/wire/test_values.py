"""A large value is cut out of its reply; everything reads as the message class decodes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from aioriak.operations.contents import copy_content, essence, metadata
from aioriak.riak_pb import base, kv
from aioriak.wire.operation import GET, INDEX, PUT, SEARCH_INDEX_PUT
from aioriak.wire.values import LARGE, LargeContent, LargeReply, copy_message, large_decoder

LEAST = 8
KINDS: list[Any] = [kv.RpbGetResp, kv.RpbPutResp]
VALUE = b"x" * LARGE

octets = st.binary(max_size=20)
maybe = st.none() | octets
pairs = st.lists(st.builds(base.RpbPair, key=octets, value=maybe), max_size=2)
contents = st.builds(
    kv.RpbContent,
    value=st.binary(max_size=300),
    content_type=maybe,
    charset=maybe,
    content_encoding=maybe,
    vtag=maybe,
    links=st.lists(st.builds(kv.RpbLink, bucket=maybe, key=maybe, tag=maybe), max_size=2),
    last_mod=st.none() | st.integers(0, 2**32 - 1),
    last_mod_usecs=st.none() | st.integers(0, 999_999),
    usermeta=pairs,
    indexes=pairs,
    deleted=st.none() | st.booleans(),
)
several = st.lists(contents, max_size=4)
messages = st.one_of(
    st.builds(kv.RpbGetResp, content=several, vclock=maybe, unchanged=st.none() | st.booleans()),
    st.builds(kv.RpbPutResp, content=several, vclock=maybe, key=maybe),
)


def decoder(kind: Any, least: int = LEAST) -> Callable[[bytes | memoryview], Any]:
    made = large_decoder(kind, least)
    assert made is not None
    return made


def restored(kind: Any, reply: Any) -> Any:
    """Return a message of every field of a reply, as it reads."""
    message = kind()
    for field in kind.DESCRIPTOR.fields:
        if field.name == "content":
            for content in reply.content:
                copy_message(content, message.content.add())
        elif reply.HasField(field.name):
            setattr(message, field.name, getattr(reply, field.name))
        else:
            assert getattr(reply, field.name) == field.default_value
    return message


def check(kind: Any, body: bytes | memoryview) -> Any:
    """Compare what a body is decoded to with what the message class makes of it; return it."""
    try:
        expected = kind.FromString(bytes(body))
    except DecodeError as error:
        with pytest.raises(DecodeError, match=re.escape(str(error))):
            decoder(kind)(body)
        return None
    reply = decoder(kind)(body)
    expected.DiscardUnknownFields()
    found = restored(kind, reply)
    found.DiscardUnknownFields()
    assert found.SerializePartialToString() == expected.SerializePartialToString()
    assert len(reply.content) == len(expected.content)
    for content, other in zip(reply.content, expected.content, strict=True):
        assert type(content.value) is bytes
        assert essence(content) == essence(other)
        assert metadata(content) == metadata(other)
        assert content.HasField("value") == other.HasField("value")
    return reply


@given(messages, st.booleans())
def test_any_reply_reads_as_the_message_class_decodes_it(message: Any, viewed: bool) -> None:
    body = message.SerializeToString()
    check(type(message), memoryview(bytearray(body)) if viewed else body)


@given(messages, st.data())
def test_a_damaged_reply_reads_as_the_message_class_decodes_it(message: Any, data: st.DataObject) -> None:
    body = bytearray(message.SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(body)))
        body[start : start + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    check(type(message), bytes(body[: data.draw(st.integers(0, len(body)))] if data.draw(st.booleans()) else body))


@given(messages, messages)
def test_two_replies_in_one_body_read_as_the_message_class_decodes_them(one: Any, other: Any) -> None:
    check(type(one), one.SerializeToString() + other.SerializeToString())


@given(st.sampled_from(KINDS), st.binary(max_size=100))
def test_any_bytes_read_as_the_message_class_decodes_them(kind: Any, body: bytes) -> None:
    check(kind, body)


def content_field(*parts: bytes) -> bytes:
    """Return field 1 of these bytes, with a length of one byte."""
    body = b"".join(parts)
    assert len(body) < 128
    return b"\x0a" + bytes((len(body),)) + body


BIG = content_field(b"v" * 20)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("body", "is_cut"),
    [
        pytest.param(content_field(BIG), True, id="a value alone"),
        pytest.param(content_field(BIG, b"\x12\x01t"), True, id="a value and a content type"),
        pytest.param(content_field(BIG, b"\xfa\x01\x01t"), True, id="an unknown field"),
        pytest.param(content_field(BIG) + b"\x12\x01c\xfa\x01\x01t", True, id="an unknown field of the reply"),
        pytest.param(content_field(BIG) + b"\x12\x01c" + content_field(BIG), True, id="a content behind the vclock"),
        pytest.param(content_field(b"\x0a\x00") + content_field(BIG), True, id="a small sibling"),
        pytest.param(content_field(b"\x0a\x00" + b"\x12\x14" + b"t" * 20) + content_field(BIG), True, id="no value"),
        pytest.param(b"\x12\x01c" + content_field(BIG), False, id="a vclock in front"),
        pytest.param(content_field(b"\x12\x01t", BIG), False, id="a content type in front"),
        pytest.param(content_field(BIG, content_field(b"w" * 20)), False, id="two values"),
        pytest.param(content_field(BIG, b"\x0a\x00"), False, id="a second value that is empty"),
        pytest.param(content_field(BIG, b"\x8a\x00\x01w"), False, id="a second value with a long tag"),
        pytest.param(b"\x0a\x96\x80\x00" + BIG, False, id="a long length"),
        pytest.param(content_field(b"\x0a\x94\x00" + b"v" * 20), False, id="a long length of the value"),
        pytest.param(content_field(b"\x0a\x15" + b"v" * 20), False, id="a value longer than its content"),
        pytest.param(content_field(BIG)[:-1], False, id="cut off"),
        pytest.param(content_field(BIG) + b"\x12\x02c", False, id="the vclock cut off"),
        pytest.param(content_field(BIG, b"\x12\x02t"), False, id="the content type cut off"),
        pytest.param(content_field(BIG, b"\x0b"), False, id="a group without end"),
        pytest.param(b"\x0a\xff\xff\xff\xff\x0f" + BIG, False, id="the largest length"),
        pytest.param(b"\x0a", False, id="a tag alone"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_only_the_usual_shape_is_cut(kind: Any, body: bytes, is_cut: bool) -> None:
    assert isinstance(check(kind, body), LargeReply) is is_cut


def test_contents_below_the_limit_stay_in_the_message() -> None:
    reply = kv.RpbGetResp(content=[{"value": VALUE}, {"value": VALUE[: LARGE // 2]}])
    assert [type(content) for content in GET.decode_large(reply.SerializeToString()).content] == [
        LargeContent, kv.RpbContent,
    ]  # fmt: skip


def test_replies_to_gets_and_puts_are_cut_and_others_are_not() -> None:
    body = kv.RpbGetResp(content=[{"value": VALUE}]).SerializeToString()
    for operation in (GET, PUT, SEARCH_INDEX_PUT):
        assert isinstance(operation.decode_large(body), LargeReply)
    assert INDEX.decode_large == INDEX.decode


def test_a_value_does_not_share_the_buffer_it_was_received_into() -> None:
    buffer = bytearray(kv.RpbGetResp(content=[{"value": VALUE}]).SerializeToString())
    content = GET.decode_large(memoryview(buffer)).content[0]
    buffer[:] = bytes(len(buffer))
    assert content.value == VALUE


def test_a_large_content_is_copied_as_a_whole() -> None:
    sent = kv.RpbContent(value=VALUE, content_type=b"text/plain", vtag=b"tag", last_mod=1)
    content = GET.decode_large(kv.RpbGetResp(content=[sent]).SerializeToString()).content[0]
    target = kv.RpbContent()
    copy_content(content, target)
    assert target == kv.RpbContent(value=VALUE, content_type=b"text/plain")


def test_methods_of_the_message_are_not_mistaken_for_those_of_the_content() -> None:
    reply = GET.decode_large(kv.RpbGetResp(content=[{"value": VALUE}]).SerializeToString())
    for part in (reply, reply.content[0]):
        with pytest.raises(AttributeError):
            part.ByteSize()  # type: ignore[attr-defined]
