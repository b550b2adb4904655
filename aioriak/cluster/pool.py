"""A pool: the connections to one node, and the requests that wait for them.

A request prefers an idle connection.  While there is none and room for more, a
new one is opened, and in the meantime the request joins a pipeline with no more
in flight than the average rather than wait for a handshake.  When every pipeline
is full requests wait here, first come, first served; they are sent from the reply
handler of the connection that has room again, so waiting costs no task and no
wake-up.

A stream needs a connection alone: an idle one, a new one, or one that is reserved
until it is idle.  Streams never hold the last connection of a pool that has several.

A connection whose oldest request has been unanswered for long, compared with the
node's usual latency, is *slow*: requests are sent over it only when there is no
other and no room for one, and reads that wait behind that request are sent again
over another.  A node that owes a reply and has sent none for ``suspect_after``
seconds, over any connection, is *silent*, and is reported so.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from math import inf
from random import Random
from typing import cast

from aioriak.cluster.slot import Event, Slot, Slots, State
from aioriak.cluster.waiting import Deadlines
from aioriak.config import PoolLimits
from aioriak.error import ConnectError, ConnectionLost, PoolTimeout, RequestTimeout, RiakError
from aioriak.observability.stats import LATENCY_BOUNDS
from aioriak.transport.connection import Connection
from aioriak.transport.connection import State as ConnectionState
from aioriak.transport.exchange import AnyExchange, Exchange, StreamExchange
from aioriak.wire.session import Reply

logger: logging.Logger = logging.getLogger("aioriak.pool")

Connect = Callable[[], Awaitable[Connection]]

_PAUSE = 1.0  # seconds without new connections after an attempt failed, or a connection was lost within this time
_DEATHS = 3  # after so many such losses in a row without a reply, requests wait until the pause ends
_FRESH = 0.05  # seconds; a connection that was idle for longer is checked before it is used
_USUAL = 0.2  # seconds; the latency to assume before the first replies
_SLOW = 5.0  # times the usual latency after which a connection is slow
_LEAST_PATIENCE = 0.1  # seconds; no connection is slow before this time
_JITTER = 0.05  # max_lifetime is shortened at random by at most this fraction
# looked up once: an Enum member's lookup takes as long as ten other instructions
_IDLE, _BUSY, _LEASED = State.IDLE, State.BUSY, State.LEASED
_SENT, _DRAINED = Event.SENT, Event.DRAINED
_GIVES_WAY = (State.BUSY, State.RESERVED, State.RETIRING)
_LEAVING = (ConnectionState.RETIRING, ConnectionState.CLOSING, ConnectionState.CLOSED)


class Pool:
    """The connections to one node."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        node: str,
        connect: Connect,
        limits: PoolLimits,
        *,
        connect_failed: Callable[[RiakError], None] | None = None,
        silent: Callable[[], None] | None = None,
        suspect_after: float | None = None,
        rng: Random | None = None,
    ) -> None:
        self.node = node
        self.limits = limits
        self.opened: int = 0
        self.closed: int = 0
        self.failed: int = 0
        self.replied_at: float = 0.0
        """Loop time of the last reply on any of its connections."""
        self.checked_at: float = -inf
        """Loop time at which the node was last asked whether it serves, or said so."""
        self.latencies: list[int] = [0] * (len(LATENCY_BOUNDS) + 1)
        """A histogram of the latencies of replies, streams excluded."""
        self.client_id: bytes | None = None
        """The client id sent on every connection."""
        self._loop = loop
        self._connect = connect
        self._connect_failed = connect_failed
        self._silent = silent
        self._suspect_after = suspect_after
        self._rng = rng or Random()
        self._slots = Slots()
        self._rotation = self._slots.rotation
        self._idle = self._slots.idle
        self._slot_of: dict[Connection, Slot] = {}
        self._latest: Slot | None = None  # the slot picked last, or answered last; never a slow one
        self._room = 0  # in-flight limit of a connection until the next reply; 0: not computed
        self._cursor = 0
        self._usual = _USUAL  # seconds; a moving average of latencies
        self._waiting: OrderedDict[AnyExchange, None] = OrderedDict()
        self._waiting_alone: OrderedDict[AnyExchange, None] = OrderedDict()
        self._deadlines = Deadlines(self._waits)
        self._expiry: asyncio.TimerHandle | None = None
        self._expiry_at = 0.0
        self._maintenance: asyncio.TimerHandle | None = None
        self._watchdog: asyncio.TimerHandle | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._deaths = 0
        self._leases = 0  # leases that wait for a slot; the next free slot is reserved for them
        self._vacancy: asyncio.Future[None] | None = None  # resolved when a slot may have become free
        self._closing = False

    # -- figures ------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The number of connections, open or being opened; never more than ``max_size``."""
        return len(self._slots.all)

    @property
    def open_connections(self) -> int:
        """Open connections."""
        return len(self._slots.all) - len(self._slots.opening)

    @property
    def idle(self) -> int:
        """Open connections on which nothing is in flight."""
        slots = self._slots
        return sum(not slot.pending for slot in slots.all) - len(slots.opening)

    @property
    def in_flight(self) -> int:
        """Requests sent whose replies have not come."""
        return sum(len(slot.pending) for slot in self._slots.all)

    @property
    def load(self) -> int:
        """Requests in flight and waiting, roughly: cheap enough to compare nodes by at each request."""
        load = len(self._waiting) + len(self._slots.aside)
        for slot in self._rotation:
            load += len(slot.pending)
        return load

    @property
    def waiting(self) -> int:
        """Requests that wait for a connection."""
        reserved = [slot.reserved_for for slot in self._slots.aside if slot.reserved_for is not None]
        return sum(not one.done() for one in (*self._waiting, *self._waiting_alone, *reserved))

    @property
    def silent_since(self) -> float | None:
        """Loop time from which the node owes a reply and has sent none; ``None`` while it owes none.

        Streams and folds, which are slow by nature, do not count.
        """
        owed = [
            slot.connection.since
            for slot in self._slots.all
            if slot.pending and not slot.pending[0].alone and slot.state is not _LEASED
        ]
        return max(min(owed), self.replied_at) if owed else None

    # -- requests --------------------------------------------------------------------

    def submit(self, exchange: AnyExchange) -> None:
        """Send a request as soon as its turn comes; the outcome, an error included, ends ``exchange``."""
        if exchange.alone:
            self._enqueue(exchange, self._waiting_alone)
            self._admit_alone()
        elif self._waiting:
            self._enqueue(exchange, self._waiting)
            if len(self._slots.all) < self.limits.max_size:
                self._admit()  # it may open another connection; else what makes room serves those that wait
        else:
            slot = self._latest
            if slot is None or self._idle or len(slot.pending) >= self._room or not slot.connection.usable:
                slot = self._pick()
                if slot is None:
                    self._enqueue(exchange, self._waiting)
                    return
                if slot.state is _IDLE:
                    self._slots.move(slot, _SENT)
            slot.connection.send(exchange)
            if self._watchdog is None:
                self._watchdog = self._loop.call_later(self._first_look, self._look_for_slow)

    def _enqueue(self, exchange: AnyExchange, queue: OrderedDict[AnyExchange, None]) -> None:
        if self._closing:
            exchange.fail(ConnectError("the pool was closed", node=self.node))
            return
        exchange.carrier = self
        queue[exchange] = None
        self._watch_deadline(exchange)

    def _watch_deadline(self, exchange: AnyExchange) -> None:
        if exchange.deadline is not None:
            self._deadlines.add(exchange, len(self._waiting) + len(self._waiting_alone) + len(self._slots.aside))
            self._watch(exchange.deadline)

    def _waits(self, exchange: AnyExchange) -> bool:
        return exchange.carrier is self and not exchange.done()

    def abandoned(self, exchange: AnyExchange) -> None:
        """Forget a request that waits here, because no caller waits for it any more."""
        self._waiting.pop(exchange, None)
        self._waiting_alone.pop(exchange, None)
        for slot in self._slots.aside:
            if slot.reserved_for is exchange:
                slot.reserved_for = None
                self._slots.move(slot, Event.RELEASE)
                self._serve()
                return

    def _pick(self, *, relief: bool = False) -> Slot | None:
        """Return the connection for one more request; opens another when none is idle.

        ``None`` when all are full, or better ones come soon.  A slow one is returned as a last resort.
        For the ``relief`` of slow ones nothing is opened, and no slow one is returned.
        """
        idle = self._idle
        while idle:
            slot = idle[-1]
            if not slot.connection.usable:  # its send buffer is still full
                others = [one for one in idle if one.connection.usable]
                if not others:
                    break
                slot = others[-1]
            connection = slot.connection
            if self._loop.time() - connection.used_at >= _FRESH and connection.looks_dead():
                self._retire(slot)
                continue
            self._latest = slot
            return slot
        if not relief and len(self._slots.all) < self.limits.max_size:
            self._grow()
        # A burst of requests fills the connections in turn; the next connection usually has room.
        rotation = self._rotation
        at = self._cursor + 1
        if at >= len(rotation):
            at = 0
        if self._room and rotation:
            slot = rotation[at]
            if len(slot.pending) < self._room and slot.connection.usable and not slot.slow:
                self._cursor = at
                self._latest = slot
                return slot
        return self._pick_busy(relief)

    def _pick_busy(self, relief: bool) -> Slot | None:
        """Return a connection with no more in flight than the average, as far as there is one with room."""
        rotation = self._rotation
        count = len(rotation)
        if not count:
            return None
        most = self.limits.max_in_flight
        average = sum([len(slot.pending) for slot in rotation]) // count
        if average >= most:
            average = most - 1
        self._room = average + 1
        latest = self._latest
        if latest is not None and latest.connection.usable and not latest.slow and len(latest.pending) <= average:
            return latest  # requests that leave together share a write
        # start after the connection found last; stop at the first with no more in flight than the average
        best: Slot | None = None
        slow: Slot | None = None
        least = most
        at = self._cursor
        for _ in range(count):
            at = at + 1 if at + 1 < count else 0
            slot = rotation[at]
            if slot.connection.usable:
                load = len(slot.pending)
                if slot.slow:
                    if load < most and (slow is None or load < len(slow.pending)):
                        slow = slot
                elif load <= average:
                    best = slot
                    break
                elif load < least:
                    best, least = slot, load
        self._cursor = at
        self._latest = best
        if best is None and not relief and not self._slots.opening:
            return slow
        return best

    def _send(self, slot: Slot, exchange: AnyExchange) -> None:
        if slot.state is _IDLE:
            self._slots.move(slot, _SENT)
        slot.connection.send(exchange)
        if self._watchdog is None:
            self._watchdog = self._loop.call_later(self._first_look, self._look_for_slow)

    def _serve(self) -> None:
        """Send the waiting requests, as far as there is room."""
        if self._waiting:
            self._admit()
        if self._waiting_alone:
            self._admit_alone()

    def _admit(self) -> None:
        waiting = self._waiting
        while waiting:
            exchange = next(iter(waiting))
            if not exchange.done():
                slot = self._latest
                if slot is None or self._idle or len(slot.pending) >= self._room or not slot.connection.usable:
                    slot = self._pick()
                    if slot is None:
                        return
                self._send(slot, exchange)
            waiting.pop(exchange, None)

    def _admit_alone(self) -> None:
        """Find connections for the streams and folds that wait for one of their own."""
        waiting = self._waiting_alone
        slots = self._slots
        while waiting:
            exchange = next(iter(waiting))
            if exchange.done():
                del waiting[exchange]
                continue
            if len(slots.aside) >= max(1, self.limits.max_size - 1):
                return  # one connection remains for plain requests
            idle = next((slot for slot in self._rotation if slot.state is State.IDLE and slot.connection.usable), None)
            if idle is not None:
                if self._loop.time() - idle.connection.used_at >= _FRESH and idle.connection.looks_dead():
                    self._retire(idle)
                    continue
                del waiting[exchange]
                self._give(idle, exchange)
                continue
            if self._grow() or slots.opening:
                return
            usable = [slot for slot in self._rotation if slot.connection.usable]
            if not usable:
                return
            chosen = min(usable, key=lambda slot: (slot.slow, len(slot.pending)))
            if not slots.move(chosen, Event.RESERVE):
                return  # the connection is just becoming idle
            if chosen is self._latest:
                self._latest = None
            del waiting[exchange]
            chosen.reserved_for = exchange

    def _give(self, slot: Slot, exchange: AnyExchange) -> None:
        if slot is self._latest:
            self._latest = None
        self._slots.move(slot, Event.GIVEN)
        slot.connection.send(exchange)

    # -- reports of connections ---------------------------------------------------------

    def replied(self, connection: Connection, replies: list[Reply[AnyExchange]], count: int) -> None:
        """Note replies, ``count`` of them the last to their request."""
        slot = self._slot_of.get(connection)
        if slot is None or slot.state is _LEASED:
            return  # a health check's requests are not counted
        now = self.replied_at = connection.since
        self._deaths = 0
        slot.slow = False
        if len(replies) == 1 and not replies[0][0].streaming:
            latency = now - cast(Exchange, replies[0][0]).started
            self.latencies[bisect_left(LATENCY_BOUNDS, latency)] += 1
            self._usual += (latency - self._usual) / 16
        else:
            self._measure(replies, now)
        if not slot.pending:
            connection.used_at = now
            self._slots.move(slot, _DRAINED)
            if slot.reserved_for is not None:
                self._give_reserved(slot)
            if self._vacancy is not None:
                self._wake_leases()
        if slot.state is _IDLE or slot.state is _BUSY:
            self._latest = slot
        self._room = 0
        if self._waiting:
            self._admit()
        if self._waiting_alone:
            self._admit_alone()

    def _give_reserved(self, slot: Slot) -> None:
        exchange, slot.reserved_for = slot.reserved_for, None
        if exchange is None or exchange.done():
            return
        if slot.state is State.IDLE and slot.connection.usable:
            self._give(slot, exchange)
        else:
            self._put_back(exchange)

    def _put_back(self, exchange: AnyExchange) -> None:
        """Put a stream or a fold, whose reserved connection is gone, at the front of the queue."""
        self._waiting_alone[exchange] = None
        self._waiting_alone.move_to_end(exchange, last=False)

    def _measure(self, replies: list[Reply[AnyExchange]], now: float) -> None:
        oldest, newest = replies[0][0], replies[-1][0]
        if isinstance(oldest, StreamExchange) or isinstance(newest, StreamExchange):
            return  # a stream's duration depends on its reader
        latency = now - newest.started
        self._usual += (latency - self._usual) / 16
        slowest = bisect_left(LATENCY_BOUNDS, now - oldest.started)
        if slowest == bisect_left(LATENCY_BOUNDS, latency):
            self.latencies[slowest] += len(replies)  # all of them, because they were sent in order
        else:
            for exchange, _, _ in replies:
                self.latencies[bisect_left(LATENCY_BOUNDS, now - cast(Exchange, exchange).started)] += 1

    def changed(self, connection: Connection) -> None:
        """Note that a connection became usable, or is not any more."""
        slot = self._slot_of.get(connection)
        if slot is None:
            return
        if connection.state in _LEAVING:
            self._set_retired(slot)
        elif connection.usable:
            self._serve()
        self._wake_leases()

    def unneeded(self, connection: Connection) -> None:
        """Note that no caller waits for the replies on a connection: it may give way to a lease."""
        self._wake_leases()

    def displaced(self, connection: Connection, exchanges: Sequence[AnyExchange]) -> None:
        """Send requests over other connections: they were not sent over this one, or they may be repeated."""
        for exchange in reversed(exchanges):
            if self._closing:
                exchange.fail(ConnectionLost("the connection was closed", node=self.node))
                continue
            exchange.carrier = self
            self._waiting[exchange] = None
            self._waiting.move_to_end(exchange, last=False)
            self._watch_deadline(exchange)
        self._serve()

    def lost(self, connection: Connection, unanswered: int) -> None:
        """Note that a connection is closed."""
        slot = self._slot_of.pop(connection, None)
        if slot is None or not self._slots.move(slot, Event.LOST):
            return
        self.closed += 1
        if slot is self._latest:
            self._latest = None
        self._unreserve(slot)
        if not connection.dismissed:
            if self._loop.time() - connection.opened_at < _PAUSE:
                self._deaths += 1
                self._pause_growth()
            else:
                self._deaths = 0
        self._wake_leases()
        self._serve()
        if self.open_connections:
            self._keep_minimum()

    def _unreserve(self, slot: Slot) -> None:
        exchange, slot.reserved_for = slot.reserved_for, None
        if exchange is not None and not exchange.done():
            self._put_back(exchange)

    # -- slow connections ---------------------------------------------------------------

    @property
    def _patience(self) -> float:
        """Seconds after which an unanswered request makes its connection slow."""
        return max(_LEAST_PATIENCE, _SLOW * self._usual)

    @property
    def _first_look(self) -> float:
        """Seconds from the first request in flight to the first look for slow connections."""
        return self._patience if self._suspect_after is None else min(self._patience, self._suspect_after)

    def _look_for_slow(self) -> None:
        """Mark slow connections and move their waiting reads to others; repeat while any connection is busy.

        A node that is silent is reported.
        """
        now = self._loop.time()
        patience = self._patience
        oldest = inf
        busy = slow = False
        for slot in self._slots.all:
            if not slot.pending or slot.pending[0].alone:
                continue
            busy = True
            since = slot.connection.since
            if since < oldest and slot.state is not _LEASED:
                oldest = since
            if since <= now - patience:
                slot.slow = slow = True
                if slot is self._latest:
                    self._latest = None
        if slow:
            self._relieve()
        self._watchdog = None  # cleared last: a request sent above would otherwise have started a second timer
        if not busy or self._closing:
            return
        following = now + patience
        silent = False
        if self._suspect_after is not None and oldest < inf:
            suspect_at = max(oldest, self.replied_at, self.checked_at) + self._suspect_after
            silent = suspect_at - now < 0.001  # a timer may fire slightly early
            if not silent:
                following = min(following, suspect_at)
        self._watchdog = self._loop.call_at(following, self._look_for_slow)
        if silent and self._silent is not None:
            self._silent()

    def _relieve(self) -> None:
        """Send the reads behind the oldest request of slow connections over others that are not slow."""
        for slot in [slot for slot in self._slots.all if slot.slow and len(slot.pending) > 1]:
            for exchange in slot.connection.movable():
                target = self._pick(relief=True)
                if target is None:
                    if not self._slots.opening:
                        self._grow()  # _begin() tries again once the new connection is open
                    return
                slot.connection.withdraw(exchange)
                self._send(target, exchange)

    def fail_movable(self, error: RiakError) -> None:
        """Fail the reads in flight, so that they are made again elsewhere; writes keep waiting for their replies."""
        for slot in [slot for slot in self._slots.all if slot.state is not State.LEASED]:
            for exchange in list(slot.pending):
                if exchange.movable and not exchange.done():
                    lost = ConnectionLost(f"given up, as the node does not answer: {error.value}", node=self.node)
                    lost.__cause__ = error
                    exchange.fail(lost)
                    slot.connection.abandoned(exchange)

    # -- opening ------------------------------------------------------------------------

    def _grow(self, replaces: Slot | None = None) -> bool:
        """Open one more connection if there is room; returns whether there was."""
        slots = self._slots
        if self._closing or len(slots.all) + self._leases >= self.limits.max_size:
            return False
        if self._pause is not None and (self._deaths >= _DEATHS or len(slots.all) > len(slots.opening)):
            return False
        slot = slots.add()
        slot.replaces = replaces
        # Not loop.create_task(): an eager task factory would open the connection in the middle
        # of the caller's changes to the pool.
        slot.task = asyncio.Task(
            self._open(slot), loop=self._loop, name=f"aioriak opens a connection to {self.node}"
        )
        return True

    async def _open(self, slot: Slot) -> None:
        try:
            connection = await self._connect()
        except asyncio.CancelledError:
            self._slots.move(slot, Event.LOST)
            raise
        except Exception as cause:
            if self._slots.move(slot, Event.LOST):
                self._open_failed(cause)
            return
        self._opened(slot, connection, Event.OPENED)

    def _open_failed(self, cause: Exception) -> None:
        error = cause if isinstance(cause, RiakError) else ConnectError(f"no connection: {cause!r}", node=self.node)
        self.failed += 1
        self._wake_leases()
        self._pause_growth()
        logger.info("%s: no connection: %s", self.node, error.value)
        if not any(slot.state is not State.LEASED for slot in self._slots.all):
            self.fail_waiting(error)
        if self._connect_failed is not None:
            self._connect_failed(error)
        if self._rotation:
            self._serve()  # send the waiting requests over another connection

    def _opened(self, slot: Slot, connection: Connection, event: Event) -> bool:
        """Put a new connection into its slot; returns whether it is part of the pool now."""
        if self._closing or not self._slots.move(slot, event):
            self._slots.move(slot, Event.LOST)
            connection.abort()
            return False
        self.opened += 1
        slot.connection = connection
        slot.pending = connection.pending
        self._slot_of[connection] = slot
        connection.owner = self
        lifetime = self.limits.max_lifetime
        if lifetime is not None:
            slot.expires_at = connection.opened_at + lifetime * (1 - _JITTER * self._rng.random())
        if not connection.is_open:
            self._set_retired(slot)
            if connection.state is ConnectionState.CLOSED:
                self.lost(connection, 0)
            return True
        if event is Event.OPENED:
            self._begin(slot)
        return True

    def _begin(self, slot: Slot) -> None:
        """Let a connection take requests from now on."""
        if self._maintenance is None:
            self._maintain()
        replaced, slot.replaces = slot.replaces, None
        if slot.connection.client_id != self.client_id:
            self._retire(slot)
        elif replaced is not None:
            self._retire(replaced)
        self._serve()
        self._relieve()
        if slot.state is _IDLE:
            self._wake_leases()  # the new connection is not needed for a request

    async def lease(self, timeout: float | None = None) -> Connection:
        """Open a connection that takes no requests of the pool, for a health check or the like.

        It counts towards ``max_size``.  Where there is no room, it takes the place of a connection that is
        idle or on which no caller waits for a reply, and waits for one.  ``timeout``: seconds to wait for a
        place, and seconds to connect.  :meth:`add` lets it take requests, otherwise it must be closed.
        Raises :class:`~aioriak.error.ConnectError`, :class:`~aioriak.error.PoolTimeout` when no place was free,
        :class:`~aioriak.error.RequestTimeout` when the connection took too long.
        """
        if len(self._slots.all) >= self.limits.max_size:
            await self._make_room(timeout)
        if self._closing:
            raise ConnectError("the pool was closed", node=self.node)
        slot = self._slots.add()
        try:
            async with asyncio.timeout(timeout):
                connection = await self._connect()
        except BaseException as error:
            self._slots.move(slot, Event.LOST)
            self._wake_leases()
            self._serve()
            if isinstance(error, TimeoutError) and not isinstance(error, RiakError):
                raise RequestTimeout(f"no connection within {timeout} s", node=self.node) from None
            raise
        if not self._opened(slot, connection, Event.LEASE):
            raise ConnectError("the pool was closed", node=self.node)
        self._serve()  # waiting requests that counted on this slot need another connection
        return connection

    async def _make_room(self, timeout: float | None) -> None:
        deadline = None if timeout is None else self._loop.time() + timeout
        self._leases += 1
        try:
            while len(self._slots.all) >= self.limits.max_size and not self._closing:
                spare = self._spare()
                if spare is not None:
                    spare.connection.abort()  # close() would wait for a frozen peer
                if self._vacancy is None:
                    self._vacancy = self._loop.create_future()
                try:
                    async with asyncio.timeout_at(deadline):
                        await asyncio.wait([self._vacancy])  # shared with other leases: do not cancel it
                except TimeoutError:
                    raise PoolTimeout("every connection stayed busy", node=self.node) from None
        except BaseException:
            self._leases -= 1
            self._serve()  # the next free slot is no longer reserved for this lease
            raise
        self._leases -= 1

    def _spare(self) -> Slot | None:
        """Return the connection to close for another: an idle one, or one on which no caller waits for a reply."""
        if self._idle:
            return self._idle[0]
        for slot in self._slots.all:
            if slot.state in _GIVES_WAY and all(one.done() for one in slot.pending):
                return slot
        return None

    def _wake_leases(self) -> None:
        room, self._vacancy = self._vacancy, None
        if room is not None and not room.done():
            room.set_result(None)

    def add(self, connection: Connection) -> None:
        """Let an open connection take requests; it is closed instead when there is no room for it."""
        slot = self._slot_of.get(connection)
        if slot is not None:
            if self._slots.move(slot, Event.OPENED):
                self._begin(slot)
        elif self._closing or len(self._slots.all) >= self.limits.max_size:
            connection.close()
        else:
            self._opened(self._slots.add(), connection, Event.OPENED)

    def start(self, connection: Connection) -> None:
        """Add the first connection, and open as many as are always kept."""
        self.add(connection)
        self._keep_minimum()

    def fail_waiting(self, error: RiakError) -> None:
        """Fail all requests that wait for a connection; nothing of them was sent."""
        waiting = [*self._waiting, *self._waiting_alone]
        self._waiting.clear()
        self._waiting_alone.clear()
        for slot in list(self._slots.aside):
            if slot.reserved_for is not None:
                waiting.append(slot.reserved_for)
                slot.reserved_for = None
                self._slots.move(slot, Event.RELEASE)
        for exchange in waiting:
            failed = copy(error)  # a copy for each caller, because callers add to their error
            failed.node = self.node
            failed.__cause__ = error
            exchange.fail(failed)

    def introduce(self, client_id: bytes) -> None:
        """Use a client id on every connection from now on; the connections with another one retire."""
        self.client_id = client_id
        self.retire_all()

    def retire_all(self) -> None:
        """Retire every connection: it closes as soon as no caller waits for a reply on it."""
        for slot in list(self._slots.all - self._slots.opening):
            self._retire(slot)

    def _retire(self, slot: Slot) -> None:
        self._set_retired(slot)
        if slot.state is State.RETIRING:
            slot.connection.retire()

    def _set_retired(self, slot: Slot) -> None:
        if self._slots.move(slot, Event.RETIRED):
            if slot is self._latest:
                self._latest = None
            if slot.reserved_for is not None:
                self._unreserve(slot)
                self._serve()  # closing may take long, and there may be room for another connection

    # -- timers ----------------------------------------------------------------------------

    def _watch(self, deadline: float) -> None:
        if self._expiry is None or deadline < self._expiry_at:
            if self._expiry is not None:
                self._expiry.cancel()
            self._expiry = self._loop.call_at(deadline, self._expire)
            self._expiry_at = deadline

    def _expire(self) -> None:
        """Fail the waiting requests whose deadlines have passed."""
        self._expiry = None
        expired = self._deadlines.expired(self._loop.time())
        for exchange in expired:
            exchange.fail(PoolTimeout("every connection stayed busy; nothing was sent", node=self.node))
        for exchange in expired:  # in a second pass, because abandoned() may send waiting requests
            self.abandoned(exchange)
        following = self._deadlines.next
        if following is not None:
            self._watch(following)

    def _pause_growth(self) -> None:
        """Open no connections for a while; failures in that time, of health checks too, do not prolong it."""
        if self._pause is None and not self._closing:
            self._pause = self._loop.call_later(_PAUSE, self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        self._deaths = 0
        self._serve()
        if self.open_connections:
            self._keep_minimum()

    def _maintain(self) -> None:
        """Retire the connections that are too old or were idle for too long, and look again when others may be."""
        self._maintenance = None
        limits = self.limits
        if self._closing or (limits.idle_timeout is None and limits.max_lifetime is None):
            return
        now = self._loop.time()
        if limits.idle_timeout is not None:
            for slot in list(self._idle):
                kept = len(self._rotation) + len(self._slots.opening)
                if kept > limits.min_size and now - slot.connection.used_at >= limits.idle_timeout:
                    self._retire(slot)
        for slot in list(self._rotation):
            if slot.expires_at is not None and slot.expires_at <= now:
                self._renew(slot)
        self._keep_minimum()
        if self.open_connections:
            period = min(limits.idle_timeout or 3600.0, limits.max_lifetime or 3600.0) / 4
            self._maintenance = self._loop.call_later(period, self._maintain)

    def _renew(self, slot: Slot) -> None:
        """Replace a connection that is too old: it retires when there is another one.

        Where there is no room for that, one at a time retires first.
        """
        if any(other.replaces is slot for other in self._slots.opening) or self._grow(replaces=slot):
            return
        retiring = any(other.state is State.RETIRING for other in self._slots.aside)
        others = len(self._rotation) > 1 or self.limits.max_size == 1
        if self.size >= self.limits.max_size and others and not retiring:
            self._retire(slot)

    def _keep_minimum(self) -> None:
        """Replace the connections that were closed or lost."""
        while self.size < self.limits.min_size and self._grow():
            pass

    # -- closing ----------------------------------------------------------------------------

    def close(self, error: RiakError | None = None) -> list[Connection]:
        """Close at once; waiting requests and requests in flight end with an error.

        Returns the connections that were open.
        """
        self._closing = True
        for timer in (self._expiry, self._maintenance, self._watchdog, self._pause):
            if timer is not None:
                timer.cancel()
        self._expiry = self._maintenance = self._watchdog = self._pause = None
        if self._loop.is_closed():
            return []  # the event loop is closed: no caller can be waiting
        self._wake_leases()
        for slot in list(self._slots.opening):
            self._slots.move(slot, Event.LOST)  # if the connection is established all the same, _opened() closes it
            if slot.task is not None:
                slot.task.cancel()
        self.fail_waiting(error or ConnectError("the pool was closed", node=self.node))
        self._deadlines.clear()
        connections = [slot.connection for slot in self._slots.all if slot not in self._slots.opening]
        for connection in connections:
            if connection.pending:
                connection.abort()  # close() would wait for a peer that does not read its socket
            else:
                connection.close()
        return connections

    async def aclose(self, timeout: float | None) -> None:
        """Wait ``timeout`` seconds at most for waiting requests and requests in flight, then close the connections.

        Streams that wait for a connection end at once.
        """
        opening: list[asyncio.Task[None]] = []
        try:
            async with asyncio.timeout(timeout):
                if self._waiting:
                    await asyncio.wait([cast(Exchange, exchange).future for exchange in self._waiting])
                self._closing = True
                opening = [slot.task for slot in self._slots.opening if slot.task is not None]
                self.fail_waiting(ConnectError("the pool was closed", node=self.node))
                self.retire_all()
                while self.open_connections:
                    await asyncio.wait([connection.closed for connection in self._slot_of])
        except TimeoutError:
            logger.info("%s: closing with %d requests in flight", self.node, self.in_flight)
        finally:
            opening += [
                slot.task for slot in self._slots.opening if slot.task is not None and slot.task not in opening
            ]
            left = self.close()
            for connection in left:
                connection.abort()
        if left or opening:
            await asyncio.wait([*(connection.closed for connection in left), *opening])
