"""A connection: requests in a pipeline, streams alone, and every way in which it can end."""

from __future__ import annotations

import asyncio
import select
from typing import Any

import pytest

from aioriak.error import (
    ConnectionLost,
    NodeNotReady,
    NotSupported,
    Overload,
    PoolTimeout,
    ProtocolError,
    RequestTimeout,
    RiakError,
    WriteGarbled,
    WriteLost,
    WriteTimeout,
)
from aioriak.transport.connection import TRANSITIONS, AnyExchange, Connection, Event, State
from aioriak.transport.exchange import MESSAGE_COST
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import FIND_KEYS, PUT, SEARCH, SET_BUCKET
from aioriak.wire.operation import QUEUE_FETCH as FETCH
from tests.wires import (
    DONE,
    Clock,
    Ledger,
    Wire,
    connection,
    error,
    keys,
    reply,
    reply_of,
    request,
    stream,
    turn,
    vclock,
)


async def opened(*exchanges: AnyExchange, **options: Any) -> tuple[Connection, Wire, Ledger]:
    """A connection over which these were sent."""
    made, wire = connection(**options)
    made.owner = ledger = Ledger()
    for exchange in exchanges:
        made.send(exchange)
    await turn()
    return made, wire, ledger


def failure(exchange: Any) -> RiakError:
    assert exchange.done()
    assert not exchange.future.cancelled()
    found = exchange.future.exception()
    assert isinstance(found, RiakError)
    return found


# -- sending ------------------------------------------------------------------------


async def test_requests_of_one_turn_leave_in_one_write() -> None:
    _, wire, _ = await opened(request("a"), request("b"), request("c"))
    assert len(wire.written) == 1
    assert wire.requests == [(9, b"a"), (9, b"b"), (9, b"c")]


async def test_requests_of_two_turns_leave_in_two_writes() -> None:
    made, wire, _ = await opened(request("a"))
    made.send(request("b"))
    await turn()
    assert len(wire.written) == 2


async def test_what_is_asked_for_on_an_answer_leaves_in_the_same_turn() -> None:
    made, wire, _ = await opened(request("a"))
    wire.feed(reply("1"))
    made.send(request("b"))  # as the task that was answered would, in the turn that follows
    await turn(1)
    assert wire.requests == [(9, b"a"), (9, b"b")]
    made.send(request("c"))
    await turn(1)
    assert len(wire.written) == 3


async def test_a_large_frame_is_written_as_it_is_in_its_place() -> None:
    large = request("x" * 100_000)
    _, wire, _ = await opened(request("a"), request("b"), large, request("c"))
    assert wire.written[1] is large.frame or wire.written[1] == large.frame
    assert len(wire.written) == 3
    assert [body[:1] for _, body in wire.requests] == [b"a", b"b", b"x", b"c"]


async def test_a_request_counts_as_sent_when_it_is_written_not_before() -> None:
    made, _ = connection()
    exchange = request("a")
    made.send(exchange)
    assert not exchange.sent
    await turn()
    assert exchange.sent


async def test_a_full_send_buffer_makes_a_connection_unusable_until_it_drains() -> None:
    made, _, ledger = await opened()
    made.pause_writing()
    assert not made.usable
    made.resume_writing()
    assert made.usable
    assert ledger.changes == [False, True]


# -- replies -------------------------------------------------------------------------


async def test_replies_are_handed_out_in_the_order_of_the_requests() -> None:
    first, second, third = request("a"), request("b"), request("c")
    _, wire, ledger = await opened(first, second, third)
    wire.feed(reply("1"), reply("2"))
    assert (await reply_of(first), await reply_of(second)) == (b"1", b"2")
    assert not third.done()
    assert ledger.answered == 2


async def test_an_error_takes_its_place_and_nobody_elses() -> None:
    first, second, third = request("a"), request("b"), request("c")
    _, wire, _ = await opened(first, second, third)
    wire.feed(reply("1"), error("overload"), reply("3"))
    assert await reply_of(first) == b"1"
    assert isinstance(failure(second), Overload)
    assert failure(second).node == "node:8087"
    assert await reply_of(third) == b"3"


