"""``props``: the properties of buckets and bucket types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.notation import parse
from aioriak.cli.options import bucket_type, command
from aioriak.cli.output import dumps, is_terminal
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.cli.output import Output
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@command("props")
@bucket_type
@click.option("--diff", is_flag=True, help="Show only what differs from the bucket's type.")
@click.option("--reset", is_flag=True, help="First reset the bucket's properties to those of its type.")
@click.argument("bucket", required=False)
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE]...")
def props_command(
    session: Session, kind: Name, diff: bool, reset: bool, bucket: str | None, changes: tuple[str, ...]
) -> None:
    """Show the properties of BUCKET, or of the bucket type; set those given.

    A value is JSON, or a word: n_val=3, allow_mult=true, r=quorum. With "-" as BUCKET the properties of
    the bucket type are set.
    """
    wanted = dict(map(_change, changes))
    of_type = bucket in (None, "-")
    if of_type and (reset or diff):
        raise click.UsageError("--reset and --diff need a BUCKET")
    try:
        name = None if of_type else parse(str(bucket))
    except ValueError as error:
        raise click.UsageError(str(error)) from None

    async def work(client: RiakClient) -> None:
        whole_type = client.bucket_type(kind)
        target = whole_type if name is None else whole_type.bucket(name)
        if reset and name is not None:
            await whole_type.bucket(name).clear_properties()
        if wanted:
            await target.set_properties(wanted)  # type: ignore[arg-type]
        found: Mapping[str, Any] = await target.get_properties()
        if not diff:
            _print(session.output, found)
            return
        theirs: Mapping[str, Any] = await whole_type.get_properties()
        _print_diff(session.output, {
            name: (theirs.get(name), value) for name, value in found.items() if theirs.get(name) != value
        })

    session.run(work)


def _print(output: Output, found: Mapping[str, Any]) -> None:
    if output.json:
        output.document(found)
    elif is_terminal():
        output.table(("PROPERTY", "VALUE"), [(name, dumps(found[name])) for name in sorted(found)])
    else:
        for name in sorted(found):
            output.line(f"{name}={dumps(found[name])}")


def _print_diff(output: Output, found: Mapping[str, tuple[Any, Any]]) -> None:
    if output.json:
        output.document({name: {"type": theirs, "bucket": own} for name, (theirs, own) in found.items()})
        return
    output.table(
        ("PROPERTY", "TYPE", "BUCKET"), [(name, dumps(found[name][0]), dumps(found[name][1])) for name in sorted(found)]
    )


def _change(typed: str) -> tuple[str, Any]:
    name, equals, value = typed.partition("=")
    if not equals:
        raise click.UsageError(f"not NAME=VALUE: {typed}")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value
