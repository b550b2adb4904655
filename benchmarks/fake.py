"""``python -m benchmarks.fake``: start, requests, memory and listing of the development server.

The server runs in a process of its own; the CPU time of that process is counted.  A raw client keeps 64 requests
in flight, eight on each of 8 connections, or one on each of 64 connections.  Exits 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO

from aioriak.riak_pb import kv
from aioriak.testing import RiakServer
from aioriak.wire.framing import FrameReader, encode_frame
from aioriak.wire.operation import GET, LIST_KEYS, PUT

IN_FLIGHT = 64
CONNECTIONS = (8, 64)
"""The numbers of connections that share the requests in flight."""
VALUE = b"v" * 1024
_UNIT = 1024 if sys.platform != "darwin" else 1024 * 1024  # of ru_maxrss, per megabyte

GOALS = {
    "start of a server, ms": 2.0,
    "server CPU of a get, 8 connections, µs": 60.0,
    "server CPU of a get, 64 connections, µs": 60.0,
    "server CPU of a put, 8 connections, µs": 120.0,
    "server CPU of a put, 64 connections, µs": 120.0,
    "memory of a million keys, small values, MB": 1000.0,
    "growth while a million keys are listed, MB": 40.0,
}
"""The upper bound of each figure; other figures have none."""


# -- the server's process -----------------------------------------------------------


async def serve() -> None:
    """Be a server that answers questions about its own process, one a line."""
    async with RiakServer() as server:
        print(server.host, server.port, flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            word, *arguments = line.split()
            if word == "fill":
                await asyncio.to_thread(gc.collect)
                before = _memory()
                fill(server, arguments[0], int(arguments[1]), int(arguments[2]))
                answer: object = _memory() - before
            elif word == "clear":
                server.clear()
                answer = None
            elif word == "memory":
                answer = _memory()
            else:
                usage = resource.getrusage(resource.RUSAGE_SELF)
                answer = [usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _UNIT]
            print(json.dumps(answer), flush=True)


def fill(server: RiakServer, bucket: str, keys: int, size: int) -> None:
    """Store objects, each with a value of its own, through the server's handler of puts."""
    handler = server.handlers[PUT]
    context = server._context()
    for number in range(keys):
        value = b"%0*d" % (size, number)
        request = kv.RpbPutReq(bucket=bucket.encode(), key=b"key-%09d" % number)
        request.content.value = value
        request.content.content_type = b"text/plain"
        handler(context, request)


def _memory() -> float:
    """Return the resident memory in megabytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1024 / 1024


class Process:
    """The server's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._input: IO[str] = process.stdin
        self._output: IO[str] = process.stdout
        host, port = self._output.readline().split()
        self.host, self.port = host, int(port)

    def ask(self, line: str) -> object:
        """Return the answer to a question."""
        self._input.write(line + "\n")
        self._input.flush()
        return json.loads(self._output.readline())

    def usage(self) -> tuple[float, float]:
        """Return seconds of CPU so far and the peak of memory in megabytes."""
        answer = self.ask("usage")
        assert isinstance(answer, list)
        return float(answer[0]), float(answer[1])