async def test_a_cancelled_request_keeps_its_place() -> None:
    first, second, third = request("a"), request("b"), request("c")
    _, wire, ledger = await opened(first, second, third)
    second.cancel()
    wire.feed(reply("1"), reply("2"), reply("3"))
    assert (await reply_of(first), await reply_of(third)) == (b"1", b"3")
    assert second.future.cancelled()
    assert ledger.answered == 3


async def test_a_request_cancelled_before_it_was_written_keeps_its_place() -> None:
    made, wire = connection()
    first, second = request("a"), request("b")
    made.send(first)
    made.send(second)
    first.cancel()
    await turn()
    assert wire.requests == [(9, b"a"), (9, b"b")]
    wire.feed(reply("1"), reply("2"))
    assert await reply_of(second) == b"2"


async def test_a_request_that_timed_out_keeps_its_place() -> None:
    clock = Clock()
    first, second = request("a", within=1), request("b", within=10)
    _, wire, _ = await opened(first, second)
    await clock.advance(2)
    assert type(failure(first)) is RequestTimeout
    wire.feed(reply("1"), reply("2"))
    assert await reply_of(second) == b"2"


async def test_nothing_new_follows_a_request_that_was_given_up_until_its_reply_comes() -> None:
    clock = Clock()
    slow = request("a", within=1)
    made, wire, ledger = await opened(slow)
    await clock.advance(2)
    assert not made.usable
    wire.feed(reply("1"))
    assert made.usable
    assert ledger.changes == [False]
    assert ledger.answered == 1  # of which the owner learns that the connection may be used again
    assert slow.future.exception() is not None


async def test_nothing_new_follows_a_cancelled_request_either() -> None:
    slow = request("a", within=60)
    made, wire, _ = await opened(slow)
    slow.cancel()
    assert not made.usable
    wire.feed(reply("1"))
    assert made.usable


async def test_a_cancelled_request_holds_others_back_from_the_moment_it_is_the_oldest() -> None:
    first, second = request("a"), request("b")
    made, wire, _ = await opened(first, second)
    second.cancel()
    assert made.usable
    wire.feed(reply("1"))
    assert not made.usable
    assert await reply_of(first) == b"1"
    wire.feed(reply("2"))
    assert made.usable


async def test_a_request_that_timed_out_holds_others_back_from_the_moment_it_is_the_oldest() -> None:
    clock = Clock()
    first, second = request("a", within=100), request("b", within=1)
    made, wire, _ = await opened(first, second)
    await clock.advance(2)
    assert made.usable
    wire.feed(reply("1"))
    assert not made.usable
    wire.feed(reply("2"))
    assert made.usable
    assert isinstance(failure(second), RequestTimeout)


async def test_nothing_new_follows_until_all_that_was_given_up_in_front_is_answered() -> None:
    first, second, third = request("a"), request("b"), request("c")
    made, wire, _ = await opened(first, second, third)
    second.cancel()
    first.cancel()
    wire.feed(reply("1"))
    assert not made.usable
    wire.feed(reply("2"))
    assert made.usable
    wire.feed(reply("3"))
    assert await reply_of(third) == b"3"


async def test_the_others_go_on_behind_a_request_that_was_given_up() -> None:
    first, second = request("a"), request("b")
    made, wire, _ = await opened(first, second)
    first.cancel()
    assert not made.usable
    wire.feed(reply("1"))
    assert made.usable
    assert not second.done()
    wire.feed(reply("2"))
    assert await reply_of(second) == b"2"


async def test_a_code_that_every_riak_knows_and_this_one_does_not_means_it_is_not_ready() -> None:
    get, search = request("a"), request("b", operation=SEARCH)
    _, wire, _ = await opened(get, search)
    wire.feed(error("Unknown message code: 9"), error("Unknown message code: 27"))
    assert type(failure(get)) is NodeNotReady
    assert type(failure(search)) is NotSupported


