"""``python -m benchmarks.dump_memory``: the memory that ``aioriak dump`` needs for a million objects of 1 KiB.

The server runs in a process of its own, and so does the command. Exits 1 when the command needed 150 MB or
more, or when an object is missing from the file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
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


def dump(address: str, out: Path) -> tuple[int, float, float]:
    """Return the exit status of the command, its peak memory in megabytes, and its seconds."""
    command = [sys.executable, "-m", "aioriak", "--url", f"riak://{address}", "dump", "-b", "full", str(out)]
    begun = time.perf_counter()
    process = os.posix_spawn(sys.executable, command, os.environ)
    _, status, usage = os.wait4(process, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss / _UNIT, time.perf_counter() - begun


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dump_memory", description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.objects))
        return 0
    command = [sys.executable, "-m", "benchmarks.dump_memory", "--serve", "--objects", str(options.objects)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            out = Path(folder) / "dump.jsonl"
            status, memory, seconds = dump(server.stdout.readline().strip(), out)
            last = b""
            with out.open("rb") as file:
                for line in file:
                    last = line
            found = json.loads(last).get("manifest", {}).get("objects")
        finally:
            server.stdin.close()
            server.terminate()
    print(f"{found:,} objects in {seconds:.1f} s ({found / seconds:,.0f}/s): {memory:.1f} MB at most")
    return int(status != 0 or found != options.objects or memory >= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
