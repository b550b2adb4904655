"""Frames come out whole however the bytes were cut."""

from __future__ import annotations

import re
from itertools import cycle, pairwise
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aioriak.error import ProtocolError
from aioriak.wire.framing import DEFAULT_MAX_FRAME, ROOM, Frame, FrameReader, encode_frame

frames_of = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=12)


@st.composite
def cut(draw: st.DrawFn) -> tuple[list[Frame], list[bytes]]:
    """Frames, and their bytes cut into chunks anywhere (empty ones too)."""
    frames = draw(frames_of)
    stream = b"".join(encode_frame(code, body) for code, body in frames)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    return frames, [stream[start:stop] for start, stop in pairwise([0, *cuts, len(stream)])]


def feed_all(reader: FrameReader, chunks: list[bytes]) -> list[Frame]:
    return [frame for chunk in chunks for frame in reader.feed(chunk)]


def test_a_frame_is_four_bytes_of_length_a_code_and_a_body() -> None:
    assert encode_frame(9, b"abc") == b"\x00\x00\x00\x04\x09abc"
    assert encode_frame(1) == b"\x00\x00\x00\x01\x01"


@given(cut())
def test_any_chunking_gives_the_same_frames(case: tuple[list[Frame], list[bytes]]) -> None:
    frames, chunks = case
    reader = FrameReader()
    assert feed_all(reader, chunks) == frames
    assert not reader.in_frame


@given(frames_of)
def test_one_byte_at_a_time_gives_the_same_frames(frames: list[Frame]) -> None:
    stream = b"".join(encode_frame(code, body) for code, body in frames)
    assert feed_all(FrameReader(), [bytes([byte]) for byte in stream]) == frames


@given(frames_of.filter(bool), st.data())
def test_a_stream_that_ends_within_a_frame_is_in_a_frame(frames: list[Frame], data: st.DataObject) -> None:
    last = encode_frame(*frames[-1])
    kept = data.draw(st.integers(1, len(last) - 1))
    reader = FrameReader()
    reader.feed(b"".join(encode_frame(code, body) for code, body in frames[:-1]) + last[:kept])
    assert reader.in_frame


def test_a_frame_comes_out_with_the_chunk_that_completes_it() -> None:
    reader = FrameReader()
    frame = encode_frame(10, b"value")
    assert reader.feed(frame[:-1]) == []
    assert reader.feed(frame[-1:] + frame + frame[:3]) == [(10, b"value"), (10, b"value")]
    assert reader.in_frame


def test_a_large_frame_in_many_chunks_is_joined() -> None:
    body = bytes(range(256)) * 4096
    stream = encode_frame(10, body)
    assert feed_all(FrameReader(), [stream[at : at + 1000] for at in range(0, len(stream), 1000)]) == [(10, body)]


def received(reader: FrameReader, stream: bytes, sizes: list[int]) -> list[Frame]:
    """What comes out when so many bytes at most are put into the reader's room each time."""
    frames: list[Frame] = []
    turns = cycle(sizes)
    left = memoryview(stream)
    while left:
        room = reader.room()
        count = min(len(room), len(left), next(turns))
        room[:count] = left[:count]
        frames += [(code, bytes(body)) for code, body in reader.filled(count)]
        left = left[count:]
    return frames