# -- garbage ---------------------------------------------------------------------------


async def test_a_reply_of_another_kind_ends_the_connection_and_nothing_of_that_read_counts() -> None:
    first, second, third = request("a"), request("b", operation=PUT), request("c")
    made, wire, ledger = await opened(first, second, third)
    wire.feed(reply("1"), reply("2"))  # the second is a get's
    await turn()
    assert isinstance(failure(first), ConnectionLost)
    assert isinstance(failure(second), WriteGarbled)
    assert "received message code 10 as the reply to put" in str(failure(second))
    assert isinstance(failure(third), ConnectionLost)
    assert wire.aborted
    assert not made.usable
    assert ledger.answered == 0
    assert ledger.losses == [3]


async def test_what_came_in_an_earlier_read_than_a_fault_counts() -> None:
    first, second = request("a"), request("b")
    _, wire, _ = await opened(first, second)
    wire.feed(reply("1"))
    wire.feed(reply("?", PUT))
    assert await reply_of(first) == b"1"
    assert isinstance(failure(second), ProtocolError)


async def test_replies_behind_one_of_another_kind_in_the_same_read_are_not_trusted() -> None:
    first, second = request("a"), request("b")
    _, wire, _ = await opened(first, second)
    wire.feed(reply("?", PUT), reply("2"))
    await turn()
    assert isinstance(failure(first), ProtocolError)
    assert isinstance(failure(second), ConnectionLost)


async def test_one_reply_too_many_gives_nobody_a_value() -> None:
    gets = [request(name) for name in "abc"]
    _, wire, _ = await opened(*gets)
    wire.feed(*(reply(name) for name in "xabc"))
    await turn()
    assert all(isinstance(failure(get), ConnectionLost) for get in gets)
    assert wire.aborted


async def test_a_body_that_cannot_be_decoded_ends_the_connection() -> None:
    first, second, put = request("a"), request("b"), request("c", operation=PUT)
    _, wire, _ = await opened(first, second, put)
    wire.feed(encode_frame(10, b"\xff\xff\xff"), reply("2"), reply("", PUT))
    await turn()
    assert type(failure(first)) is ProtocolError
    assert "the reply to get cannot be decoded" in str(failure(first))
    assert isinstance(failure(second), ConnectionLost)
    assert isinstance(failure(put), WriteLost)
    assert wire.aborted


async def test_a_reply_cannot_answer_a_request_that_was_not_written_yet() -> None:
    made, wire = connection()
    get = request("a")
    made.send(get)
    wire.feed(reply("?"))
    await turn()
    assert isinstance(failure(get), ConnectionLost)
    assert not get.sent
    assert wire.written == []
    assert wire.aborted


async def test_replies_cannot_answer_the_last_of_several_before_it_is_written() -> None:
    first, second = request("a"), request("b", operation=PUT)
    made, wire, _ = await opened(first)
    made.send(second)
    wire.feed(reply("1"), reply("?", PUT))
    await turn()
    assert isinstance(failure(first), ConnectionLost)
    assert type(failure(second)) is ConnectionLost, "it was never sent"
    assert not second.sent


async def test_nothing_is_read_from_a_connection_after_a_fault() -> None:
    first, second = request("a"), request("b")
    _, wire, _ = await opened(first, second)
    wire.feed(reply("?", PUT))
    wire.feed(reply("1"), reply("2"))
    await turn()
    assert isinstance(failure(second), ConnectionLost)


async def test_an_error_that_cannot_be_decoded_ends_the_connection() -> None:
    first, second = request("a"), request("b", operation=PUT)
    _, wire, _ = await opened(first, second)
    wire.feed(encode_frame(0, b"\xff\xff"))
    await turn()
    assert isinstance(failure(first), ProtocolError)
    assert isinstance(failure(second), WriteLost)
    assert wire.aborted


