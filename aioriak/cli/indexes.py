"""``index``: secondary index queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aioriak.cli.notation import parse, show
from aioriak.cli.options import NAME, bucket_type, command, ending
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient


@command("index")
@bucket_type
@ending
@click.option("--regex", type=NAME, help="Only terms that match this regular expression.")
@click.option("--limit", type=click.IntRange(1), help="At most this many rows.")
@click.option("--page-size", type=click.IntRange(1), default=1000, show_default=True, help="Rows a request.")
@click.option("--terms", is_flag=True, help="Print the term too, behind a tab.")
@click.option("--count", is_flag=True, help="Print only how many rows there are.")
@click.option("--by-term", is_flag=True, help="Print each term and how many rows it has.")
@click.argument("bucket", type=NAME)
@click.argument("index", type=NAME)
@click.argument("first")
@click.argument("last", required=False)
def index_command(
    session: Session, kind: Name, null: bool, regex: Name | None, limit: int | None, page_size: int, terms: bool,
    count: bool, by_term: bool, bucket: Name, index: Name, first: str, last: str | None,
) -> None:  # fmt: skip
    """Print the keys whose entry in INDEX is FIRST, or from FIRST to LAST, both included.

    INDEX ends in _int or _bin, or is $key or $bucket. Rows are sorted by term, then by key; they are read
    page after page.
    """
    output = session.output
    output.null = null
    try:
        ends = [parse(first), None if last is None else parse(last)]
    except ValueError as error:
        raise click.UsageError(str(error)) from None

    async def work(client: RiakClient) -> None:
        query = client.bucket(bucket, kind).query(
            index, ends[0], ends[1], page_size=page_size, limit=limit, term_regex=regex
        )
        rows = 0
        counted: dict[Name | int | None, int] = {}
        async for page in query.pages():
            rows += len(page)
            for row in page:
                if by_term:
                    counted[row.term] = counted.get(row.term, 0) + 1
                elif count:
                    break
                elif output.json:
                    output.document({"key": row.key, "term": row.term})
                elif terms:
                    term = str(row.term) if isinstance(row.term, int) else show(row.term)
                    output.line(f"{show(row.key)}\t{term}", end="\0" if null else "\n")
                else:
                    output.names([row.key])
        if count:
            output.document(rows)
        for group, number in counted.items():
            if output.json:
                output.document({"term": group, "count": number})
            else:
                output.line(f"{group if isinstance(group, int) else show(group)}\t{number}")

    session.run(work)
