"""What one measurement is made of, and the documents it moves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

BUCKET = "aioriak-benchmarks"
INDEX = "downloads_int"
PAGE = 100
MAP_TYPE = "maps"
OURS = ("aioriak", "aioriak key-aware", "aioriak hedged")
"""This client as it is, and on several nodes with options."""


@dataclass(frozen=True)
class Case:
    """One cell of the table: what is asked, by how many, over how many connections, how large."""

    nodes: tuple[str, ...]
    """Addresses, as ``HOST:PORT``."""
    workload: str
    tasks: int
    connections: int
    size: int
    seconds: float
    requests: int = 0
    """Make exactly so many instead of measuring for ``seconds``."""
    latencies: bool = True
    """Measure latencies as well, with requests of their own."""
    keys: int = 0
    """What a listing finds."""
    bucket: str = BUCKET

    def address(self, number: int) -> tuple[str, int]:
        """Return host and port for the connection of this number: all nodes in turn."""
        host, _, port = self.nodes[number % len(self.nodes)].rpartition(":")
        return host, int(port)


def key(number: int) -> str:
    """Return the key of a document; there are as many as tasks."""
    return f"package-{number:05d}"


def document(size: int) -> dict[str, Any]:
    """Return a JSON object of about ``size`` bytes: a few short fields and a text that fills it up."""
    doc: dict[str, Any] = {"name": "aioriak", "version": "1.0.0", "files": 42, "tags": ["riak", "asyncio"], "text": ""}
    line = "The quick brown fox jumps over the lazy dog. "
    room = max(0, size - len(json.dumps(doc, separators=(",", ":"))))
    doc["text"] = (line * (room // len(line) + 1))[:room]
    return doc
