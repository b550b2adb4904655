"""Connections without a network: a transport that records, a clock that is advanced, and what goes over them."""

from __future__ import annotations

import asyncio
import socket
import weakref
from collections.abc import Callable
from typing import Any

from aioriak.riak_pb import base, kv
from aioriak.transport.connection import Connection
from aioriak.transport.exchange import Exchange, StreamExchange, encode_request, new_exchange
from aioriak.wire.framing import FrameReader, encode_frame
from aioriak.wire.operation import GET, LIST_KEYS, Operation

DONE = encode_frame(18, kv.RpbListKeysResp(done=True).SerializeToString())
"""The end of a listing."""


class Clock:
    """The running loop's time, which the test may put forward."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._real = self._loop.time
        self._ahead = 0.0
        self._loop.time = self.now  # type: ignore[method-assign]

    def now(self) -> float:
        return self._real() + self._ahead

    async def advance(self, seconds: float) -> None:
        """Let time pass, and what is due by then happen."""
        self._ahead += seconds
        await turn()


async def turn(times: int = 5) -> None:
    """Let the loop turn: what was scheduled with ``call_soon``, and what that schedules, happens."""
    for _ in range(times):
        await asyncio.sleep(0)


class Wire(asyncio.Transport):
    """A transport that keeps what is written and feeds what the test says.

    Its socket is one end of a pair; ``far`` is the other, to make the near one readable.
    """

    def __init__(self, protocol: Connection) -> None:
        super().__init__()
        self.protocol = protocol
        self.written: list[bytes] = []
        self.reading = True
        self.closing = False
        self.aborted = False
        self.near, self.far = socket.socketpair()
        weakref.finalize(self, _close, self.near, self.far)
        self._loop = asyncio.get_running_loop()
        protocol.connection_made(self)

    # what the protocol calls

    def write(self, data: Any) -> None:
        assert not self.closing, "written after the transport was closed"
        self.written.append(bytes(data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.near if name == "socket" else default

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.lose(None)

    def abort(self) -> None:
        self.aborted = True
        self.lose(None)

    # what the test calls

    def lose(self, error: Exception | None) -> None:
        """The connection ends: end of file, or an error; the protocol hears of it in the loop's next turn."""
        if not self.closing:
            self.closing = True
            _close(self.near, self.far)
            self._loop.call_soon(self.protocol.connection_lost, error)

    def feed(self, *frames: bytes) -> None:
        """One read brings this."""
        deliver(self.protocol, b"".join(frames))

    @property
    def requests(self) -> list[tuple[int, bytes]]:
        """The frames that were sent."""
        return FrameReader().feed(b"".join(self.written))


def deliver(protocol: asyncio.BufferedProtocol, data: bytes) -> None:
    """One read, or several where there is not room for so much."""
    while data:
        room = protocol.get_buffer(len(data))
        count = min(len(room), len(data))  # type: ignore[arg-type]
        room[:count] = data[:count]  # type: ignore[index]
        data = data[count:]
        protocol.buffer_updated(count)


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        one.close()


def connection(wires: list[Wire] | None = None, **options: Any) -> tuple[Connection, Wire]:
    """A connection that is open, and its wire."""
    made = Connection(asyncio.get_running_loop(), "node:8087", **options)
    wire = Wire(made)
    if wires is not None:
        wires.append(wire)
    return made, wire


class Named:
    """A message that is nothing but a name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def SerializeToString(self) -> bytes:
        return self.name.encode()


def request(name: str = "", *, within: float | None = None, operation: Operation[Any, Any] = GET) -> Exchange:
    """A request called ``name`` that is given up ``within`` seconds."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    deadline = None if within is None else now + within
    return new_exchange(loop, operation, encode_request(operation, Named(name)), now, deadline)


def stream(*, within: float | None = None, limit: int = 1000) -> StreamExchange:
    """A listing whose messages may each take ``within`` seconds."""
    loop = asyncio.get_running_loop()
    deadline = None if within is None else loop.time() + within
    return StreamExchange(loop, LIST_KEYS, Named(""), deadline, within, limit)


def reply(name: str, operation: Operation[Any, Any] = GET) -> bytes:
    """An answer to a get or a put; its vclock is ``name``."""
    message = operation.reply(vclock=name.encode()).SerializeToString() if name and operation.reply else b""
    return encode_frame(operation.reply_code, message)


def error(text: str) -> bytes:
    """The server's answer that says no."""
    return encode_frame(0, base.RpbErrorResp(errmsg=text.encode(), errcode=0).SerializeToString())


def keys(*names: str, done: bool = False) -> bytes:
    """A message of a listing."""
    message = kv.RpbListKeysResp(keys=[name.encode() for name in names], done=done)
    return encode_frame(18, message.SerializeToString())


class Ledger:
    """An owner of connections that writes down what it is told."""

    def __init__(self) -> None:
        self.answered = 0
        self.changes: list[bool] = []
        self.unneeded_times = 0
        self.displacements: list[Exchange] = []
        self.losses: list[int] = []

    def replied(self, connection: Connection, replies: object, count: int) -> None:
        self.answered += count

    def changed(self, connection: Connection) -> None:
        self.changes.append(connection.usable)

    def unneeded(self, connection: Connection) -> None:
        self.unneeded_times += 1

    def displaced(self, connection: Connection, exchanges: list[Exchange]) -> None:
        self.displacements += exchanges

    def lost(self, connection: Connection, unanswered: int) -> None:
        self.losses.append(unanswered)


async def until(condition: Callable[[], Any], patience: float = 10.0) -> Any:
    """Let the loop turn until the condition holds; gives back what it was."""
    async with asyncio.timeout(patience):
        while not (found := condition()):  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)
    return found


async def reply_of(exchange: Exchange) -> bytes:
    """The vclock in the reply to an exchange, once it is here."""
    await exchange
    return vclock(exchange)


def vclock(exchange: Exchange) -> bytes:
    """The vclock in the reply that an exchange has."""
    return bytes(exchange.reply.vclock)
