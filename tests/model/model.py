"""The client's core between a program that the test writes and nodes that the test plays.

A :class:`Model` has a real cluster, with its pools, connections and dispatchers.  Its methods are the steps of a
program; :meth:`Model.check` states what must hold after each, and :meth:`Model.end` what must hold at last.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from random import Random
from typing import Any
from unittest import mock

from aioriak.cluster.balancer import TwoChoices
from aioriak.cluster.cluster import Cluster
from aioriak.cluster.dispatcher import Dispatcher, MessageStream
from aioriak.cluster.node import Node, NodeState
from aioriak.cluster.pool import Pool
from aioriak.cluster.slot import MEMBERSHIP, State
from aioriak.config import Address, Backoff, HealthPolicy, PoolLimits, RetryPolicy, Settings, Timeouts
from aioriak.error import RiakError
from aioriak.operations import names
from aioriak.riak_pb import kv
from aioriak.transport import connector
from aioriak.transport.connection import Connection
from aioriak.transport.connection import State as ConnectionState
from aioriak.transport.exchange import AnyExchange
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import DELETE, GET, LIST_KEYS, PUT, Operation
from tests.model.loop import SteppedLoop
from tests.model.peer import FOLD, Peer, Received, Wire

TIMEOUTS = (0.5, 3.0, 20.0)
_FRESH = 0.05  # seconds for which a connection may be idle without being checked before its next use
_PAUSE = 1.0  # seconds that a pool opens nothing after a connection failed
_MOMENT = 1e-6
OVERDUE = 2.0

KINDS: dict[str, tuple[Operation[Any, Any], type]] = {
    "get": (GET, kv.RpbGetReq),
    "put": (PUT, kv.RpbPutReq),
    "delete": (DELETE, kv.RpbDelReq),
    "fold": (FOLD, kv.RpbGetReq),
}


class Request:
    """A request of the program and what became of it."""

    def __init__(self, name: str, operation: Operation[Any, Any], deadline: float) -> None:
        self.name = name
        self.operation = operation
        self.deadline = deadline
        self.repeats = operation.idempotent
        self.task: asyncio.Task[Any]
        self.written = 0
        """Copies that were given to transports."""
        self.received = 0
        """Copies that arrived at peers."""
        self.refused = 0
        """Copies answered by an error that says that nothing was done."""
        self.answered = 0
        self.concluded = False

    def __repr__(self) -> str:
        return f"<{self.operation.name} {self.name}, {self.received} received, {self.answered} answered>"


class Reading:
    """A stream of the program: its steps, and the messages they got."""

    def __init__(self, name: str, stream: MessageStream[Any], timeout: float) -> None:
        self.name = name
        self.stream = stream
        self.timeout = timeout
        self.step: asyncio.Task[Any] | None = None
        self.began = 0.0
        self.copy: str | None = None
        self.taken = 0
        self.ended: str | None = None
        """How, once it has: "done", "failed" (which every step tells from then on) or "left"."""


class Checked(Connection):
    """A connection that checks when it is used."""

    model: Model

    def send(self, exchange: AnyExchange) -> None:
        self.model.check_send(self, exchange)
        super().send(exchange)

    def retire(self) -> None:
        self.model.check_retire(self)
        super().retire()


class Model:
    """One program."""

    def __init__(
        self,
        *,
        nodes: int = 1,
        max_size: int = 2,
        max_in_flight: int = 2,
        min_size: int = 0,
        max_lifetime: float | None = None,
        idle_timeout: float | None = None,
        load_balancer: bool = False,
        eager: bool = False,
    ) -> None:
        self.loop = SteppedLoop(self._connect)
        if eager:
            self.loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[arg-type,attr-defined,unused-ignore]
        self.random = Random(1)
        self.failures: list[str] = []
        self.requests: list[Request] = []
        self.readings: list[Reading] = []
        self.names: dict[str, Request | Reading] = {}
        self.copies: Counter[str] = Counter()
        self.messages: dict[str, int] = {}
        self.leases: list[tuple[Node, asyncio.Task[Connection]]] = []
        self.leased: list[tuple[Node, Connection]] = []
        self.submitted: list[tuple[Pool, AnyExchange]] = []
        self.room_since: dict[Pool, float] = {}
        self.patience: dict[Pool, list[tuple[float, float]]] = {}
        """What each pool thought slow, and when: its next look is as far away as it thought at the last."""
        self.closing: asyncio.Task[None] | None = None
        self.peers = {(f"10.0.0.{number}", 8087): None for number in range(nodes)}
        addresses = tuple(Address(*place) for place in self.peers)
        self.peers = {place: Peer(self, place) for place in self.peers}
        settings = Settings(
            nodes=addresses,
            timeouts=Timeouts(connect=4.0, request=20.0, overdue=OVERDUE, close=3.0),
            pool=PoolLimits(
                min_size=min_size, max_size=max_size, max_in_flight=max_in_flight, idle_timeout=idle_timeout,
                max_lifetime=max_lifetime, stream_buffer=2000,
            ),
            health=HealthPolicy(
                backoff=Backoff(first=0.1, longest=4.0, rng=Random(2)), probe_timeout=1.0, ramp=1.0
            ),
            behind_load_balancer=load_balancer,
        )  # fmt: skip
        checked = type("CheckedConnection", (Checked,), {"model": self})
        self._patches = ExitStack()
        self._patches.enter_context(mock.patch.object(connector, "Connection", checked))
        logger = logging.getLogger("aioriak")
        self._patches.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
        self.cluster = Cluster(self.loop, settings, balancer=TwoChoices(Random(3)), rng=Random(4))
        for node in self.cluster.nodes.values():
            self._watch(node.pool)
        backoff = Backoff(rng=Random(5))
        self.dispatcher = Dispatcher(self.cluster, 20.0, RetryPolicy(backoff=backoff))
        self.repeating = Dispatcher(self.cluster, 20.0, RetryPolicy(backoff=backoff, retry_writes=True))

    def _watch(self, pool: Pool) -> None:
        submit = pool.submit

        def submitting(exchange: AnyExchange) -> None:
            self.submitted.append((pool, exchange))
            submit(exchange)

        pool.submit = submitting  # type: ignore[method-assign]

    async def _connect(self, factory: Callable[[], Any], host: str, port: int) -> Any:
        return await self.peers[host, port].connect(factory)

    def fail(self, what: str) -> None:
        """Note that something must not have happened."""
        self.failures.append(what)

    @property
    def pools(self) -> list[Pool]:
        return [node.pool for node in self.cluster.nodes.values()]

    @property
    def wires(self) -> list[Wire]:
        return [wire for peer in self.peers.values() for wire in peer.open]

    # -- what peers report ------------------------------------------------------------------------

    def arrived(self, name: str, wire: Wire) -> int:
        """A request arrived; returns the number of the copy."""
        self.copies[name] += 1
        request = self.names.get(name)
        if isinstance(request, Request):
            request.received += 1
            if request.received > 1 + request.refused and not request.repeats:
                self.fail(f"{request} arrived again although an earlier copy may have been carried out")
        return self.copies[name]

    def answered(self, received: Received, error: str | None) -> None:
        """A request was answered to the end."""
        request = self.names.get(received.name)
        if isinstance(request, Request) and error is None:
            request.answered += 1
        elif isinstance(request, Reading) and error is None:
            self.messages[f"{received.name}/{received.copy}"] = received.messages

    def refused(self, received: Received) -> None:
        """A request was answered by an error that says that nothing was done, or by a strange one."""
        request = self.names.get(received.name)
        if isinstance(request, Request):
            request.refused += 1

    def check_size(self, peer: Peer) -> None:
        """Check that the connections which a peer sees are at most ``max_size``."""
        closing = sum(wire.aborted for wire in peer.live)  # closed within this iteration of the loop
        count = len(peer.calls) + len(peer.live) - closing
        if count > self.cluster.settings.pool.max_size:
            self.fail(f"{count} connections to {peer.address[0]}")

    # -- what connections are used for --------------------------------------------------------------

    def check_send(self, connection: Connection, exchange: AnyExchange) -> None:
        """Nothing is sent where it has to wait for a reply that no caller waits for, or that is long in coming."""
        pending = connection.pending
        if not any(exchange is one for _, one in self.submitted):
            return  # of a health check
        if connection.state is not ConnectionState.OPEN:
            self.fail(f"{exchange.operation.name} was sent over {connection}")
        if exchange.done():
            self.fail(f"{exchange.operation.name} was sent although it has ended")
        if pending and exchange.alone:
            self.fail(f"{exchange.operation.name} was sent over {connection}, which is not idle")
        if not pending:
            wire: Any = connection._transport
            if wire.socket.dead and self.loop.time() - connection.used_at >= _FRESH:
                self.fail("an idle connection was used without a look at whether it is dead")
            return
        pool = connection.owner
        if not isinstance(pool, Pool):
            return
        seen = [pool._patience, *(one for at, one in self.patience.get(pool, ()) if at >= connection.since)]
        if self.loop.time() - connection.since > 2 * max(seen) + _MOMENT:
            limits = pool.limits
            if len(pool._slots.all) + pool._leases < limits.max_size and pool._pause is None:
                self.fail(f"{exchange.operation.name} was sent over a slow connection, and there was room for another")
            for slot in pool._slots.rotation:
                usable = slot.connection.usable and len(slot.pending) < limits.max_in_flight
                since = self.loop.time() - slot.connection.since if slot.pending else 0.0
                if usable and since < min(seen):
                    self.fail(f"{exchange.operation.name} was sent over a slow connection, and another was free")

    def check_written(self, wire: Wire, names: list[str]) -> None:
        """Nothing is written behind a request that was given up."""
        for name in names:
            request = self.names.get(name)
            if isinstance(request, Request):
                request.written += 1
        count = len(names)
        pending: Sequence[AnyExchange] = wire.protocol.pending
        new = list(pending)[len(pending) - count :]
        if pending and pending[0].done() and pending[0] is not new[0] and not all(one.done() for one in new):
            self.fail(f"{new} were written behind a request that was given up")

    def check_retire(self, connection: Connection) -> None:
        """A connection that is too old goes only when there is another one."""
        pool = connection.owner
        if not isinstance(pool, Pool) or pool._closing:
            return
        slot = pool._slot_of.get(connection)
        due = slot is not None and slot.expires_at is not None and slot.expires_at <= self.loop.time()
        other_reason = (
            self.retiring_all
            or connection.client_id != pool.client_id
            or connection.looks_dead()
            or pool.limits.idle_timeout is not None
            or not any(node.pool is pool for node in self.cluster.up)
        )
        if due and not other_reason and pool.limits.max_size > 1 and not pool._slots.rotation:
            self.fail(f"the last connection of a pool retired for its age: {pool._slots.all}")

    retiring_all = False

    # -- steps: requests ------------------------------------------------------------------------------

    def _task(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.loop.create_task(work)

    def call(self, kind: str, timeout: float, repeating: bool = False) -> None:
        """Begin a request."""
        operation, message = KINDS[kind]
        name = f"r{len(self.names)}"
        fields: dict[str, Any] = {"bucket": b"b", "key": name.encode()}
        if kind == "put":
            fields["content"] = kv.RpbContent(value=b"v")
        request = Request(name, operation, self.loop.time() + timeout)
        request.repeats = operation.may_repeat(repeating)
        self.names[name] = request
        self.requests.append(request)
        dispatcher = self.repeating if repeating else self.dispatcher
        request.task = self._task(dispatcher.call(operation, message(**fields), timeout))

    def cancel(self, number: int) -> None:
        """Cancel a request."""
        live = [request for request in self.requests if not request.task.done()]
        if live:
            live[number % len(live)].task.cancel()

    def stream(self, timeout: float) -> None:
        """Open a stream, and wait for its first message."""
        name = f"s{len(self.names)}"
        found = self.dispatcher.stream(LIST_KEYS, kv.RpbListKeysReq(bucket=name.encode()), timeout)
        reading = Reading(name, found, timeout)
        self.names[name] = reading
        self.readings.append(reading)
        self.step(-1)

    def step(self, number: int) -> None:
        """Wait for the next message of a stream."""
        live = [one for one in self.readings if one.ended in (None, "failed") and one.step is None]
        if live:
            reading = live[number % len(live)]
            reading.began = self.loop.time()
            reading.step = self._task(self._next(reading.stream))

    @staticmethod
    async def _next(stream: MessageStream[Any]) -> Any:
        return await anext(stream, None)

    def cancel_step(self, number: int) -> None:
        """Cancel the wait for a stream's message."""
        live = [one.step for one in self.readings if one.step is not None]
        if live:
            live[number % len(live)].cancel()

    def leave(self, number: int) -> None:
        """Leave a stream early."""
        live = [one for one in self.readings if one.ended is None and one.step is None]
        if live:
            reading = live[number % len(live)]
            reading.ended = "left"
            self._task(reading.stream.aclose())

    # -- steps: peers -----------------------------------------------------------------------------------

    def _wire(self, number: int) -> Wire | None:
        wires = self.wires
        return wires[number % len(wires)] if wires else None

    def _busy(self, number: int) -> Wire | None:
        wires = [wire for wire in self.wires if wire.queue or wire.outbox]
        return wires[number % len(wires)] if wires else None

    def reply(self, number: int, count: int, part: float = 1.0) -> None:
        """Answer the oldest requests of a connection; ``part`` of the bytes arrive now."""
        wire = self._busy(number)
        if wire is not None:
            for _ in range(count):
                wire.answer()
            wire.deliver(round(len(wire.outbox) * part))

    def message(self, number: int, count: int, done: bool = False) -> None:
        """Send messages of the stream that a connection has, in one read, and its end if it is ``done``."""
        streams = [wire for wire in self.wires if wire.queue and wire.queue[0].streams]
        if streams:
            wire = streams[number % len(streams)]
            for _ in range(count):
                wire.answer(done=False)
            if done:
                wire.answer()
            wire.deliver()

    def refuse(self, number: int, error: str) -> None:
        """Answer a request by an error."""
        wire = self._busy(number)
        if wire is not None:
            wire.answer(error=error)
            wire.deliver()

    def garbage(self, number: int, data: bytes, answer: bool) -> None:
        """Send bytes that are no reply, behind the answers to all requests or in their place."""
        wire = self._wire(number)
        if wire is None or wire.outbox or not wire.reading:
            return
        while answer and wire.queue:
            wire.answer()
        wire.outbox += data
        wire.poisoned = True
        wire.deliver()

    def unasked(self, number: int) -> None:
        """Send a reply over a connection on which no request has arrived."""
        wires = [wire for wire in self.wires if not wire.queue and not wire.outbox and not wire.blocked]
        if wires:
            wire = wires[number % len(wires)]
            wire.outbox += encode_frame(GET.reply_code, kv.RpbGetResp(vclock=b"unasked").SerializeToString())
            wire.poisoned = wire.reading
            wire.deliver()

    def lose(self, number: int, error: Exception | None) -> None:
        """Lose a connection."""
        wire = self._wire(number)
        if wire is not None:
            wire.lose(error)

    def hang_up(self, number: int) -> None:
        """End an idle connection so that the client has not noticed yet."""
        idle = [wire for wire in self.wires if not wire.protocol.pending and not wire.outbox]
        if idle:
            idle[number % len(idle)].socket.dead = True

    def block(self, number: int) -> None:
        """Fill the send buffer of a connection, or let it flow again."""
        wires = [wire for peer in self.peers.values() for wire in peer.live]
        if wires:
            wire = wires[number % len(wires)]
            if wire.blocked:
                wire.unblock()
            else:
                wire.blocked = True

    def listen(self, number: int, accepts: bool | None) -> None:
        """Let a peer accept connections, refuse them, or neither."""
        list(self.peers.values())[number % len(self.peers)].accepts = accepts

    def settle_call(self, number: int, accepted: bool) -> None:
        """Accept or refuse a connection that is being made."""
        calls = [(peer, call) for peer in self.peers.values() for call in peer.calls]
        if calls:
            peer, call = calls[number % len(calls)]
            peer.settle(call, accepted)

    def serve(self, number: int, answers: bool) -> None:
        """Let a peer answer everything at once, or nothing by itself."""
        peer = list(self.peers.values())[number % len(self.peers)]
        peer.answers = answers
        if answers:
            for wire in peer.open:
                if not wire.blocked:
                    wire.answer_all()

    # -- steps: the cluster -----------------------------------------------------------------------------

    def lease(self, number: int) -> None:
        """Open a connection for a health check."""
        nodes = list(self.cluster.nodes.values())
        node = nodes[number % len(nodes)]
        self.leases.append((node, self._task(self._lease(node))))

    @staticmethod
    async def _lease(node: Node) -> Connection:
        async with asyncio.timeout(6):
            return await node.connect()

    def give_back(self, number: int, keep: bool) -> None:
        """Add the connection of a health check to its pool, or close it."""
        if self.leased:
            node, connection = self.leased.pop(number % len(self.leased))
            if keep:
                node.pool.add(connection)
            else:
                connection.close()

    def retire(self, number: int) -> None:
        """Retire all connections to a node."""
        self.retiring_all = True
        self.pools[number % len(self.pools)].retire_all()
        self.retiring_all = False

    def introduce(self, number: int) -> None:
        """Use another client id."""
        self.retiring_all = True
        self.cluster.set_client_id(b"client %d" % number)
        self.retiring_all = False

    # -- time ----------------------------------------------------------------------------------------------

    def act(self, action: Callable[..., None], *args: Any, turns: int | None = None) -> None:
        """Do something inside the loop, then run so many iterations of it, or (``None``) until it rests."""
        self.loop.call_soon(self._guarded, action, args)
        if turns is None:
            self.loop.settle()
        else:
            self.loop.turn(turns)
        self.check()

    def _guarded(self, action: Callable[..., None], args: tuple[Any, ...]) -> None:
        try:
            action(*args)
        except Exception as error:
            self.fail(f"{action.__name__} raised {error!r}")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.wait(seconds)
        self.check()

    # -- what must hold --------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check all that must hold between two steps."""
        for request in self.requests:
            if not request.concluded and request.task.done():
                self._conclude(request)
        for reading in self.readings:
            if reading.step is not None and reading.step.done():
                self._stepped(reading)
        for node, lease in [one for one in self.leases if one[1].done()]:
            self.leases.remove((node, lease))
            if not lease.cancelled():
                error = lease.exception()
                if error is None:
                    self.leased.append((node, lease.result()))
                elif not isinstance(error, (RiakError, TimeoutError)):
                    self.fail(f"a lease ended with {error!r}")
        for pool in self.pools:
            self._check_pool(pool)
        self._check_exchanges()
        if self.loop.quiet:
            self._check_at_rest()
        complaints = self.loop.complaints
        assert not complaints, complaints
        assert not self.failures, self.failures

    def _conclude(self, request: Request) -> None:
        request.concluded = True
        task = request.task
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            if request.operation.reply is not None and task.result().vclock != request.name.encode():
                self.fail(f"{request} got the reply of {task.result().vclock!r}")
            if not request.answered:
                self.fail(f"{request} succeeded, and nobody answered it")
        elif not isinstance(error, RiakError):
            self.fail(f"{request} ended with {error!r}")
        elif any("overdue" in one.value for one in (error, *error.attempts)):
            self.fail(f"{request} was lost because the reply to another was overdue")
        elif error.value.startswith("trouble") and request.name not in error.value:
            self.fail(f"{request} got the error of another: {error.value}")
        elif error.outcome_unknown and not request.written:
            self.fail(f"{request} was never written, and its outcome is reported as unknown")
        elif request.operation.writes and not error.outcome_unknown and request.received > request.refused:
            self.fail(f"{request} is reported as not done: {error!r}")

    def _stepped(self, reading: Reading) -> None:
        step, reading.step = reading.step, None
        assert step is not None
        if step.cancelled():
            return
        error = step.exception()
        if error is not None:
            reading.ended = "failed"
            if not isinstance(error, RiakError):
                self.fail(f"stream {reading.name} ended with {error!r}")
            return
        if reading.ended == "failed":
            self.fail(f"stream {reading.name} goes on after its error")
        message = step.result()
        if message is None:
            reading.ended = "done"
            if self.messages.get(reading.copy or "", None) != reading.taken:
                self.fail(f"stream {reading.name} ended after {reading.taken} messages")
            return
        copy, _, number = str(names.text(message.keys[0])).rpartition("/")
        if reading.copy is None:
            reading.copy = copy
        if (copy, int(number)) != (reading.copy, reading.taken) or not copy.startswith(reading.name + "/"):
            self.fail(f"stream {reading.name} got {message.keys[0]!r} after {reading.taken} messages")
        reading.taken += 1

    def _check_pool(self, pool: Pool) -> None:
        slots = pool._slots
        limits = pool.limits
        assert len(slots.all) <= limits.max_size, f"{len(slots.all)} slots"
        for slot in slots.all:
            membership = MEMBERSHIP[slot.state]
            assert membership.capacity, slot
            found = (slot in slots.opening, slot in slots.rotation, slot in slots.idle, slot in slots.aside)
            assert found == membership[1:], (slot, found)
            assert slot.state is not State.IDLE or not slot.pending, slot
            assert (slot.reserved_for is not None) == (slot.state is State.RESERVED), slot
            assert slot.state is not State.BUSY or slot.pending, slot
            assert len(slot.pending) <= limits.max_in_flight or slot.state is State.LEASED, slot
            if slot.state is not State.OPENING:
                assert pool._slot_of[slot.connection] is slot, slot
                assert slot.pending is slot.connection.pending
                usable = slot.connection.state in (ConnectionState.OPEN, ConnectionState.ALONE)
                assert usable or slot.state in (State.RETIRING, State.LEASED), (slot, slot.connection)
        alone = sum(slot.state in (State.RESERVED, State.STREAMING) for slot in slots.all)
        assert alone <= max(1, limits.max_size - 1), f"{alone} connections for streams"
        assert pool._latest is None or pool._latest in slots.rotation, pool._latest
        for part in (slots.opening, slots.rotation, slots.idle, slots.aside):
            assert len(part) == len(set(part)), "a slot is there twice"
            assert slots.all.issuperset(part), "a slot is there that is gone"
        assert len(pool._slot_of) == len(slots.all) - len(slots.opening)
        assert pool.in_flight == sum(len(connection.pending) for connection in pool._slot_of)
        assert pool.size == len(slots.opening) + len(pool._slot_of)
        assert pool.idle == sum(not connection.pending for connection in pool._slot_of)

    def _places(self, pool: Pool) -> Counter[int]:
        found = Counter(map(id, [*pool._waiting, *pool._waiting_alone]))
        for slot in pool._slots.all:
            found.update(map(id, slot.pending))
            if slot.reserved_for is not None:
                found[id(slot.reserved_for)] += 1
        return found

    def _check_exchanges(self) -> None:
        """Every request that has not ended is in one place."""
        self.submitted = [(pool, exchange) for pool, exchange in self.submitted if not exchange.done()]
        places: dict[Pool, Counter[int]] = {}
        for pool, exchange in self.submitted:
            if pool not in places:
                places[pool] = self._places(pool)
            count = places[pool][id(exchange)]
            if count != 1:
                self.fail(f"{exchange.operation.name} is in {count} places")

    def _check_at_rest(self) -> None:
        """Check what holds when nothing is about to happen."""
        now = self.loop.time()
        for request in self.requests:
            if not request.concluded and now > request.deadline + _MOMENT:
                self.fail(f"{request} goes on after its deadline")
        for reading in self.readings:
            if reading.step is not None and now > reading.began + reading.timeout + _MOMENT:
                self.fail(f"a step of stream {reading.name} takes too long")
        for peer in self.peers.values():
            for wire in peer.open:
                self._check_wire(wire)
        for peer in self.peers.values():
            self.check_size(peer)
        for node in self.cluster.nodes.values():
            self.patience.setdefault(node.pool, []).append((now, node.pool._patience))
            self._check_waiting(node.pool, self.peers[node.address.host, node.address.port], now)

    def _check_wire(self, wire: Wire) -> None:
        """The two sides of a connection agree."""
        if wire.poisoned:
            self.fail("a connection stays open after garbage")
        connection: Connection = wire.protocol
        pending = connection.pending
        if pending and pending[0].done() and connection.usable:
            self.fail(f"{connection} takes requests behind one that was given up")
        if pending and pending[0].done() and all(one.done() for one in pending) and not wire.blocked:
            given_up = max(connection.since, *(one.deadline or 0.0 for one in pending))  # the last of them
            if self.loop.time() > given_up + 2 * OVERDUE + _MOMENT and connection.owner is not None:
                self.fail(f"{connection} stays open, and the replies to its abandoned requests are overdue")
        if wire.blocked or wire.outbox:
            return
        assert len(connection.pending) == len(wire.queue), (connection, wire.queue)
        for exchange, received in zip(connection.pending, wire.queue, strict=True):
            assert exchange.operation.request_code == received.code, (connection, wire.queue)

    def _check_waiting(self, pool: Pool, peer: Peer, now: float) -> None:
        """Nothing waits while there is room, and a pause after a failure ends."""
        slots, limits = pool._slots, pool.limits
        plain = any(not exchange.done() for exchange in pool._waiting)
        alone = any(not exchange.done() for exchange in pool._waiting_alone)
        if plain:
            for slot in slots.rotation:
                if slot.connection.usable and not slot.slow and len(slot.pending) < limits.max_in_flight:
                    self.fail(f"requests wait although {slot} has room")
        may_go_aside = len(slots.aside) < max(1, limits.max_size - 1)
        usable = any(slot.connection.usable for slot in slots.rotation)
        if alone and may_go_aside and usable and not slots.opening:
            self.fail(f"a stream waits although there is a connection for it: {slots.all}")
        room = len(slots.all) < limits.max_size and not slots.opening
        if room and (plain or (alone and may_go_aside)):
            since = self.room_since.setdefault(pool, now)
            if now - max(since, peer.asked_at) > _PAUSE + _MOMENT:
                self.fail("requests wait although a connection could be opened")
        else:
            self.room_since.pop(pool, None)
        if pool._leases and (len(slots.all) < limits.max_size or pool._spare() is not None):
            self.fail(f"a health check waits although there is a place for its connection: {slots.all}")

    # -- the end ----------------------------------------------------------------------------------------------

    def recover(self) -> None:
        """Let every peer serve again: all that is in flight must end, and the pools work at their full size."""
        for peer in self.peers.values():
            self.act(self._recover_peer, peer)
        for _ in self.leased[:]:
            self.act(self.give_back, 0, False)
        for seconds in (1.0, 5.0, 30.0):
            self.wait(seconds)
        while self.leased:
            self.act(self.give_back, 0, False)
        self.wait(10.0)
        for request in self.requests:
            assert request.concluded, request
        for node in self.cluster.nodes.values():
            streams = sum(slot.state is State.STREAMING for slot in node.pool._slots.all)
            if streams == node.pool.limits.max_size:
                continue  # streams that are not read leave no room, not even for a health check
            assert node.state is NodeState.UP, node
            self._use_fully(node.pool)

    def _recover_peer(self, peer: Peer) -> None:
        peer.accepts = True
        for wire in peer.live:
            if wire.blocked:
                wire.unblock()
        peer.answers = True
        for call in list(peer.calls):
            peer.settle(call, True)
        for wire in peer.open:
            if not wire.socket.dead:
                wire.answer_all()
            else:
                wire.lose(None)

    def _use_fully(self, pool: Pool) -> None:
        limits = pool.limits
        left = len(pool._slots.aside)
        readers = sum(one.ended is None for one in self.readings)
        assert left <= readers, f"{left} connections are kept for {readers} streams"
        room = limits.max_size - left
        if not room:
            return
        before = len(self.requests)
        for _ in range(room * limits.max_in_flight + 1):
            self.act(self.call, "get", 3.0, turns=0)
        self.loop.settle()
        self.wait(2.0)
        for request in self.requests[before:]:
            assert request.concluded, request
            assert request.task.exception() is None, request.task.exception()

    def dispose(self) -> None:
        """Let go of the loop."""
        self._patches.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.complaints.clear()
        self.loop.turn(20)
        self.loop.close()

    def end(self, *, gently: bool = False) -> None:
        """Close the cluster: nothing is left."""
        self.loop.settle()
        for _, lease in self.leases:
            lease.cancel()
        self.loop.settle()
        self.check()
        for _, connection in self.leased:
            connection.close()
        if gently:
            self.loop.let(self.cluster.aclose(), 60.0)
            self.loop.settle()
        else:
            self.act(self.cluster.close)
        for reading in self.readings:
            if reading.ended is None and reading.step is None:
                self.act(self.step, self.readings.index(reading))
        self._check_nothing_runs()
        self.wait(25.0)  # for the last deadlines
        for _, connection in self.leased:
            connection.close()
        self.loop.settle()
        for peer in self.peers.values():
            for wire in peer.live:
                if wire.blocked:
                    self.act(wire.unblock)
        self.check()
        for request in self.requests:
            assert request.concluded, request
        for reading in self.readings:
            reading.stream.__del__()
        for peer in self.peers.values():
            assert not peer.live, peer.live
            assert not peer.calls, peer.calls
        for pool in self.pools:
            assert not pool._slots.all, pool._slots.all
            assert not pool._waiting, pool._waiting
            assert not pool._waiting_alone, pool._waiting_alone
        self._check_nothing_runs()

    def _check_nothing_runs(self) -> None:
        assert not self.loop.timers, self.loop.timers
        tasks = asyncio.all_tasks(self.loop)
        assert not tasks, tasks
