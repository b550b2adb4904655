"""The answering side, a process of its own: a canned reply for each message code, and nothing else.

It cuts requests into frames, looks no further than their message code, and sends
what was put there for it: all replies to one read leave in one write.  Two codes
of its own control it: 240 (a code, and the bytes to answer it with from now on)
and 241 (asks for its CPU seconds and the time).  It ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from typing import Any

SET, USAGE = 240, 241
FLUSH = 1 << 18
_size = struct.Struct("!I").unpack_from

replies: dict[int, bytes] = {}


class Answers(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.chunks: list[bytes] = []
        self.missing = 0

    def data_received(self, data: bytes) -> None:
        if self.missing or self.chunks:
            self.chunks.append(data)
            self.missing -= len(data)
            if self.missing > 0:
                return
            data = b"".join(self.chunks)
            self.chunks.clear()
        self.missing = 0
        position, end, out, canned = 0, len(data), [], replies
        while end - position >= 5:
            stop = position + 4 + _size(data, position)[0]
            if stop > end:
                self.missing = stop - end
                break
            code = data[position + 4]
            reply = canned.get(code)
            out.append(self.control(code, data[position + 5 : stop]) if reply is None else reply)
            position = stop
        if position < end:
            self.chunks.append(data[position:])
        if len(out) == 1:
            self.transport.write(out[0])
        elif out:
            self.transport.write(b"".join(out))

    def control(self, code: int, body: bytes) -> bytes:
        if code == USAGE:
            return struct.pack("!IBdd", 17, USAGE, time.process_time(), time.perf_counter())
        if code == SET:
            replies[body[0]] = body[1:]
            return struct.pack("!IB", 1, SET)
        text = b"\x0a\x0fno reply canned\x10\x00"
        return struct.pack("!IB", len(text) + 1, 0) + text


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answers, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    try:
        import uvloop

        asyncio.Runner(loop_factory=uvloop.new_event_loop).run(main())
    except ImportError:
        asyncio.run(main())
