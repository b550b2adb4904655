"""Requests that are encoded from a prepared part are the bytes that the message classes make."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aioriak.operations.encoding import GetEncoder
from aioriak.riak_pb import kv
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import GET

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


def test_an_encoder_remembers_a_bounded_number_of_lengths() -> None:
    encoder = GetEncoder(None, b"users")
    for length in range(1, 2000):
        encoder.frame(bytes(length), 1000)
    assert len(encoder._heads) <= 256
