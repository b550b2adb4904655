"""``python -m aioriak serve``: the development server as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import io
import math
import os
import shutil
import signal
import sys
import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NoReturn

from aioriak.testing.bucket_types import STANDARD, BucketType
from aioriak.testing.requests import Request
from aioriak.testing.security import Security
from aioriak.testing.server import RiakServer

_LAST_PORT = 65535


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without the usage of every option before it."""

    def error(self, message: str) -> NoReturn:
        """Print the message, as wide as the terminal, and exit with status 2."""
        width = shutil.get_terminal_size().columns
        told = f"aioriak serve: {message} (--help shows the options)"
        told = textwrap.fill(told, width, break_long_words=False, break_on_hyphens=False)
        self.exit(2, f"{told}\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = _Parser(
        prog="python -m aioriak serve",
        description="Run a server that behaves like Riak KV 3.2, for tests and development.",
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    made.add_argument(
        "--port", type=_number(0, _LAST_PORT), default=8087, help="port, 0 for any free one (default: %(default)s)"
    )
    made.add_argument("--data", metavar="FILE", help="keep everything in this file (default: keep nothing)")
    made.add_argument(
        "--bucket-types", choices=("standard", "none"), default=None,
        help="standard: " + ", ".join(each.name.decode() for each in STANDARD)
        + " (the default unless --bucket-type is given)",
    )
    made.add_argument(
        "--bucket-type", metavar="NAME[=PROPERTY:VALUE,…]", action="append", default=[], type=_bucket_type,
        help="a bucket type, such as maps=datatype:map; may be repeated",
    )
    made.add_argument(
        "--nodes", type=_number(1, 100), default=1, help="nodes, each at a port of its own (default: %(default)s)"
    )
    made.add_argument("--security", metavar="FILE", help="users, sources, grants and certificates, in TOML")
    made.add_argument("--ring-size", type=_ring_size, default=64, help="partitions of the ring (default: %(default)s)")
    made.add_argument(
        "--delete-mode", metavar="SECONDS|keep|immediate", default=3.0, type=_delete_mode,
        help="how long deleted objects leave a tombstone (default: 3)",
    )
    made.add_argument(
        "--search", action="store_true", help="know what only Riak 2.x knows: search, JavaScript map/reduce"
    )
    made.add_argument(
        "--log", choices=("requests",), help="requests: print each request with its time and the node that received it"
    )
    return made


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"a whole number from {least} to {most} is needed, not {text!r}")
        return number

    return parse


def _ring_size(text: str) -> int:
    size = _number(1, 65536)(text)
    if size & (size - 1):
        raise argparse.ArgumentTypeError(f"the size of a ring is a power of two, not {text!r}")
    return size


def _bucket_type(text: str) -> BucketType:
    try:
        return BucketType.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _delete_mode(text: str) -> float | None:
    if text == "keep":
        return None
    try:
        seconds = 0.0 if text == "immediate" else float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"a number of seconds, keep or immediate is needed, not {text!r}")
    return seconds


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM; the exit status."""
    command_line = parser()
    options = command_line.parse_args(arguments)
    if options.port + options.nodes - 1 > _LAST_PORT:
        command_line.error(f"{options.nodes} nodes from port {options.port} on need ports above {_LAST_PORT}")
    kinds = options.bucket_types or ("none" if options.bucket_type else "standard")
    bucket_types = [*(STANDARD if kinds == "standard" else ()), *options.bucket_type]
    try:
        security = Security.from_file(options.security) if options.security else None
    except (OSError, ValueError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        print(f"aioriak serve: {options.security}: {reason}", file=sys.stderr)
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
    if options.log == "requests":
        _print_requests(server)
    try:
        asyncio.run(_serve(server))
    except OSError as error:
        print(f"aioriak serve: {error}", file=sys.stderr)
        return 1
    return 0


def _print_requests(server: RiakServer) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")

    def show(request: Request) -> None:
        time = datetime.fromtimestamp(server.clock()).isoformat(timespec="milliseconds")
        try:
            print(f"{time} {request.node.host}:{request.node.port} {_printable(str(request))}", flush=True)
        except OSError:  # the reader of the output has gone; the server continues
            server.requests.on_request = None

    server.requests.on_request = show


def _printable(text: str) -> str:
    r"""Return the text with ``\x…`` in place of what a terminal would act on, and of bytes that are not UTF-8."""
    return "".join(
        character
        if character.isprintable()
        else "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in text
    )


async def _serve(server: RiakServer) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with server:
        print("aioriak serve: ready on " + ", ".join(server.addresses), flush=True)
        await stop.wait()
    try:
        print("aioriak serve: stopped", flush=True)
    except OSError:  # nobody reads the output any more; the interpreter must not complain of it at its end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
