"""A pool: who gets which connection, who waits, and what is opened and closed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aioriak.cluster.pool import Pool
from aioriak.config import PoolLimits
from aioriak.error import ConnectError, ConnectionLost, PoolTimeout, RiakError, WriteLost
from aioriak.observability.stats import LATENCY_BOUNDS, Histogram
from aioriak.transport.connection import Connection
from aioriak.transport.exchange import Exchange
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import FIND_KEYS, GET, PUT
from tests.wires import DONE, Clock, Wire, connection, error, keys, reply, reply_of, request, stream, turn, vclock


class Node:
    """What a pool connects to: it counts, refuses, or makes connections wait."""

    def __init__(self) -> None:
        self.wires: list[Wire] = []
        self.asked = 0
        self.refuses: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def connect(self) -> Connection:
        self.asked += 1
        await self.open.wait()
        if self.refuses is not None:
            raise self.refuses
        return connection(self.wires)[0]

    @property
    def live(self) -> list[Wire]:
        return [wire for wire in self.wires if not wire.closing]

    @property
    def loads(self) -> list[int]:
        """How many requests are in flight on each connection."""
        return [len(wire.protocol.pending) for wire in self.live]


class Rig:
    """A pool and its node."""

    def __init__(self) -> None:
        self.node = Node()
        self.clock = Clock()
        self.pools: list[Pool] = []

    async def pool(self, opened: int = 0, **limits: Any) -> Pool:
        """A pool with these limits, ``opened`` connections open and idle."""
        limits.setdefault("min_size", 0)
        made = Pool(asyncio.get_running_loop(), "node:8087", self.node.connect, PoolLimits(**limits))
        self.pools.append(made)
        for _ in range(opened):
            made.add(await self.node.connect())
        return made


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    for pool in made.pools:
        pool.close()
    await turn()
    assert not made.node.live


async def submitted(pool: Pool, *names: str, **options: Any) -> list[Exchange]:
    """Requests given to the pool, one a turn."""
    made = []
    for name in names:
        exchange = request(name, **options)
        pool.submit(exchange)
        made.append(exchange)
        await turn()
    return made


def answer(wire: Wire) -> None:
    """The oldest request of a connection is answered."""
    wire.feed(encode_frame(wire.protocol.pending[0].operation.reply_code))


def failure(exchange: Any) -> RiakError:
    assert exchange.done()
    found = exchange.future.exception()
    assert isinstance(found, RiakError)
    return found


# -- who gets which connection ------------------------------------------------------------


async def test_the_first_request_opens_the_first_connection(rig: Rig) -> None:
    pool = await rig.pool()
    (get,) = await submitted(pool, "a")
    assert rig.node.loads == [1]
    rig.node.wires[0].feed(reply("1"))
    assert await reply_of(get) == b"1"
    assert pool.in_flight == 0


async def test_requests_one_after_the_other_share_one_connection(rig: Rig) -> None:
    pool = await rig.pool()
    for name in "abcde":
        (get,) = await submitted(pool, name)
        rig.node.wires[0].feed(reply(name))
        assert await reply_of(get) == name.encode()
    assert rig.node.asked == 1


async def test_an_idle_connection_is_preferred(rig: Rig) -> None:
    pool = await rig.pool(3, max_size=3)
    await submitted(pool, "a", "b", "c")
    assert rig.node.loads == [1, 1, 1]
    answer(rig.node.wires[1])
    await submitted(pool, "d")
    assert rig.node.loads == [1, 1, 1]


async def test_an_idle_connection_is_found_behind_busy_ones(rig: Rig) -> None:
    pool = await rig.pool(3, max_size=3)
    await submitted(pool, *"abcdefghijkl")
    assert rig.node.loads == [4, 4, 4]
    for _ in range(3):
        answer(rig.node.wires[0])
    for _ in range(4):
        answer(rig.node.wires[1])
    assert rig.node.loads == [1, 0, 4]
    await submitted(pool, "next")
    assert rig.node.loads == [1, 1, 4]


async def test_without_an_idle_one_the_least_loaded_pipeline_is_taken(rig: Rig) -> None:
    pool = await rig.pool(3, max_size=3)
    await submitted(pool, *"abcdefghi")
    assert rig.node.loads == [3, 3, 3]
    answer(rig.node.wires[1])
    await submitted(pool, "next")
    assert rig.node.loads == [3, 3, 3]
    await submitted(pool, "j", "k", "l")
    assert sorted(rig.node.loads) == [4, 4, 4]


async def test_as_many_as_were_answered_at_once_leave_together(rig: Rig) -> None:
    pool = await rig.pool(4, max_size=4)
    await submitted(pool, *"abcdefghijklmnop")
    assert rig.node.loads == [4, 4, 4, 4]
    for wire in (rig.node.wires[2], rig.node.wires[0]):
        before = len(wire.written)
        wire.feed(*(reply(name) for name in "1234"))
        for name in "qrst":
            pool.submit(request(name))
        await turn()
        assert rig.node.loads == [4, 4, 4, 4]
        assert len(wire.written) == before + 1


async def test_answers_are_counted_by_how_long_each_took(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1)
    await submitted(pool, "a")
    await rig.clock.advance(0.3)
    await submitted(pool, "b", "c")
    await rig.clock.advance(0.3)
    await submitted(pool, "d")
    wire = rig.node.wires[0]
    wire.feed(reply("1"), error("overload"), reply("3"), reply("4"))
    counted = Histogram(tuple(pool.latencies))
    assert [counted.counts[LATENCY_BOUNDS.index(bound)] for bound in (1.0, 0.5)] == [1, 2]
    assert counted.count == 4
    await submitted(pool, "e", "f")
    await rig.clock.advance(1.5)
    wire.feed(reply("5"), reply("6"))
    assert pool.latencies[LATENCY_BOUNDS.index(2.0)] == 2


async def test_the_messages_of_a_stream_are_not_counted(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=2)
    pool.submit(stream())
    await turn()
    rig.node.wires[0].feed(keys("a"), DONE)
    assert sum(pool.latencies) == 0


async def test_the_pool_grows_while_no_connection_is_idle(rig: Rig) -> None:
    pool = await rig.pool(max_size=3)
    await submitted(pool, "a", "b", "c", "d", "e", "f")
    assert rig.node.asked == 3
    assert pool.size == 3
    assert sum(rig.node.loads) == pool.in_flight == 6


async def test_while_a_connection_is_opened_requests_join_a_pipeline(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=2)
    rig.node.open.clear()
    await submitted(pool, "a", "b", "c")
    assert rig.node.loads == [3]
    assert (rig.node.asked, pool.size, pool.open_connections) == (2, 2, 1)
    rig.node.open.set()
    await turn()
    await submitted(pool, "d", "e")
    assert rig.node.loads == [3, 2]


async def test_a_burst_on_an_empty_pool_opens_no_more_than_max_size(rig: Rig) -> None:
    pool = await rig.pool(max_size=4)
    burst = [request(str(number)) for number in range(20)]
    for exchange in burst:
        pool.submit(exchange)
    assert pool.size <= 4
    await turn()
    assert rig.node.asked <= 4
    assert sum(rig.node.loads) == 20
    for wire in rig.node.wires:
        while wire.protocol.pending:
            answer(wire)
    assert all(exchange.done() for exchange in burst)


async def test_a_connection_that_may_not_be_used_is_passed_over(rig: Rig) -> None:
    pool = await rig.pool(2, max_size=2)
    rig.node.wires[0].protocol.pause_writing()
    await submitted(pool, "a", "b")
    assert rig.node.loads == [0, 2]


# -- who waits -----------------------------------------------------------------------------


async def test_when_all_pipelines_are_full_requests_wait_their_turn(rig: Rig) -> None:
    pool = await rig.pool(2, max_size=2, max_in_flight=2)
    await submitted(pool, *"abcdefg")
    assert rig.node.loads == [2, 2]
    assert (pool.in_flight, pool.waiting) == (4, 3)
    answer(rig.node.wires[1])
    await turn()
    assert rig.node.wires[1].requests[-1] == (9, b"e")
    answer(rig.node.wires[0])
    await turn()
    assert rig.node.wires[0].requests[-1] == (9, b"f")
    assert (pool.in_flight, pool.waiting) == (4, 1)


async def test_nobody_overtakes_those_who_wait(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1, max_in_flight=1)
    await submitted(pool, "a", "b", "c")
    answer(rig.node.wires[0])
    await submitted(pool, "d")
    for _ in range(3):
        answer(rig.node.wires[0])
        await turn()
    assert [name for _, name in rig.node.wires[0].requests] == [b"a", b"b", b"c", b"d"]


async def test_one_read_with_many_replies_lets_as_many_in(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1, max_in_flight=3)
    await submitted(pool, *"abcdefgh")
    rig.node.wires[0].feed(reply("a"), reply("b"), reply("c"))
    await turn()
    assert len(rig.node.wires[0].written) == 4, "the three that were let in left in one write"
    assert [name for _, name in rig.node.wires[0].requests] == [b"a", b"b", b"c", b"d", b"e", b"f"]


async def test_a_request_cancelled_while_it_waits_is_never_sent(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1, max_in_flight=1)
    _, second, third = await submitted(pool, "a", "b", "c")
    second.cancel()
    assert pool.waiting == 1
    answer(rig.node.wires[0])
    await turn()
    assert [name for _, name in rig.node.wires[0].requests] == [b"a", b"c"]
    assert not third.done()


async def test_a_deadline_that_passes_while_waiting_is_a_pool_timeout_and_nothing_was_sent(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1, max_in_flight=1)
    await submitted(pool, "a", within=100)
    (put,) = await submitted(pool, "b", within=1, operation=PUT)
    (patient,) = await submitted(pool, "c", within=50)
    await rig.clock.advance(2)
    assert type(failure(put)) is PoolTimeout
    assert not put.sent
    assert not patient.done()
    answer(rig.node.wires[0])
    await turn()
    assert rig.node.wires[0].requests == [(9, b"a"), (9, b"c")]


async def test_each_of_those_who_wait_has_a_deadline_of_its_own(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1, max_in_flight=1)
    await submitted(pool, "a")
    (late,) = await submitted(pool, "b", within=30)
    (early,) = await submitted(pool, "c", within=10)
    await rig.clock.advance(11)
    assert (early.done(), late.done()) == (True, False)
    await rig.clock.advance(20)
    assert isinstance(failure(late), PoolTimeout)
    assert isinstance(failure(early), PoolTimeout)


async def test_waiting_for_the_first_connection_has_a_deadline_too(rig: Rig) -> None:
    pool = await rig.pool()
    rig.node.open.clear()
    (get,) = await submitted(pool, "a", within=1)
    await rig.clock.advance(2)
    assert type(failure(get)) is PoolTimeout


# -- connections that cannot be opened, and that die -----------------------------------------


async def test_when_no_connection_can_be_opened_those_who_wait_are_told_why(rig: Rig) -> None:
    pool = await rig.pool(max_size=1)
    rig.node.refuses = ConnectError("refused", node="node:8087")
    first, second = request("a"), stream()
    pool.submit(first)
    pool.submit(second)
    await turn()
    assert type(failure(first)) is ConnectError
    assert failure(first).value == "refused"
    with pytest.raises(ConnectError, match="refused"):
        await second.next()
    assert pool.failed == 1
    assert pool.size == 0


async def test_whatever_prevents_a_connection_is_told(rig: Rig) -> None:
    pool = await rig.pool()
    rig.node.refuses = UnicodeError("label too long")
    (get,) = await submitted(pool, "a")
    assert type(failure(get)) is ConnectError
    assert "label too long" in str(failure(get))


async def test_a_pool_makes_do_with_what_it_has_when_it_cannot_grow(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=4)
    rig.node.refuses = ConnectError("refused")
    await submitted(pool, *"abcdef", operation=PUT)
    assert rig.node.loads == [6]
    assert rig.node.asked == 2, "it does not knock again and again"
    rig.node.refuses = None
    await rig.clock.advance(2)
    await submitted(pool, "g")
    assert rig.node.asked == 3


async def test_a_lost_connection_takes_its_load_with_it(rig: Rig) -> None:
    pool = await rig.pool(2, max_size=2)
    await submitted(pool, *"abcd")
    assert pool.in_flight == 4
    await rig.clock.advance(2)
    rig.node.wires[0].lose(None)
    await turn()
    assert pool.in_flight == 2
    assert (pool.open_connections, pool.closed) == (1, 1)


async def test_a_stray_reply_leaves_the_account_right(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1)
    first, second, third = await submitted(pool, "a", "b", "c")
    rig.node.wires[0].feed(reply("1"), reply("?", PUT))
    await turn()
    assert pool.in_flight == 0
    assert isinstance(failure(first), ConnectionLost), "nothing of that read is trusted"
    assert failure(second)
    assert isinstance(failure(third), ConnectionLost)
    await submitted(pool, "d")
    assert rig.node.loads == [1]
    assert pool.in_flight == 1


async def test_those_who_wait_go_on_over_a_new_connection(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1, max_in_flight=1)
    first, second = await submitted(pool, "a", "b")
    rig.node.wires[0].lose(ConnectionResetError())
    await turn()
    assert isinstance(failure(first), ConnectionLost)
    assert rig.node.loads == [1]
    rig.node.wires[1].feed(reply("2"))
    assert await reply_of(second) == b"2"


async def test_a_dead_idle_connection_is_noticed_before_it_is_used(rig: Rig) -> None:
    pool = await rig.pool(2, max_size=2)
    rig.node.wires[0].far.close()
    await rig.clock.advance(5)
    (put,) = await submitted(pool, "a", operation=PUT)
    assert rig.node.wires[0].written == []
    assert rig.node.wires[0].closing
    assert rig.node.wires[1].requests == [(11, b"a")]
    rig.node.wires[1].feed(reply("1", PUT))
    assert await reply_of(put) == b"1"


@pytest.mark.parametrize("full", [0, 2])
async def test_a_dead_idle_connection_is_noticed_where_another_has_a_full_send_buffer(rig: Rig, full: int) -> None:
    pool = await rig.pool(3, max_size=3)
    rig.node.wires[1].far.close()
    rig.node.wires[full].protocol.pause_writing()
    await rig.clock.advance(5)
    await submitted(pool, "a", "b", operation=PUT)
    assert rig.node.wires[1].written == []
    assert rig.node.wires[full].written == []
    assert len(rig.node.wires[2 - full].requests) >= 1


async def test_a_stream_gets_another_connection_when_the_one_reserved_for_it_retires(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=3)
    await submitted(pool, "a")
    rig.node.refuses = ConnectionRefusedError()
    listing = stream()
    pool.submit(listing)
    await turn()
    assert pool.waiting == 1  # for the only connection there is
    rig.node.refuses = None
    await rig.clock.advance(2)
    pool.retire_all()
    await turn()
    assert len(rig.node.wires) == 2
    assert rig.node.wires[1].requests
    assert not rig.node.wires[0].closing


async def test_a_failure_during_a_pause_does_not_prolong_it(rig: Rig) -> None:
    pool = await rig.pool(max_size=2)
    for _ in range(3):
        await submitted(pool, "a")
        rig.node.wires[-1].lose(ConnectionResetError())
        await turn()
    (waits,) = await submitted(pool, "b")
    await pool.lease()
    await rig.clock.advance(0.9)
    rig.node.wires[-1].lose(ConnectionResetError())
    await turn()
    asked = rig.node.asked
    await rig.clock.advance(0.2)
    await turn()
    assert rig.node.asked == asked + 1
    assert rig.node.wires[-1].requests
    assert not waits.done()


async def test_when_all_idle_connections_are_dead_a_new_one_is_opened(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1)
    rig.node.wires[0].far.close()
    await rig.clock.advance(5)
    await submitted(pool, "a", operation=PUT)
    assert rig.node.wires[0].written == []
    assert rig.node.wires[1].requests == [(11, b"a")]


async def test_connections_that_die_young_are_not_replaced_in_a_loop(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=2, min_size=2)
    await turn()
    rig.node.wires[1].lose(ConnectionResetError())
    await turn()
    assert rig.node.asked == 2
    await rig.clock.advance(2)
    await submitted(pool, "a", "b")
    assert rig.node.asked == 3


async def test_requests_given_up_one_after_the_other_leave_no_trace(rig: Rig) -> None:
    pool = await rig.pool(2, max_size=2)
    for number in range(50):
        (get,) = await submitted(pool, str(number))
        get.cancel()
        for wire in rig.node.wires:
            if wire.protocol.pending:
                answer(wire)
    idle = sorted(id(slot.connection) for slot in pool._slots.idle)
    assert idle == sorted(id(wire.protocol) for wire in rig.node.wires)
    assert (pool.in_flight, rig.node.asked) == (0, 2)


# -- minimum, age and idleness ------------------------------------------------------------------


async def test_a_pool_keeps_its_minimum(rig: Rig) -> None:
    pool = await rig.pool(min_size=3)
    pool.start(await rig.node.connect())
    await turn()
    assert rig.node.loads == [0, 0, 0]
    await rig.clock.advance(10)
    rig.node.wires[0].lose(None)
    await turn()
    assert len(rig.node.live) == 3


async def test_a_pool_that_lost_everything_waits_for_the_next_request(rig: Rig) -> None:
    pool = await rig.pool(1, min_size=1)
    await rig.clock.advance(10)
    rig.node.wires[0].lose(None)
    await turn()
    assert pool.size == 0
    await submitted(pool, "a")
    assert rig.node.loads == [1]


async def test_connections_idle_too_long_are_closed_down_to_the_minimum(rig: Rig) -> None:
    pool = await rig.pool(4, min_size=1, idle_timeout=100, max_lifetime=None)
    await rig.clock.advance(60)
    assert pool.open_connections == 4
    await rig.clock.advance(60)
    assert len(rig.node.live) == 1


async def test_a_connection_that_was_busy_until_now_is_not_idle(rig: Rig) -> None:
    await rig.pool(2, max_size=2, min_size=0, idle_timeout=100, max_lifetime=None)
    pool = rig.pools[0]
    await submitted(pool, "a")
    for _ in range(4):
        await rig.clock.advance(26)
    answer(rig.node.wires[0])
    await rig.clock.advance(26)
    assert rig.node.live == [rig.node.wires[0]]


async def test_a_connection_that_is_too_old_is_replaced(rig: Rig) -> None:
    pool = await rig.pool(1, min_size=1, idle_timeout=None, max_lifetime=100)
    await rig.clock.advance(60)
    assert rig.node.asked == 1
    await rig.clock.advance(60)
    assert rig.node.live == [rig.node.wires[1]]
    assert pool.size == 1


async def test_a_connection_that_is_too_old_finishes_what_is_in_flight(rig: Rig) -> None:
    pool = await rig.pool(1, min_size=0, idle_timeout=None, max_lifetime=100)
    (slow,) = await submitted(pool, "a")
    await rig.clock.advance(130)
    assert not rig.node.wires[0].closing
    assert pool.in_flight == 1
    await submitted(pool, "b")
    assert rig.node.wires[1].requests == [(9, b"b")]
    rig.node.wires[0].feed(reply("1"))
    assert await reply_of(slow) == b"1"
    await turn()
    assert rig.node.live == [rig.node.wires[1]]
    assert pool.in_flight == 1


async def test_nothing_is_closed_for_age_where_no_limit_is_set(rig: Rig) -> None:
    pool = await rig.pool(2, idle_timeout=None, max_lifetime=None)
    await rig.clock.advance(1_000_000)
    assert pool.open_connections == 2


# -- streams and folds ----------------------------------------------------------------------------


async def test_a_stream_takes_an_idle_connection_out_of_the_others_way(rig: Rig) -> None:
    pool = await rig.pool(2, max_size=2)
    pool.submit(stream())
    await submitted(pool, "a", "b", "c")
    assert rig.node.loads == [1, 3]
    assert pool.in_flight == 4
    rig.node.wires[0].feed(DONE)
    await submitted(pool, "d")
    assert rig.node.loads == [1, 3]


async def test_a_stream_waits_for_a_new_connection_rather_than_share_one(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=2)
    await submitted(pool, "a")
    listing = stream()
    pool.submit(listing)
    await turn()
    assert rig.node.wires[1].requests == [(17, b"")]
    rig.node.wires[1].feed(keys("k"), DONE)
    assert list((await listing.next()).keys) == ["k"]


async def test_when_all_are_busy_one_is_kept_for_the_stream_until_it_is_idle(rig: Rig) -> None:
    pool = await rig.pool(2, max_size=2)
    await submitted(pool, *"abcd")
    listing = stream()
    pool.submit(listing)
    await submitted(pool, *"efgh")
    assert sorted(rig.node.loads) == [2, 6]
    kept = next(wire for wire in rig.node.wires if len(wire.protocol.pending) == 2)
    assert pool.waiting == 1
    answer(kept)
    assert not listing.sent
    answer(kept)
    await turn()
    assert kept.requests[-1] == (17, b"")
    assert pool.waiting == 0
    kept.feed(DONE)
    await submitted(pool, "i")
    assert len(kept.protocol.pending) == 1


async def test_streams_leave_one_connection_for_requests(rig: Rig) -> None:
    pool = await rig.pool(3, max_size=3)
    listings = [stream() for _ in range(5)]
    for listing in listings:
        pool.submit(listing)
    await turn()
    assert [listing.sent for listing in listings] == [True, True, False, False, False]
    await submitted(pool, "a", "b")
    rig.node.wires[2].feed(reply("1"), reply("2"))
    await turn()
    assert [listing.sent for listing in listings] == [True, True, False, False, False]
    rig.node.wires[0].feed(DONE)
    await turn()
    assert [listing.sent for listing in listings] == [True, True, True, False, False]


async def test_a_pool_of_one_connection_serves_streams_and_requests_in_turn(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1)
    listing = stream()
    pool.submit(listing)
    (get,) = await submitted(pool, "a")
    assert rig.node.wires[0].requests == [(17, b"")]
    rig.node.wires[0].feed(DONE)
    await turn()
    rig.node.wires[0].feed(reply("1"))
    assert await reply_of(get) == b"1"


async def test_leaving_a_stream_makes_room_for_a_new_connection(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1)
    listing = stream()
    pool.submit(listing)
    (get,) = await submitted(pool, "a")
    listing.cancel()
    await turn()
    rig.node.wires[1].feed(reply("1"))
    assert await reply_of(get) == b"1"


async def test_the_deadline_of_a_fold_that_a_connection_is_kept_for_is_watched(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1)
    await submitted(pool, "a")
    (fold,) = await submitted(pool, "f", within=1, operation=FIND_KEYS)
    assert pool.waiting == 1
    await rig.clock.advance(2)
    assert type(failure(fold)) is PoolTimeout
    answer(rig.node.wires[0])
    await submitted(pool, "b")
    assert rig.node.wires[0].requests == [(9, b"a"), (9, b"b")]


async def test_a_stream_whose_kept_connection_is_lost_gets_another(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1)
    await submitted(pool, "a")
    listing = stream()
    pool.submit(listing)
    rig.node.wires[0].lose(None)
    await turn()
    assert rig.node.wires[1].requests == [(17, b"")]
    rig.node.wires[1].feed(DONE)
    assert pool.in_flight == 0


async def test_a_stream_that_is_left_while_it_waits_is_never_sent(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1)
    await submitted(pool, "a")
    listing = stream()
    pool.submit(listing)
    listing.cancel()
    answer(rig.node.wires[0])
    await submitted(pool, "b")
    assert rig.node.wires[0].requests == [(9, b"a"), (9, b"b")]


async def test_a_fold_that_is_given_up_costs_its_connection_alone(rig: Rig) -> None:
    pool = await rig.pool(2, max_size=2)
    (fold,) = await submitted(pool, "f", operation=FIND_KEYS)
    (get,) = await submitted(pool, "a")
    fold.cancel()
    await turn()
    assert rig.node.wires[0].closing
    rig.node.wires[1].feed(reply("1"))
    assert await reply_of(get) == b"1"
    assert pool.in_flight == 0


async def test_a_write_that_expires_with_the_stream_it_waited_for_was_not_sent(rig: Rig) -> None:
    """The end of a reservation makes room for a request whose own deadline has passed as well."""
    pool = await rig.pool(1, max_size=1)
    await submitted(pool, "a")
    (fold,) = await submitted(pool, "f", within=1, operation=FIND_KEYS)
    (put,) = await submitted(pool, "b", within=1, operation=PUT)
    await rig.clock.advance(2)
    assert type(failure(fold)) is PoolTimeout
    assert type(failure(put)) is PoolTimeout
    assert not put.sent
    assert rig.node.wires[0].requests == [(9, b"a")]


async def test_a_stream_gets_a_busy_connection_when_no_other_can_be_opened(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=2)
    await submitted(pool, "a")
    rig.node.refuses = ConnectError("refused")
    listing = stream()
    pool.submit(listing)
    await turn()
    answer(rig.node.wires[0])
    await turn()
    assert rig.node.wires[0].requests == [(9, b"a"), (17, b"")]


# -- leases ----------------------------------------------------------------------------------------


async def test_a_leased_connection_takes_no_requests_until_it_is_added(rig: Rig) -> None:
    pool = await rig.pool(max_size=2)
    leased = await pool.lease()
    await submitted(pool, "a", "b")
    assert rig.node.loads == [0, 2]
    assert pool.size == 2
    pool.add(leased)
    await submitted(pool, "c")
    assert rig.node.loads == [1, 2]


async def test_a_leased_connection_that_is_closed_makes_room(rig: Rig) -> None:
    pool = await rig.pool(max_size=1)
    leased = await pool.lease()
    (get,) = await submitted(pool, "a")
    assert pool.waiting == 1
    leased.close()
    await turn()
    rig.node.wires[1].feed(reply("1"))
    assert await reply_of(get) == b"1"


async def test_a_lease_that_is_given_up_makes_room(rig: Rig) -> None:
    pool = await rig.pool(max_size=1)
    rig.node.open.clear()
    lease = asyncio.ensure_future(pool.lease())
    await turn()
    (get,) = await submitted(pool, "a")
    assert rig.node.asked == 1
    lease.cancel()
    await turn()
    rig.node.open.set()
    await turn()
    rig.node.wires[0].feed(reply("1"))
    assert await reply_of(get) == b"1"


async def test_a_stream_that_waits_while_a_lease_opens_gets_another_connection(rig: Rig) -> None:
    pool = await rig.pool(2, max_size=3)
    rig.node.open.clear()
    lease = asyncio.ensure_future(pool.lease())
    await submitted(pool, "a", "b")
    pool.submit(stream())
    rig.node.open.set()
    await lease
    await submitted(pool, "c", "d")
    assert sorted(rig.node.loads) == [0, 1, 3], "one is kept for the stream"


async def test_a_lease_waits_for_a_connection_to_become_idle_and_takes_its_place(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1)
    await submitted(pool, "a")
    lease = asyncio.ensure_future(pool.lease())
    await turn()
    assert not lease.done()
    answer(rig.node.wires[0])
    await turn()
    assert rig.node.wires[0].closing
    assert await lease is rig.node.wires[-1].protocol
    assert len(rig.node.live) == 1


async def test_a_lease_takes_the_place_of_one_that_was_added(rig: Rig) -> None:
    pool = await rig.pool(max_size=1)
    first = await pool.lease()
    second = asyncio.ensure_future(pool.lease())
    await turn()
    assert not second.done()
    pool.add(first)
    await turn()
    assert await second is rig.node.wires[-1].protocol
    assert len(rig.node.live) == 1


async def test_a_request_gets_the_place_that_a_lease_has_given_up(rig: Rig) -> None:
    pool = await rig.pool(max_size=1)
    await pool.lease()
    second = asyncio.ensure_future(pool.lease())
    await turn()
    (get,) = await submitted(pool, "a")
    rig.node.wires[0].lose(None)  # the place is the second lease's now
    second.cancel()
    await turn()
    assert second.cancelled()
    answer(rig.node.wires[-1])
    await turn()
    assert get.future.done()


async def test_a_lease_takes_the_place_of_one_that_was_opened_for_requests_given_up(rig: Rig) -> None:
    pool = await rig.pool(max_size=1)
    rig.node.open.clear()
    (get,) = await submitted(pool, "a")
    lease = asyncio.ensure_future(pool.lease())
    await turn()
    get.cancel()
    rig.node.open.set()
    await turn()
    assert await lease is rig.node.wires[-1].protocol
    assert len(rig.node.live) == 1


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("fails", [False, True])
async def test_a_lease_takes_the_place_of_a_connection_once_no_caller_waits_for_it(
    rig: Rig, order: tuple[int, ...], fails: bool
) -> None:
    pool = await rig.pool(1, max_size=1)
    waits = [100.0, 100.0, 100.0]
    if fails:
        for number, place in enumerate(order, 1):
            waits[place] = float(number)
    exchanges = [(await submitted(pool, name, within=wait))[0] for name, wait in zip("abc", waits, strict=True)]
    lease = asyncio.ensure_future(pool.lease())
    for place in order:
        await turn()
        assert not lease.done()
        if fails:
            await rig.clock.advance(1.0)
            assert failure(exchanges[place])
        else:
            exchanges[place].cancel()
    await turn()
    assert await lease is rig.node.wires[-1].protocol
    assert len(rig.node.live) == 1


async def test_a_lease_from_a_closed_pool_fails_and_leaves_nothing_open(rig: Rig) -> None:
    pool = await rig.pool()
    rig.node.open.clear()
    lease = asyncio.ensure_future(pool.lease())
    await turn()
    pool.close()
    rig.node.open.set()
    await asyncio.wait([lease])
    assert isinstance(lease.exception(), ConnectError)
    await turn()
    assert not rig.node.live


# -- closing ---------------------------------------------------------------------------------------


async def test_closing_ends_all_that_is_in_flight_and_all_that_waits(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1, max_in_flight=2)
    get, put, waiting = *await submitted(pool, "a"), *await submitted(pool, "b", operation=PUT), request("c")
    pool.submit(waiting)
    pool.close()
    await turn()
    assert type(failure(get)) is ConnectionLost
    assert type(failure(put)) is WriteLost
    assert type(failure(waiting)) is ConnectError
    assert not waiting.sent
    assert (pool.size, pool.in_flight, pool.waiting) == (0, 0, 0)
    assert rig.node.asked == 1


async def test_closing_ends_what_a_connection_is_kept_for(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1)
    await submitted(pool, "a")
    listing = stream()
    pool.submit(listing)
    pool.close()
    await turn()
    with pytest.raises(ConnectError):
        await listing.next()
    assert pool.waiting == 0


async def test_what_is_submitted_after_closing_fails_at_once(rig: Rig) -> None:
    pool = await rig.pool(1)
    pool.close()
    await turn()
    (get,) = await submitted(pool, "a")
    assert type(failure(get)) is ConnectError
    assert rig.node.asked == 1


async def test_closing_abandons_connections_that_are_being_opened(rig: Rig) -> None:
    pool = await rig.pool()
    rig.node.open.clear()
    (get,) = await submitted(pool, "a")
    await pool.aclose(0.001)
    assert isinstance(failure(get), ConnectError)
    assert len(asyncio.all_tasks()) == 1


async def test_a_graceful_close_waits_for_what_is_in_flight_and_what_waits(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1, max_in_flight=2)
    exchanges = await submitted(pool, *"abcd")
    closing = asyncio.ensure_future(pool.aclose(10))
    await turn()
    (wire,) = rig.node.wires
    for number in range(4):
        assert not closing.done()
        wire.feed(reply(str(number)))
        await turn()
    await closing
    assert [vclock(exchange) for exchange in exchanges] == [b"0", b"1", b"2", b"3"]
    assert wire.closing
    assert pool.size == 0


async def test_a_graceful_close_does_not_wait_for_ever(rig: Rig) -> None:
    pool = await rig.pool(1, max_size=1, max_in_flight=1)
    get, waiting = await submitted(pool, "a", "b")
    closing = asyncio.ensure_future(pool.aclose(10))
    await turn()
    await rig.clock.advance(11)
    await closing
    assert isinstance(failure(get), ConnectionLost)
    assert isinstance(failure(waiting), ConnectError)
    assert not waiting.sent


async def test_a_graceful_close_waits_for_streams_as_well(rig: Rig) -> None:
    pool = await rig.pool(2, max_size=2)
    listing = stream()
    pool.submit(listing)
    await turn()
    closing = asyncio.ensure_future(pool.aclose(10))
    await turn()
    assert not closing.done()
    rig.node.wires[0].feed(keys("a"), DONE)
    await closing
    assert list((await listing.next()).keys) == ["a"]


async def test_a_cancelled_graceful_close_closes_all_the_same(rig: Rig) -> None:
    pool = await rig.pool(1)
    (get,) = await submitted(pool, "a")
    closing = asyncio.ensure_future(pool.aclose(10))
    await turn()
    closing.cancel()
    await asyncio.wait([closing])
    await turn()
    assert isinstance(failure(get), ConnectionLost)
    assert not rig.node.live


async def test_closing_twice_is_closing(rig: Rig) -> None:
    pool = await rig.pool(2)
    pool.close()
    pool.close()
    await pool.aclose(1)
    await pool.aclose(1)
    assert pool.size == 0


def test_closing_after_the_loop_is_harmless() -> None:
    made: list[Pool] = []

    async def leave_open() -> None:
        rig = Rig()
        pool = await rig.pool(1)
        pool.submit(request("a"))
        made.append(pool)

    asyncio.run(leave_open())
    made[0].close()
    made.clear()
    gc.collect()


async def test_a_closed_pool_leaves_no_timer(rig: Rig) -> None:
    loop: Any = asyncio.get_running_loop()
    before = sum(not timer.cancelled() for timer in loop._scheduled)
    pool = await rig.pool(2, max_size=2, max_in_flight=1)
    await submitted(pool, "a", "b", "c", within=100)
    await submitted(pool, "l", within=100)
    pool.close()
    await turn()
    assert sum(not timer.cancelled() for timer in loop._scheduled) == before


# -- figures -------------------------------------------------------------------------------------------


async def test_the_account_is_right_through_it_all(rig: Rig) -> None:
    """Many steps of all kinds; what the pool believes is what the connections hold."""
    pool = await rig.pool(max_size=4, max_in_flight=3)
    listings: list[Any] = []
    exchanges: list[Any] = []
    for step in range(400):
        kind = step * 7 % 11
        if kind < 5:
            exchanges += await submitted(pool, str(step), operation=PUT if step % 3 else GET)
        elif kind == 5:
            listing = stream()
            listings.append(listing)
            pool.submit(listing)
        elif kind == 6 and exchanges:
            exchanges[step * 5 % len(exchanges)].cancel()
        elif kind == 7 and listings and step % 3 == 0:
            listings.pop().cancel()
        elif kind == 8 and rig.node.live and step % 5 == 0:
            rig.node.live[step % len(rig.node.live)].lose(None)
        else:
            for wire in rig.node.live:
                oldest = wire.protocol.pending[0] if wire.protocol.pending else None
                if oldest is not None:
                    wire.feed(DONE if oldest.streaming else encode_frame(oldest.operation.reply_code))
        await turn()
        assert pool.in_flight == sum(rig.node.loads), step
        assert pool.open_connections == len(rig.node.live), step
        assert pool.size <= 4
        assert max(rig.node.loads, default=0) <= 3
    for _ in range(400):
        for wire in rig.node.live:
            if wire.protocol.pending:
                oldest = wire.protocol.pending[0]
                wire.feed(DONE if oldest.streaming else encode_frame(oldest.operation.reply_code))
        await turn()
    assert (pool.in_flight, pool.waiting) == (0, 0)
    assert all(exchange.done() for exchange in exchanges)
    assert all(listing.done() for listing in listings)
    for exchange in exchanges:
        if not exchange.future.cancelled():
            exchange.future.exception()
