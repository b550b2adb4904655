"""``dump``: buckets into a file, continued after a kill."""

from __future__ import annotations

import json
import os
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.backup.files import BlockWriter, exists, whole_blocks
from aioriak.cli.backup.manifest import Manifest
from aioriak.cli.backup.progress import Progress
from aioriak.cli.backup.record import VERSION, BadRecord, ObjectRecord, line_of, needed, parse
from aioriak.cli.backup.selection import Chosen, chosen, required, selecting, target_name
from aioriak.cli.backup.source import Kind, Rate, Source, choose
from aioriak.cli.exits import USAGE, Failure
from aioriak.cli.notation import show
from aioriak.cli.options import command
from aioriak.cli.output import note
from aioriak.operations.names import Name, raw

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@dataclass
class State:
    """How far a dump has come."""

    choice: Chosen
    manifest: Manifest = field(default_factory=Manifest)
    finished: set[tuple[bytes, bytes]] = field(default_factory=set)
    """Buckets that are in the file as a whole."""
    current: tuple[bytes, bytes] | None = None
    """The bucket that is in the file in part."""
    source: str | None = None
    after: bytes | None = None
    """The last key of that bucket in the file."""
    offset: int | None = None
    """Where the file's last whole block ends."""
    complete: bool = False


@command("dump")
@selecting
@click.option("--resume", is_flag=True, help="Continue a dump that was killed, with the same choice of objects.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@click.option("--no-tombstones", is_flag=True, help="Leave tombstones out of the file.")
@click.argument("out", type=click.Path(dir_okay=False, allow_dash=True))
def dump_command(
    session: Session, types: tuple[Name, ...], buckets: tuple[Name, ...], everything: bool, since: Any,
    where: str | None, source: Kind | None, rate: float | None, concurrency: int, resume: bool, overwrite: bool,
    no_tombstones: bool, out: str,
) -> None:  # fmt: skip
    """Write buckets to the file OUT, or to stdout for "-": one object a line, as JSON.

    OUT is compressed when its name ends in .gz or .zst. The last line is a manifest with counts and
    checksums, without which the dump is not complete. Objects are written in the order of their keys, so that
    --resume can go on behind the last one, however the dump ended. Objects that change meanwhile are in
    the dump as they were at one moment, each at its own.
    """
    choice = chosen(types, buckets, everything, since, where)
    if resume:
        if out == "-":
            raise click.UsageError("a dump to stdout cannot be resumed")
        state = read_state(out, choice)
        if state.complete:
            note(f"{out} is complete already")
            return
    else:
        required(choice)
        if exists(out) and not overwrite:
            raise Failure(f"{out} exists; --resume continues it, --overwrite replaces it", USAGE)
        state = State(choice)

    async def work(client: RiakClient) -> None:
        writer = BlockWriter(out, state.offset)
        try:
            with Progress("dump") as progress:
                await dump(client, writer, state, source, Rate(rate), concurrency, progress, not no_tombstones)
            writer.close()
        except BaseException:
            writer.abandon()
            raise
        found = state.manifest
        summary = {**found.to_json(), "file": out, "seconds": round(progress.seconds, 1)}
        if session.output.json and out != "-":
            session.output.document(summary)
        else:
            note(
                f"{found.total('objects'):,} objects ({found.total('datatypes'):,} data types, "
                f"{found.total('siblings'):,} more siblings) and {found.total('tombstones'):,} tombstones"
                f" in {progress.seconds:.1f} s"
            )

    try:
        session.run(work)
    except KeyboardInterrupt:
        if out != "-":
            note(f"{out} is not complete; 'aioriak dump --resume {out}' continues it")
        raise


async def dump(
    client: RiakClient, writer: BlockWriter, state: State, wanted: Kind | None, rate: Rate, concurrency: int,
    progress: Progress, tombstones: bool = True,
) -> None:  # fmt: skip
    """Write what the state lacks."""
    if not state.offset:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        _write(writer, {"dump": VERSION, "created": created, "choice": state.choice.to_json()})
    for kind, name in await state.choice.targets(client):
        bucket = raw(kind), raw(name)
        if bucket in state.finished:
            continue
        going_on = state.current == bucket
        handle = client.bucket(name, kind)
        chosen_source = await choose(handle, state.choice.selection, wanted)
        note(target_name(kind, name, chosen_source) + (f", after {show(state.after)}" if going_on else ""))
        totals = state.manifest.of(bucket)
        totals.source = chosen_source
        _write(writer, {"begin": _names(bucket), "source": chosen_source})
        source = Source(
            handle, chosen_source, state.choice.selection, rate, concurrency, state.after if going_on else None
        )
        async with aclosing(source.records()) as records:  # type: ignore[type-var]
            async for record in records:
                if not tombstones and isinstance(record, ObjectRecord) and not record.live:
                    continue
                writer.write(line_of(record))
                totals.add(record)
                progress.advance(what=target_name(kind, name, chosen_source))
        _write(writer, {"end": _names(bucket)})
        state.finished.add(bucket)
    _write(writer, {"manifest": state.manifest.to_json()})


def _write(writer: BlockWriter, line: dict[str, Any]) -> None:
    writer.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")


def _names(bucket: tuple[bytes, bytes]) -> list[Any]:
    from aioriak.cli.backup.record import encode

    return [encode(bucket[0]), encode(bucket[1])]


def read_state(name: str, given: Chosen) -> State:
    """Read how far a file has come: its whole blocks count, what is behind them does not.

    Raises :class:`~aioriak.cli.exits.Failure` for a file that is no dump, or one of another choice.
    """
    if not os.path.exists(name) or not exists(name):
        required(given)
        return State(given)
    state: State | None = None
    number = 0
    for offset, lines in whole_blocks(name):
        for line in lines:
            number += 1
            try:
                found = parse(line)
                if isinstance(found, dict):
                    state = _take(name, state, found)
                elif state is None:
                    raise BadRecord("the first line does not say that this is a dump")
                else:
                    state.manifest.add(found)
                    state.current, state.after = found.place[:2], found.place.key
            except BadRecord as error:
                raise Failure(f"{name}, line {number}: {error}; it cannot be resumed", USAGE) from None
        if state is not None:
            state.offset = offset
    if state is None:
        required(given)
        return State(given)
    if given.given and given != state.choice:
        raise Failure(f"{name} was begun with another choice of objects: {json.dumps(state.choice.to_json())}", USAGE)
    return state


def _take(name: str, state: State | None, line: dict[str, Any]) -> State:
    if state is None:
        if line.get("dump") != VERSION or "choice" not in line:
            raise BadRecord("the first line does not say that this is a dump of this version")
        return State(Chosen.from_json(line["choice"]))
    if "begin" in line:
        bucket = needed(line["begin"][0], "type"), needed(line["begin"][1], "bucket")
        if state.current != bucket:
            state.current, state.after = bucket, None
        state.manifest.of(bucket).source = line.get("source")
    elif "end" in line:
        state.finished.add((needed(line["end"][0], "type"), needed(line["end"][1], "bucket")))
    elif "manifest" in line:
        state.complete = True
    return state
