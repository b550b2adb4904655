"""The documents that travel: read from files, packed into messages, unpacked again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST = 1 << 20  # bytes of a file's text that are taken along


class BadDocument(ValueError):
    """A message that can never be stored: no JSON, or no document."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document: ``id`` names it, ``source`` is where it comes from, ``version`` says which of two is newer."""

    id: str
    source: str
    version: int
    body: Any

    def pack(self) -> bytes:
        """Return the message that carries the document."""
        return json.dumps(self.stored(), ensure_ascii=False).encode()

    @classmethod
    def unpack(cls, message: bytes) -> Document:
        """Return the document of a message.  Raises :class:`BadDocument`."""
        try:
            fields = json.loads(message)
            document = cls(fields["id"], fields["source"], fields["version"], fields["body"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadDocument(f"not a document: {error!r}") from error
        texts = isinstance(document.id, str) and isinstance(document.source, str)
        if not (texts and document.id and document.source and isinstance(document.version, int)):
            raise BadDocument("not a document: id and source are texts, version is a whole number")
        return document

    def stored(self) -> dict[str, Any]:
        """Return the value to store."""
        return {"id": self.id, "source": self.source, "version": self.version, "body": self.body}


def from_directory(directory: Path) -> Iterator[Document]:
    """Yield a document for each file below a directory; its source is the first folder of its path."""
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        name = path.relative_to(directory)
        status = path.stat()
        with path.open("rb") as file:
            text = file.read(LARGEST).decode("utf-8", "replace")
        body = {"path": str(name), "size": status.st_size, "text": text}
        yield Document(str(name), name.parts[0] if len(name.parts) > 1 else ".", status.st_mtime_ns // 1_000_000, body)


def from_feed(feed: Path) -> Iterator[Document]:
    """Yield a document for each line of JSON; ``id``, ``source`` and ``version`` are taken from the line if present."""
    with feed.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if not line.strip():
                continue
            body = json.loads(line)
            fields = body if isinstance(body, dict) else {}
            digest = hashlib.sha256(line.encode()).hexdigest()[:32]
            version = fields.get("version")
            yield Document(
                str(fields.get("id") or digest),
                str(fields.get("source") or feed.stem),
                version if isinstance(version, int) else number,
                body,
            )