async def test_garbage_ends_the_connection_and_nothing_of_that_read_counts() -> None:
    first, second, put = request("a"), request("b"), request("c", operation=PUT)
    made, wire, ledger = await opened(first, second, put)
    wire.feed(reply("1"), b"\xff" * 20)
    await turn()
    assert type(failure(first)) is ConnectionLost
    assert type(failure(second)) is ConnectionLost
    assert "the limit is" in str(failure(second))
    assert type(failure(put)) is WriteLost
    assert isinstance(made.last_error, ProtocolError)
    assert (ledger.answered, ledger.losses) == (0, [3])


async def test_a_frame_over_the_limit_ends_the_connection() -> None:
    waiting = request("a")
    _, wire, _ = await opened(waiting, max_frame=1000)
    wire.feed(encode_frame(10, b"x" * 2000)[:10])
    await turn()
    assert "a frame of 2001 bytes; the limit is 1000 bytes" in str(failure(waiting))
    assert wire.aborted


async def test_a_message_that_nobody_asked_for_ends_the_connection() -> None:
    _, wire, ledger = await opened()
    wire.feed(reply("?"))
    await turn()
    assert wire.aborted
    assert ledger.losses == [0]


# -- the end ------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", [None, ConnectionResetError("reset by peer")], ids=["end of file", "reset"])
async def test_what_was_sent_is_lost_with_the_connection_and_a_write_may_have_happened(cause: Exception | None) -> None:
    get, put, cancelled = request("a"), request("b", operation=PUT), request("c")
    made, wire, ledger = await opened(get, put, cancelled)
    cancelled.cancel()
    wire.lose(cause)
    await turn()
    assert type(failure(get)) is ConnectionLost
    assert failure(get).__cause__ is cause
    assert type(failure(put)) is WriteLost
    assert (get.sent, put.sent) == (True, True)
    assert not made.is_open
    assert not made.usable
    assert made.closed.done()
    assert ledger.losses == [3]


async def test_what_was_never_written_is_lost_without_doubt() -> None:
    made, wire = connection()
    put = request("b", operation=PUT)
    wire.lose(None)
    made.send(put)
    await turn()
    assert type(failure(put)) is ConnectionLost
    assert not put.sent
    assert wire.written == []


@pytest.mark.parametrize("cut", [1, 4, 5, 8])
async def test_a_reply_cut_in_the_middle_is_lost(cut: int) -> None:
    get = request("a")
    _, wire, _ = await opened(get)
    wire.feed(reply("value")[:cut])
    wire.lose(None)
    await turn()
    assert type(failure(get)) is ConnectionLost


async def test_losing_an_idle_connection_is_told_to_its_owner_and_nobody_else() -> None:
    made, wire, ledger = await opened()
    wire.lose(ConnectionResetError())
    await turn()
    assert ledger.losses == [0]
    assert not made.dismissed


async def test_a_stream_that_is_cut_gives_what_came_and_then_the_error() -> None:
    listing = stream()
    _, wire, ledger = await opened(listing)
    wire.feed(keys("a", "b"))
    wire.lose(None)
    await turn()
    assert list((await listing.next()).keys) == ["a", "b"]
    with pytest.raises(ConnectionLost):
        await listing.next()
    assert ledger.losses == [1]


async def test_closing_sends_what_was_not_written_yet() -> None:
    made, wire = connection()
    put = request("a", operation=PUT)
    made.send(put)
    made.close()
    await turn()
    assert wire.requests == [(11, b"a")]
    assert type(failure(put)) is WriteLost
    assert made.dismissed


async def test_a_retired_connection_takes_nothing_new_and_closes_when_all_is_answered() -> None:
    first, second = request("a"), request("b")
    made, wire, _ = await opened(first, second)
    made.retire()
    assert not made.usable
    wire.feed(reply("1"))
    assert not wire.closing
    wire.feed(reply("2"))
    assert wire.closing
    assert (await reply_of(first), await reply_of(second)) == (b"1", b"2")
    await made.closed


