"""``keys``, ``buckets`` and ``types``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aioriak.cli.notation import show
from aioriak.cli.options import NAME, bucket_type, command, ending
from aioriak.operations.names import Name
from aioriak.operations.stream import Stream

if TYPE_CHECKING:
    from aioriak.cli.output import Output
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@command("keys")
@bucket_type
@ending
@click.option("--prefix", type=NAME, help="Only keys that start with this; asks the $key index.")
@click.option("--count", is_flag=True, help="Print only how many there are.")
@click.argument("bucket", type=NAME)
def keys_command(
    session: Session, kind: Name, null: bool, prefix: Name | None, count: bool, bucket: Name
) -> None:
    r"""List the keys of BUCKET, one a line. Reads the whole cluster.

    Bytes that do not print are written as \xff, backslashes doubled; every command reads names so.
    """
    output = session.output
    output.null = null

    async def work(client: RiakClient) -> None:
        handle = client.bucket(bucket, kind)
        found = 0
        if prefix is None:
            async with handle.stream_keys() as keys:
                async for chunk in keys.chunks():
                    found += len(chunk)
                    if not count:
                        output.names(chunk)
        else:
            first = prefix.encode() if isinstance(prefix, str) else prefix
            async for rows in handle.query("$key", first, first + b"\xff" * 16).pages():
                found += len(rows)
                if not count:
                    output.names(row.key for row in rows)
        if count:
            output.document(found)

    session.run(work)


@command("buckets")
@bucket_type
@ending
def buckets_command(session: Session, kind: Name, null: bool) -> None:
    """List the buckets of a type that hold keys, one a line. Reads the whole cluster."""
    session.output.null = null
    session.run(lambda client: _print(session.output, client.bucket_type(kind).stream_buckets()))


async def _print(output: Output, names: Stream[Name]) -> None:
    async with names:
        async for chunk in names.chunks():
            output.names(chunk)


@command("types")
def types_command(session: Session) -> None:
    """List the bucket types that have keys, with their data types.

    Asks active anti-entropy (tictacaae_active = active); Riak cannot list types that hold nothing.
    """

    async def work(client: RiakClient) -> None:
        counted: dict[Name, int] = {}
        for found in await client.aae.list_buckets():
            counted[found.bucket_type] = counted.get(found.bucket_type, 0) + 1
        rows = []
        for name, buckets in sorted(counted.items(), key=lambda row: show(row[0])):
            rows.append((name, await client.bucket_type(name).get_datatype(), buckets))
        if session.output.json:
            for name, datatype, buckets in rows:
                session.output.document({"type": name, "datatype": datatype, "buckets": buckets})
        else:
            session.output.table(
                ("TYPE", "DATA TYPE", "BUCKETS"),
                [(show(name), datatype or "-", str(buckets)) for name, datatype, buckets in rows],
                right=(2,),
            )

    session.run(work)
