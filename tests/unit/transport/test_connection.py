"""A connection: requests in a pipeline, streams alone, and every way in which it can end."""

from __future__ import annotations

import asyncio
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
from aioriak.transport.connection import AnyExchange, Connection
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import FIND_KEYS, PUT, SEARCH
from tests.wires import DONE, Clock, Ledger, Wire, connection, error, keys, reply, reply_of, request, stream, turn


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
    assert ledger.changes == [False, True]
    assert slow.future.exception() is not None


async def test_nothing_new_follows_a_cancelled_request_either() -> None:
    slow = request("a", within=60)
    made, wire, _ = await opened(slow)
    slow.cancel()
    assert not made.usable
    wire.feed(reply("1"))
    assert made.usable


async def test_a_cancelled_request_behind_one_that_is_awaited_stops_nobody() -> None:
    first, second = request("a"), request("b")
    made, wire, _ = await opened(first, second)
    second.cancel()
    assert made.usable
    wire.feed(reply("1"))
    assert made.usable
    assert await reply_of(first) == b"1"


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


async def test_a_reply_of_another_kind_ends_the_connection() -> None:
    first, second, third = request("a"), request("b", operation=PUT), request("c")
    made, wire, ledger = await opened(first, second, third)
    wire.feed(reply("1"), reply("2"))  # the second is a get's
    await turn()
    assert await reply_of(first) == b"1"
    assert isinstance(failure(second), WriteGarbled)
    assert "message code 10 came in answer to put" in str(failure(second))
    assert isinstance(failure(third), ConnectionLost)
    assert wire.aborted
    assert not made.usable
    assert ledger.answered == 2
    assert ledger.losses == [1]


async def test_replies_behind_one_of_another_kind_in_the_same_read_are_not_lost() -> None:
    first, second = request("a"), request("b")
    _, wire, _ = await opened(first, second)
    wire.feed(reply("?", PUT), reply("2"))
    assert isinstance(failure(first), ProtocolError)
    assert await reply_of(second) == b"2"


async def test_an_error_that_cannot_be_decoded_ends_the_connection() -> None:
    first, second = request("a"), request("b", operation=PUT)
    _, wire, _ = await opened(first, second)
    wire.feed(encode_frame(0, b"\xff\xff"))
    await turn()
    assert isinstance(failure(first), ProtocolError)
    assert isinstance(failure(second), WriteLost)
    assert wire.aborted


async def test_garbage_ends_the_connection_and_what_came_whole_before_counts() -> None:
    first, second, put = request("a"), request("b"), request("c", operation=PUT)
    made, wire, ledger = await opened(first, second, put)
    wire.feed(reply("1"), b"\xff" * 20)
    await turn()
    assert await reply_of(first) == b"1"
    assert type(failure(second)) is ConnectionLost
    assert "the limit is" in str(failure(second))
    assert type(failure(put)) is WriteLost
    assert isinstance(made.last_error, ProtocolError)
    assert (ledger.answered, ledger.losses) == (1, [2])


async def test_a_frame_over_the_limit_ends_the_connection() -> None:
    waiting = request("a")
    _, wire, _ = await opened(waiting, max_frame=1000)
    wire.feed(encode_frame(10, b"x" * 2000)[:10])
    await turn()
    assert "a frame of 2001 bytes arrived; the limit is 1000 bytes" in str(failure(waiting))
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
    assert list((await listing.next()).keys) == [b"a", b"b"]
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
    assert [one.reply for one in many] == [str(number).encode() for number in range(100)]


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


async def test_a_reply_that_is_overdue_closes_the_connection_and_fails_those_behind() -> None:
    clock = Clock()
    first, second = request("a", within=1), request("b", operation=PUT, within=60)
    _, wire, ledger = await opened(first, second, overdue=5.0)
    await clock.advance(2)
    await clock.advance(2)
    assert not wire.closing
    await clock.advance(3)
    assert wire.aborted
    assert type(failure(first)) is RequestTimeout
    assert type(failure(second)) is WriteLost
    assert "get: no reply came, long overdue" in str(failure(second))
    assert ledger.losses == [2]


@pytest.mark.parametrize("within", [60, None])
async def test_a_cancelled_request_is_overdue_from_then_on(within: float | None) -> None:
    clock = Clock()
    first, second = request("a", within=within), request("b", within=60)
    _, wire, _ = await opened(first, second, overdue=5.0)
    first.cancel()
    await clock.advance(4)
    assert not wire.closing
    await clock.advance(2)
    assert wire.aborted
    assert type(failure(second)) is ConnectionLost


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
        found.append(list(message.keys))
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
    assert list((await listing.next()).keys) == [b"a"]
    with pytest.raises(Overload):
        await listing.next()
    assert ledger.answered == 1


async def test_reading_pauses_while_a_streams_consumer_lags() -> None:
    listing = stream(limit=20)
    _, wire, _ = await opened(listing)
    wire.feed(keys("a" * 10))
    assert wire.reading
    wire.feed(keys("b" * 10))
    assert not wire.reading
    assert listing.buffered == 2 * len(keys("a" * 10)[5:])
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
    listing.leave()
    assert wire.aborted
    await turn()
    assert ledger.losses == [1]
    assert made.dismissed


async def test_leaving_a_stream_that_has_ended_leaves_the_connection() -> None:
    listing = stream(limit=20)
    made, wire, _ = await opened(listing)
    wire.feed(keys("a" * 30), DONE)
    listing.leave()
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
    assert list((await step).keys) == [b"a"]
    step = asyncio.ensure_future(listing.next())
    await turn()
    await clock.advance(8)
    assert not step.done(), "each message has the whole time"
    await clock.advance(3)
    with pytest.raises(RequestTimeout, match="no further message"):
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
    wire.feed(keys("a"), reply("?"))
    await turn()
    assert list((await listing.next()).keys) == [b"a"]
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


# -- dead or alive ---------------------------------------------------------------------------------


async def test_an_idle_connection_looks_dead_when_there_is_something_to_read() -> None:
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
