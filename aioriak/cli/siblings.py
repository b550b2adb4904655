"""``siblings``: the siblings of a conflict side by side, and ways to resolve it."""

from __future__ import annotations

import difflib
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.exits import CONFLICT, Failure
from aioriak.cli.notation import printable
from aioriak.cli.objects import metadata_rows
from aioriak.cli.options import NAME, bucket_type, command, place
from aioriak.cli.output import is_terminal, note, width
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from rich.console import RenderableType

    from aioriak.cli.output import Output
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient
    from aioriak.content import RiakContent
    from aioriak.riak_object import RiakObject


@command("siblings")
@bucket_type
@click.option("--pick", type=click.IntRange(1), metavar="N", help="Store sibling N as the only one.")
@click.option("--last-written", is_flag=True, help="Store the sibling that was written last.")
@click.option("--merge", type=click.File("rb"), metavar="FILE", help="Store this file's value; - is stdin.")
@click.argument("bucket", type=NAME)
@click.argument("key", type=NAME)
def siblings_command(
    session: Session, kind: Name, pick: int | None, last_written: bool, merge: Any, bucket: Name, key: Name
) -> None:
    """Show the siblings of KEY in BUCKET side by side, with their differences.

    With --pick, --last-written or --merge the conflict is resolved; a merged value has the metadata of the
    sibling that was written last. An unresolved conflict: status 3.
    """
    if (pick is not None) + last_written + (merge is not None) > 1:
        raise click.UsageError("--pick, --last-written and --merge exclude each other")
    merged = None if merge is None else merge.read()

    async def work(client: RiakClient) -> None:
        from aioriak.riak_object import RiakObject

        robject = RiakObject(client, client.bucket(bucket, kind), key)
        await robject.reload()
        where = place(kind, bucket, key)
        if not robject.siblings:
            raise Failure(f"{where} was not found")
        if pick is None and not last_written and merged is None:
            show_siblings(session.output, robject)
            if len(robject.siblings) > 1:
                raise Failure(f"{where} has {len(robject.siblings)} siblings", CONFLICT)
            return
        chosen = _chosen(robject, pick)
        if merged is not None:
            chosen = chosen.copy()
            chosen.encoded_data = merged
        count = len(robject.siblings)
        robject.siblings = [chosen]
        if chosen.exists or merged is not None:
            await robject.store(return_body=False)
        else:
            await robject.delete()
        if session.output.json:
            session.output.document({"resolved": count})
        else:
            note(f"{where}: {count} sibling{'s' if count != 1 else ''} became 1")

    session.run(work)


def _chosen(robject: RiakObject, pick: int | None) -> RiakContent:
    if pick is None:
        return max(robject.siblings, key=lambda content: content.last_modified or 0.0)
    if pick > len(robject.siblings):
        raise Failure(f"there is no sibling {pick}; there are {len(robject.siblings)}", 2)
    return robject.siblings[pick - 1]


def show_siblings(output: Output, robject: RiakObject) -> None:
    """Print an object's siblings: side by side on a terminal that is wide enough, else one after the other."""
    if output.json:
        from aioriak.cli.backup.record import ObjectRecord

        output.document(ObjectRecord.of(robject).to_json())
        return
    texts = [value_lines(content) for content in robject.siblings]
    if is_terminal():
        output.render(panels(robject, texts))
    else:
        for number, (content, lines) in enumerate(zip(robject.siblings, texts, strict=True), 1):
            output.line(f"sibling {number} of {len(texts)}")
            for label, value in metadata_rows(content):
                output.line(f"  {label}: {value}")
            for line in lines:
                output.line(f"  {line}")
    for number, lines in enumerate(texts[1:], 2):
        changes = list(difflib.unified_diff(texts[0], lines, "sibling 1", f"sibling {number}", lineterm="", n=2))
        for line in changes:
            output.line(line)


def panels(robject: RiakObject, texts: list[list[str]]) -> RenderableType:
    """Return a table with a column for each sibling, as many as fit beside each other."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    columns = max(1, min(len(texts), width() // 26))
    table = Table(box=box.SQUARE, show_header=False, show_lines=True, expand=True)
    for _ in range(columns):
        table.add_column(ratio=1, overflow="fold")
    cells: list[Text] = []
    for number, (content, lines) in enumerate(zip(robject.siblings, texts, strict=True), 1):
        cell = Text(f"sibling {number}\n", style="bold")
        for label, value in metadata_rows(content):
            cell.append(f"{label}: ", style="not bold dim").append(f"{value}\n", style="not bold")
        common = set.intersection(*(set(other) for other in texts))
        for line in lines:
            cell.append(f"{line}\n", style="not bold" if line in common else "not bold yellow")
        cells.append(cell)
    for start in range(0, len(cells), columns):
        row = cells[start : start + columns]
        table.add_row(*row, *([Text("")] * (columns - len(row))))
    return table


def value_lines(content: RiakContent) -> list[str]:
    """Return a value as lines that are safe; JSON is indented, so that lines compare."""
    encoded = content.encoded_data or b""
    decoded = encoded.decode("utf-8", "surrogateescape")
    if content.content_type in ("application/json", "text/json"):
        with suppress(ValueError, RecursionError):
            decoded = json.dumps(json.loads(encoded), indent=2, sort_keys=True, ensure_ascii=False)
    return [printable(line) for line in decoded.split("\n")]