@contextlib.contextmanager
def started() -> Iterator[Process]:
    """Run a server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.fake", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Process(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


# -- measurements -------------------------------------------------------------------


async def start_seconds(rounds: int) -> float:
    """Return the median of the seconds that a server in this process takes to start."""
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        server = RiakServer()
        await server.start()
        found.append(time.perf_counter() - begun)
        await server.close()
    return statistics.median(found)


async def send(process: Process, frames: list[bytes], requests: int, connections: int) -> None:
    """Make so many requests, 64 in flight: each connection sends its next ones once it has all replies."""

    async def one(mine: list[bytes], rounds: int) -> None:
        reader, writer = await asyncio.open_connection(process.host, process.port)
        cutter = FrameReader()
        batch = b"".join(mine)
        for _ in range(rounds):
            writer.write(batch)
            due = len(mine)
            while due:
                for code, _ in cutter.feed(await reader.read(1 << 18)):
                    assert code, "the server refused a request"
                    due -= 1
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one(frames[place::connections], requests // IN_FLIGHT) for place in range(connections)))


def frames_of(workload: str) -> list[bytes]:
    """Return a request for each of 64 keys."""
    found = []
    for number in range(IN_FLIGHT):
        key = b"key-%02d" % number
        if workload == "get":
            message: kv.RpbGetReq | kv.RpbPutReq = kv.RpbGetReq(bucket=b"users", key=key, type=b"nosiblings")
            code = GET.request_code
        else:
            content = {"value": VALUE, "content_type": b"application/json"}
            message = kv.RpbPutReq(bucket=b"users", key=key, type=b"nosiblings", content=content)
            code = PUT.request_code
        found.append(encode_frame(code, message.SerializeToString()))
    return found


def request_seconds(process: Process, requests: int, rounds: int) -> dict[tuple[str, int], float]:
    """Return the seconds of CPU of each kind of request and number of connections: the median of the rounds."""
    asyncio.run(send(process, frames_of("put"), IN_FLIGHT * 10, CONNECTIONS[0]))
    found: dict[tuple[str, int], list[float]] = {(work, n): [] for work in ("get", "put") for n in CONNECTIONS}
    for _ in range(rounds):
        for (workload, connections), seconds in found.items():
            before, _ = process.usage()
            asyncio.run(send(process, frames_of(workload), requests, connections))
            after, _ = process.usage()
            seconds.append((after - before) / requests)
    return {cell: statistics.median(seconds) for cell, seconds in found.items()}


async def list_keys(process: Process, bucket: bytes) -> tuple[float, float, int]:
    """List a bucket; return the seconds to the first chunk, to the end, and the number of keys."""
    reader, writer = await asyncio.open_connection(process.host, process.port)
    begun = time.perf_counter()
    writer.write(encode_frame(LIST_KEYS.request_code, kv.RpbListKeysReq(bucket=bucket).SerializeToString()))
    cutter, first, count = FrameReader(), 0.0, 0
    while True:
        for _, body in cutter.feed(await reader.read(1 << 16)):
            reply = kv.RpbListKeysResp.FromString(body)
            first = first or time.perf_counter() - begun
            count += len(reply.keys)
            if reply.done:
                writer.close()
                await writer.wait_closed()
                return first, time.perf_counter() - begun, count


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fake", description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000, help="keys that are stored and listed (%(default)s)")
    parser.add_argument("--requests", type=int, default=12_800, help="requests in a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that medians are taken of (default: %(default)s)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return 0
    good = report("start of a server, ms", 1000 * asyncio.run(start_seconds(50)))
    with started() as process:
        for (workload, connections), seconds in request_seconds(process, options.requests, options.rounds).items():
            good &= report(f"server CPU of a {workload}, {connections} connections, µs", seconds * 1e6)
    with started() as process:
        million = options.keys / 1_000_000
        grown = process.ask(f"fill small {options.keys} 10")
        assert isinstance(grown, float)
        good &= report("memory of a million keys, small values, MB", grown / million)
        _, before = process.usage()
        first, whole, count = asyncio.run(list_keys(process, b"small"))
        _, after = process.usage()
        good &= count == options.keys
        good &= first < whole / 2
        report("first keys of a listing, ms", 1000 * first)
        report("whole listing, ms", 1000 * whole)
        good &= report("growth while a million keys are listed, MB", after - before)
    with started() as process:
        grown = process.ask(f"fill large {options.keys // 10} 1024")
        assert isinstance(grown, float)
        report("memory of a million keys, values of 1 KiB, MB (from a tenth of them)", 10 * grown / million)
    return int(not good)


def report(what: str, figure: float) -> bool:
    """Print a figure; return whether it keeps to its goal."""
    goal = GOALS.get(what)
    holds = goal is None or figure <= goal
    print(f"{what:70} {figure:9.2f}" + ("" if goal is None else f"  (at most {goal:g}) {'' if holds else 'FAIL'}"))
    return holds


if __name__ == "__main__":
    sys.exit(main())
