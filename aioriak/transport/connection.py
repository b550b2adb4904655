"""A connection: an asyncio Protocol around a :class:`~aioriak.wire.session.Session`.

Requests of one turn of the event loop leave in one write.  One timer a
connection watches every deadline on it.  What a reply is for is the session's
business; when a reply is nobody's any more (cancelled, timed out) it keeps its
place and is dropped, and if it is overdue the connection is closed.
"""

from __future__ import annotations

import asyncio
import logging
import select
from math import inf
from typing import Any, Protocol, cast

from google.protobuf.message import DecodeError

from aioriak.error import (
    ConnectionLost,
    NodeNotReady,
    NotSupported,
    ProtocolError,
    RequestTimeout,
    RiakError,
    for_write,
    from_server,
)
from aioriak.riak_pb import base
from aioriak.transport.exchange import Exchange, StreamExchange
from aioriak.wire.framing import DEFAULT_MAX_FRAME, Body
from aioriak.wire.operation import Operation
from aioriak.wire.session import Reply, Session, State

logger = logging.getLogger("aioriak.transport")

AnyExchange = Exchange | StreamExchange

_LARGE = 64 * 1024  # frames above this are written as they are, not joined with others


class Owner(Protocol):
    """Who is told what becomes of a connection."""

    def replied(self, connection: Connection, replies: list[Reply[AnyExchange]], count: int) -> None:
        """Replies came, ``count`` of them the last to their request."""

    def changed(self, connection: Connection) -> None:
        """``connection.usable`` changed."""

    def lost(self, connection: Connection, unanswered: int) -> None:
        """The connection is closed; ``unanswered`` requests went down with it."""


