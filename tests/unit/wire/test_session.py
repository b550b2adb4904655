"""A session matches replies to requests, however the bytes come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from aioriak.riak_pb import kv
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
        session.sent(request)
    return session


def arrive(session: Session[Request], data: bytes) -> list[Any]:
    """One read brings this: what the session makes of it."""
    session.room()[: len(data)] = data
    return session.receive(len(data))


def names(replies: list[Any]) -> list[tuple[str, Any]]:
    return [(request.name, body) for request, _, body in replies]


REPLIES = encode_frame(10, b"one") + encode_frame(0, b"no") + encode_frame(12)


def three() -> Session[Request]:
    return sent(Request("a"), Request("b"), Request("c", PUT))


def test_replies_go_to_requests_in_their_order() -> None:
    session = three()
    assert names(arrive(session, REPLIES)) == [("a", b"one"), ("b", b"no"), ("c", b"")]
    assert not session.pending
    assert session.state is State.OPEN
    assert session.fault is None


@pytest.mark.parametrize("size", range(1, len(REPLIES) + 1))
def test_replies_are_the_same_whatever_the_size_of_the_reads(size: int) -> None:
    session = three()
    found = []
    for start in range(0, len(REPLIES), size):
        found += arrive(session, REPLIES[start : start + size])
    assert names(found) == [("a", b"one"), ("b", b"no"), ("c", b"")]


def test_an_error_takes_its_own_place_in_the_order() -> None:
    session = three()
    codes = [(request.name, code) for request, code, _ in arrive(session, REPLIES)]
    assert codes == [("a", 10), ("b", 0), ("c", 12)]


def test_a_request_that_was_not_answered_yet_stays() -> None:
    session = sent(Request("a"), Request("b"))
    assert names(arrive(session, encode_frame(10, b"x"))) == [("a", b"x")]
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
        session.sent(Request("a"))


def test_a_request_behind_a_stream_is_a_mistake_of_the_caller() -> None:
    session = sent(listing())
    with pytest.raises(AssertionError, match="streaming"):
        session.sent(Request("a"))


def test_a_stream_behind_a_request_is_a_mistake_of_the_caller() -> None:
    session = sent(Request("a"))
    with pytest.raises(AssertionError, match="list keys"):
        session.sent(listing())


STREAM = keys("a", "b") + keys("c") + keys("d", done=True)


@pytest.mark.parametrize("size", [1, 2, 5, 7, 11, len(STREAM)])
def test_a_stream_keeps_its_request_until_it_is_done(size: int) -> None:
    session = sent(listing())
    found = []
    for start in range(0, len(STREAM), size):
        assert session.state is State.STREAMING
        found += arrive(session, STREAM[start : start + size])
    assert [list(message.keys) for _, _, message in found] == [[b"a", b"b"], [b"c"], [b"d"]]
    assert session.state is State.OPEN
    assert not session.pending


def test_an_error_ends_a_stream_and_leaves_the_connection_good() -> None:
    session = sent(listing())
    replies = arrive(session, keys("a") + encode_frame(0, b"oops"))
    assert [code for _, code, _ in replies] == [18, 0]
    assert session.state is State.OPEN
    session.sent(Request("next"))
    assert names(arrive(session, encode_frame(10, b"x"))) == [("next", b"x")]


def test_a_query_is_a_stream_only_where_it_asked_for_one() -> None:
    session = sent(Request("query", INDEX))
    assert names(arrive(session, encode_frame(26, b"rows"))) == [("query", b"rows")]
    session.sent(Request("stream", INDEX, streaming=True))
    body = kv.RpbIndexResp(keys=[b"k"]).SerializeToString()
    ((_, _, message),) = arrive(session, encode_frame(26, body))
    assert list(message.keys) == [b"k"]
    assert session.state is State.STREAMING


def test_what_nobody_asked_for_is_a_fault() -> None:
    session = sent()
    assert arrive(session, encode_frame(10, b"x")) == []
    assert "code 10 arrived unasked" in str(session.fault)


def test_replies_that_came_before_what_nobody_asked_for_are_delivered() -> None:
    session = sent(Request("a"))
    assert names(arrive(session, encode_frame(10, b"x") + encode_frame(12))) == [("a", b"x")]
    assert "code 12 arrived unasked" in str(session.fault)


def test_replies_that_came_before_garbage_are_delivered() -> None:
    session = sent(Request("a"), Request("b"))
    assert names(arrive(session, encode_frame(10, b"x") + b"\xff" * 9)) == [("a", b"x")]
    assert "the limit is" in str(session.fault)
    assert [request.name for request in session.pending] == ["b"]


def test_a_frame_over_the_limit_is_a_fault_before_it_is_read() -> None:
    session: Session[Request] = Session(max_frame=100)
    session.sent(Request("a"))
    assert arrive(session, encode_frame(10, b"x" * 100)[:5]) == []
    assert "101 bytes arrived; the limit is 100" in str(session.fault)


def test_an_undecodable_message_of_a_stream_is_a_fault() -> None:
    session = sent(listing())
    replies = arrive(session, keys("a") + encode_frame(18, b"\xff\xff\xff"))
    assert [list(message.keys) for _, _, message in replies] == [[b"a"]]
    assert "list keys cannot be decoded" in str(session.fault)


def test_closing_gives_back_those_whose_replies_will_not_come() -> None:
    session = three()
    arrive(session, encode_frame(10, b"one"))
    assert [request.name for request in session.close()] == ["b", "c"]
    assert session.state is State.CLOSED
    assert session.close() == []


def test_what_comes_after_closing_is_dropped() -> None:
    session = sent(Request("a"))
    session.close()
    assert arrive(session, encode_frame(10, b"late")) == []
    assert session.fault is None
