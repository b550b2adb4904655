"""``ping``, ``info`` and ``preflist``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from aioriak.cli.options import NAME, bucket_type, command
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@command("ping")
def ping_command(session: Session) -> None:
    """Check that Riak answers, and how fast."""

    async def work(client: RiakClient) -> None:
        start = time.perf_counter()
        await client.ping()
        milliseconds = round((time.perf_counter() - start) * 1000, 3)
        if session.output.json:
            session.output.document({"milliseconds": milliseconds})
        else:
            session.output.line(f"answered in {milliseconds:.1f} ms")

    session.run(work)


@command("info")
def info_command(session: Session) -> None:
    """Show the name and the version of the node that answers."""

    async def work(client: RiakClient) -> None:
        found = await client.get_server_info()
        if session.output.json:
            session.output.document({"node": found.node, "version": found.server_version})
        else:
            session.output.line(f"{found.node} Riak {found.server_version}")

    session.run(work)


@command("preflist")
@bucket_type
@click.argument("bucket", type=NAME)
@click.argument("key", type=NAME)
def preflist_command(session: Session, kind: Name, bucket: Name, key: Name) -> None:
    """Show which partitions of which nodes hold KEY of BUCKET, owners first."""

    async def work(client: RiakClient) -> None:
        found = await client.bucket(bucket, kind).get_preflist(key)
        if session.output.json:
            for item in found:
                session.output.document({"partition": item.partition, "node": item.node, "primary": item.primary})
        else:
            session.output.table(
                ("PARTITION", "NODE", "KIND"),
                [(str(item.partition), item.node, "primary" if item.primary else "fallback") for item in found],
                right=(0,),
            )

    session.run(work)
