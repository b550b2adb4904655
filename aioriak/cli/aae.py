"""``aae``: questions to active anti-entropy, and the jobs it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.exits import NOT_FOUND, Failure
from aioriak.cli.notation import show
from aioriak.cli.options import MOMENT, NAME, bucket_type, command, confirm, yes
from aioriak.cli.output import note
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.admin.aae import ObjectStats
    from aioriak.bucket import Bucket
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@click.group("aae")
def aae_command() -> None:
    """Ask active anti-entropy's key store, and have it repair or remove things.

    Needs tictacaae_active = active in riak.conf. Folds read no values, and can take minutes.
    """


def _ranged(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((
        bucket_type,
        click.option("--since", type=MOMENT, help="Only what was written at this time or later."),
        click.option("--until", type=MOMENT, help="Only what was written at this time or earlier."),
        click.option("--from-key", type=NAME, help="The first key."),
        click.option("--to-key", type=NAME, help="The last key."),
        click.argument("bucket", type=NAME),
    )):
        function = option(function)
    return function


def _range(
    since: datetime | None, until: datetime | None, from_key: Name | None, to_key: Name | None
) -> Any:
    found: dict[str, Any] = {}
    if since is not None or until is not None:
        found["modified"] = (since, until)
    if (from_key is None) != (to_key is None):
        raise click.UsageError("--from-key and --to-key go together")
    if from_key is not None:
        found["keys"] = (from_key, to_key)
    return found


@command("stats")
@_ranged
def stats_command(session: Session, kind: Name, bucket: Name, **where: Any) -> None:
    """Show how many objects BUCKET has, how large they are and how many siblings they have."""
    chosen = _range(**where)

    async def work(client: RiakClient) -> None:
        found = await client.aae.object_stats(client.bucket(bucket, kind), **chosen)
        if session.output.json:
            session.output.document(found._asdict())
            return
        average = found.total_size // max(1, found.total_count)
        session.output.line(f"{found.total_count:,} objects, {found.total_size:,} bytes, {average:,} on average")
        for line in bars(found):
            session.output.line(line)

    session.run(work)


def bars(found: ObjectStats) -> list[str]:
    """Return bar charts of sizes and of numbers of siblings, of at most 80 columns."""
    lines: list[str] = []
    for title, rows in (
        ("bytes", {f"{10**order if order else 0:,} to {10 ** (order + 1) - 1:,}": n
                   for order, n in sorted(found.sizes.items())}),
        ("siblings", {str(siblings): n for siblings, n in sorted(found.siblings.items())}),
    ):  # fmt: skip
        if not rows:
            continue
        label = max(len(title), *map(len, rows))
        most = max(rows.values())
        room = max(10, 78 - label - len(f"{most:,}") - 4)
        lines += ["", title]
        lines += [f"{name:>{label}}  {'█' * max(1, round(n * room / most))} {n:,}" for name, n in rows.items() if n]
    return lines


@command("find-siblings")
@click.option("--more-than", type=click.IntRange(0), default=1, show_default=True, help="Siblings.")
@_ranged
def find_siblings_command(session: Session, more_than: int, kind: Name, bucket: Name, **where: Any) -> None:
    """List the keys of BUCKET with siblings, and how many they have."""
    chosen = _range(**where)

    async def work(client: RiakClient) -> None:
        _counts(session, "siblings", await client.aae.find_siblings(client.bucket(bucket, kind), more_than, **chosen))

    session.run(work)


@command("find-large")
@click.option("--more-than", type=click.IntRange(0), default=1_000_000, show_default=True, help="Bytes.")
@_ranged
def find_large_command(session: Session, more_than: int, kind: Name, bucket: Name, **where: Any) -> None:
    """List the keys of BUCKET that are large, and their size in bytes."""
    chosen = _range(**where)

    async def work(client: RiakClient) -> None:
        _counts(session, "bytes", await client.aae.find_large(client.bucket(bucket, kind), more_than, **chosen))

    session.run(work)


def _counts(session: Session, what: str, rows: list[Any]) -> None:
    for row in sorted(rows, key=lambda row: -row.amount):
        if session.output.json:
            session.output.document({"key": row.key, what: row.amount})
        else:
            session.output.line(f"{show(row.key)}\t{row.amount}")


@command("tombstones")
@click.option("--count", is_flag=True, help="Print only how many there are.")
@_ranged
def tombstones_command(session: Session, count: bool, kind: Name, bucket: Name, **where: Any) -> None:
    """List the tombstones of BUCKET (leveled, or tictacaae_storeheads = enabled, only)."""
    chosen = _range(**where)

    async def work(client: RiakClient) -> None:
        handle = client.bucket(bucket, kind)
        if count:
            session.output.document(await client.aae.count_tombstones(handle, **chosen))
        else:
            session.output.names(found.key for found in await client.aae.find_tombstones(handle, **chosen))

    session.run(work)


def _job(
    session: Session, where: tuple[Name, Name], chosen: Any, yes: bool, dry_run: bool, question: str,
    counting: str, working: str,
) -> None:  # fmt: skip
    """Count, ask, and have a job done."""

    async def counted(client: RiakClient) -> int:
        return int(await getattr(client.aae, counting)(client.bucket(where[1], where[0]), **chosen))

    async def work(client: RiakClient) -> int:
        return int(await getattr(client.aae, working)(client.bucket(where[1], where[0]), **chosen))

    count = session.run(counted)
    name = f"{show(where[0])}/{show(where[1])}"
    if dry_run or not count:
        _done(session, count, f"{question} {count:,} in {name}: nothing was done")
        return
    confirm(f"{question} {count:,} in {name}?", yes)
    _done(session, session.run(work), f"{name}: Riak is working on it")


def _done(session: Session, count: int, text: str) -> None:
    if session.output.json:
        session.output.document({"objects": count})
    else:
        session.output.line(str(count))
        session.output.flush()
        note(text)


_dry_run = click.option("-n", "--dry-run", is_flag=True, help="Only count.")


@command("reap")
@yes
@_dry_run
@_ranged
def reap_command(session: Session, yes: bool, dry_run: bool, kind: Name, bucket: Name, **where: Any) -> None:
    """Have the tombstones of BUCKET removed. Asks, and says how many there are."""
    _job(session, (kind, bucket), _range(**where), yes, dry_run, "Remove tombstones,", "count_tombstones",
         "reap_tombstones")  # fmt: skip


@command("erase")
@yes
@_dry_run
@_ranged
def erase_command(session: Session, yes: bool, dry_run: bool, kind: Name, bucket: Name, **where: Any) -> None:
    """Have the objects of BUCKET deleted, all of them without a range. Asks, and says how many there are."""
    _job(session, (kind, bucket), _range(**where), yes, dry_run, "Delete objects,", "count_keys", "erase_keys")


@command("repair")
@yes
@_dry_run
@_ranged
def repair_command(session: Session, yes: bool, dry_run: bool, kind: Name, bucket: Name, **where: Any) -> None:
    """Have the objects of BUCKET read, so that their replicas are repaired."""
    _job(session, (kind, bucket), _range(**where), yes, dry_run, "Read and repair objects,", "count_keys",
         "repair_keys")  # fmt: skip


@command("compare")
@bucket_type
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="Keys to print at most.")
@click.argument("bucket", type=NAME)
@click.argument("other", metavar="CLUSTER")
def compare_command(session: Session, kind: Name, limit: int, bucket: Name, other: str) -> None:
    """Compare BUCKET with the same bucket of CLUSTER (a riak:// URL or a profile), by trees of its versions.

    Prints the keys that differ and where they are. Differences: status 1. Clusters agree where one replicates
    to the other; objects that were loaded from a dump have other vector clocks, and differ.
    """

    async def work() -> list[tuple[Name, str]]:
        async with session.client() as ours, session.other(other) as theirs:
            return await _compare(ours.bucket(bucket, kind), theirs.bucket(bucket, kind))

    found = asyncio.run(work())
    for key, what in found[:limit]:
        if session.output.json:
            session.output.document({"key": key, "result": what})
        else:
            session.output.line(f"{what}\t{show(key)}")
    if found:
        raise Failure(f"{len(found):,} keys differ", NOT_FOUND)


_SEGMENTS = 64  # of a tree whose keys are fetched at once


async def _compare(ours: Bucket, theirs: Bucket) -> list[tuple[Name, str]]:
    from aioriak.cli.backup.progress import Progress

    trees = await asyncio.gather(*(one.client.aae.merge_trees(one, "large") for one in (ours, theirs)))
    segments = trees[0].differing_segments(trees[1])
    found: list[tuple[Name, str]] = []
    with Progress("compare", total=len(segments), unit="segments") as progress:
        for start in range(0, len(segments), _SEGMENTS):
            some = segments[start : start + _SEGMENTS]
            clocks = await asyncio.gather(*(
                one.client.aae.fetch_clocks_range(one, segments=some, segment_tree_size="large")
                for one in (ours, theirs)
            ))
            mine, others = ({row.key: row.vclock for row in rows} for rows in clocks)
            for key in sorted({*mine, *others}, key=show):
                if mine.get(key) != others.get(key):
                    found.append((key, "here" if key not in others else "there" if key not in mine else "differs"))
            progress.advance(len(some))
    return found


for _command in (
    stats_command, find_siblings_command, find_large_command, tombstones_command, reap_command, erase_command,
    repair_command, compare_command,
):  # fmt: skip
    aae_command.add_command(_command)
