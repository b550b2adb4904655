"""The slow tail: how long reads take while one of three nodes is frozen, killed, or delays some replies.

``python -m benchmarks.tail`` runs 50 tasks that read from a development server of three nodes, in a process of its own,
once with the defaults and once with hedging.  ``--quick`` shortens every phase.  With ``--nodes`` they read from Riak,
and one of its nodes, whose process on this machine ``--pid`` names, is frozen for a while.  Only keys with each replica
on another node are read then: where a node has two of three, nobody can read while it is frozen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from aioriak import HedgePolicy, RiakClient
from aioriak.error import RiakError
from aioriak.operations.cluster import PreflistItem
from aioriak.testing import RiakServer

TASKS = 50
KEYS = 1000
BUCKET = "aioriak-benchmarks"
DELAY = 2.0  # seconds that every tenth reply of the first node is delayed by
EVERY = 10
FAULTS = ("frozen", "killed", "delayed")


@dataclass(frozen=True, slots=True)
class Bar:
    """The most that a figure of a phase may be; ``hedged`` says for which client."""

    phase: str
    hedged: bool
    figure: str
    most: float


BARS = (
    Bar("frozen", False, "longest", 2.5),
    Bar("killed", False, "longest", 2.5),
    Bar("frozen", True, "longest", 0.3),
    Bar("killed", True, "longest", 0.3),
    Bar("delayed", True, "p99.9", 0.3),
    Bar("delayed", True, "more", 0.06),
)


@dataclass(slots=True)
class Phase:
    """The reads that began in one phase, or were in flight when its fault began."""

    name: str
    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    sent: int = 0
    """Gets that the nodes received."""

    def figures(self) -> dict[str, float]:
        """Return percentiles and the longest in seconds, and the part of requests beyond one a read."""
        ordered = sorted(self.seconds) or [0.0]

        def percentile(part: float) -> float:
            return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

        return {
            "reads": len(self.seconds),
            "failed": self.failed,
            "p50": percentile(0.5),
            "p99": percentile(0.99),
            "p99.9": percentile(0.999),
            "longest": ordered[-1],
            "more": self.sent / max(len(self.seconds), 1) - 1 if self.sent else math.nan,  # or the server does not tell
        }


# -- the server's process ----------------------------------------------------------------------------


async def serve() -> None:
    """Serve a cluster, and carry out the commands that come over stdin, one a line."""
    async with RiakServer.cluster(3) as server:
        node = server.nodes[0]
        print(json.dumps(list(server.addresses)), flush=True)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            match line.decode().strip():
                case "freeze":
                    node.freeze()
                case "thaw":
                    node.thaw()
                case "kill":
                    await node.kill()
                case "restart":
                    await node.restart()
                case "delay":
                    server.faults.delay("get", DELAY, node=node, every=EVERY)
                case "clear":
                    server.faults.clear()
            print(sum(each.requests["get"] for each in server.nodes), flush=True)


class Server:
    """The cluster's process; ``do`` sends a command and returns the number of gets received so far."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.tail", "--serve"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.addresses: list[str] = json.loads(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the server's process ended")
        return line

    async def do(self, command: str) -> int:
        """Carry a command out."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        return int(await asyncio.to_thread(self._answer))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        if self._process.stdout is not None:
            self._process.stdout.close()


class Nodes:
    """The nodes of a Riak, one of them with a process on this machine that can be frozen."""

    def __init__(self, addresses: list[str], pid: int) -> None:
        self.addresses = addresses
        self._pid = pid

    async def do(self, command: str) -> int:
        """Freeze the process or let it go on; the gets that the nodes received are not known."""
        if command in ("freeze", "thaw"):
            os.kill(self._pid, signal.SIGSTOP if command == "freeze" else signal.SIGCONT)
        return 0

    def close(self) -> None:
        """Let the process go on, whatever happened."""
        os.kill(self._pid, signal.SIGCONT)


# -- the client's --------------------------------------------------------------------------------------


async def measure(
    hedged: bool, length: float, frozen: float, say: Callable[[str], None], server: Server | Nodes | None = None
) -> list[Phase]:
    """Run all phases with one client; ``length`` and ``frozen`` are the seconds of a phase and of the freeze."""
    server = server or Server()
    try:
        async with RiakClient(nodes=server.addresses, hedge=HedgePolicy() if hedged else False) as client:
            bucket = client.bucket(BUCKET)
            keys = [str(number) for number in range(KEYS)]
            if isinstance(server, Nodes):
                keys = [key for key in keys if _is_spread(await bucket.get_preflist(key))]
                if not keys:
                    raise RuntimeError("no key has each replica on another node: are there three?")
            objects = (bucket.new_object(key, "x" * 200, "text/plain") for key in keys)
            async for _, error in client.put_many(objects, return_body=False):
                if error is not None:
                    raise error
            phases = await _phases(client, server, keys, length, frozen, say)
            if isinstance(server, Nodes):
                await asyncio.gather(*(bucket.delete(key) for key in keys))
            return phases
    finally:
        server.close()


def _is_spread(replicas: list[PreflistItem]) -> bool:
    return len({replica.node for replica in replicas}) == len(replicas)


async def _phases(
    client: RiakClient, server: Server | Nodes, keys: list[str], length: float, frozen: float,
    say: Callable[[str], None],
) -> list[Phase]:
    loop = asyncio.get_running_loop()
    bucket = client.bucket(BUCKET)
    phase = Phase("warm-up")
    phases: list[Phase] = []
    running = True

    async def read() -> None:
        while running:
            began, of = loop.time(), phase
            try:
                await bucket.get(random.choice(keys))
            except RiakError:
                of.failed += 1
            if of.name not in FAULTS:
                of = phase  # a read on its way when the fault began met the fault
            of.seconds.append(loop.time() - began)

    tasks = [asyncio.create_task(read()) for _ in range(TASKS)]
    await asyncio.sleep(length / 2)
    program = [("before", "", length), ("frozen", "freeze", frozen), ("thawed", "thaw", length)]
    if isinstance(server, Server):
        program += [("killed", "kill", length), ("restarted", "restart", length),
                    ("delayed", "delay", length), ("after", "clear", length)]  # fmt: skip
    try:
        for name, command, seconds in program:
            say(name)
            received = await server.do(command or "count")
            phase.sent = received - phase.sent
            phase = Phase(name, sent=received)
            phases.append(phase)
            await asyncio.sleep(seconds)
        phase.sent = await server.do("count") - phase.sent
    finally:
        running = False
        await asyncio.wait(tasks)
    for task in tasks:
        task.result()
    return phases


# -- the report ----------------------------------------------------------------------------------------


def report(found: dict[bool, list[Phase]]) -> bool:
    """Print the table and the bars; return whether all bars were met."""
    figures = {(hedged, phase.name): phase.figures() for hedged, phases in found.items() for phase in phases}
    print(f"\n{'client':9}{'phase':11}{'reads':>9}{'failed':>8}{'p50':>9}{'p99':>9}{'p99.9':>9}{'longest':>9}{'more':>8}")
    for (hedged, name), row in figures.items():
        times = "".join(f"{row[kind] * 1000:>9.1f}" for kind in ("p50", "p99", "p99.9", "longest"))
        client = "hedged" if hedged else "defaults"
        more = "" if math.isnan(row["more"]) else f"{row['more']:.1%}"
        print(f"{client:9}{name:11}{row['reads']:>9,}{row['failed']:>8}{times}{more:>8}")
    print("Times in milliseconds; 'more' are requests beyond one a read.\n")
    met = True
    for bar in BARS:
        if (bar.hedged, bar.phase) not in figures:
            continue
        value = figures[bar.hedged, bar.phase][bar.figure]
        unit = "%" if bar.figure == "more" else "s"
        scale = 100 if bar.figure == "more" else 1
        met = met and value <= bar.most
        client = "hedged" if bar.hedged else "defaults"
        said = "met" if value <= bar.most else "NOT met"
        figure = f"{bar.figure} {value * scale:.2f} {unit}"
        print(f"{bar.phase}, {client}: {figure}, bar {bar.most * scale:g} {unit}: {said}")
    return met


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tail", description=cast(str, __doc__).splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="phases of 3 seconds, and a freeze of 5")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--nodes", metavar="HOST:PORT,…", help="a Riak, instead of the development server")
    parser.add_argument("--pid", type=int, help="the process of one of these nodes, which is frozen and let go again")
    options = parser.parse_args(arguments)
    if (options.nodes is None) != (options.pid is None):
        parser.error("--nodes and --pid are given together")
    if options.serve:
        asyncio.run(serve())
        return 0
    length, frozen = (3.0, 5.0) if options.quick else (10.0, 20.0)
    found: dict[bool, list[Phase]] = {}
    for hedged in (False, True):
        name = "hedged" if hedged else "defaults"
        nodes = Nodes(options.nodes.split(","), options.pid) if options.nodes else None

        def say(phase: str, name: str = name) -> None:
            print(f"{name}: {phase} …", file=sys.stderr)

        found[hedged] = asyncio.run(measure(hedged, length, frozen, say, nodes))
    if options.json:
        rows: list[dict[str, Any]] = [
            {"hedged": hedged, "phase": phase.name, **phase.figures()}
            for hedged, phases in found.items()
            for phase in phases
        ]
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    return 0 if report(found) else 1


if __name__ == "__main__":
    sys.exit(main())
