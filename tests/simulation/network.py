"""A network in memory: listeners, links of two flows, and faults at exact byte positions.

A :class:`Flow` carries the bytes of one direction.  A fault is ordered for a position, counted in
bytes from the beginning of the flow, before or while they pass::

    network.on_link = lambda link: link.to_client.cut_at(7)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

Address = tuple[str, int]

KERNEL = 256 * 1024
"""Bytes that the two sockets' buffers hold before a writer notices that nobody reads."""


class Flow:
    """One direction of a link."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.sent = 0
        """Bytes that the sender has written."""
        self.piece: int | None = None
        """Deliver at most so many bytes in one read."""
        self.record: bytearray | None = None
        """Where it is set: every byte that was sent."""
        self.reader: MemoryTransport
        self.writer: MemoryTransport
        self._edits: dict[int, Callable[[int], bytes]] = {}
        self._cut: tuple[int, bool] | None = None
        self._pause: tuple[int, float | None] | None = None
        self._queue: deque[bytes] = deque()  # sent, not delivered
        self.queued = 0
        self._ended = False  # after the queue: end of file
        self._held = False
        self._held_back: list[bytes] | None = None  # sent during a pause
        self._dead = False  # cut: nothing more is delivered
        self._scheduled = False

    # -- faults ------------------------------------------------------------------------------

    def cut_at(self, position: int, *, reset: bool = False) -> None:
        """Close the link, both ways, once ``position`` bytes have passed and one more is sent."""
        self._cut = (position, reset)

    def delay_at(self, position: int, seconds: float | None) -> None:
        """Hold the bytes from ``position`` on back for ``seconds``, or for ever (``None``)."""
        self._pause = (position, seconds)

    def corrupt_at(self, position: int, mask: int) -> None:
        """Flip bits of the byte at ``position``."""
        self._edits[position] = lambda byte: bytes([byte ^ mask])

    def duplicate_at(self, position: int) -> None:
        """Deliver the byte at ``position`` twice."""
        self._edits[position] = lambda byte: bytes([byte, byte])

    def insert_at(self, position: int, data: bytes) -> None:
        """Deliver ``data`` before the byte at ``position``."""
        self._edits[position] = lambda byte: data + bytes([byte])

    def hold(self) -> None:
        """Deliver nothing until :meth:`release`."""
        self._held = True

    def release(self) -> None:
        """Deliver what was held back, and go on."""
        self._held = False
        self._schedule()

    # -- for transports ------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Accept bytes from the writer."""
        start = self.sent
        self.sent += len(data)
        if self.record is not None:
            self.record += data
        if self._dead:
            return
        if self._cut is not None and self.sent > self._cut[0]:
            data = data[: max(self._cut[0] - start, 0)]
            self._dead = True
            self.link.loop.call_soon(self._cut_when_read, self._cut[1])
        if self._pause is not None and self.sent > self._pause[0]:
            position, seconds = self._pause
            self._pause = None
            before = max(position - start, 0)
            self._put(self._edited(start, data[:before]))
            start, data = start + before, data[before:]
            self._held_back = []
            if seconds is not None:
                self.link.timers.append(self.link.loop.call_later(seconds, self._end_pause))
        self._put(self._edited(start, data))

    def end(self) -> None:
        """The writer closes: end of file follows what is queued."""
        self._ended = True
        self._schedule()

    def drop(self) -> None:
        """Forget what was not delivered."""
        self._queue.clear()
        self.queued = 0

    def _edited(self, start: int, data: bytes) -> bytes:
        if not self._edits:
            return data
        out = bytearray()
        for at, byte in enumerate(data, start):
            edit = self._edits.get(at)
            out += edit(byte) if edit is not None else bytes([byte])
        return bytes(out)

    def _put(self, data: bytes) -> None:
        if data:
            size = self.piece or len(data)
            queue = self._queue if self._held_back is None else self._held_back
            queue.extend(data[at : at + size] for at in range(0, len(data), size))
            self.queued += len(data)
            self._schedule()

    def _cut_when_read(self, reset: bool) -> None:
        if self._queue and self.reader.may_read:
            self.link.loop.call_soon(self._cut_when_read, reset)
        else:
            self.link.cut(reset=reset)

    def _end_pause(self) -> None:
        held, self._held_back = self._held_back, None
        self._queue.extend(held or ())
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self.link.loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        reader = self.reader
        if self._held or not reader.may_read:
            return
        if self._queue:
            data = self._queue.popleft()
            if self.piece is None:
                while self._queue:
                    data += self._queue.popleft()
            self.queued -= len(data)
            reader.receive(data)
            self.writer.drained()
        elif self._ended and self._held_back is None:
            self._ended = False
            reader.end_of_file()
            return
        if self._queue or (self._ended and self._held_back is None):
            self._schedule()


