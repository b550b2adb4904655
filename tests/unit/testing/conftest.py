"""A client without any of aioriak's client in it: raw frames to and from a development server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from aioriak.riak_pb import MESSAGES
from aioriak.testing import Node, RiakServer
from aioriak.wire.framing import FrameReader, encode_frame
from aioriak.wire.operation import Operation

PATIENCE = 10
"""Seconds after which a test that waits for the server has failed."""


class Refused(Exception):
    """The server answered with an error of this text."""


class RawPeer:
    """One connection, one frame at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._frames: list[tuple[int, bytes]] = []
        self._cutter = FrameReader()

    @staticmethod
    def encode(operation: Operation[Any, Any], **fields: Any) -> bytes:
        body = operation.request(**fields).SerializePartialToString() if operation.request else b""
        return encode_frame(operation.request_code, body)

    def send(self, operation: Operation[Any, Any], **fields: Any) -> None:
        self.writer.write(self.encode(operation, **fields))

    async def frame(self) -> tuple[int, bytes]:
        """The next frame; EOFError once the server has hung up."""
        async with asyncio.timeout(PATIENCE):
            while not self._frames:
                try:
                    data = await self.reader.read(1 << 16)
                except ConnectionError:
                    data = b""
                if not data:
                    raise EOFError
                self._frames.extend(self._cutter.feed(data))
        return self._frames.pop(0)

    async def receive(self) -> tuple[str, Any]:
        """The next message: its name and what it says."""
        code, body = await self.frame()
        name, kind = MESSAGES[code]
        return name, kind.FromString(body) if kind else None

    async def ask(self, operation: Operation[Any, Any], **fields: Any) -> Any:
        """One request and its reply; Refused when that is an error."""
        self.send(operation, **fields)
        name, message = await self.receive()
        if name == "RpbErrorResp":
            raise Refused(message.errmsg.decode())
        assert name == MESSAGES[operation.reply_code][0]
        return message

    async def stream(self, operation: Operation[Any, Any], **fields: Any) -> list[Any]:
        """One request and all the messages of its stream."""
        self.send(operation, **fields)
        found = []
        while not found or not found[-1].done:
            name, message = await self.receive()
            if name == "RpbErrorResp":
                raise Refused(message.errmsg.decode())
            found.append(message)
        return found

    async def gone(self) -> bool:
        """Whether the server hangs up without another word."""
        try:
            await self.frame()
        except EOFError:
            return True
        return False

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (ConnectionError, OSError):
            pass


async def until(condition: Callable[[], Any]) -> Any:
    """Let the loop turn until the condition holds; gives back what it was."""
    async with asyncio.timeout(PATIENCE):
        while not (found := condition()):  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)
    return found


@pytest.fixture(name="until")
def until_() -> Callable[[Callable[[], Any]], Awaitable[Any]]:
    """Waits for a condition, without a sleep."""
    return until


Connect = Callable[..., Awaitable[RawPeer]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connects to a server or one of its nodes."""
    peers: list[RawPeer] = []

    async def open_to(where: RiakServer | Node, **options: Any) -> RawPeer:
        peer = RawPeer(*await asyncio.open_connection(where.host, where.port, **options))
        peers.append(peer)
        return peer

    yield open_to
    for peer in peers:
        await peer.close()


@pytest.fixture
async def peer(server: RiakServer, connect: Connect) -> RawPeer:
    """A connection to ``server``."""
    return await connect(server)


@pytest.fixture
def refused() -> type[Refused]:
    """The exception with which ``ask`` tells of an error."""
    return Refused


class Clock:
    """Seconds since the epoch, that pass only when told to."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def __call__(self) -> float:
        self.time += 0.000_01
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> Clock:
    """A clock for a server of one's own."""
    return Clock()
