"""A session matches replies to requests, however the bytes come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from aioriak.riak_pb import base, kv
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import GET, INDEX, LIST_KEYS, PUT, Operation
from aioriak.wire.session import Session, State


@dataclass(eq=False)
class Request:
    name: str
    operation: Operation[Any, Any] = GET
    streaming: bool = False


def listing(name: str = "list") -> Request:
    return Request(name, LIST_KEYS, streaming=True)


def keys(*names: str, done: bool = False) -> bytes:
    message = kv.RpbListKeysResp(keys=[name.encode() for name in names], done=done)
    return encode_frame(18, message.SerializeToString())


def sent(*requests: Request) -> Session[Request]:
    session: Session[Request] = Session()
    for request in requests:
        session.send(request)
    session.written()
    return session


def arrive(session: Session[Request], data: bytes) -> list[Any]:
    """One read brings this: what the session makes of it."""
    session.room()[: len(data)] = data
    return session.receive(len(data))


def names(replies: list[Any]) -> list[tuple[str, Any]]:
    """Who got what: a vclock, or what the server says is wrong."""
    return [(request.name, error.text if error else message.vclock) for request, message, error in replies]


def got(vclock: bytes = b"x") -> bytes:
    return encode_frame(10, kv.RpbGetResp(vclock=vclock).SerializeToString())


def refused(text: str) -> bytes:
    return encode_frame(0, base.RpbErrorResp(errmsg=text.encode(), errcode=0).SerializeToString())


REPLIES = got(b"one") + refused("no") + encode_frame(12)


def three() -> Session[Request]:
    return sent(Request("a"), Request("b"), Request("c", PUT))


def test_replies_go_to_requests_in_their_order() -> None:
    session = three()
    assert names(arrive(session, REPLIES)) == [("a", b"one"), ("b", "no"), ("c", b"")]
    assert not session.pending
    assert session.state is State.OPEN
    assert session.fault is None


@pytest.mark.parametrize("size", range(1, len(REPLIES) + 1))
def test_replies_are_the_same_whatever_the_size_of_the_reads(size: int) -> None:
    session = three()
    found = []
    for start in range(0, len(REPLIES), size):
        found += arrive(session, REPLIES[start : start + size])
    assert names(found) == [("a", b"one"), ("b", "no"), ("c", b"")]


@pytest.mark.parametrize("size", [10_000, 100_000, 300_000])
def test_large_replies_are_decoded_before_what_follows_takes_their_room(size: int) -> None:
    values = [bytes([number]) * (50_000 * (number % 4) + number) for number in range(40)]
    replies = [kv.RpbGetResp(vclock=value[:9], content=[kv.RpbContent(value=value)]) for value in values]
    stream = memoryview(b"".join(encode_frame(10, reply.SerializeToString()) for reply in replies))
    session = sent(*(Request(str(number)) for number in range(40)))
    found: list[tuple[str, bytes, bytes]] = []
    while stream:
        room = session.room()
        count = min(size, len(room), len(stream))
        room[:count] = stream[:count]
        found += [(request.name, reply.vclock, reply.content[0].value) for request, reply, _ in session.receive(count)]
        stream = stream[count:]
    assert found == [(str(number), value[:9], value) for number, value in enumerate(values)]


def test_an_error_takes_its_own_place_in_the_order() -> None:
    session = three()
    errors = [(request.name, error is not None) for request, _, error in arrive(session, REPLIES)]
    assert errors == [("a", False), ("b", True), ("c", False)]


def test_a_request_that_was_not_answered_yet_stays() -> None:
    session = sent(Request("a"), Request("b"))
    assert names(arrive(session, got())) == [("a", b"x")]
    assert [request.name for request in session.pending] == ["b"]


@pytest.mark.parametrize(
    ("before", "plain", "streaming"),
    [
        ([], True, True),
        ([Request("a")], True, False),
        ([listing()], False, False),
    ],
    ids=["idle", "one in flight", "a stream under way"],
)
def test_what_may_be_sent_depends_on_what_is_in_flight(before: list[Request], plain: bool, streaming: bool) -> None:
    session = sent(*before)
    assert session.may_send() is plain
    assert session.may_send(streaming=True) is streaming


def test_nothing_may_be_sent_once_closed() -> None:
    session = sent()
    session.close()
    assert not session.may_send()
    with pytest.raises(AssertionError, match="closed"):
        session.send(Request("a"))


def test_a_request_behind_a_stream_is_a_mistake_of_the_caller() -> None:
    session = sent(listing())
    with pytest.raises(AssertionError, match="streaming"):
        session.send(Request("a"))


def test_a_stream_behind_a_request_is_a_mistake_of_the_caller() -> None:
    session = sent(Request("a"))
    with pytest.raises(AssertionError, match="list keys"):
        session.send(listing())


STREAM = keys("a", "b") + keys("c") + keys("d", done=True)


@pytest.mark.parametrize("size", [1, 2, 5, 7, 11, len(STREAM)])
def test_a_stream_keeps_its_request_until_it_is_done(size: int) -> None:
    session = sent(listing())
    found = []
    for start in range(0, len(STREAM), size):
        assert session.state is State.STREAMING
        found += arrive(session, STREAM[start : start + size])
    assert [list(message.keys) for _, message, _ in found] == [["a", "b"], ["c"], ["d"]]
    assert session.state is State.OPEN
    assert not session.pending


def test_an_error_ends_a_stream_and_leaves_the_connection_good() -> None:
    session = sent(listing())
    (_, first, _), (_, _, error) = arrive(session, keys("a") + refused("oops"))
    assert list(first.keys) == ["a"]
    assert error.text == "oops"
    assert session.state is State.OPEN
    session.send(Request("next"))
    session.written()
    assert names(arrive(session, got())) == [("next", b"x")]


def test_a_query_is_a_stream_only_where_it_asked_for_one() -> None:
    session = sent(Request("query", INDEX))
    body = kv.RpbIndexResp(keys=[b"k"]).SerializeToString()
    ((_, message, _),) = arrive(session, encode_frame(26, body))
    assert list(message.keys) == ["k"]
    assert session.state is State.OPEN
    session.send(Request("stream", INDEX, streaming=True))
    session.written()
    ((_, message, _),) = arrive(session, encode_frame(26, body))
    assert list(message.keys) == ["k"]
    assert session.state is State.STREAMING


FAULTS = {
    "surplus": got() + got() + got() + encode_frame(12),
    "another code": got() + encode_frame(12),
    "undecodable": got() + encode_frame(10, b"\xff\xff\xff"),
    "undecodable error": got() + encode_frame(0, b"\xff\xff\xff"),
    "no frame": got() + b"\xff" * 9,
}


@pytest.mark.parametrize("data", FAULTS.values(), ids=FAULTS)
def test_nothing_of_a_read_with_a_fault_is_delivered(data: bytes) -> None:
    session = sent(Request("a"), Request("b"), Request("c"))
    assert arrive(session, data) == []
    assert session.fault is not None
    assert [request.name for request in session.pending] == ["a", "b", "c"]
    assert arrive(session, got()) == [], "nothing counts after a fault"


@pytest.mark.parametrize("what", ["another code", "undecodable", "undecodable error"])
def test_a_fault_in_one_reply_names_its_request(what: str) -> None:
    session = sent(Request("a"), Request("b"), Request("c"))
    arrive(session, FAULTS[what])
    assert session.faulty is session.pending[1]
    assert session.fault is not None
    assert "get" in session.fault.value


def test_a_reply_to_an_idle_session_is_a_fault() -> None:
    session = sent()
    assert arrive(session, got()) == []
    assert "code 10, which answers no request" in str(session.fault)


def test_a_reply_to_a_request_that_is_not_written_is_a_fault() -> None:
    session = sent(Request("a"))
    session.send(Request("b"))
    assert arrive(session, got() + got()) == []
    assert "answers no request" in str(session.fault)


def test_a_message_of_a_stream_that_is_not_written_is_a_fault() -> None:
    session = sent()
    session.send(listing())
    assert arrive(session, keys("a")) == []
    assert "answers no request" in str(session.fault)


def test_what_follows_the_end_of_a_stream_is_a_fault() -> None:
    session = sent(listing())
    assert arrive(session, keys("a", done=True) + keys("b")) == []
    assert "code 18, which answers no request" in str(session.fault)


def test_a_frame_over_the_limit_is_a_fault_before_it_is_read() -> None:
    session: Session[Request] = Session(max_frame=100)
    session.send(Request("a"))
    session.written()
    assert arrive(session, encode_frame(10, b"x" * 100)[:5]) == []
    assert "101 bytes; the limit is 100" in str(session.fault)


def test_an_undecodable_message_of_a_stream_is_a_fault() -> None:
    session = sent(listing())
    assert arrive(session, keys("a") + encode_frame(18, b"\xff\xff\xff")) == []
    assert "list keys cannot be decoded" in str(session.fault)


def test_closing_gives_back_those_whose_replies_will_not_come() -> None:
    session = three()
    arrive(session, got(b"one"))
    assert [request.name for request in session.close()] == ["b", "c"]
    assert session.state is State.CLOSED
    assert session.close() == []


def test_what_comes_after_closing_is_dropped() -> None:
    session = sent(Request("a"))
    session.close()
    assert arrive(session, got(b"late")) == []
    assert session.fault is None