async def test_a_retired_connection_closes_at_once_when_it_is_idle() -> None:
    made, wire, _ = await opened()
    made.retire()
    assert wire.closing
    await made.closed


async def test_a_retired_connection_does_not_wait_for_replies_that_nobody_wants() -> None:
    given_up = request("a")
    made, wire, _ = await opened(given_up)
    given_up.cancel()
    made.retire()
    assert wire.closing
    await made.closed


# -- deadlines ------------------------------------------------------------------------------


async def test_one_timer_watches_all_deadlines() -> None:
    loop = asyncio.get_running_loop()
    clock = Clock()
    armed: list[float] = []
    original = loop.call_at

    def call_at(when: float, *args: Any, **options: Any) -> asyncio.TimerHandle:
        armed.append(when)
        return original(when, *args, **options)

    loop.call_at = call_at  # type: ignore[assignment, method-assign]
    many = [request(str(number), within=60) for number in range(100)]
    _, wire, _ = await opened(*many)
    assert len(armed) == 1
    wire.feed(*[reply(str(number)) for number in range(100)])
    await clock.advance(61)
    assert len(armed) == 1, "nothing is in flight, nothing is watched"
    assert [vclock(one) for one in many] == [str(number).encode() for number in range(100)]


async def test_a_shorter_deadline_is_kept_behind_a_longer_one() -> None:
    clock = Clock()
    patient, hasty = request("a", within=100), request("b", operation=PUT, within=1)
    made, wire, _ = await opened(patient, hasty)
    await clock.advance(2)
    assert type(failure(hasty)) is WriteTimeout
    assert not patient.done()
    assert made.usable, "the oldest is still within its time"
    wire.feed(reply("1"), reply("", PUT))
    assert await reply_of(patient) == b"1"


async def test_a_request_without_a_deadline_waits() -> None:
    clock = Clock()
    patient = request("a")
    _, wire, _ = await opened(patient)
    await clock.advance(10_000)
    assert not patient.done()
    wire.feed(reply("1"))
    assert await reply_of(patient) == b"1"


async def test_a_reply_that_is_overdue_closes_the_connection_and_reads_behind_go_elsewhere() -> None:
    clock = Clock()
    first, second = request("a", within=1), request("b", within=60)
    made, wire, ledger = await opened(first, second, overdue=5.0)
    await clock.advance(2)
    await clock.advance(2)
    assert not wire.closing
    await clock.advance(3)
    assert wire.aborted
    assert type(failure(first)) is RequestTimeout
    assert not second.done()
    assert ledger.displacements == [second]
    assert ledger.losses == [2]
    assert "get: the reply is long overdue" in str(made.last_error)


async def test_a_connection_with_a_write_behind_an_overdue_reply_stays_until_the_writes_own_deadline() -> None:
    clock = Clock()
    first, put, get = request("a", within=1), request("b", operation=PUT, within=60), request("c", within=200)
    _, wire, ledger = await opened(first, put, get, overdue=5.0)
    await clock.advance(2)
    for _ in range(11):
        await clock.advance(5)
        assert not wire.closing
    assert not put.done()
    await clock.advance(5)
    await clock.advance(6)
    assert type(failure(put)) is WriteTimeout
    assert wire.aborted
    assert ledger.displacements == [get]


async def test_a_write_behind_an_overdue_reply_is_answered_when_the_reply_comes_after_all() -> None:
    clock = Clock()
    first, put = request("a", within=1), request("b", operation=PUT, within=60)
    _, wire, _ = await opened(first, put, overdue=5.0)
    for _ in range(5):
        await clock.advance(5)
    wire.feed(error("timeout"), reply("2", PUT))
    assert await reply_of(put) == b"2"
    assert isinstance(failure(first), RequestTimeout)