class Link:
    """One connection: the flows ``to_server`` and ``to_client``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, address: Address) -> None:
        self.loop = loop
        self.address = address
        self.to_server = Flow(self)
        self.to_client = Flow(self)
        self.client = MemoryTransport(self, reads=self.to_client, writes=self.to_server)
        self.server = MemoryTransport(self, reads=self.to_server, writes=self.to_client)
        self.timers: list[asyncio.TimerHandle] = []

    @property
    def closed(self) -> bool:
        """Whether both ends are closed."""
        return self.client.lost and self.server.lost

    def cut(self, *, reset: bool = False) -> None:
        """Close both ends: with an end of file, or with a reset."""
        for end in (self.client, self.server):
            end.cut(ConnectionResetError(104, "Connection reset by peer") if reset else None)

    def __repr__(self) -> str:
        return f"<Link {self.address[0]}:{self.address[1]} {self.to_server.sent}/{self.to_client.sent}>"


class MemoryTransport(asyncio.Transport):
    """One end of a link."""

    _start_tls_compatible = True

    def __init__(self, link: Link, *, reads: Flow, writes: Flow) -> None:
        super().__init__()
        self._link = link
        self._reads = reads
        self._writes = writes
        reads.reader = self
        writes.writer = self
        self._protocol: Any = None
        self._paused = False
        self._made = False
        self._closing = False
        self._eof_sent = False
        self._writing_paused = False
        self.lost = False

    # -- what protocols call -------------------------------------------------------------------

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": self._link.address, "sockname": ("127.0.0.1", 1)}.get(name, default)

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return not self._paused and not self._closing

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        if self._paused and not self._closing:
            self._paused = False
            self._reads._schedule()

    def write(self, data: Any) -> None:
        if self._closing or self._eof_sent or not len(data):
            return
        self._writes.send(bytes(data))
        if not self._writing_paused and self.get_write_buffer_size() > 64 * 1024:
            self._writing_paused = True
            self._protocol.pause_writing()

    def writelines(self, chunks: Any) -> None:
        self.write(b"".join(bytes(chunk) for chunk in chunks))

    def get_write_buffer_size(self) -> int:
        return max(0, self._writes.queued - KERNEL)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 16 * 1024, 64 * 1024

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._eof_sent = True
        self._writes.end()

    def close(self) -> None:
        if self._closing:
            return
        self._writes.end()
        self._lose(None)

    def abort(self) -> None:
        if not self.lost:
            self._writes.drop()
            other = self._reads.writer
            self._link.loop.call_soon(other.cut, None)
            self._lose(None)

    _force_close = property(lambda self: lambda error: self.abort())  # asyncio's TLS calls it

    # -- what flows call ----------------------------------------------------------------------

    @property
    def may_read(self) -> bool:
        """Whether bytes may be delivered now."""
        return self._made and not self._paused and not self._closing

    def begin(self, protocol: Any) -> None:
        """Give the transport its protocol, and let bytes in."""
        self._protocol = protocol
        protocol.connection_made(self)
        self._made = True
        self._reads._schedule()

    def receive(self, data: bytes) -> None:
        """Deliver one read."""
        protocol = self._protocol
        if not isinstance(protocol, asyncio.BufferedProtocol):
            protocol.data_received(data)
            return
        while data:
            room = protocol.get_buffer(len(data))
            count = min(len(room), len(data))  # type: ignore[arg-type]
            assert count, "get_buffer() returned an empty buffer"
            room[:count] = data[:count]  # type: ignore[index]
            data = data[count:]
            protocol.buffer_updated(count)
            if self._closing:
                return

    def end_of_file(self) -> None:
        """The other end has closed."""
        if not self._closing and not self._protocol.eof_received():
            self.close()

    def cut(self, error: Exception | None) -> None:
        """The connection is gone: with an end of file, or an error."""
        if self.lost or self._closing:
            return
        if self._protocol is None:
            self._closing = self.lost = True
        elif error is None:
            self._reads.drop()
            self._protocol.eof_received()
            self._lose(None)
        else:
            self._lose(error)

    def drained(self) -> None:
        """Bytes were delivered."""
        if self._writing_paused and self.get_write_buffer_size() <= 16 * 1024:
            self._writing_paused = False
            self._protocol.resume_writing()

    def _lose(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        self._link.loop.call_soon(self._lost, error)

    def _lost(self, error: Exception | None) -> None:
        self.lost = True
        if self._link.closed:
            for timer in self._link.timers:
                timer.cancel()
        if self._protocol is not None:
            self._protocol.connection_lost(error)


class Listener:
    """A listening socket: what ``create_server`` returns."""

    def __init__(self, network: Network, factory: Callable[[], Any], host: str, port: int) -> None:
        self._network = network
        self._address = (host, port or network.free_port())
        self.factory = factory
        self.sockets = [self]

    def getsockname(self) -> Address:
        return self._address

    def fileno(self) -> int:
        return 1_000_000 + self._address[1]  # no descriptor has this number

    async def start_serving(self) -> None:
        if self._address in self._network.listeners:
            raise OSError(98, "Address already in use")
        self._network.listeners[self._address] = self

    def is_serving(self) -> bool:
        return self._network.listeners.get(self._address) is self

    def close(self) -> None:
        if self.is_serving():
            del self._network.listeners[self._address]

    async def wait_closed(self) -> None:
        return


class Network:
    """Listeners by address, and every link that was made."""

    def __init__(self) -> None:
        self.listeners: dict[Address, Listener] = {}
        self.links: list[Link] = []
        self.names: dict[str, list[str]] = {}
        """What host names stand for; others stand for themselves."""
        self.on_link: Callable[[Link], None] | None = None
        """Called with each new link before anything passes."""
        self.silent: set[Address] = set()
        """Addresses that neither accept nor refuse, as behind a firewall that drops packets."""
        self._port = 20_000

    def free_port(self) -> int:
        """A port that no listener has."""
        self._port += 1
        return self._port

    def open_links(self) -> list[Link]:
        """The links that have an open end."""
        return [link for link in self.links if not link.closed]

    async def connect(self, loop: asyncio.AbstractEventLoop, factory: Callable[[], Any], address: Address) -> Any:
        """Connect; the listener's protocol is made in the next iteration of the loop."""
        await asyncio.sleep(0)
        if address in self.silent:
            await asyncio.sleep(130)
            raise TimeoutError(110, "Connect call failed")
        listener = self.listeners.get(address)
        if listener is None:
            raise ConnectionRefusedError(111, f"Connect call failed {address}")
        link = Link(loop, address)
        self.links.append(link)
        if self.on_link is not None:
            self.on_link(link)
        protocol = factory()
        link.client.begin(protocol)
        loop.call_soon(lambda: link.server.begin(listener.factory()))
        await asyncio.sleep(0)
        return link.client, protocol
