"""``python -m benchmarks.listing_memory``: how much a client grows while it streams a million keys.

The server runs in a process of its own.  Keys are counted, not kept, so what
grows is what the client itself holds.  Exits 1 when that is 40 MB or more.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import sys
import time

from aioriak import RiakClient
from aioriak.testing import RiakServer
from aioriak.testing.robject import Content, RiakObj
from aioriak.testing.vclock import VClock

LIMIT = 40.0
"""Megabytes of growth that are too many."""
_UNIT = 1024 if sys.platform != "darwin" else 1024 * 1024  # of ru_maxrss, per megabyte


def peak() -> float:
    """Return the peak memory of this process in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNIT


async def serve(keys: int) -> None:
    """Run a server with a full bucket until the input ends."""
    async with RiakServer(bucket_types=None) as server:
        obj = RiakObj([Content(b"v")], VClock({b"benchmark": (1, 0)}))
        for number in range(keys):
            server.database.put(b"default", b"full", b"key-%09d" % number, obj)
        print(server.host, server.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def measure(host: str, port: int, *, slow: bool) -> tuple[int, float, float]:
    """Return the number of keys, the megabytes of growth, and the seconds."""
    async with await RiakClient.create(host, port, allow_listing="silent") as client:
        await client.bucket("empty").get_keys()  # what a first stream loads is not growth
        before, begun = peak(), time.perf_counter()
        count = chunks = 0
        async for chunk in client.bucket("full").stream_keys().chunks():
            count += len(chunk)
            chunks += 1
            if slow and chunks % 100 == 0:
                await asyncio.sleep(0.01)
        return count, peak() - before, time.perf_counter() - begun


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.listing_memory", description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.keys))
        return 0
    command = [sys.executable, "-m", "benchmarks.listing_memory", "--serve", "--keys", str(options.keys)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            host, port = server.stdout.readline().split()
            worst = 0.0
            for slow in (True, False):
                count, growth, seconds = asyncio.run(measure(host, int(port), slow=slow))
                worst = max(worst, growth)
                reader = "a slow reader" if slow else "a quick reader"
                print(
                    f"{count:,} keys, {reader}: the client grew by {growth:.1f} MB in {seconds:.1f} s"
                    f" ({count / seconds:,.0f} keys/s)"
                )
                if count != options.keys:
                    print(f"{options.keys:,} keys were expected")
                    return 1
        finally:
            server.stdin.close()
            server.wait(30)
    print(f"limit: {LIMIT:.0f} MB; {'met' if worst < LIMIT else 'NOT met'}")
    return int(worst >= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
