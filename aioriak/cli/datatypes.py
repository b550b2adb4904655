"""``dt``: data types, with fields of maps named by a path."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.exits import USAGE, Failure
from aioriak.cli.notation import parse, show
from aioriak.cli.options import NAME, command, place
from aioriak.cli.output import dumps
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@click.group("dt")
def dt_command() -> None:
    r"""Show and change data types: counters, sets, maps, gsets and hlls.

    PATH names a field of a map: profile.visits is the field visits of the map profile; a dot in a name is
    written as \x2e. For a data type that is no map leave PATH out.
    """


_type = click.option("-t", "--type", "kind", type=NAME, required=True, help="Bucket type.")


@command("show")
@_type
@click.argument("bucket", type=NAME)
@click.argument("key", type=NAME)
def show_command(session: Session, kind: Name, bucket: Name, key: Name) -> None:
    """Print the value as JSON. Not found: status 1."""

    async def work(client: RiakClient) -> None:
        found = await _fetch(client, kind, bucket, key)
        if not found.exists:
            raise Failure(f"{place(kind, bucket, key)} was not found")
        session.output.line(dumps(found.value))

    session.run(work)


async def _fetch(client: RiakClient, kind: Name, bucket: Name, key: Name) -> Any:
    from aioriak.datatypes import Datatype

    handle = client.bucket(bucket, kind)
    found = await handle.get(key)
    if not isinstance(found, Datatype):
        raise Failure(f"buckets of the type {show(kind)} hold objects, not data types; see 'aioriak get'", USAGE)
    return found


def _at(datatype: Any, path: str | None, kind: str) -> Any:
    """Return the field that a path names, of this type; the data type itself without a path."""
    if path is None:
        return datatype
    try:
        names = [parse(part) for part in path.split(".")]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if datatype.type_name != "map":
        raise Failure(f"a {datatype.type_name} has no field {path}; leave PATH out", USAGE)
    for name in names[:-1]:
        datatype = datatype.maps[name]
    return datatype[names[-1], kind]


def _change(session: Session, kind: Name, bucket: Name, key: Name, change: Callable[[Any], None]) -> None:
    async def work(client: RiakClient) -> None:
        found = await _fetch(client, kind, bucket, key)
        try:
            change(found)
        except AttributeError:
            raise Failure(f"a {found.type_name} cannot be changed so; a field of a map needs PATH", USAGE) from None
        await found.store()
        session.output.line(dumps(found.value))

    session.run(work)


def _where(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((
        _type, click.option("-p", "--path", help="The field of a map: profile.visits."),
        click.argument("bucket", type=NAME), click.argument("key", type=NAME),
    )):
        function = option(function)
    return function


@command("incr", context_settings={"ignore_unknown_options": True})
@_where
@click.argument("amount", type=int, default=1)
def incr_command(session: Session, kind: Name, path: str | None, bucket: Name, key: Name, amount: int) -> None:
    """Increment a counter by AMOUNT (1; negative: decrement) and print the new value."""
    _change(session, kind, bucket, key, lambda found: _at(found, path, "counter").increment(amount))


@command("add")
@_where
@click.argument("members", type=NAME, nargs=-1, required=True)
def add_command(
    session: Session, kind: Name, path: str | None, bucket: Name, key: Name, members: tuple[Name, ...]
) -> None:
    """Add MEMBERS to a set, a gset or a hll."""

    def change(found: Any) -> None:
        for member in members:
            _at(found, path, "set").add(member)

    _change(session, kind, bucket, key, change)


@command("remove")
@_where
@click.option("--field", "field_type", type=click.Choice(("counter", "flag", "map", "register", "set")),
              help="Remove the field PATH of this type from its map, instead of members.")  # fmt: skip
@click.argument("members", type=NAME, nargs=-1)
def remove_command(
    session: Session, kind: Name, path: str | None, field_type: str | None, bucket: Name, key: Name,
    members: tuple[Name, ...],
) -> None:  # fmt: skip
    """Remove MEMBERS from a set, or a field from a map."""
    if bool(members) == (field_type is not None) or (field_type and path is None):
        raise click.UsageError("give MEMBERS, or --field with --path")

    def change(found: Any) -> None:
        if field_type is not None:
            parent, _, name = str(path).rpartition(".")
            del _at(found, parent or None, "map")[parse(name), field_type]
        for member in members:
            _at(found, path, "set").discard(member)

    _change(session, kind, bucket, key, change)


@command("assign")
@_where
@click.argument("value")
def assign_command(session: Session, kind: Name, path: str | None, bucket: Name, key: Name, value: str) -> None:
    """Assign VALUE to the register PATH of a map."""
    _need(path)
    written = value.encode("utf-8", "surrogateescape")
    _change(session, kind, bucket, key, lambda found: _at(found, path, "register").assign(written))


@command("enable")
@_where
def enable_command(session: Session, kind: Name, path: str | None, bucket: Name, key: Name) -> None:
    """Enable the flag PATH of a map."""
    _need(path)
    _change(session, kind, bucket, key, lambda found: _at(found, path, "flag").enable())


@command("disable")
@_where
def disable_command(session: Session, kind: Name, path: str | None, bucket: Name, key: Name) -> None:
    """Disable the flag PATH of a map."""
    _need(path)
    _change(session, kind, bucket, key, lambda found: _at(found, path, "flag").disable())


def _need(path: str | None) -> None:
    if path is None:
        raise click.UsageError("registers and flags are fields of maps: give --path")


for _command in (
    show_command, incr_command, add_command, remove_command, assign_command, enable_command, disable_command
):  # fmt: skip
    dt_command.add_command(_command)
