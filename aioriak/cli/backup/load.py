"""``load``: the records of a dump into a cluster."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.backup.files import BlockWriter, LineReader
from aioriak.cli.backup.manifest import Manifest
from aioriak.cli.backup.progress import Progress
from aioriak.cli.backup.record import VERSION, BadRecord, Record, parse
from aioriak.cli.backup.source import Rate
from aioriak.cli.backup.store import Mode, Outcome, Storer
from aioriak.cli.exits import PARTIAL, USAGE, Failure
from aioriak.cli.notation import parse as parse_name
from aioriak.cli.notation import show
from aioriak.cli.options import command
from aioriak.cli.output import complain, note
from aioriak.error import RiakError
from aioriak.many import each
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient

_REPORTED = 10
"""Failures that are printed one by one."""


def into(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[Name, Name] | None:
    """Read ``TYPE/BUCKET``."""
    if value is None:
        return None
    kind, slash, bucket = value.partition("/")
    if not slash or not kind or not bucket:
        raise click.BadParameter(f"it is TYPE/BUCKET, not {value}")
    try:
        return parse_name(kind), parse_name(bucket)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


_STORING = (
    click.option("--into", metavar="TYPE/BUCKET", callback=into, help="Store everything in this bucket."),
    click.option("--if-missing", is_flag=True, help="Skip keys that are there already."),
    click.option("--update", is_flag=True, help="Replace what is there already."),
    click.option("--tombstones", is_flag=True, help="Delete the keys whose record is a tombstone."),
    click.option("-n", "--dry-run", is_flag=True, help="Read and compare, but store nothing."),
    click.option("--failures", metavar="FILE", help="Where failed records are written, for load to take again."),
)


def storing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how records are stored."""
    for option in reversed(_STORING):
        function = option(function)
    return function


def mode(if_missing: bool, update: bool) -> Mode:
    """Return the mode that the options make."""
    if if_missing and update:
        raise click.UsageError("--if-missing and --update exclude each other")
    return Mode.IF_MISSING if if_missing else Mode.UPDATE if update else Mode.REFUSE


@dataclass
class Tally:
    """What became of the records, and the file that lists the failures."""

    failures_name: str
    counts: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    _writer: BlockWriter | None = None

    def take(self, record: Record, result: Outcome | RiakError) -> None:
        """Count an outcome, or write a failure down."""
        if isinstance(result, Outcome):
            self.counts[result.value] += 1
            return
        self.failed += 1
        if self._writer is None:
            self._writer = BlockWriter(self.failures_name)
        reason = f"{type(result).__name__}: {result}" if type(result).__name__ != "Refused" else str(result)
        line = {**record.to_json(), "failure": reason}
        self._writer.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        if self.failed <= _REPORTED:
            note(f"{'/'.join(map(show, record.place))}: {reason}")
        elif self.failed == _REPORTED + 1:
            note(f"… more failures are listed in {self.failures_name}")

    def close(self) -> None:
        """Close the list of failures."""
        if self._writer is not None:
            self._writer.close()

    def summary(self) -> dict[str, int]:
        """Return the counts."""
        return {outcome.value: self.counts[outcome.value] for outcome in Outcome} | {"failed": self.failed}

    def text(self) -> str:
        """Return the counts for people to read."""
        return ", ".join(f"{count:,} {what}" for what, count in self.summary().items() if count) or "nothing to store"


@command("load")
@storing
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Objects a second at most.")
@click.option("-j", "--concurrency", type=click.IntRange(1, 1000), default=32, show_default=True,
              help="Requests in flight.")  # fmt: skip
@click.argument("source", metavar="IN", type=click.Path(dir_okay=False, allow_dash=True))
def load_command(
    session: Session, into: tuple[Name, Name] | None, if_missing: bool, update: bool, tombstones: bool, dry_run: bool,
    failures: str | None, rate: float | None, concurrency: int, source: str,
) -> None:  # fmt: skip
    """Store the objects of the dump IN, or of stdin for "-".

    Siblings are stored as siblings. A key that is there with the same value is left alone, so that a load can
    be repeated; one with another value fails unless --update or --if-missing is given. Records that failed
    are listed in IN.failed, which load takes again, and the exit status is 6.
    """
    how = mode(if_missing, update)
    reader = LineReader(source)
    tally = Tally(failures or ("load.failed" if source == "-" else f"{source}.failed"))
    pacing = Rate(rate)

    async def work(client: RiakClient) -> list[str]:
        storer = Storer(client, how, into=into, tombstones=tombstones, dry_run=dry_run)

        async def one(record: Record) -> Outcome:
            await pacing.wait()
            return await storer.store(record)

        lines = Records(reader)
        with Progress("load", total=reader.size) as progress:
            async for record, result in each(one, lines.records(), concurrency):
                tally.take(record, result)
                progress.advance(position=reader.position)
        return lines.differences()

    try:
        differences = session.run(work)
    finally:
        tally.close()
        reader.close()
    _report(session, tally, dry_run)
    for difference in differences:
        complain(f"{source}: {difference}")
    if tally.failed:
        raise Failure(f"{tally.failed:,} records failed; {tally.failures_name} lists them for another load", PARTIAL)
    if differences:
        raise Failure(f"{source} is not what its manifest says; what it has was stored")


def _report(session: Session, tally: Tally, dry_run: bool) -> None:
    if session.output.json:
        session.output.document({**tally.summary(), "dry_run": dry_run})
    else:
        note(f"{tally.text()}{' (dry run: nothing was written)' if dry_run else ''}")


class Records:
    """The records of a file as they are read, and what its manifest says of them."""

    def __init__(self, reader: LineReader) -> None:
        self._reader = reader
        self._found = Manifest()
        self._written: Any = None
        self._is_dump = False

    async def records(self) -> AsyncIterator[Record]:
        """Yield the records.

        Raises :class:`~aioriak.cli.exits.Failure` for a line that cannot be read.
        """
        while batch := await asyncio.to_thread(self._reader.batch):
            for number, line in batch:
                try:
                    found = parse(line)
                    if not isinstance(found, dict):
                        self._found.add(found)
                        yield found
                    elif "dump" in found:
                        if found["dump"] != VERSION:
                            raise BadRecord(f"version {found['dump']!r} of the format is not known, {VERSION} is")
                        self._is_dump = True
                    elif "manifest" in found:
                        self._written = found["manifest"]
                except BadRecord as error:
                    raise Failure(f"{self._reader.name}, line {number}: {error}", USAGE) from None

    def differences(self) -> list[str]:
        """Return how the records differ from the manifest; a file without a header needs none."""
        if self._written is None:
            return ["there is no manifest at the end: the dump is not complete"] if self._is_dump else []
        try:
            return self._found.differences(self._written)
        except BadRecord as error:
            return [str(error)]