async def test_an_overdue_reply_counts_from_when_its_request_was_the_oldest() -> None:
    clock = Clock()
    first, second = request("a", within=100), request("b", within=1)
    _, wire, _ = await opened(first, second, overdue=5.0)
    for _ in range(4):
        await clock.advance(5)
    assert not wire.closing, "the oldest is awaited"
    wire.feed(reply("1"))
    await clock.advance(4)
    assert not wire.closing
    await clock.advance(2)
    assert wire.aborted
    assert isinstance(failure(second), RequestTimeout)


@pytest.mark.parametrize("within", [60, None])
async def test_a_cancelled_request_is_overdue_from_then_on(within: float | None) -> None:
    clock = Clock()
    first, second = request("a", within=within), request("b", within=60)
    _, wire, ledger = await opened(first, second, overdue=5.0)
    first.cancel()
    await clock.advance(4)
    assert not wire.closing
    await clock.advance(2)
    assert wire.aborted
    assert ledger.displacements == [second]


async def test_overdue_may_be_switched_off() -> None:
    clock = Clock()
    first = request("a", within=1)
    made, wire, _ = await opened(first, overdue=None)
    await clock.advance(2)
    await clock.advance(1000)
    assert failure(first)
    assert not wire.closing
    assert not made.usable


# -- streams -----------------------------------------------------------------------------------


async def names(listing: Any) -> list[list[bytes]]:
    found = []
    while (message := await listing.next()) is not None:
        found.append([key.encode() for key in message.keys])
    return found


async def test_a_stream_has_its_connection_to_itself_until_done() -> None:
    listing = stream()
    made, wire, ledger = await opened(listing)
    assert not made.usable
    wire.feed(keys("a"))
    assert not made.usable
    wire.feed(DONE)
    assert made.usable
    assert ledger.answered == 1
    assert await names(listing) == [[b"a"], []]


async def test_all_messages_of_a_stream_that_come_in_one_read_are_delivered() -> None:
    listing = stream()
    _, wire, ledger = await opened(listing)
    wire.feed(keys("a"), keys("b", "c"), keys("d", done=True))
    assert await names(listing) == [[b"a"], [b"b", b"c"], [b"d"]]
    assert ledger.answered == 1


async def test_a_server_error_ends_a_stream_and_frees_the_connection() -> None:
    listing = stream()
    made, wire, ledger = await opened(listing)
    wire.feed(keys("a"), error("overload"))
    assert made.usable
    assert list((await listing.next()).keys) == ["a"]
    with pytest.raises(Overload):
        await listing.next()
    assert ledger.answered == 1


async def test_reading_pauses_while_a_streams_consumer_lags() -> None:
    size = MESSAGE_COST + len(keys("a" * 10)[5:])
    listing = stream(limit=2 * size - 1)
    _, wire, _ = await opened(listing)
    wire.feed(keys("a" * 10))
    assert wire.reading
    wire.feed(keys("b" * 10))
    assert not wire.reading
    assert listing.buffered == 2 * size
    await listing.next()
    assert not wire.reading, "more than half of the limit still waits"
    await listing.next()
    assert wire.reading
    assert listing.buffered == 0


async def test_a_stream_that_ended_does_not_keep_the_connection_from_reading() -> None:
    listing = stream(limit=20)
    made, wire, _ = await opened(listing)
    wire.feed(keys("a" * 30), DONE)
    assert wire.reading
    get = request("next")
    made.send(get)
    await turn()
    wire.feed(reply("1"))
    assert await reply_of(get) == b"1"
    assert await names(listing) == [[b"a" * 30], []]


async def test_the_consumer_of_an_ended_stream_does_not_resume_the_next_one() -> None:
    ended, current = stream(limit=20), stream(limit=20)
    made, wire, _ = await opened(ended)
    wire.feed(keys("a" * 30), DONE)
    made.send(current)
    await turn()
    wire.feed(keys("b" * 30))
    assert not wire.reading
    assert await names(ended) == [[b"a" * 30], []]
    assert not wire.reading
    await current.next()
    assert wire.reading


