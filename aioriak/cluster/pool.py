"""A pool: the connections to one node, and who may use them next.

A request prefers an idle connection.  While there is none and room for more, a
new one is opened, and in the meantime the request joins a pipeline with no more
in flight than the average rather than wait for a handshake.  When every pipeline is full requests
wait here, first come, first served; they are sent from the reply handler of the
connection that has room again, so waiting costs no task and no wake-up.

A stream needs a connection alone: an idle one, a new one, or one that is kept
from new requests until it is idle.  Streams never hold the last connection of a
pool that has several.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_left
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

from aioriak.config import PoolLimits
from aioriak.error import ConnectError, PoolTimeout, RiakError
from aioriak.observability.stats import LATENCY_BOUNDS
from aioriak.transport.connection import AnyExchange, Connection
from aioriak.transport.exchange import Exchange, StreamExchange
from aioriak.wire.session import Reply

logger = logging.getLogger("aioriak.pool")

Connect = Callable[[], Awaitable[Connection]]

_PAUSE = 1.0  # seconds; how long to make do with the connections there are when another could not be opened
_FRESH = 1.0  # seconds; a connection that was idle longer is looked at before it is used


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
    ) -> None:
        self.node = node
        self.limits = limits
        self.opened = 0
        self.closed = 0
        self.failed = 0
        self.replied_at = 0.0
        """Loop time of the last answer on any of its connections."""
        self.latencies = [0] * (len(LATENCY_BOUNDS) + 1)
        """A histogram: how many answers, of streams aside, took how long."""
        self._loop = loop
        self._connect = connect
        self._connect_failed = connect_failed
        self._rotation: list[Connection] = []  # those that take requests
        self._idle: list[Connection] = []  # of the rotation, with nothing in flight; the last is used next
        self._aside: set[Connection] = set()  # given to a stream, kept for one, or retired
        self._keeping: dict[Connection, AnyExchange] = {}  # kept from new requests until idle, and for whom
        self._cursor = 0
        self._latest: Connection | None = None  # the last one that was picked, or answered and so has room
        self._load = 0  # in flight on the rotation
        self._waiting: deque[AnyExchange] = deque()
        self._waiting_alone: deque[AnyExchange] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._housekeeper: asyncio.TimerHandle | None = None
        self._grow_after = 0.0
        self._closing = False
        self.client_id: bytes | None = None
        """By which every connection has introduced itself."""

    # -- figures ------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Open connections and those being opened."""
        return len(self._rotation) + len(self._aside) + len(self._opening)

    @property
    def open_connections(self) -> int:
        """Open connections."""
        return len(self._rotation) + len(self._aside)

    @property
    def idle(self) -> int:
        """Open connections on which nothing is in flight."""
        return sum(not connection.pending for connection in (*self._rotation, *self._aside))

    @property
    def in_flight(self) -> int:
        """Requests sent whose replies have not come."""
        return self._load + sum(len(connection.pending) for connection in self._aside)

    @property
    def load(self) -> int:
        """In flight and waiting, roughly: quick to tell, for balancing."""
        return self._load + len(self._waiting) + len(self._aside)

    @property
    def waiting(self) -> int:
        """Requests that wait for room."""
        return sum(
            not one.done() for queue in (self._waiting, self._waiting_alone, self._keeping.values()) for one in queue
        )

    # -- requests --------------------------------------------------------------------

    def submit(self, exchange: AnyExchange) -> None:
        """Send a request as soon as its turn comes; the outcome, an error included, ends ``exchange``."""
        if exchange.alone:
            self._waiting_alone.append(exchange)
            self._admit_alone()
        elif self._waiting:
            self._waiting.append(exchange)
            self._admit()
        else:
            connection = self._pick()
            if connection is not None:
                self._load += 1
                connection.send(exchange)
                return
            self._waiting.append(exchange)
        if self._closing:
            exchange.fail(ConnectError("the pool was closed", node=self.node))
        elif not exchange.done() and exchange.deadline is not None:
            self._watch(exchange.deadline)

    def _pick(self) -> Connection | None:
        """A connection that may take one more request; opens another when none is idle."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.usable and not connection.pending and self._is_alive(connection):
                self._latest = connection
                return connection
        rotation = self._rotation
        count = len(rotation)
        limits = self.limits
        if count < limits.max_size:
            self._grow()
            if not count:
                return None
        most = limits.max_in_flight
        average = self._load // count
        if average >= most:
            average = most - 1
        latest = self._latest
        if latest is not None and latest.usable and len(latest.pending) <= average:
            return latest  # what goes out together shares a write
        # around from the last one found so, as far as the first that has no more in flight than the average
        best: Connection | None = None
        at = self._cursor
        for _ in range(count):
            at = at + 1 if at + 1 < count else 0
            connection = rotation[at]
            if connection.usable:
                load = len(connection.pending)
                if load <= average:
                    best = connection
                    break
                if load < most:
                    best, most = connection, load
        self._cursor = at
        self._latest = best
        return best

    def _is_alive(self, connection: Connection) -> bool:
        if self._loop.time() - connection.used_at >= _FRESH and connection.looks_dead():
            connection.retire()
            return False
        return True

    def _admit(self) -> None:
        """Send what waits, as far as there is room."""
        waiting = self._waiting
        while waiting:
            if waiting[0].done():
                waiting.popleft()
                continue
            connection = self._pick()
            if connection is None:
                return
            self._load += 1
            connection.send(waiting.popleft())

    def _admit_alone(self) -> None:
        """Find connections for those who need one alone."""
        waiting = self._waiting_alone
        while waiting:
            if waiting[0].done():
                waiting.popleft()
                continue
            if len(self._aside) >= max(1, self.limits.max_size - 1):
                return  # a place for plain requests remains
            usable = [connection for connection in self._rotation if connection.usable]
            idle = next((one for one in usable if not one.pending and self._is_alive(one)), None)
            if idle is not None:
                self._set_aside(idle)
                idle.send(waiting.popleft())
            elif self._grow():
                return
            elif usable and not self._opening:
                # keep the least loaded for it: it is idle soon
                connection = min(usable, key=lambda one: len(one.pending))
                self._set_aside(connection)
                self._keeping[connection] = waiting.popleft()
            else:
                return

    def _set_aside(self, connection: Connection) -> None:
        self._rotation.remove(connection)
        self._load -= len(connection.pending)
        self._aside.add(connection)
        if connection is self._latest:
            self._latest = None
        if connection in self._idle:
            self._idle.remove(connection)

    def _take_back(self, connection: Connection) -> None:
        self._aside.discard(connection)
        self._rotation.append(connection)
        self._idle.append(connection)

    # -- what connections tell ---------------------------------------------------------

    def replied(self, connection: Connection, replies: list[Reply[AnyExchange]], count: int) -> None:
        """Replies came, ``count`` of them the last to their request."""
        now = self.replied_at = self._loop.time()
        self._measure(replies, now)
        idle = not connection.pending
        if idle:
            connection.used_at = now
        if connection not in self._aside:
            self._load -= count
            self._latest = connection
            if idle and not (self._idle and self._idle[-1] is connection):  # changed() may have been quicker
                self._idle.append(connection)
        elif idle and not connection.retired:
            exchange = self._keeping.pop(connection, None)
            if exchange is not None and not exchange.done():
                if connection.usable:
                    connection.send(exchange)
                    return
                self._waiting_alone.appendleft(exchange)
            self._take_back(connection)
        if self._waiting:
            self._admit()
        if self._waiting_alone:
            self._admit_alone()

    def _measure(self, replies: list[Reply[AnyExchange]], now: float) -> None:
        oldest, newest = replies[0][0], replies[-1][0]
        if isinstance(oldest, StreamExchange) or isinstance(newest, StreamExchange):
            return  # how long a stream takes is its reader's business
        slowest = bisect_left(LATENCY_BOUNDS, now - oldest.started)
        if slowest == bisect_left(LATENCY_BOUNDS, now - newest.started):
            self.latencies[slowest] += len(replies)  # and so did all in between
        else:
            for exchange, _, _ in replies:
                self.latencies[bisect_left(LATENCY_BOUNDS, now - cast(Exchange, exchange).started)] += 1

    def changed(self, connection: Connection) -> None:
        """A connection became usable or stopped being so."""
        if connection.retired and connection in self._rotation:
            self._set_aside(connection)
        elif connection.usable:
            if not connection.pending and connection in self._rotation and connection not in self._idle:
                self._idle.append(connection)
            self._serve()

    def lost(self, connection: Connection, unanswered: int) -> None:
        """A connection is closed."""
        self.closed += 1
        if connection in self._aside:
            self._aside.discard(connection)
        elif connection in self._rotation:
            self._rotation.remove(connection)
            self._load -= unanswered
            if connection in self._idle:
                self._idle.remove(connection)
        exchange = self._keeping.pop(connection, None)
        if exchange is not None and not exchange.done():
            self._waiting_alone.appendleft(exchange)
        if not connection.dismissed and self._loop.time() - connection.opened_at < _PAUSE:
            self._grow_after = self._loop.time() + _PAUSE
        self._serve()
        if connection.dismissed or self.open_connections:
            self._keep_minimum()

    def _serve(self) -> None:
        if self._waiting:
            self._admit()
        if self._waiting_alone:
            self._admit_alone()

    # -- opening ------------------------------------------------------------------------

    def _grow(self) -> bool:
        """Open one more connection if there is room; whether there was."""
        if self._closing or self.size >= self.limits.max_size:
            return False
        if self._grow_after and self.open_connections and self._loop.time() < self._grow_after:
            return False
        task = self._loop.create_task(self._open(), name=f"aioriak opens a connection to {self.node}")
        self._opening.add(task)
        return True

    async def _open(self) -> None:
        try:
            try:
                connection = await self._connect()
            finally:
                self._opening.discard(asyncio.current_task())
        except Exception as cause:
            error = cause if isinstance(cause, RiakError) else ConnectError(f"no connection: {cause!r}", node=self.node)
            self.failed += 1
            self._grow_after = self._loop.time() + _PAUSE
            logger.info("%s: no connection: %s", self.node, error.value)
            if not self._rotation and not self._aside and not self._opening:
                self.fail_waiting(error)
            if self._connect_failed is not None:
                self._connect_failed(error)
            return
        self.add(connection)

    def add(self, connection: Connection) -> None:
        """Take an open connection in."""
        self.opened += 1
        connection.owner = self
        self._rotation.append(connection)
        self._idle.insert(0, connection)
        if self._closing or not connection.is_open:
            connection.close()
            if not connection.is_open:
                self.lost(connection, 0)
            return
        if self._housekeeper is None:
            self._keep_house()
        if connection.client_id != self.client_id:
            connection.retire()
        self._serve()

    def start(self, connection: Connection) -> None:
        """Take the first connection in, and open as many as are always kept."""
        self.add(connection)
        self._keep_minimum()

    def fail_waiting(self, error: RiakError) -> None:
        """End everything that waits with an error; nothing of it was sent."""
        waiting = [*self._waiting, *self._waiting_alone, *self._keeping.values()]
        for queue in (self._waiting, self._waiting_alone, self._keeping):
            queue.clear()
        for exchange in waiting:
            mine = type(error)(error.value, node=self.node)
            mine.__cause__ = error
            exchange.fail(mine)

    def introduce(self, client_id: bytes) -> None:
        """Let every connection go that has not introduced itself so, those that are just opening too."""
        self.client_id = client_id
        self.retire_all()

    def retire_all(self) -> None:
        """Close every connection as soon as nothing is in flight on it."""
        for connection in [*self._rotation, *self._aside]:
            connection.retire()

    # -- timers ----------------------------------------------------------------------------

    def _watch(self, deadline: float) -> None:
        if self._timer is None or deadline < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(deadline, self._check)
            self._timer_at = deadline

    def _check(self) -> None:
        """End what waited past its deadline."""
        self._timer = None
        now = self._loop.time()
        for exchange in (*self._waiting, *self._waiting_alone, *self._keeping.values()):
            if exchange.deadline is not None and exchange.deadline <= now:
                exchange.fail(PoolTimeout("every connection stayed busy; nothing was sent", node=self.node))
        for queue in (self._waiting, self._waiting_alone):
            kept = [exchange for exchange in queue if not exchange.done()]
            queue.clear()
            queue.extend(kept)
        left = (*self._waiting, *self._waiting_alone, *self._keeping.values())
        deadlines = [one.deadline for one in left if one.deadline is not None and not one.done()]
        if deadlines:
            self._watch(max(min(deadlines), now + 0.01))

    def _keep_house(self) -> None:
        """Retire what is too old or was idle too long, and look again when the next one may be."""
        self._housekeeper = None
        limits = self.limits
        if self._closing or (limits.idle_timeout is None and limits.max_lifetime is None):
            return
        now = self._loop.time()
        spare = self.size - limits.min_size
        for connection in list(self._rotation):
            if (limits.max_lifetime is not None and now - connection.opened_at >= limits.max_lifetime) or (
                limits.idle_timeout is not None
                and spare > 0
                and not connection.pending
                and now - connection.used_at >= limits.idle_timeout
            ):
                connection.retire()
                spare -= 1
        self._keep_minimum()
        if self._rotation or self._aside:
            period = min(limits.idle_timeout or 3600.0, limits.max_lifetime or 3600.0) / 4
            self._housekeeper = self._loop.call_later(period, self._keep_house)

    def _keep_minimum(self) -> None:
        """Replace what was closed or lost."""
        while self.size < self.limits.min_size and self._grow():
            pass

    # -- closing ----------------------------------------------------------------------------

    def close(self, error: RiakError | None = None) -> list[Connection]:
        """Close at once; what waits and what is in flight ends with an error."""
        self._closing = True
        for timer in (self._timer, self._housekeeper):
            if timer is not None:
                timer.cancel()
        self._timer = self._housekeeper = None
        if self._loop.is_closed():
            return []  # nobody is left to be told
        for task in self._opening:
            task.cancel()
        self.fail_waiting(error or ConnectError("the pool was closed", node=self.node))
        connections = [*self._rotation, *self._aside]
        for connection in connections:
            if connection.pending:
                connection.abort()  # close() would wait for a peer that does not read
            else:
                connection.close()
        return connections

    async def aclose(self, timeout: float | None) -> None:
        """Let what waits and what is in flight end, for ``timeout`` seconds at most, then close and wait for it.

        Streams that wait for a connection end at once.
        """
        opening: list[asyncio.Task[None]] = []
        try:
            async with asyncio.timeout(timeout):
                if self._waiting:
                    await asyncio.wait([cast(Exchange, exchange).future for exchange in self._waiting])
                self._closing = True
                opening = list(self._opening)
                self.fail_waiting(ConnectError("the pool was closed", node=self.node))
                self.retire_all()
                while self._rotation or self._aside:
                    await asyncio.wait([one.closed for one in [*self._rotation, *self._aside]])
        except TimeoutError:
            logger.info("%s: closing with %d requests in flight", self.node, self.in_flight)
        finally:
            opening += [task for task in self._opening if task not in opening]
            left = self.close()
            for connection in left:
                connection.abort()
        if left or opening:
            await asyncio.wait([*(one.closed for one in left), *opening])
