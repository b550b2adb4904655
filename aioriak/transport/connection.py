"""A connection: an asyncio Protocol around a :class:`~aioriak.wire.session.Session`.

Requests made in one iteration of the event loop leave in one write.  One timer a
connection watches all of its deadlines.  A reply that no caller waits for any
more (cancelled, timed out) keeps its place and is dropped.

The life of a connection is :data:`TRANSITIONS`.  Beside it there are two independent
dimensions: *paused* (the send buffer is full) and *stalled* (the oldest request was
given up and its reply is still to come).  A connection is *usable*, that is, takes
requests, while it is ``OPEN`` and neither paused nor stalled.
"""

from __future__ import annotations

import asyncio
import logging
import select
from collections import deque
from collections.abc import Mapping, Sequence
from enum import Enum
from math import inf
from typing import Any, Protocol, cast

from aioriak.error import ConnectionLost, NodeNotReady, NotSupported, RequestTimeout, RiakError, for_write
from aioriak.transport.exchange import AnyExchange, Exchange, StreamExchange, placeholder
from aioriak.wire.framing import DEFAULT_MAX_FRAME
from aioriak.wire.operation import Operation
from aioriak.wire.session import Reply, Session

__all__ = ["AnyExchange", "Connection", "Event", "Owner", "State"]

logger: logging.Logger = logging.getLogger("aioriak.transport")

_LARGE = 64 * 1024  # bytes; a larger frame is written alone, without being joined with others
_STREAM_READ = 64 * 1024  # bytes read at once from a stream: 64 KiB of empty messages are 13,000 objects


class State(Enum):
    """The state of a connection."""

    NEW = "new"
    """Not connected yet, or in the middle of the TLS handshake."""
    OPEN = "open"
    """Connected; requests are pipelined."""
    ALONE = "alone"
    """Given to one request, a stream or a fold, until its last reply."""
    RETIRING = "retiring"
    """No new requests; it closes when no caller waits for a reply."""
    CLOSING = "closing"
    """Closed from this side; the socket is not closed yet."""
    CLOSED = "closed"


class Event(Enum):
    """An event that moves a connection from one state to another."""

    CONNECTED = "connected"
    GIVEN = "given to one request"
    ANSWERED = "that request was answered"
    RETIRE = "retire"
    CLOSE = "close"
    LOST = "lost"


TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.NEW: {
        Event.CONNECTED: State.OPEN,
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.OPEN: {
        Event.GIVEN: State.ALONE,
        Event.RETIRE: State.RETIRING,
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.ALONE: {
        Event.ANSWERED: State.OPEN,
        Event.RETIRE: State.RETIRING,
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.RETIRING: {
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.CLOSING: {
        Event.LOST: State.CLOSED,
    },
    State.CLOSED: {},
}
"""State to event to next state; an event that is not listed for a state changes nothing."""

# looked up once: an Enum member's lookup takes as long as ten other instructions
_OPEN, _ALONE, _RETIRING = State.OPEN, State.ALONE, State.RETIRING


class Owner(Protocol):
    """The receiver of a connection's reports.  The calls may come in any order."""

    def replied(self, connection: Connection, replies: list[Reply[AnyExchange]], count: int) -> None:
        """Note replies, ``count`` of them the last to their request; ``usable`` may have become true by them."""

    def changed(self, connection: Connection) -> None:
        """Note that ``connection.state`` or ``connection.usable`` changed by something else than replies."""

    def unneeded(self, connection: Connection) -> None:
        """Note that requests are in flight and no caller waits for their replies any more."""

    def displaced(self, connection: Connection, exchanges: Sequence[AnyExchange]) -> None:
        """Send requests over another connection: this one is being closed, or is held up by an abandoned request."""

    def lost(self, connection: Connection, unanswered: int) -> None:
        """Note that the connection is closed; ``unanswered`` requests were in flight on it."""


class Connection(asyncio.BufferedProtocol):
    """One connection to ``node``, over which requests are pipelined.

    ``overdue`` is how long, in seconds, the reply to a request that was given up may hold the others
    up before the connection is closed; ``None`` for no limit.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        node: str,
        *,
        overdue: float | None = 5.0,
        max_frame: int = DEFAULT_MAX_FRAME,
    ) -> None:
        self.node = node
        self.owner: Owner | None = None
        self.state: State = State.NEW
        self.session: Session[AnyExchange] = Session(max_frame)
        self.pending: deque[AnyExchange] = self.session.pending
        """The requests in flight, oldest first."""
        self.usable: bool = False
        """Whether requests may be sent; follows from the state, and from being paused or stalled."""
        self.opened_at: float = loop.time()
        self.used_at: float = self.opened_at
        self.since: float = self.opened_at
        """``since`` is the loop time from which the oldest request in flight is unanswered: it was sent
        then, or the one before it was answered."""
        self.closed: asyncio.Future[None] = loop.create_future()
        """Done when the socket is closed."""
        self.client_id: bytes | None = None
        """The client id sent on this connection."""
        self.dismissed: bool = False
        """It was closed from this side, and not for a fault."""
        self.last_error: RiakError | None = None
        """The fault that it was closed for."""
        self._loop = loop
        self._overdue = overdue
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._stalled = False
        self._flushing = False  # _flush() is due in this iteration of the loop or the next
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf  # loop time at which _timer fires

    def __repr__(self) -> str:
        return f"<Connection {self.node} {self.state.value}, {len(self.pending)} in flight>"

    def _move(self, event: Event) -> bool:
        """Follow :data:`TRANSITIONS`; returns whether the event was legal."""
        following = TRANSITIONS[self.state].get(event)
        if following is None:
            return False
        self.state = following
        self.usable = following is _OPEN and not self._paused and not self._stalled
        if self.owner is not None:
            self.owner.changed(self)
        return True

    def _update(self) -> None:
        """Follow a change of the two dimensions."""
        usable = self.state is _OPEN and not self._paused and not self._stalled
        if usable is not self.usable:
            self.usable = usable
            if self.owner is not None:
                self.owner.changed(self)

    def _check_stall(self) -> None:
        stalled = bool(self.pending) and self.pending[0].done()
        if stalled and self._overdue is not None:
            overdue_at = max(self.pending[0].deadline or 0.0, self.since) + self._overdue
            if overdue_at < self._timer_at:
                self._watch(overdue_at)
        if stalled is not self._stalled:
            self._stalled = stalled
            self._update()
            if stalled and self.session.unwritten and self.owner is not None:
                self._take_back_unwritten(self.owner)
        if stalled and self.owner is not None and all(exchange.done() for exchange in self.pending):
            self.owner.unneeded(self)

    def _take_back_unwritten(self, owner: Owner) -> None:
        """Return unwritten requests behind an abandoned one to the owner, for other connections."""
        oldest = self.pending[0]
        unsent = [exchange for exchange in self.session.unwritten if exchange is not oldest and not exchange.done()]
        for exchange in unsent:
            self.pending.remove(exchange)
            self.session.unwritten.remove(exchange)
            exchange.carrier = None
        if unsent:
            owner.displaced(self, unsent)

    # -- sending -----------------------------------------------------------------

    def send(self, exchange: AnyExchange) -> None:
        """Send a request; it must be :attr:`usable`, and idle where the exchange needs it alone.

        A request sent over a connection that has been closed fails with :class:`~aioriak.error.ConnectionLost`.
        """
        if self.state is not _OPEN:
            exchange.fail(ConnectionLost("the connection was closed before this was sent", node=self.node))
            return
        session = self.session
        pending = self.pending
        if not pending:
            self.since = self._loop.time()
        exchange.carrier = self
        if exchange.alone:
            session.send(exchange)
            self._give_to(exchange)
        else:
            pending.append(exchange)  # as Session.send() does; a usable connection has no stream in progress
            session.unwritten.append(exchange)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)
        deadline = exchange.deadline
        if deadline is not None and deadline < self._timer_at and not exchange.streaming:
            self._watch(deadline)

    def _give_to(self, exchange: AnyExchange) -> None:
        self._move(Event.GIVEN)
        if isinstance(exchange, StreamExchange):
            transport = cast(asyncio.Transport, self._transport)
            exchange.pause = transport.pause_reading
            exchange.resume = self._resume_reading
        else:
            exchange.future.add_done_callback(lambda future: self._alone_ended(exchange))

    def _alone_ended(self, exchange: AnyExchange) -> None:
        if self.pending and self.pending[0] is exchange:
            self.abort()  # the server may work on the cancelled request for minutes

    def _resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _flush(self) -> None:
        self._flushing = False
        transport = self._transport
        session = self.session
        if transport is None or not session.unwritten or transport.is_closing():
            return
        oldest = session.pending[0]
        if oldest is not session.unwritten[0] and oldest.done():
            self._check_stall()  # the caller cancelled the request in this iteration of the loop
        outgoing, session.unwritten = session.unwritten, []
        if len(outgoing) == 1:
            outgoing[0].sent = True
            transport.write(outgoing[0].frame)
            return
        frames: list[bytes] = []
        for exchange in outgoing:
            exchange.sent = True
            frame = exchange.frame
            if len(frame) > _LARGE:
                if frames:
                    transport.write(b"".join(frames))
                    frames.clear()
                transport.write(frame)
            else:
                frames.append(frame)
        if frames:
            transport.write(b"".join(frames))

    # -- called by asyncio ---------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._move(Event.CONNECTED):
            self._transport.abort()  # closed while it was being made

    def get_buffer(self, sizehint: int) -> memoryview:
        room = self.session.room()
        return room if self.state is not _ALONE else room[:_STREAM_READ]

    def buffer_updated(self, nbytes: int) -> None:
        session = self.session
        replies = session.receive(nbytes)
        if not replies:
            if session.fault is not None:
                self._fail(session.fault, session.faulty)
            return
        pending = self.pending
        self.since = self._loop.time()
        count = len(replies)
        for exchange, message, error in replies:
            if exchange.streaming:
                count -= not self._stream_reply(cast(StreamExchange, exchange), message, error)
                continue
            future = exchange.future  # type: ignore[union-attr]
            if future.done():
                continue  # cancelled or timed out: the reply is discarded
            if error is None:
                exchange.reply = message  # type: ignore[union-attr]
                future.set_result(None)
            else:
                future.set_exception(self._server_error(exchange.operation, error))
        if pending and pending[0].done():
            self._check_stall()
        elif self._stalled:
            self._stalled = False
            self.usable = self.state is _OPEN and not self._paused  # replied() below lets the owner send
        if not count:
            return
        if count == 1 and not self._flushing:
            # Flush in this iteration: the task woken by this reply usually sends its next request.
            self._flushing = True
            self._loop.call_soon(self._flush)
        if not pending and self.state is _ALONE:
            self._move(Event.ANSWERED)
        if self.owner is not None:
            self.owner.replied(self, replies, count)
        if self.state is _RETIRING:
            self._close_if_done()

    def pause_writing(self) -> None:
        self._paused = True
        self._update()

    def resume_writing(self) -> None:
        self._paused = False
        self._update()

    def eof_received(self) -> None:
        logger.debug("%s: end of file", self.node)

    def connection_lost(self, exc: Exception | None) -> None:
        unwritten = set(map(id, self.session.unwritten))
        self._transport = None
        left = self.session.close()
        self._stalled = False
        self._move(Event.LOST)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._timer_at = inf
        reason = self.last_error or ConnectionLost(
            f"the connection to {self.node} closed{f': {exc}' if exc else ''}", node=self.node
        )
        for exchange in left:
            if exchange.done():
                continue
            error: RiakError = ConnectionLost(str(reason.value), node=self.node)
            if exchange.operation.writes and (exchange.sent or id(exchange) not in unwritten):
                error = for_write(error)
            error.__cause__ = exc or self.last_error
            exchange.fail(error)
        if not self.closed.done():
            self.closed.set_result(None)
        if left:
            logger.info("%s: connection closed with %d requests in flight", self.node, len(left))
        if self.owner is not None:
            self.owner.lost(self, len(left))

    # -- replies --------------------------------------------------------------------

    def _server_error(self, operation: Operation[Any, Any], error: RiakError) -> RiakError:
        error.node = self.node
        if isinstance(error, NotSupported) and operation.universal:
            error = NodeNotReady(error.value, node=self.node)
        return for_write(error) if operation.writes else error

    def _stream_reply(self, exchange: StreamExchange, message: Any, error: RiakError | None) -> bool:
        """Deliver a stream's message; returns whether it was the last."""
        if error is not None:
            exchange.fail(self._server_error(exchange.operation, error))
            return True
        exchange.feed(message)
        if message.done:
            exchange.finish()
            return True
        return False

    # -- deadlines --------------------------------------------------------------------

    def _watch(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._check)
        self._timer_at = when

    def _check(self) -> None:
        """Fail the requests past their deadlines; close the connection when a reply is overdue."""
        self._timer = None
        self._timer_at = inf
        now = self._loop.time()
        following = inf
        for exchange in self.pending:
            if exchange.streaming or exchange.deadline is None or exchange.done():
                continue
            if exchange.deadline > now or exchange in self.session.unwritten:  # it is written in this iteration
                following = min(following, max(exchange.deadline, now))
                continue
            error: RiakError = RequestTimeout("no reply came in time", node=self.node)
            exchange.fail(for_write(error) if exchange.operation.writes else error)
        self._check_stall()
        if self._stalled and self._overdue is not None:
            overdue_at = max(self.pending[0].deadline or now, self.since) + self._overdue
            if overdue_at > now:
                following = min(following, overdue_at)
            elif self._replace():
                return
            else:
                following = min(following, now + self._overdue)
        if following < inf:
            self._watch(following)
        if self.state is State.RETIRING:
            self._close_if_done()

    def _replace(self) -> bool:
        """Close the connection, whose reply is overdue, unless that loses a write; returns whether it did.

        Other requests behind the overdue reply are handed to the owner.  A write is left to wait until
        its own deadline, at which this is tried again.
        """
        movable = self.movable()
        live = sum(not exchange.done() for exchange in self.pending)
        if live > (0 if self.owner is None else len(movable)):
            return False
        for exchange in movable:
            self.withdraw(exchange)
        name = self.pending[0].operation.name
        self._fail(ConnectionLost(f"{name}: the reply is long overdue"))
        if movable and self.owner is not None:
            self.owner.displaced(self, movable)
        return True

    def abandoned(self, exchange: AnyExchange) -> None:
        """Note that no caller waits for a request: nothing new is sent behind its reply while that is the oldest."""
        if exchange.streaming:
            self.abort()
            return
        exchange.deadline = self._loop.time()
        self._check_stall()
        if self.state is State.RETIRING:
            self._close_if_done()

    # -- requests that leave for another connection -------------------------------------

    def movable(self) -> list[Exchange]:
        """Return the requests behind the oldest that may be sent over another connection instead."""
        unwritten = self.session.unwritten
        oldest = self.pending[0] if self.pending else None
        return [
            cast(Exchange, exchange)
            for exchange in self.pending
            if exchange is not oldest and not exchange.done() and exchange.movable and exchange not in unwritten
        ]

    def withdraw(self, exchange: Exchange) -> None:
        """Take a request back, for another connection; its reply on this one will be dropped."""
        self.pending[self.pending.index(exchange)] = placeholder(exchange, self._loop)
        exchange.carrier = None
        self._check_stall()

    # -- life ---------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether replies can still come."""
        return self.state in (State.OPEN, State.ALONE, State.RETIRING)

    @property
    def peer(self) -> tuple[str, int] | None:
        """The IP address and port of the other side."""
        name = self._transport.get_extra_info("peername") if self._transport is not None else None
        return (name[0], name[1]) if isinstance(name, tuple) else None

    def looks_dead(self) -> bool:
        """Whether there is something to read although no request is in flight: most likely end of file."""
        if self._transport is None or self._transport.is_closing():
            return True
        sock = self._transport.get_extra_info("socket")
        if sock is None or sock.fileno() < 0:
            return True
        return _is_readable(sock.fileno())

    def end_line(self) -> None:
        """Send an empty line to a server that has not replied: one of another protocol may answer that.

        It is no request of Riak's, so the connection must be closed afterwards.
        """
        if self._transport is not None and self.is_open:
            self._transport.write(b"\r\n\r\n")

    def retire(self) -> None:
        """Take no new requests; close when no caller waits for a reply."""
        self._move(Event.RETIRE)
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self.state is State.RETIRING and all(exchange.done() for exchange in self.pending):
            self.close()

    def close(self) -> None:
        """Close after everything written has been sent; the requests in flight are lost."""
        self._end()
        if self._transport is not None:
            self._flush()
            self._transport.close()

    def abort(self) -> None:
        """Close at once; the requests in flight are lost."""
        self._end()
        if self._transport is not None:
            self._transport.abort()

    def _end(self) -> None:
        if self.state is not State.CLOSED:
            self.dismissed = self.last_error is None
        self._move(Event.CLOSE)

    def _fail(self, error: RiakError, faulty: AnyExchange | None = None) -> None:
        """Close the connection for a fault, which is the error of the ``faulty`` request, if it was one's."""
        if self.last_error is not None:
            return
        error.node = self.node
        self.last_error = error
        logger.warning("%s: closing the connection: %s", self.node, error.value)
        if faulty is not None:
            faulty.fail(for_write(error) if faulty.operation.writes else error)
        self.abort()


def _is_readable(descriptor: int) -> bool:
    poll = getattr(select, "poll", None)
    if poll is None:  # Windows, where select() has no limit on the descriptor
        return bool(select.select([descriptor], [], [], 0)[0])
    poller = poll()
    poller.register(descriptor, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poller.poll(0))
