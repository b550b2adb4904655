"""The commands."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import click

from aioriak import Bucket, RiakClient, RiakContent, RiakError, RiakObject, __version__
from aioriak.cli import show as shown
from aioriak.error import PreconditionFailed
from aioriak.operations.names import Name, show
from aioriak.operations.stream import Stream

in_type = click.option("-t", "--type", "kind", default="default", show_default=True, help="Bucket type.")


class Where:
    """Which Riak the commands talk to, and how patiently."""

    def __init__(self, url: str, timeout: float) -> None:
        self.url = url
        self.timeout = timeout

    def run(self, work: Callable[[RiakClient], Awaitable[None]]) -> None:
        """Do some work with a client."""

        async def connected() -> None:
            async with RiakClient.from_url(
                self.url, request_timeout=self.timeout, allow_listing="silent"
            ) as client:
                await work(client)

        asyncio.run(connected())


@click.group()
@click.option("--url", envvar="AIORIAK_URL", default="riak://localhost:8087", show_default=True, show_envvar=True,
              help="The Riak to talk to: riak://host:port, several hosts with commas between them.")  # fmt: skip
@click.option("--timeout", default=10.0, show_default=True, help="Seconds to wait for an answer.")
@click.version_option(__version__, prog_name="aioriak")
@click.pass_context
def cli(context: click.Context, url: str, timeout: float) -> None:
    """Small tasks on a Riak, and a development server (serve)."""
    context.obj = Where(url, timeout)


@cli.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...]) -> None:
    """Run a development server (serve --help)."""
    from aioriak.testing.serve import main as run

    raise SystemExit(run(arguments))


@cli.command()
@click.pass_obj
def ping(where: Where) -> None:
    """See whether Riak answers."""

    async def work(client: RiakClient) -> None:
        start = time.perf_counter()
        await client.ping()
        click.echo(f"answered in {(time.perf_counter() - start) * 1000:.1f} ms")

    where.run(work)


@cli.command()
@click.pass_obj
def info(where: Where) -> None:
    """Say which node answers, and its release."""

    async def work(client: RiakClient) -> None:
        found = await client.get_server_info()
        click.echo(f"{found.node} Riak {found.server_version}")

    where.run(work)


@cli.command()
@in_type
@click.option("--meta", is_flag=True, help="Show the metadata too, on the error output.")
@click.option("--raw", is_flag=True, help="The stored bytes, on a terminal too.")
@click.option("-r", "quorum", help='Replicas that must answer: a number, or "one", "quorum", "all".')
@click.argument("bucket")
@click.argument("key")
@click.pass_obj
def get(where: Where, kind: str, meta: bool, raw: bool, quorum: str | None, bucket: str, key: str) -> None:
    """Print the value of KEY in BUCKET, as it is stored.

    Every sibling of a conflict is printed, and the status is 3.  Not found: status 1.
    """

    async def work(client: RiakClient) -> None:
        found = await client.bucket(bucket, kind).get(key, r=_quorum(quorum))
        if not found.exists:
            raise Failure(f"{kind}/{bucket}/{key} was not found")
        if not isinstance(found, RiakObject):
            click.echo(json.dumps(shown.plain(found.value), ensure_ascii=False))
            return
        if meta:
            shown.metadata(found)
        for number, content in enumerate(found.siblings):
            if number:
                click.echo()
            shown.value(content, raw=raw)
        if len(found.siblings) > 1:
            raise Failure(f"{kind}/{bucket}/{key} has {len(found.siblings)} siblings", 3)

    where.run(work)


@cli.command()
@in_type
@click.option("-c", "--content-type", help="Its content type; JSON when VALUE is JSON, else plain text or bytes.")
@click.option("--file", "source", type=click.File("rb"), help="Take the value from this file; - is the input.")
@click.option("--only-new", is_flag=True, help="Fail (status 1) when something is there already.")
@click.argument("bucket")
@click.argument("key")
@click.argument("value", required=False)
@click.pass_obj
def put(
    where: Where, kind: str, content_type: str | None, source: Any, only_new: bool, bucket: str, key: str,
    value: str | None,
) -> None:  # fmt: skip
    """Store VALUE under KEY in BUCKET.

    What is there is read first and replaced, siblings too; its metadata is kept.
    """
    if (value is None) == (source is None):
        raise click.UsageError("give either a VALUE or --file")
    data = source.read() if value is None else value.encode()

    async def work(client: RiakClient) -> None:
        robject = await _object(client.bucket(bucket, kind), key)
        robject.siblings = robject.siblings[:1] or [RiakContent(robject)]
        robject.content_type = content_type or _guess(data)
        robject.encoded_data = data
        try:
            await robject.store(return_body=False, if_none_match=only_new)
        except PreconditionFailed:
            raise Failure(f"{kind}/{bucket}/{key} is there already") from None
        click.echo(f"{len(data)} bytes stored as {robject.content_type}", err=True)

    where.run(work)


@cli.command()
@in_type
@click.argument("bucket")
@click.argument("key")
@click.pass_obj
def delete(where: Where, kind: str, bucket: str, key: str) -> None:
    """Delete KEY in BUCKET.  Not found: status 1."""

    async def work(client: RiakClient) -> None:
        robject = RiakObject(client, client.bucket(bucket, kind), key)
        await robject.reload(head=True)
        if not robject.exists:
            raise Failure(f"{kind}/{bucket}/{key} was not found")
        await robject.delete()

    where.run(work)


@cli.command()
@in_type
@click.argument("bucket")
@click.pass_obj
def keys(where: Where, kind: str, bucket: str) -> None:
    """List the keys of BUCKET, one a line.  Reads the whole cluster."""
    where.run(lambda client: _lines(client.bucket(bucket, kind).stream_keys()))


@cli.command()
@in_type
@click.pass_obj
def buckets(where: Where, kind: str) -> None:
    """List the buckets of a type, one a line.  Reads the whole cluster."""
    where.run(lambda client: _lines(client.stream_buckets(kind)))


@cli.command()
@in_type
@click.option("--reset", is_flag=True, help="Give the bucket its type's properties back first.")
@click.argument("bucket", required=False)
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE]...")
@click.pass_obj
def props(where: Where, kind: str, reset: bool, bucket: str | None, changes: tuple[str, ...]) -> None:
    """Show the properties of BUCKET, or of the bucket type; set those given.

    A value is JSON, or a word: n_val=3, allow_mult=true, r=quorum.  "-" for BUCKET
    sets properties of the bucket type.
    """
    wanted = dict(map(_change, changes))

    async def work(client: RiakClient) -> None:
        target: Any = client.bucket_type(kind) if bucket in (None, "-") else client.bucket(str(bucket), kind)
        if reset:
            if not isinstance(target, Bucket):
                raise Failure("only a bucket's properties can be reset", 2)
            await target.clear_properties()
        if wanted:
            await target.set_properties(wanted)
        shown.properties(await target.get_properties())

    where.run(work)


# -- what they share ----------------------------------------------------------------


class Failure(click.ClickException):
    """Ends a command with a line on the error output and a status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.exit_code = status  # type: ignore[misc]

    def show(self, file: Any = None) -> None:
        """Print the line."""
        click.echo(f"aioriak: {self.message}", err=True)


async def _object(bucket: Bucket, key: str) -> RiakObject:
    found = await bucket.get(key)
    if not isinstance(found, RiakObject):
        raise Failure(f"{bucket.path} has data types ({found.type_name}); put stores objects", 2)
    return found


async def _lines(names: Stream[Name]) -> None:
    async with names:
        async for chunk in names.chunks():
            click.echo("\n".join(show(name) for name in chunk))


def _quorum(text: str | None) -> Any:
    return int(text) if text is not None and text.isdigit() else text


def _guess(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    with suppress(ValueError):
        json.loads(text)
        return "application/json"
    return "text/plain"


def _change(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"not NAME=VALUE: {text}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit status."""
    logging.getLogger("aioriak").addHandler(logging.NullHandler())  # an error is said once, below
    given = None if arguments is None else list(arguments)
    try:
        status = cli.main(args=given, prog_name="aioriak", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    except RiakError as error:
        click.echo(f"aioriak: {type(error).__name__}: {error}", err=True)
        return 1
    return status if isinstance(status, int) else 0
