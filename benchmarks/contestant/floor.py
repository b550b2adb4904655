"""What asyncio itself costs: a BufferedProtocol, frames encoded beforehand, writes coalesced, no protobuf.

It cuts replies into frames and gives each to the oldest waiter, and that is all:
no options, deadlines, errors, pool or objects.  Nothing written on asyncio that
has a future for each request can be much cheaper.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from struct import Struct
from typing import Any

from .case import Case
from .measure import measure

_SIZE = Struct("!I").unpack_from
MANY = 100
BUFFER = 256 << 10


class Pipeline(asyncio.BufferedProtocol):
    """Requests out in one write per iteration of the loop, replies back in order.

    It reads into one buffer that stays: a fresh buffer for each read costs the allocator
    a different amount in each run of the process.
    """

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.waiting: deque[asyncio.Future[bytes]] = deque()
        self.outgoing: list[bytes] = []
        self.buffer = bytearray(BUFFER)
        self.view = memoryview(self.buffer)
        self.filled = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        for future in self.waiting:
            if not future.done():
                future.set_exception(ConnectionResetError("the answering side hung up"))

    def request(self, frame: bytes) -> asyncio.Future[bytes]:
        if not self.outgoing:
            self.loop.call_soon(self.flush)
        self.outgoing.append(frame)
        future = self.loop.create_future()
        self.waiting.append(future)
        return future

    def flush(self) -> None:
        self.transport.write(b"".join(self.outgoing))
        self.outgoing.clear()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.view[self.filled :] if self.filled else self.view

    def buffer_updated(self, count: int) -> None:
        view, position, end = self.view, 0, self.filled + count
        while end - position >= 4:
            stop = position + 4 + _SIZE(view, position)[0]
            if stop > end:
                if stop - position > len(view):
                    self.grow(stop - position)
                break
            future = self.waiting.popleft()
            if not future.done():
                future.set_result(bytes(view[position + 5 : stop]))
            position = stop
        self.filled = end - position
        if position and self.filled:
            self.buffer[: self.filled] = self.buffer[position:end]

    def grow(self, size: int) -> None:
        """Make room for a reply that is larger than the buffer."""
        self.buffer = self.buffer + bytes(size - len(self.buffer))
        self.view = memoryview(self.buffer)


class Floor:
    """Workers that send prepared frames; what each asks for makes no difference."""

    def __init__(self, frames: list[bytes]) -> None:
        self.frames = frames

    async def run(self, case: Case) -> dict[str, float]:
        loop = asyncio.get_running_loop()
        pipelines = [
            (await loop.create_connection(Pipeline, *case.address(n)))[1] for n in range(case.connections)
        ]

        def worker(number: int) -> Callable[[], Any]:
            pipeline, frame = pipelines[number % len(pipelines)], self.frames[number % len(self.frames)]
            if case.workload == "get-many":

                async def many() -> None:
                    await asyncio.gather(*(pipelines[n % len(pipelines)].request(frame) for n in range(MANY)))

                return many
            return partial(pipeline.request, frame)

        try:
            if case.workload == "get-many":
                return await measure([worker(0)], case, MANY)
            return await measure([worker(number) for number in range(case.tasks)], case)
        finally:
            for pipeline in pipelines:
                pipeline.transport.close()
