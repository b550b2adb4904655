"""``copy``: from one cluster to another, without a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.backup.load import Tally, mode, storing
from aioriak.cli.backup.progress import Progress
from aioriak.cli.backup.record import Record
from aioriak.cli.backup.selection import Chosen, chosen, required, selecting, target_name
from aioriak.cli.backup.source import Kind, Rate, Source, choose
from aioriak.cli.backup.store import Storer
from aioriak.cli.exits import PARTIAL, Failure
from aioriak.cli.options import command
from aioriak.cli.output import note
from aioriak.many import each
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@command("copy")
@selecting
@storing
@click.argument("source_cluster", metavar="FROM")
@click.argument("target_cluster", metavar="TO")
def copy_command(
    session: Session, types: tuple[Name, ...], buckets: tuple[Name, ...], everything: bool, since: Any,
    where: str | None, source: Kind | None, rate: float | None, concurrency: int, into: tuple[Name, Name] | None,
    if_missing: bool, update: bool, tombstones: bool, dry_run: bool, failures: str | None, source_cluster: str,
    target_cluster: str,
) -> None:  # fmt: skip
    """Copy buckets from the cluster FROM to the cluster TO, each a riak:// URL or the name of a profile.

    Objects are chosen as by dump and stored as by load. Records that failed are listed in copy.failed, which
    load takes.
    """
    choice = chosen(types, buckets, everything, since, where)
    required(choice)
    how = mode(if_missing, update)
    tally = Tally(failures or "copy.failed")

    async def work() -> None:
        async with session.other(source_cluster) as theirs, session.other(target_cluster) as ours:
            storer = Storer(ours, how, into=into, tombstones=tombstones, dry_run=dry_run)
            found = _records(theirs, choice, source, Rate(rate), concurrency)
            with Progress("copy") as progress:
                async with aclosing(found):  # type: ignore[type-var]
                    async for record, result in each(storer.store, found, concurrency):
                        tally.take(record, result)
                        progress.advance()

    try:
        asyncio.run(work())
    finally:
        tally.close()
    if session.output.json:
        session.output.document({**tally.summary(), "dry_run": dry_run})
    else:
        note(f"{tally.text()}{' (dry run: nothing was written)' if dry_run else ''}")
    if tally.failed:
        raise Failure(f"{tally.failed:,} records failed; {tally.failures_name} lists them for load", PARTIAL)


async def _records(
    client: RiakClient, choice: Chosen, wanted: Kind | None, rate: Rate, concurrency: int
) -> AsyncIterator[Record]:
    for kind, name in await choice.targets(client):
        bucket = client.bucket(name, kind)
        chosen_source = await choose(bucket, choice.selection, wanted)
        note(target_name(kind, name, chosen_source))
        source = Source(bucket, chosen_source, choice.selection, rate, concurrency)
        async with aclosing(source.records()) as records:  # type: ignore[type-var]
            async for record in records:
                yield record