async def test_leaving_a_stream_early_closes_its_connection_at_once() -> None:
    listing = stream()
    made, wire, ledger = await opened(listing)
    wire.feed(keys("a"))
    listing.cancel()
    assert wire.aborted
    await turn()
    assert ledger.losses == [1]
    assert made.dismissed


async def test_leaving_a_stream_that_has_ended_leaves_the_connection() -> None:
    listing = stream(limit=20)
    made, wire, _ = await opened(listing)
    wire.feed(keys("a" * 30), DONE)
    listing.cancel()
    assert made.usable
    assert wire.reading
    assert listing.buffered == 0


async def test_a_message_that_takes_too_long_ends_the_stream() -> None:
    clock = Clock()
    listing = stream(within=10)
    _, wire, _ = await opened(listing)
    step = asyncio.ensure_future(listing.next())
    await turn()
    await clock.advance(8)
    wire.feed(keys("a"))
    assert list((await step).keys) == ["a"]
    step = asyncio.ensure_future(listing.next())
    await turn()
    await clock.advance(8)
    assert not step.done(), "each message has the whole time"
    await clock.advance(3)
    with pytest.raises(RequestTimeout, match="the next message"):
        await step
    assert wire.aborted


async def test_a_stream_that_was_never_sent_has_waited_for_the_pool() -> None:
    clock = Clock()
    listing = stream(within=10)
    step = asyncio.ensure_future(listing.next())
    await turn()
    await clock.advance(11)
    with pytest.raises(PoolTimeout):
        await step


async def test_a_reply_of_another_kind_ends_a_stream_and_its_connection() -> None:
    listing = stream()
    _, wire, _ = await opened(listing)
    wire.feed(keys("a"))
    wire.feed(reply("?"))
    await turn()
    assert list((await listing.next()).keys) == ["a"]
    with pytest.raises(ProtocolError, match="list keys"):
        await listing.next()
    assert wire.aborted


async def test_a_retired_connection_closes_when_its_stream_has_ended() -> None:
    listing = stream()
    made, wire, _ = await opened(listing)
    made.retire()
    wire.feed(keys("a"))
    assert not wire.closing
    wire.feed(DONE)
    assert wire.closing
    assert await names(listing) == [[b"a"], []]


async def test_a_fold_has_its_connection_to_itself() -> None:
    fold = request("a", operation=FIND_KEYS)
    made, wire, _ = await opened(fold)
    assert not made.usable
    wire.feed(reply("", FIND_KEYS))
    assert made.usable
    await fold


async def test_a_fold_that_is_given_up_takes_its_connection_with_it() -> None:
    fold = request("a", operation=FIND_KEYS)
    _, wire, _ = await opened(fold)
    fold.cancel()
    await turn()
    assert wire.aborted


async def test_a_million_empty_messages_do_not_fit_into_the_buffer() -> None:
    listing = stream(limit=100 * MESSAGE_COST)
    _, wire, _ = await opened(listing)
    for _ in range(200):
        if not wire.reading:
            break
        wire.feed(encode_frame(18) * 10)
    assert not wire.reading
    assert listing.buffered <= 111 * MESSAGE_COST


async def test_a_read_of_a_stream_is_of_limited_size() -> None:
    listing = stream(limit=1 << 30)
    made, wire, _ = await opened(listing)
    for _ in range(4):
        wire.feed(encode_frame(18) * 50_000)
    assert len(made.get_buffer(1 << 20)) <= 64 * 1024


async def test_a_cancelled_step_of_a_stream_takes_no_message() -> None:
    listing = stream()
    _, wire, _ = await opened(listing)
    step = asyncio.ensure_future(listing.next())
    await turn()
    step.cancel()
    await turn()
    wire.feed(keys("a"))
    wire.feed(DONE)
    assert await names(listing) == [[b"a"], []]


