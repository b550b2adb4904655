"""``python -m aioriak serve``: the development server as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence

from aioriak.testing.bucket_types import STANDARD, BucketType
from aioriak.testing.security import Security
from aioriak.testing.server import RiakServer


def parser() -> argparse.ArgumentParser:
    """The command line's options."""
    made = argparse.ArgumentParser(
        prog="python -m aioriak serve",
        description="Run a server that behaves like Riak KV 3.2, for tests and development.",
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    made.add_argument("--port", type=int, default=8087, help="port, 0 for any free one (default: %(default)s)")
    made.add_argument("--data", metavar="FILE", help="keep everything in this file (default: keep nothing)")
    made.add_argument(
        "--bucket-types", choices=("standard", "none"), default=None,
        help="standard: " + ", ".join(each.name.decode() for each in STANDARD)
        + " (the default unless --bucket-type is given)",
    )
    made.add_argument(
        "--bucket-type", metavar="NAME[=PROPERTY:VALUE,…]", action="append", default=[], type=BucketType.parse,
        help="a bucket type, such as maps=datatype:map; may be repeated",
    )
    made.add_argument("--nodes", type=int, default=1, help="nodes, each at a port of its own (default: %(default)s)")
    made.add_argument("--security", metavar="FILE", help="users, sources, grants and certificates, in TOML")
    made.add_argument("--ring-size", type=int, default=64, help="partitions of the ring (default: %(default)s)")
    made.add_argument(
        "--delete-mode", metavar="SECONDS|keep|immediate", default=3.0, type=_delete_mode,
        help="how long deleted objects leave a tombstone (default: 3)",
    )
    made.add_argument(
        "--search", action="store_true", help="know what only Riak 2.x knows: search, JavaScript map/reduce"
    )
    return made


def _delete_mode(text: str) -> float | None:
    return {"keep": None, "immediate": 0.0}[text] if text in ("keep", "immediate") else float(text)


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM; the exit status."""
    options = parser().parse_args(arguments)
    kinds = options.bucket_types or ("none" if options.bucket_type else "standard")
    bucket_types = [*(STANDARD if kinds == "standard" else ()), *options.bucket_type]
    try:
        security = Security.from_file(options.security) if options.security else None
    except (OSError, ValueError, TypeError) as error:
        print(f"aioriak serve: {options.security}: {error}", flush=True)
        return 1
    server = RiakServer(
        bucket_types,
        host=options.host,
        port=options.port,
        data=options.data,
        nodes=options.nodes,
        security=security,
        ring_size=options.ring_size,
        tombstone_seconds=options.delete_mode,
        search=options.search,
    )
    try:
        asyncio.run(_serve(server))
    except OSError as error:
        print(f"aioriak serve: {error}", flush=True)
        return 1
    return 0


async def _serve(server: RiakServer) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with server:
        print("aioriak serve: ready on " + ", ".join(server.addresses), flush=True)
        await stop.wait()
    print("aioriak serve: stopped", flush=True)
