"""``verify``: a dump compared with what a cluster holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aioriak.cli.backup.files import LineReader
from aioriak.cli.backup.load import Records, into
from aioriak.cli.backup.progress import Progress
from aioriak.cli.backup.record import DatatypeRecord, ObjectRecord, Record
from aioriak.cli.backup.source import Rate
from aioriak.cli.backup.store import Storer
from aioriak.cli.exits import Failure
from aioriak.cli.notation import show
from aioriak.cli.options import command
from aioriak.cli.output import complain, note
from aioriak.error import RiakError
from aioriak.many import each
from aioriak.operations.names import Name, text

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient

_REPORTED = 10


@command("verify")
@click.option("--file-only", is_flag=True, help="Check the file against its own manifest; ask no cluster.")
@click.option("--into", metavar="TYPE/BUCKET", callback=into, help="Look in this bucket, where a load stored it.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Objects a second at most.")
@click.option("-j", "--concurrency", type=click.IntRange(1, 1000), default=32, show_default=True,
              help="Requests in flight.")  # fmt: skip
@click.argument("source", metavar="IN", type=click.Path(dir_okay=False, allow_dash=True))
def verify_command(
    session: Session, file_only: bool, into: tuple[Name, Name] | None, rate: float | None, concurrency: int, source: str
) -> None:
    """Compare the dump IN with what the cluster holds, by checksums.

    Prints each key that is missing or differs, and checks the counts and checksums of the file's manifest.
    Differences: status 1. Objects that only the cluster has are not looked for.
    """
    reader = LineReader(source)
    counts = {"same": 0, "missing": 0, "different": 0, "failed": 0}
    pacing = Rate(rate)
    lines = Records(reader)

    async def work(client: RiakClient) -> None:
        storer = Storer(client, into=into)

        async def one(record: Record) -> str:
            await pacing.wait()
            return await compare(storer, record)

        with Progress("verify", total=reader.size) as progress:
            async for record, result in each(one, lines.records(), concurrency):
                progress.advance(position=reader.position)
                what = "failed" if isinstance(result, RiakError) else result
                counts[what] += 1
                if what == "same":
                    continue
                name = "/".join(map(show, record.place))
                if session.output.json:
                    session.output.document({"result": what, **record.to_json()})
                elif sum(counts.values()) - counts["same"] <= _REPORTED:
                    session.output.line(f"{what}\t{name}" + (f"\t{result}" if what == "failed" else ""))

    async def alone() -> None:
        async for _ in lines.records():
            counts["same"] += 1

    try:
        if file_only:
            import asyncio

            asyncio.run(alone())
        else:
            session.run(work)
    finally:
        reader.close()
    session.output.flush()
    differences = lines.differences()
    for difference in differences:
        complain(f"{source}: {difference}")
    if session.output.json:
        session.output.document({"summary": counts, "file": differences})
    else:
        note(", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "no records")
    if differences or counts["missing"] or counts["different"]:
        raise Failure("there are differences")
    if counts["failed"]:
        raise Failure(f"{counts['failed']:,} keys could not be read", 6)


async def compare(storer: Storer, record: Record) -> str:
    """Return ``same``, ``different`` or ``missing``."""
    from aioriak.riak_object import RiakObject

    bucket = storer.bucket(record.place)
    found = await bucket.get(text(record.place.key))
    if isinstance(record, ObjectRecord) and not record.live:
        return "different" if found.exists else "same"
    if not found.exists:
        return "missing"
    there = ObjectRecord.of(found) if isinstance(found, RiakObject) else DatatypeRecord.of(found)
    return "same" if there.digest() == record.digest() else "different"
