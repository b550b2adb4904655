"""How the commands print: for people on a terminal, for programs in a pipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.json import JSON
from rich.table import Table

from aioriak import RiakContent, RiakObject
from aioriak.operations.names import show


def console(*, err: bool = False) -> Console:
    """The standard output, or the error output; colours only on a terminal."""
    return Console(stderr=err, highlight=False, soft_wrap=True)


def plain(value: Any) -> Any:
    """A value as JSON can say it; what is not text is shown escaped."""
    if isinstance(value, Mapping):
        return {_field(name): plain(one) for name, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(one) for one in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return show(value) if isinstance(value, bytes) else value


def _field(name: Any) -> str:
    return "_".join(show(part) for part in name) if isinstance(name, tuple) else show(name)


def value(content: RiakContent, *, raw: bool) -> None:
    """One value: on a terminal JSON in colours, else its bytes as they are stored."""
    encoded = content.encoded_data or b""
    screen = console()
    if screen.is_terminal and not raw and content.content_type in ("application/json", "text/json"):
        screen.print(JSON(encoded.decode("utf-8", "replace")))
    else:
        click.echo(encoded, nl=screen.is_terminal and not encoded.endswith(b"\n"))


def metadata(robject: RiakObject) -> None:
    """What an object's siblings say about themselves, to the error output."""
    for number, content in enumerate(robject.siblings, 1):
        table = Table.grid(padding=(0, 2))
        rows = {
            "sibling": f"{number} of {len(robject.siblings)}" if len(robject.siblings) > 1 else None,
            "tombstone": "yes" if not content.exists else None,
            "content type": content.content_type,
            "charset": content.charset,
            "encoding": content.content_encoding,
            "modified": _time(content.last_modified),
            "etag": content.etag,
            **{f"meta {show(name)}": show(one) for name, one in content.usermeta.items()},
            **{f"index {show(name)}": str(plain(one)) for name, one in sorted(content.indexes, key=repr)},
            **{f"link {show(tag or '')}": f"{show(bucket)}/{show(key)}" for bucket, key, tag in content.links},
        }
        for name, one in rows.items():
            if one is not None:
                table.add_row(f"[dim]{name}", one)
        console(err=True).print(table)


def properties(found: Mapping[str, Any]) -> None:
    """Properties: a table on a terminal, else ``name=JSON`` lines."""
    screen = console()
    if screen.is_terminal:
        table = Table.grid(padding=(0, 2))
        for name in sorted(found):
            table.add_row(f"[dim]{name}", json.dumps(plain(found[name])))
        screen.print(table)
    else:
        for name in sorted(found):
            click.echo(f"{name}={json.dumps(plain(found[name]))}")


def _time(seconds: float | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="milliseconds") if seconds else None
