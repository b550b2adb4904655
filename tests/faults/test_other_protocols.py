"""A client whose address is that of a server which does not speak Riak's protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from aioriak import RiakClient
from aioriak.config import HealthPolicy
from aioriak.error import ConnectError, RequestTimeout, RiakError

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


async def at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(BAD_REQUEST)


async def at_the_end_of_a_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(BAD_REQUEST)


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("serve", "kind", "said"),
    [
        (at_once, ConnectError, "the server speaks HTTP; the protocol-buffers port of Riak is usually 8087"),
        (at_the_end_of_a_line, ConnectError, "the server speaks HTTP"),
        (never, RequestTimeout, "no reply to a ping within 1.0 s"),
        (hangs_up, ConnectError, "closed"),
    ],
)
async def test_the_error_of_a_start_says_what_the_server_is(serve: Serve, kind: type[RiakError], said: str) -> None:
    async with listening(serve) as port:
        with pytest.raises(kind, match=said) as caught:
            await RiakClient.create("127.0.0.1", port, health=HealthPolicy(probe_timeout=0.2))
    assert caught.value.node == f"127.0.0.1:{port}"
