"""``replication``: the queues that other clusters take objects from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aioriak.cli.exits import Failure
from aioriak.cli.notation import show
from aioriak.cli.options import NAME, bucket_type, command, confirm, yes
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@click.group("replication")
def replication_command() -> None:
    """Look into replication queues (Riak 3.0.7 on). Each node has queues of its own."""


@command("length")
@click.argument("queue", type=NAME)
def length_command(session: Session, queue: Name) -> None:
    """Print how many references wait on QUEUE, by priority."""

    async def work(client: RiakClient) -> None:
        found = await client.replication.queue(queue).push([])
        if not found.exists:
            raise Failure(f"there is no queue {show(queue)}")
        if session.output.json:
            session.output.document(
                {"queue": queue, "real_time": found.real_time, "sync": found.sync, "fold": found.fold}
            )
        else:
            session.output.line(f"real time {found.real_time}, sync {found.sync}, fold {found.fold}")

    session.run(work)


@command("fetch")
@click.option("--limit", type=click.IntRange(1), default=1, show_default=True, help="Objects at most.")
@yes
@click.argument("queue", type=NAME)
def fetch_command(session: Session, limit: int, yes: bool, queue: Name) -> None:
    """Take objects off QUEUE and print their names. Other clusters do not get them any more."""
    confirm(f"Take up to {limit} objects off the queue {show(queue)}, away from other clusters?", yes)

    async def work(client: RiakClient) -> None:
        for _ in range(limit):
            item = await client.replication.queue(queue).fetch()
            if item is None:
                break
            names = (item.bucket_type, item.bucket, item.key)
            if session.output.json:
                session.output.document({
                    "type": names[0], "bucket": names[1], "key": names[2], "deleted": item.deleted,
                    "bytes": len(item.payload),
                })  # fmt: skip
            else:
                session.output.line("/".join(map(show, names)) + ("\ttombstone" if item.deleted else ""))

    session.run(work)


@command("push")
@bucket_type
@click.argument("queue", type=NAME)
@click.argument("bucket", type=NAME)
def push_command(session: Session, kind: Name, queue: Name, bucket: Name) -> None:
    """Put every object of BUCKET on QUEUE, by an AAE fold, and print how many there are."""

    async def work(client: RiakClient) -> None:
        session.output.document(await client.aae.replicate_keys(client.bucket(bucket, kind), queue))

    session.run(work)


for _command in (length_command, fetch_command, push_command):
    replication_command.add_command(_command)
