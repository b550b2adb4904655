"""Requests that are encoded from a prepared part are the bytes that the message classes make."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aioriak.operations.contents import Outgoing, fill
from aioriak.operations.encoding import GetEncoder, PutEncoder
from aioriak.riak_pb import kv
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import GET, PUT
from aioriak.wire.varint import varint

KINDS = st.none() | st.binary(min_size=1, max_size=200)
NAMES = st.binary(min_size=1, max_size=300)
TIMEOUTS = st.sampled_from([0, 1, 127, 128, 60_000, 0xFFFFFFFF])


@given(KINDS, NAMES, st.lists(st.tuples(NAMES, TIMEOUTS), min_size=1, max_size=6))
def test_gets_are_encoded_as_their_messages_are(
    kind: bytes | None, bucket: bytes, gets: list[tuple[bytes, int]]
) -> None:
    encoder = GetEncoder(kind, bucket)
    for key, timeout in gets:
        message = kv.RpbGetReq(bucket=bucket, key=key, deletedvclock=True)
        if kind is not None:
            message.type = kind
        assert encoder.request(key).message() == message
        if timeout:
            message.timeout = timeout
        assert encoder.frame(key, timeout) == encode_frame(GET.request_code, message.SerializeToString())


@given(
    KINDS,
    NAMES,
    st.lists(
        st.tuples(
            NAMES,
            st.none() | st.binary(max_size=200),
            st.binary(max_size=300),
            st.none() | st.text(max_size=150),
            st.none() | st.booleans(),
            TIMEOUTS,
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_puts_are_encoded_as_their_messages_are(
    kind: bytes | None, bucket: bytes, puts: list[tuple[bytes, bytes | None, bytes, str | None, bool | None, int]]
) -> None:
    encoder = PutEncoder(kind, bucket)
    for key, vclock, value, content_type, return_body, timeout in puts:
        message = kv.RpbPutReq(bucket=bucket, key=key, vclock=vclock)
        if kind is not None:
            message.type = kind
        if return_body is not None:
            message.return_body = return_body
        fill(message.content, Outgoing(value, content_type))
        request = encoder.request(key, vclock, Outgoing(value, content_type), return_body)
        assert request.message() == message
        if timeout:
            message.timeout = timeout
        assert encoder.frame(request, timeout) == encode_frame(PUT.request_code, message.SerializeToString())


@given(st.integers(0, 2**32 - 1))
def test_a_length_is_what_the_message_classes_write(number: int) -> None:
    assert varint(number) == kv.RpbIndexReq(max_results=number).SerializePartialToString()[1:]


def test_an_encoder_remembers_a_bounded_number_of_prepared_parts() -> None:
    encoder = GetEncoder(None, b"users")
    for length in range(1, 2000):
        encoder.frame(bytes(length), 1000)
    assert len(encoder._heads) <= 256
    puts = PutEncoder(None, b"users")
    for number in range(1, 2000):
        content = Outgoing(b"value", f"text/{number}")
        puts.frame(puts.request(bytes(number), None, content, False), number)
    assert len(puts._plans) <= 256
