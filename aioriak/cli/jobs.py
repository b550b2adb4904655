"""``mapred`` and ``search``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.options import NAME, command
from aioriak.cli.output import dumps, is_terminal
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@command("mapred")
@click.argument("job", type=click.File("rb"), metavar="FILE")
def mapred_command(session: Session, job: Any) -> None:
    """Run the map/reduce job in FILE, or on stdin for "-", and print each result as JSON.

    A job is JSON as Riak's HTTP interface takes it: {"inputs": …, "query": [{"map": …}, …], "timeout": ms}.
    """
    try:
        found = json.loads(job.read())
        inputs, query = found["inputs"], found["query"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise click.UsageError(f"a job is a JSON object with inputs and query: {error}") from None

    async def work(client: RiakClient) -> None:
        async for phase, data in client.mapreduce.stream(inputs, query, found.get("timeout")):
            session.output.document({"phase": phase, "result": data} if session.output.json else data)

    session.run(work)


@command("search")
@click.option("--rows", type=click.IntRange(0), default=10, show_default=True, help="Documents at most.")
@click.option("--start", type=click.IntRange(0), default=0, help="Skip this many documents.")
@click.option("--sort", help="A field and asc or desc.")
@click.argument("index", type=NAME)
@click.argument("query")
def search_command(session: Session, rows: int, start: int, sort: str | None, index: Name, query: str) -> None:
    """Search INDEX with QUERY, in Solr's syntax, and print each document as JSON. Riak 2.x only."""

    async def work(client: RiakClient) -> None:
        options: Any = {"rows": rows, "start": start, **({"sort": sort} if sort else {})}
        found = await client.search.query(index, query, **options)
        for document in found["docs"]:
            if is_terminal() and not session.output.json:
                session.output.line(dumps(document, indent=2))
            else:
                session.output.document(document)
        click.echo(f"{found['num_found']} found", err=True)

    session.run(work)
