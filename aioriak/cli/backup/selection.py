"""The options that say what is dumped or copied, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.backup.record import decode, encode
from aioriak.cli.backup.source import SOURCES, Kind, Selection, Where, all_buckets
from aioriak.cli.exits import USAGE, Failure
from aioriak.cli.notation import parse, show
from aioriak.cli.options import MOMENT, NAME
from aioriak.cli.output import note
from aioriak.operations.names import Name, raw, text

if TYPE_CHECKING:
    from aioriak.client import RiakClient


@dataclass(frozen=True)
class Chosen:
    """What was chosen on the command line."""

    types: tuple[Name, ...]
    buckets: tuple[Name, ...]
    everything: bool
    selection: Selection

    @property
    def given(self) -> bool:
        """Whether anything was chosen."""
        return bool(self.types or self.buckets or self.everything or self.selection != Selection())

    async def targets(self, client: RiakClient) -> list[tuple[Name, Name]]:
        """Return bucket types and buckets, in order."""
        if self.buckets:
            return [(kind, bucket) for kind in self.types or ("default",) for bucket in self.buckets]
        found, how = await all_buckets(client, list(self.types))
        if how == "listing" and not self.types:
            note("Only the bucket type default: the server does not list others (no tictacaae); name them with -t.")
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the choice as the first line of a dump has it."""
        where = self.selection.where
        return {
            "types": [encode(raw(name)) for name in self.types],
            "buckets": [encode(raw(name)) for name in self.buckets],
            "all": self.everything,
            "since": self.selection.since,
            "where": None if where is None else [_term(one) for one in (where.index, where.start, where.end)],
        }

    @classmethod
    def from_json(cls, found: Any) -> Chosen:
        """Read a choice back."""
        where = found["where"]
        return cls(
            tuple(text(decode(name, "type") or b"") for name in found["types"]),
            tuple(text(decode(name, "bucket") or b"") for name in found["buckets"]),
            found["all"],
            Selection(found["since"], None if where is None else Where(*map(_unterm, where))),
        )


def _term(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else encode(raw(value))


def _unterm(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else text(decode(value, "where") or b"")


def chosen(
    types: tuple[Name, ...], buckets: tuple[Name, ...], everything: bool, since: datetime | None, where: str | None
) -> Chosen:
    """Return the choice that the options make."""
    if everything and buckets:
        raise click.UsageError("--all and --bucket exclude each other")
    seconds = None if since is None else since.timestamp()
    return Chosen(types, buckets, everything, Selection(seconds, None if where is None else _where(where)))


def required(choice: Chosen) -> None:
    """Refuse a choice of nothing."""
    if not choice.buckets and not choice.everything:
        raise click.UsageError("name buckets with --bucket, or take all of them with --all")


def _where(typed: str) -> Where:
    index, equals, terms = typed.partition("=")
    if not equals or not index:
        raise click.UsageError(f"--where is INDEX=TERM or INDEX=FIRST..LAST, not {typed}")
    try:
        first, between, last = terms.partition("..")
        ends = [parse(first), parse(last) if between else None]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if index.endswith("_int"):
        try:
            ends = [None if end is None else int(end) for end in ends]  # type: ignore[misc]
        except ValueError:
            raise Failure(f"the index {index} takes whole numbers, not {terms}", USAGE) from None
    return Where(index, ends[0] or b"" if ends[0] is None else ends[0], ends[1])


_OPTIONS = (
    click.option("-t", "--type", "types", type=NAME, multiple=True, help="A bucket type; repeatable."),
    click.option("-b", "--bucket", "buckets", type=NAME, multiple=True, help="A bucket; repeatable."),
    click.option("--all", "everything", is_flag=True, help="Every bucket, of all types or of those given."),
    click.option("--since", type=MOMENT, help="Only what was written since: a time, or an age such as 2h."),
    click.option("--where", metavar="INDEX=FIRST..LAST", help="Only what an index query finds."),
)
_READING = (
    click.option("--source", type=click.Choice(SOURCES), help="How to read (default: the fastest that works)."),
    click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Objects a second at most."),
    click.option(
        "-j", "--concurrency", type=click.IntRange(1, 1000), default=32, show_default=True, help="Requests in flight."
    ),
)


def selecting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose objects and say how they are read."""
    for option in reversed((*_OPTIONS, *_READING)):
        function = option(function)
    return function


def target_name(kind: Name, bucket: Name, source: Kind) -> str:
    """Return a line that names a bucket and the source chosen for it."""
    named = {"fold": "bucket fold", "index": "$bucket index", "listing": "key listing", "where": "index query"}
    return f"{show(kind)}/{show(bucket)}: {named[source]}"
