"""A TCP relay that misbehaves when it is told to.

It stands between a client and a server and counts what passes.  All it does is
driven by the test and by the bytes that pass, never by a clock::

    async with Proxy(server.host, server.port) as proxy:
        client = await RiakClient.create(proxy.host, proxy.port)
        link = await proxy.link()        # the first connection made
        link.to_client.cut_after(7)      # seven more bytes of reply, then the end
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Self

_READ = 65536


class Flow:
    """One direction of a link: what passes, and what is done to it.

    ``edit`` turns what was read into what is passed on (garbling, dropping);
    ``piece`` passes it on in pieces of at most so many bytes.
    """

    def __init__(self, link: Link) -> None:
        self.edit: Callable[[bytes], bytes] | None = None
        self.piece: int | None = None
        self.passed = 0
        self._link = link
        self._open = asyncio.Event()
        self._open.set()
        self._end: int | None = None
        self._reset = False
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def hold(self) -> None:
        """Pass nothing on and, after at most one more read, read nothing either."""
        self._open.clear()

    def release(self) -> None:
        """Go on after :meth:`hold`."""
        self._open.set()

    def cut_after(self, count: int, *, reset: bool = False) -> None:
        """Cut the link when something would pass beyond ``count`` more bytes."""
        self._end = self.passed + count
        self._reset = reset

    async def until_passed(self, count: int) -> None:
        """Wait until at least ``count`` bytes in all have passed."""
        if self.passed < count:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append((count, waiter))
            await waiter

    async def pump(self, source: socket.socket, sink: socket.socket) -> None:
        """Pass on what ``source`` sends until it ends; then end ``sink``'s input too."""
        loop = asyncio.get_running_loop()
        while True:
            await self._open.wait()
            data = await loop.sock_recv(source, _READ)
            await self._open.wait()
            if not data:
                with contextlib.suppress(OSError):
                    sink.shutdown(socket.SHUT_WR)
                return
            if self.edit is not None:
                data = self.edit(data)
            size = self.piece or len(data) or 1
            for start in range(0, len(data), size):
                await self._open.wait()
                if not await self._pass(data[start : start + size], sink):
                    return
                if self.piece:
                    await asyncio.sleep(0)  # lets a reader in this loop see the piece alone

    async def _pass(self, data: bytes, sink: socket.socket) -> bool:
        over = self._end is not None and self.passed + len(data) > self._end
        if over:
            assert self._end is not None
            data = data[: self._end - self.passed]
        if data:
            await asyncio.get_running_loop().sock_sendall(sink, data)
            self.passed += len(data)
            for count, waiter in self._waiting:
                if self.passed >= count and not waiter.done():
                    waiter.set_result(None)
        if over:
            self._link.cut(reset=self._reset)
        return not over


class Link:
    """One connection through the proxy: two flows that end together."""

    def __init__(self) -> None:
        self.to_server = Flow(self)
        self.to_client = Flow(self)
        self.closed = asyncio.Event()
        """Set once both sockets are closed."""
        self._cut = asyncio.Event()
        self._reset = False

    def cut(self, *, reset: bool = False) -> None:
        """Close both sides: with an end of file, or with a reset."""
        self._reset = reset
        self._cut.set()

    async def run(self, client: socket.socket, target: tuple[str, int]) -> None:
        """Relay until both sides have ended or the link is cut."""
        loop = asyncio.get_running_loop()
        server = socket.socket()
        server.setblocking(False)
        tasks: list[asyncio.Task[None]] = []
        try:
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(server, target)
            tasks = [
                loop.create_task(self._until_broken(self.to_server, client, server)),
                loop.create_task(self._until_broken(self.to_client, server, client)),
            ]
            asyncio.gather(*tasks, return_exceptions=True).add_done_callback(lambda ended: self._cut.set())
            await self._cut.wait()
        except ConnectionError:
            self._reset = True  # no server: the client sees a reset
        finally:
            for task in tasks:
                task.cancel()
            try:
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:  # the proxy may end just now
                for one in (client, server):
                    if self._reset:
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    one.close()
                self.closed.set()

    async def _until_broken(self, flow: Flow, source: socket.socket, sink: socket.socket) -> None:
        try:
            await flow.pump(source, sink)
        except ConnectionError:
            self.cut(reset=True)


class Proxy:
    """A relay to ``target_host:target_port`` on a free port of 127.0.0.1.

    ``on_link`` is called with each new link before anything passes: what it
    sets holds from the first byte on.
    """

    host = "127.0.0.1"

    def __init__(
        self, target_host: str, target_port: int, *, on_link: Callable[[Link], None] | None = None
    ) -> None:
        self.on_link = on_link
        self.port = 0
        self.links: list[Link] = []
        self._target = (target_host, target_port)
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._more = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def listen(self) -> None:
        """Take connections; after :meth:`refuse`, again on the same port."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setblocking(False)
        self._listener.bind((self.host, self.port))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self._accepting = asyncio.get_running_loop().create_task(self._accept(self._listener))

    async def refuse(self) -> None:
        """Refuse new connections; those that stand go on."""
        if self._accepting is not None and self._listener is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
            self._listener.close()
            self._accepting = self._listener = None

    async def link(self, number: int = 0) -> Link:
        """Connection number ``number``, counted from 0 in the order they came; waits for it."""
        while len(self.links) <= number:
            self._more.clear()
            await self._more.wait()
        return self.links[number]

    def cut_all(self, *, reset: bool = False) -> None:
        """Cut every link."""
        for link in self.links:
            link.cut(reset=reset)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(listener)
            link = Link()
            if self.on_link is not None:
                self.on_link(link)
            task = loop.create_task(link.run(client, self._target))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            self.links.append(link)
            self._more.set()
