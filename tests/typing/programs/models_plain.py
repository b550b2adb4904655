# pyright: strict
"""Values of plain types, and an upgrade of older ones."""

from __future__ import annotations

from typing import Any, reveal_type

from aioriak import Bucket, RiakClient
from aioriak.datatypes import Set
from aioriak.models import DatatypeBucket, ModelBucket, TypedBucket


async def notes(client: RiakClient) -> None:
    """Store text and numbers."""
    texts = client.bucket("notes").of(str)
    reveal_type(texts)  # revealed: ModelBucket[str]
    note = await texts.put("remember the tea")
    reveal_type(note.data)  # revealed: str
    counts = client.bucket("counts").of(dict[str, int])
    reveal_type(counts)  # revealed: ModelBucket[dict[str, int]]
    reveal_type((await counts.get("k")).data["a"])  # revealed: int
    sizes = client.bucket("sizes").of(tuple[int, str], upgrade=lambda document: [*document, "cm"])
    reveal_type((await sizes.get("k")).data)  # revealed: tuple[int, str]


def upgrade(document: Any) -> Any:
    """Return a document as it is now."""
    return [document] if isinstance(document, str) else document


def both(bucket: Bucket[Any]) -> list[TypedBucket[Any]]:
    """Return views of one bucket."""
    tags: DatatypeBucket[Set] = bucket.of(Set)
    lists: ModelBucket[list[str]] = bucket.of(list[str], upgrade=upgrade)
    bucket.of(5)  # expect-error: call-overload, reportArgumentType, reportCallIssue
    return [tags, lists]
