"""What search finds in a value: fields and their values, as Riak's extractors name them.

JSON is flattened with dots (``{"name": {"first": ...}}`` is ``name.first``), a list
gives a field many values, plain text is one field ``text``.  How a field is
analysed follows from its suffix, as in the schema ``_yz_default``; other schemas
take fields without a suffix as text too.
(Riak 2.2 documentation, "Using Search: Extractors" and "Search Schema".)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

Kind = Literal["exact", "text", "number", "bool", "date", "none"]
Document = dict[str, list[Any]]

_SUFFIXES: dict[str, Kind] = {
    "s": "exact", "ss": "exact", "register": "exact", "set": "exact", "id": "exact",
    "i": "number", "is": "number", "l": "number", "ls": "number", "f": "number", "fs": "number",
    "d": "number", "ds": "number", "counter": "number", "ti": "number", "tl": "number", "tf": "number", "td": "number",
    "b": "bool", "bs": "bool", "flag": "bool", "dt": "date", "dts": "date", "tdt": "date",
    "t": "text", "txt": "text", "en": "text", "tsd": "text", "ws": "text",
}  # fmt: skip


def kind_of(name: str, default_schema: bool) -> Kind:
    """Return how a field is analysed; ``none`` if it is not indexed."""
    if name.startswith("_yz_"):
        return "exact"
    if name in ("text", "score"):
        return "text"
    _, _, suffix = name.rpartition("_")
    if "_" in name and suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    return "none" if default_schema else "text"


def extract(content_type: bytes | None, value: bytes) -> Document | None:
    """Return the fields of a value; ``None`` if the value does not match its content type."""
    kind = (content_type or b"").partition(b";")[0].strip()
    if kind == b"application/json":
        try:
            loaded = json.loads(value)
        except (ValueError, RecursionError):
            return None
        document: Document = {}
        for name, found in _flatten("", loaded):
            document.setdefault(name, []).append(found)
        return document
    if kind == b"text/plain":
        return {"text": [value.decode("utf-8", "replace")]}
    return {}


def _flatten(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flatten(f"{prefix}.{name}" if prefix else name, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _flatten(prefix, inner)
    elif value is not None:
        yield prefix, value


def tokens(text: str) -> list[str]:
    """Return the words of a text, in lower case."""
    return re.findall(r"\w+", text.lower())


def as_text(value: Any) -> str:
    """Return a field's value as a search result shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def as_number(value: Any) -> float | None:
    """Return a field's value as a number; ``None`` if it is not one."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def as_date(value: Any) -> float | None:
    """Return a field's value as seconds since the epoch; ``None`` if it is not an ISO date."""
    try:
        return datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
