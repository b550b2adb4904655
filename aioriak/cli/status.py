"""``status``: the state of each node, once or refreshed in place."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from aioriak.cli.bench import quantile
from aioriak.cli.exits import FAILED, Failure
from aioriak.cli.options import command
from aioriak.cli.output import console, is_terminal
from aioriak.config import parse_url
from aioriak.error import RiakError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from aioriak.cli.session import Session
    from aioriak.client import RiakClient

_PINGS = (10, 100)
"""The least and the most pings whose latencies are measured."""
_PINGING = 0.5
"""Seconds after which no more pings are sent than the least."""
_SAMPLES = 64
"""Keys whose preflists are asked for, to see how ownership is spread."""


class NodeStatus(NamedTuple):
    """One node at one moment. Latencies are in milliseconds."""

    address: str
    up: bool
    name: str
    version: str
    p50: float
    p95: float
    p99: float
    slowest: float
    connections: int
    """The connections that this command has to the node."""
    error: str


class Status(NamedTuple):
    """A cluster at one moment."""

    nodes: list[NodeStatus]
    members: list[str] | None
    """What the cluster says of its members; ``None`` where the server does not tell (before Riak 3.0.10)."""
    owners: dict[str, int]
    """How many of the sampled keys have their first primary replica on a node."""
    sampled: int
    fallbacks: int
    """How many of the sampled replicas are on a fallback node."""


@command("status")
@click.option("-w", "--watch", is_flag=True, help="Refresh in place until Ctrl-C.")
@click.option("--interval", type=click.FloatRange(0.1), default=2.0, show_default=True, help="Seconds between.")
def status_command(session: Session, watch: bool, interval: float) -> None:
    """Show each node: up or down, latency, connections, version; the members, and how ownership is spread.

    Nodes are those of the URL, and the members that the cluster names. A node that is down: status 4.
    """
    if not watch or not is_terminal():
        found = asyncio.run(read_status(session))
        _print(session, found)
        if not all(node.up for node in found.nodes):
            raise Failure(f"{sum(not node.up for node in found.nodes)} of {len(found.nodes)} nodes are down", FAILED)
        return
    asyncio.run(_watch(session, interval))


async def _watch(session: Session, interval: float) -> None:
    from rich.live import Live

    with Live(console=console(), auto_refresh=False, transient=False) as live:
        while True:
            live.update(picture(await read_status(session)), refresh=True)
            await asyncio.sleep(interval)


async def read_status(session: Session) -> Status:
    """Ask each node, and the cluster for its members and owners."""
    addresses = {str(node) for node in parse_url(session.setting("url")).nodes}
    members: list[str] | None = None
    owners: dict[str, int] = {}
    fallbacks = sampled = 0
    try:
        async with session.client() as client:
            try:
                members = sorted(map(str, await client.get_members()))
            except RiakError:
                members = None
            owners, sampled, fallbacks = await _ownership(client)
    except RiakError:
        pass  # each node is asked below, and says why it does not answer
    if members:
        addresses.update(members)
    nodes = await asyncio.gather(*(_node(session, address) for address in sorted(addresses)))
    return Status(list(nodes), members, owners, sampled, fallbacks)


async def _ownership(client: RiakClient) -> tuple[dict[str, int], int, int]:
    bucket = client.bucket("aioriak-status")
    lists = await asyncio.gather(*(bucket.get_preflist(f"sample-{n}") for n in range(_SAMPLES)))
    owners: dict[str, int] = {}
    for items in lists:
        if items:
            owners[items[0].node] = owners.get(items[0].node, 0) + 1
    return owners, len(lists), sum(not item.primary for items in lists for item in items)


async def _node(session: Session, address: str) -> NodeStatus:
    """Ask one node alone."""
    try:
        async with session.client(only=address, attempts=1, max_size=1) as client:
            info = await client.get_server_info()
            taken: list[float] = []
            begun = start = time.perf_counter()
            while len(taken) < _PINGS[0] or (len(taken) < _PINGS[1] and start - begun < _PINGING):
                await client.ping()
                now = time.perf_counter()
                taken.append((now - start) * 1000)
                start = now
            return NodeStatus(
                address, True, str(info.node), str(info.server_version), quantile(taken, 50), quantile(taken, 95),
                quantile(taken, 99), max(taken), client.stats().connections, "",
            )  # fmt: skip
    except RiakError as error:
        return NodeStatus(address, False, "", "", math.nan, math.nan, math.nan, math.nan, 0, str(error.value))


_TITLES = ("ADDRESS", "STATE", "VERSION", "P50", "P95", "P99 MS", "CONN", "NODE")


def _rows(found: Status) -> list[tuple[str, ...]]:
    return [
        (
            node.address, "up" if node.up else "down", node.version or "-",
            *(f"{latency:.1f}" if node.up else "-" for latency in (node.p50, node.p95, node.p99)),
            str(node.connections) if node.up else "-", node.name or node.error,
        )
        for node in found.nodes
    ]  # fmt: skip


def _summary(found: Status) -> list[str]:
    lines = []
    if found.members is not None:
        lines.append(f"members  {', '.join(found.members)}")
    if found.sampled:
        shares = ", ".join(f"{node} {count * 100 // found.sampled}%" for node, count in sorted(found.owners.items()))
        lines.append(f"owners   {shares} (of {found.sampled} sampled keys)")
        lines.append(f"replicas on fallback nodes: {found.fallbacks}")
    return lines


def picture(found: Status) -> RenderableType:
    """Return the status for a terminal."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from aioriak.cli.notation import printable

    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, header_style="bold")
    for number, title in enumerate(_TITLES):
        table.add_column(title, justify="right" if number in (3, 4, 5, 6) else "left", overflow="fold")
    for row in _rows(found):
        cells = [Text(printable(cell)) for cell in row]
        cells[1].stylize("green" if row[1] == "up" else "bold red")
        table.add_row(*cells)
    return Group(table, *(Text(printable(line)) for line in _summary(found)))


def _print(session: Session, found: Status) -> None:
    output = session.output
    if output.json:
        output.document({
            "nodes": [_plain(node) for node in found.nodes], "members": found.members, "owners": found.owners,
            "sampled": found.sampled, "fallbacks": found.fallbacks,
        })  # fmt: skip
    elif is_terminal():
        output.render(picture(found))
    else:
        output.table(_TITLES, _rows(found))
        for line in _summary(found):
            output.line(line)


def _rounded(latency: float) -> float | None:
    return None if math.isnan(latency) else round(latency, 3)


def _plain(node: NodeStatus) -> dict[str, Any]:
    return {
        "address": node.address, "up": node.up, "node": node.name or None, "version": node.version or None,
        "p50_ms": _rounded(node.p50), "p95_ms": _rounded(node.p95), "p99_ms": _rounded(node.p99),
        "max_ms": _rounded(node.slowest),
        "connections": node.connections, "error": node.error or None,
    }  # fmt: skip