class Connection(asyncio.BufferedProtocol):
    """One connection to ``node``, over which requests are pipelined."""

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
        self.session: Session[AnyExchange] = Session(max_frame)
        self.pending = self.session.pending
        """What is in flight, oldest first."""
        self.usable = False
        """Requests may be sent: open, not stalled, not given to a stream."""
        self.used_at = self.opened_at = loop.time()
        self.closed: asyncio.Future[None] = loop.create_future()
        """Done when the socket is closed."""
        self.client_id: bytes | None = None
        """What it introduced itself by."""
        self.retired = False
        """No new requests, closed when nothing is in flight."""
        self.dismissed = False
        """It was closed from this side, and not for a fault."""
        self.last_error: RiakError | None = None
        self._loop = loop
        self._overdue = overdue
        self._transport: asyncio.Transport | None = None
        self._outgoing: list[AnyExchange] = []
        self._flushing = False  # _flush() is due in this turn of the loop or the next
        self._writable = True
        self._stalled = False  # the oldest request was given up and its reply has not come
        self._given = False  # to one exchange alone
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf  # when it is due

    def __repr__(self) -> str:
        return f"<Connection {self.node} {self.session.state.name.lower()}, {len(self.pending)} in flight>"

    # -- sending -----------------------------------------------------------------

    def send(self, exchange: AnyExchange) -> None:
        """Send a request; it must be :attr:`usable`, and idle where the exchange needs it alone."""
        if exchange.alone:
            self.session.sent(exchange)
            self._give_to(exchange)
        else:
            self.pending.append(exchange)  # as the session would: a usable one has no stream under way
            exchange.carrier = self  # type: ignore[union-attr]  # a stream is always alone
        self._outgoing.append(exchange)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)
        deadline = exchange.deadline
        if deadline is None:
            deadline = self._loop.time() + 60.0  # to be looked at then, and again
        if deadline < self._timer_at and not exchange.streaming:
            self._watch(deadline)

    def _give_to(self, exchange: AnyExchange) -> None:
        self._given = True
        self._update()
        if isinstance(exchange, StreamExchange):
            transport = cast(asyncio.Transport, self._transport)
            exchange.pause = transport.pause_reading
            exchange.resume = self._resume_reading
            exchange.left = self.abort
        else:
            exchange.future.add_done_callback(lambda future: self._alone_ended(exchange))

    def _alone_ended(self, exchange: AnyExchange) -> None:
        if self.pending and self.pending[0] is exchange:
            self.abort()  # given up: the server may be busy with it for minutes

    def _resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _flush(self) -> None:
        self._flushing = False
        outgoing = self._outgoing
        transport = self._transport
        if transport is None or not outgoing:
            return
        self._outgoing = []
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

    # -- what asyncio calls --------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._update()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to read to: a large reply is received where it stays."""
        return self.session.room()

    def buffer_updated(self, nbytes: int) -> None:
        """So much was read."""
        replies = self.session.receive(nbytes)
        fault = self.session.fault
        count = len(replies)
        for exchange, code, body in replies:
            if isinstance(exchange, StreamExchange):
                count -= not self._stream_reply(exchange, code, body)
                continue
            future = exchange.future
            if future.done():
                continue  # given up: this reply is nobody's
            operation = exchange.operation
            if code == operation.reply_code:
                exchange.reply = body
                future.set_result(None)
                continue
            error = self._error_reply(operation, code, body)
            future.set_exception(error)
            if isinstance(error, ProtocolError):
                fault = fault or error
        if self._stalled and not self._oldest_given_up():
            self._stalled = False
            self._update()
        if count:
            if count == 1 and not self._flushing:
                # who was answered runs next; what is asked for then leaves right after, in the same turn
                self._flushing = True
                self._loop.call_soon(self._flush)
            if self._given and not self.pending:
                self._given = False
                self._update()
            if fault is not None:
                self._give_up(fault)
            if self.owner is not None:
                self.owner.replied(self, replies, count)
            if self.retired:
                self._close_if_done()
        elif fault is not None:
            self._give_up(fault)

    def pause_writing(self) -> None:
        self._writable = False
        self._update()

    def resume_writing(self) -> None:
        self._writable = True
        self._update()

    def eof_received(self) -> None:
        logger.debug("%s: end of file", self.node)

    def connection_lost(self, exc: Exception | None) -> None:
        unsent = set(map(id, self._outgoing))
        self._outgoing.clear()
        self._transport = None
        left = self.session.close()
        self._update()
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
            if id(exchange) in unsent:
                exchange.sent = False
            elif exchange.operation.writes:
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

    def _error_reply(self, operation: Operation[Any, Any], code: int, body: Body) -> RiakError:
        """What a reply says that is not the one awaited: a :class:`ProtocolError` where it makes no sense."""
        error: RiakError
        if code:
            error = ProtocolError(f"message code {code} came in answer to {operation.name}")
        else:
            try:
                error = from_server(base.RpbErrorResp.FromString(bytes(body)).errmsg.decode("utf-8", "replace"))
            except DecodeError as cause:
                error = ProtocolError(f"the error in answer to {operation.name} cannot be decoded: {cause}")
        error.node = self.node
        if isinstance(error, NotSupported) and operation.universal:
            error = NodeNotReady(error.value, node=self.node)
        return for_write(error) if operation.writes else error

    def _stream_reply(self, exchange: StreamExchange, code: int, message: Any) -> bool:
        """Deliver a stream's message; whether it was the last."""
        if code == exchange.operation.reply_code:
            exchange.feed(message, message.ByteSize())
            if not message.done:
                return False
            exchange.finish()
        else:
            error = self._error_reply(exchange.operation, code, message)
            exchange.fail(error)
            if isinstance(error, ProtocolError):
                self._give_up(error)
        return True

    # -- deadlines --------------------------------------------------------------------

    def _watch(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._check)
        self._timer_at = when

    def _check(self) -> None:
        """Give up what is past its deadline; close the connection when a reply is overdue."""
        self._timer = None
        self._timer_at = inf
        now = self._loop.time()
        following: float | None = None
        stalls = True  # everything before is given up already
        for exchange in self.pending:
            if exchange.streaming:
                continue
            if exchange.done():
                # cancelled or timed out: its reply is still owed
                if exchange.deadline is None:
                    exchange.deadline = now
                if self._overdue is None:
                    continue
                overdue_at = exchange.deadline + self._overdue
                if now >= overdue_at:
                    self._give_up(ConnectionLost(f"{exchange.operation.name}: no reply came, long overdue"))
                    return
                when = overdue_at
            elif exchange.deadline is None:
                stalls = False
                when = now + 60.0
            elif exchange.deadline <= now:
                self._time_out(exchange, stalls=stalls)
                when = exchange.deadline + (self._overdue or 60.0)
            else:
                stalls = False
                when = exchange.deadline
            following = when if following is None else min(following, when)
        if following is not None:
            self._watch(following)
        if self.retired:
            self._close_if_done()

    def _time_out(self, exchange: AnyExchange, *, stalls: bool) -> None:
        error: RiakError = RequestTimeout("no answer came in time", node=self.node)
        exchange.fail(for_write(error) if exchange.operation.writes else error)
        if stalls and not self._stalled:
            self._stalled = True
            self._update()

    def given_up(self, exchange: Exchange) -> None:
        """The caller was cancelled: its reply is owed still, and nothing new follows it until that comes."""
        exchange.deadline = now = self._loop.time()
        if self._overdue is not None and now + self._overdue < self._timer_at:
            self._watch(now + self._overdue)
        if self.pending and self.pending[0] is exchange and not self._stalled:
            self._stalled = True
            self._update()

    def _oldest_given_up(self) -> bool:
        if not self.pending:
            return False
        oldest = self.pending[0]
        return oldest.done() and oldest.deadline is not None and oldest.deadline <= self._loop.time()

    # -- life ---------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether the connection can still be used at all."""
        return self._transport is not None and self.session.state is not State.CLOSED

    @property
    def peer(self) -> tuple[str, int] | None:
        """The IP address and port of the other side."""
        name = self._transport.get_extra_info("peername") if self._transport is not None else None
        return (name[0], name[1]) if isinstance(name, tuple) else None

    def looks_dead(self) -> bool:
        """Whether something waits to be read although nothing was asked: end of file, most likely."""
        if self._transport is None or self._transport.is_closing():
            return True
        sock = self._transport.get_extra_info("socket")
        if sock is None or sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return bool(poll.poll(0))

    def retire(self) -> None:
        """Take no new requests; close when those in flight are answered."""
        self.retired = True
        self._update()
        self._close_if_done()

    def _close_if_done(self) -> None:
        """Close when retired and nobody waits for what is in flight, if anything is."""
        if self.retired and all(exchange.done() for exchange in self.pending):
            self.close()

    def close(self) -> None:
        """Close after what was written has been sent; what is in flight is lost."""
        self.dismissed = self.last_error is None
        if self._transport is not None:
            self._flush()
            self._transport.close()
        self._update()

    def abort(self) -> None:
        """Close at once; what is in flight is lost."""
        self.dismissed = self.last_error is None
        if self._transport is not None:
            self._transport.abort()
        self._update()

    def _give_up(self, error: RiakError) -> None:
        error.node = self.node
        self.last_error = error
        logger.warning("%s: closing the connection: %s", self.node, error.value)
        self.abort()

    def _update(self) -> None:
        usable = (
            self._writable
            and not self._stalled
            and not self._given
            and not self.retired
            and self._transport is not None
            and not self._transport.is_closing()
            and self.session.state is not State.CLOSED
        )
        if usable != self.usable:
            self.usable = usable
            if self.owner is not None:
                self.owner.changed(self)
