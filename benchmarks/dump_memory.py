"""``python -m benchmarks.dump_memory``: the memory of ``aioriak dump`` and ``load`` for a million objects of 1 KiB.

The server runs in a process of its own, and so do the commands. ``load`` stores the dump in a second, empty server.
Exits 1 when a command needed 150 MB or more, or when an object is missing from the file or the second server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aioriak.testing import RiakServer
from aioriak.testing.robject import Content, RiakObj
from aioriak.testing.vclock import VClock

LIMIT = 150.0
"""Megabytes that are too many."""
_UNIT = 1024 if sys.platform != "darwin" else 1024 * 1024  # of ru_maxrss, per megabyte


async def serve(objects: int) -> None:
    """Run a server with a full bucket until the input ends."""
    async with RiakServer(bucket_types=None) as server:
        obj = RiakObj([Content(b"v" * 1024)], VClock({b"benchmark": (1, 0)}))
        for number in range(objects):
            server.database.put(b"default", b"full", b"key-%09d" % number, obj)
        print(server.address, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(len(server.database.keys(b"default", b"full")), flush=True)


def run(address: str, *arguments: str) -> tuple[int, float, float]:
    """Run a command; return its exit status, its peak memory in megabytes, and its seconds."""
    command = [sys.executable, "-m", "aioriak", "--url", f"riak://{address}", *arguments]
    begun = time.perf_counter()
    process = os.posix_spawn(sys.executable, command, os.environ)
    _, status, usage = os.wait4(process, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss / _UNIT, time.perf_counter() - begun


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dump_memory", description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--no-load", action="store_true", help="dump alone")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.objects))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "dump.jsonl"
        with server(options.objects) as (address, _):
            status, memory, seconds = run(address, "dump", "-b", "full", str(out))
        last = b""
        with out.open("rb") as file:
            for line in file:
                last = line
        dumped = json.loads(last).get("manifest", {}).get("objects")
        good = report("dump", dumped, options.objects, status, memory, seconds)
        if options.no_load:
            return int(not good)
        with server(0) as (address, stop):
            status, memory, seconds = run(address, "load", str(out))
            loaded = stop()
        good &= report("load", loaded, options.objects, status, memory, seconds)
    return int(not good)


def report(what: str, found: int, wanted: int, status: int, memory: float, seconds: float) -> bool:
    """Print what a command did; return whether it kept to the limits."""
    rate = found / seconds
    print(f"{what}: {found:,} objects in {seconds:.1f} s ({rate:,.0f}/s): {memory:.1f} MB at most", flush=True)
    return status == 0 and found == wanted and memory < LIMIT


@contextlib.contextmanager
def server(objects: int) -> Iterator[tuple[str, Callable[[], int]]]:
    """Run a server with so many objects; its address, and a function that stops it and returns how many it has."""
    command = [sys.executable, "-m", "benchmarks.dump_memory", "--serve", "--objects", str(objects)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        stdin, stdout = process.stdin, process.stdout

        def stop() -> int:
            stdin.close()
            return int(stdout.readline())

        try:
            yield stdout.readline().strip(), stop
        finally:
            if not stdin.closed:
                stdin.close()
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