sizes_of_bodies = st.sampled_from([0, 1, 300, ROOM // 2 - 5, ROOM // 2 - 4, ROOM - 5, ROOM, ROOM + 1, 2 * ROOM])
sizes_of_reads = st.sampled_from([1, 4, 5, 1000, ROOM - 1, ROOM, 10 * ROOM])


@given(
    st.lists(st.tuples(st.integers(0, 255), sizes_of_bodies), max_size=6),
    st.lists(sizes_of_reads, min_size=1, max_size=8).filter(lambda sizes: max(sizes) >= 1000),
)
def test_what_is_put_into_its_room_comes_out_the_same(made: list[tuple[int, int]], sizes: list[int]) -> None:
    frames = [(code, bytes([number]) * size) for number, (code, size) in enumerate(made)]
    reader = FrameReader()
    assert received(reader, b"".join(encode_frame(*frame) for frame in frames), sizes) == frames
    assert not reader.in_frame


@pytest.mark.parametrize("size", [ROOM // 3, ROOM // 2 - 5, ROOM // 2 - 4, 5 * ROOM])
def test_a_large_frame_stays_where_it_was_put(size: int) -> None:
    reader = FrameReader()
    received(reader, encode_frame(2, b"y" * 1000) * 2000, [ROOM])  # its room has grown
    stream = encode_frame(10, b"x" * size)
    while stream:
        room = reader.room()
        count = min(len(room), len(stream))
        room[:count] = stream[:count]
        stream = stream[count:]
        frames = reader.filled(count)
    [(code, body)] = frames
    assert (code, len(body), body == b"x" * size) == (10, size, True)
    assert isinstance(body, memoryview)
    assert body.obj is room.obj
    if size + 5 <= ROOM // 2:
        assert reader.room().obj is room.obj  # the same room takes what comes next


@given(st.integers(1, 20 * ROOM), st.lists(st.sampled_from([1, 1000, ROOM]), min_size=1))
def test_memory_follows_what_was_received_not_what_a_header_claims(received_bytes: int, sizes: list[int]) -> None:
    reader = FrameReader()
    reader.feed(pack("!IB", DEFAULT_MAX_FRAME, 10))
    left = received_bytes
    for size in cycle(sizes):
        room = reader.room()
        assert len(room.obj) <= max(2 * received_bytes, ROOM)
        count = min(len(room), size if received_bytes < 100_000 else ROOM, left)
        reader.filled(count)
        left -= count
        if not left:
            break
    assert len(reader._body or b"") <= max(2 * received_bytes, ROOM)


def test_its_room_grows_as_long_as_it_is_filled() -> None:
    reader = FrameReader()
    stream = encode_frame(10, b"x" * 1000) * 2000
    sizes = []
    while stream:
        room = reader.room()
        sizes.append(len(room.obj))
        assert received(reader, stream[: len(room)], [ROOM])
        stream = stream[len(room) :]
    assert sizes[0] < sizes[-1] == ROOM
    assert sizes == sorted(sizes)


def test_chunks_and_room_may_take_turns() -> None:
    reader = FrameReader()
    stream = encode_frame(10, b"x" * 3 * ROOM) + encode_frame(2)
    assert reader.feed(stream[:100]) == []
    assert received(reader, stream[100 : 100 + ROOM], [ROOM]) == []
    assert reader.feed(stream[100 + ROOM :]) == [(10, b"x" * 3 * ROOM), (2, b"")]


def test_the_limit_is_128_mebibytes_unless_told_otherwise() -> None:
    assert FrameReader().max_frame == DEFAULT_MAX_FRAME == 128 * 2**20


def test_a_frame_of_just_the_limit_is_read() -> None:
    assert FrameReader(max_frame=10).feed(encode_frame(1, b"123456789")) == [(1, b"123456789")]


@pytest.mark.parametrize("step", [1, 3, 100])
def test_a_frame_over_the_limit_is_refused_before_its_body_comes(step: int) -> None:
    reader = FrameReader(max_frame=10)
    head = pack("!IB", 11, 1)
    with pytest.raises(ProtocolError, match="a frame of 11 bytes; the limit is 10 bytes"):
        feed_all(reader, [head[at : at + step] for at in range(0, len(head), step)])


def test_the_largest_length_of_all_is_no_reason_to_wait() -> None:
    with pytest.raises(ProtocolError, match="4294967295"):
        FrameReader().feed(b"\xff\xff\xff\xff\x00")


@pytest.mark.parametrize("step", [1, 2, 4])
def test_a_frame_of_length_zero_is_refused_without_waiting_for_more(step: int) -> None:
    reader = FrameReader()
    with pytest.raises(ProtocolError, match="length zero"):
        feed_all(reader, [bytes(step)] * (4 // step))


def test_a_zero_length_behind_good_frames_in_one_chunk_is_refused() -> None:
    with pytest.raises(ProtocolError, match="length zero"):
        FrameReader().feed(encode_frame(2) + bytes(8))


def test_every_recorded_exchange_comes_out_as_it_was_recorded(recorded: dict[str, list[dict[str, Any]]]) -> None:
    for scenario, steps in recorded.items():
        replies = [(code, bytes.fromhex(body)) for step in steps for code, body in step["recv"]]
        stream = b"".join(encode_frame(code, body) for code, body in replies)
        third = len(stream) // 3
        reader = FrameReader()
        assert feed_all(reader, [stream[:third], stream[third:]]) == replies, scenario


@pytest.mark.parametrize(
    ("received", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "the server speaks HTTP; the protocol-buffers port of Riak is usually 8087"),
        (b"<!DOCTYPE html>", "the server speaks HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "the server speaks TLS, without STARTTLS"),
        (b"SSH-2.0-OpenSSH\r\n", "the server does not speak Riak's protocol: its reply starts with 'SSH-'"),
    ],
)
def test_a_server_of_another_protocol_is_recognised(received: bytes, said: str) -> None:
    with pytest.raises(ProtocolError, match=re.escape(said)):
        FrameReader().feed(received)