async def test_a_stream_that_failed_raises_its_error_at_every_step() -> None:
    listing = stream()
    _, wire, _ = await opened(listing)
    wire.lose(None)
    await turn()
    for _ in range(3):
        with pytest.raises(ConnectionLost):
            await listing.next()


# -- requests that leave for another connection ---------------------------------------------------


async def test_reads_behind_the_oldest_may_leave_and_their_replies_are_dropped_in_their_places() -> None:
    first, second, put, third = request("a"), request("b"), request("p", operation=PUT), request("c")
    made, wire, _ = await opened(first, second, put, third)
    assert made.movable() == [second, third]
    made.withdraw(second)
    wire.feed(reply("1"), reply("late"), reply("2", PUT), reply("3"))
    assert (await reply_of(first), await reply_of(put), await reply_of(third)) == (b"1", b"2", b"3")
    assert not second.done()


async def test_idempotent_writes_stay_where_they_are() -> None:
    """The first copy would take effect after whatever was written later."""
    made, _, _ = await opened(request("a"), request("b", operation=SET_BUCKET), request("c", operation=FETCH))
    assert made.movable() == []


# -- states ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
async def test_an_event_that_the_table_does_not_know_for_a_state_changes_nothing(state: State, event: Event) -> None:
    made, _ = connection()
    made.state = state
    legal = event in TRANSITIONS[state]
    assert made._move(event) is legal
    assert made.state is TRANSITIONS[state].get(event, state)
    assert not legal or made.usable is (made.state is State.OPEN)


async def test_a_connection_that_was_closed_before_it_was_made_stays_closed() -> None:
    made = Connection(asyncio.get_running_loop(), "node:8087")
    made.close()
    wire = Wire(made)
    assert wire.aborted
    assert not made.usable
    await made.closed


# -- dead or alive ---------------------------------------------------------------------------------


async def test_an_idle_connection_looks_dead_when_there_is_something_to_read() -> None:
    made, wire, _ = await opened()
    assert not made.looks_dead()
    wire.far.close()
    assert made.looks_dead()


async def test_a_connection_is_checked_where_select_has_no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll", raising=False)
    made, wire, _ = await opened()
    assert not made.looks_dead()
    wire.far.close()
    assert made.looks_dead()


async def test_a_closed_connection_looks_dead() -> None:
    made, _, _ = await opened()
    made.close()
    assert made.looks_dead()
    await made.closed
    assert made.looks_dead()
    assert "closed" in repr(made)


# -- requests behind one that was given up ------------------------------------------------------


async def test_what_was_not_written_behind_a_cancelled_request_goes_elsewhere() -> None:
    cancelled = request("1")
    _, wire, ledger = await opened(cancelled)
    put, get = request("2", operation=PUT), request("3")
    wire.protocol.send(put)
    wire.protocol.send(get)
    cancelled.cancel()
    await turn()
    assert ledger.displacements == [put, get]
    assert list(wire.protocol.pending) == [cancelled]
    assert not put.sent
    assert [name for _, name in wire.requests] == [b"1"]
    wire.feed(reply("1"))
    assert wire.protocol.usable


async def test_a_future_that_was_cancelled_is_noticed_before_anything_is_written_behind_it() -> None:
    cancelled = request("1")
    _, wire, ledger = await opened(cancelled)
    put = request("2", operation=PUT)
    wire.protocol.send(put)
    cancelled.future.cancel()  # as a task's cancel() does; its exception handler runs later
    await turn()
    assert ledger.displacements == [put]
    assert [name for _, name in wire.requests] == [b"1"]


async def test_a_request_sent_over_a_closed_connection_is_lost_at_once() -> None:
    made, wire, ledger = await opened()
    wire.lose(None)
    await turn()
    put = request("1", operation=PUT)
    made.send(put)
    assert type(failure(put)) is ConnectionLost
    assert not put.sent
    made.end_line()
    assert wire.written == []
    assert ledger.losses == [0]
