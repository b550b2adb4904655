"""Write objects directly into the database of a server, and read them out as a dump."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from aioriak.riak_pb import dt
from aioriak.testing import contents
from aioriak.testing.context import Context
from aioriak.testing.dumps import (
    BadLine,
    DumpedDatatype,
    DumpedObject,
    DumpedSibling,
    decode_line,
    encode_line,
    operation_of,
)
from aioriak.testing.errors import HangUp, Refusal
from aioriak.testing.handlers import datatypes
from aioriak.testing.robject import Content, Link, RiakObj
from aioriak.testing.vclock import FRESH

_JSON = b"application/json"
_BYTES = b"application/octet-stream"


def store_values(context: Context, type: bytes, bucket: bytes, key: bytes, values: Iterable[Any]) -> None:
    """Store values as the siblings of one object, which replace its previous ones.

    ``bytes`` are stored as they are, anything else as JSON.
    """
    _check_type(context, type)
    siblings = []
    for value in values:
        if isinstance(value, (bytes, bytearray)):
            siblings.append(DumpedSibling(value=bytes(value), content_type=_BYTES))
        else:
            siblings.append(DumpedSibling(value=json.dumps(value).encode(), content_type=_JSON))
    context.database.put(type, bucket, key, _object(context, siblings))


def load(context: Context, lines: Iterable[str | bytes]) -> int:
    """Store the objects of a dump; return how many there were.

    Raises :class:`~aioriak.testing.dumps.BadLine`.
    """
    count = 0
    for number, line in enumerate(lines, 1):
        try:
            entry = decode_line(line)
            if entry is not None:
                _store(context, entry)
                count += 1
        except BadLine as error:
            raise BadLine(f"line {number}: {error}") from None
    return count


def dump(context: Context) -> Iterator[str]:
    """Iterate over the lines of a dump of everything that is stored.

    A HyperLogLog becomes an object whose value only this server can read.
    """
    database = context.database
    for type in sorted(database.bucket_types):
        for bucket in sorted(database.buckets(type)):
            for key, obj in sorted(database.items(type, bucket), key=lambda item: item[0]):
                yield encode_line(_dumped(context, type, bucket, key, obj))


def _store(context: Context, entry: DumpedObject | DumpedDatatype) -> None:
    _check_type(context, entry.type)
    if isinstance(entry, DumpedObject):
        obj = _object(context, entry.siblings)
    else:
        try:
            obj = datatypes.build(context, entry.type, entry.bucket, entry.operation)
        except (Refusal, HangUp) as error:
            raise BadLine((error.text or b"").decode("utf-8", "replace")) from None
    context.database.put(entry.type, entry.bucket, entry.key, obj)


def _check_type(context: Context, type: bytes) -> None:
    if type not in context.database.bucket_types:
        shown = type.decode("utf-8", "replace")
        raise BadLine(f"the server has no bucket type {shown!r}: give it in bucket_types")


def _object(context: Context, siblings: Iterable[DumpedSibling]) -> RiakObj:
    """Return an object whose siblings were written by writers who did not see each other."""
    clock = FRESH
    made: list[Content] = []
    now = context.now()
    for sibling in siblings:
        actor = context.cluster.actor(context.node, None, FRESH)
        clock = clock.increment(actor, int(now))
        modified = now if sibling.last_modified is None else sibling.last_modified
        second, micros = divmod(round(modified * 1_000_000), 1_000_000)
        made.append(
            Content(
                value=sibling.value,
                content_type=sibling.content_type,
                charset=sibling.charset,
                content_encoding=sibling.content_encoding,
                vtag=contents.new_id(context.random) if sibling.etag is None else sibling.etag,
                links=tuple(Link(*link) for link in sibling.links),
                last_mod=second,
                last_mod_usecs=micros,
                usermeta=sibling.usermeta,
                indexes=sibling.indexes,
                deleted=sibling.deleted,
                dot=(actor, 1),
            )
        )
    return RiakObj(made, clock)


def _dumped(context: Context, type: bytes, bucket: bytes, key: bytes, obj: RiakObj) -> DumpedObject | DumpedDatatype:
    if context.database.properties(type, bucket).datatype is not None and not obj.is_tombstone:
        shown = datatypes.show(context, dt.DtFetchReq(type=type, bucket=bucket, key=key))
        operation = None if shown is None else operation_of(shown)
        if operation is not None:
            return DumpedDatatype(type=type, bucket=bucket, key=key, operation=operation)
    return DumpedObject(
        type=type,
        bucket=bucket,
        key=key,
        vclock=obj.vclock.encode(),
        siblings=tuple(
            DumpedSibling(
                value=content.value,
                content_type=content.content_type,
                charset=content.charset,
                content_encoding=content.content_encoding,
                usermeta=tuple((name, value or b"") for name, value in content.usermeta),
                links=tuple(content.links),
                indexes=content.indexes,
                last_modified=content.last_mod + content.last_mod_usecs / 1_000_000,
                etag=content.vtag,
                deleted=content.deleted,
            )
            for content in obj.contents
        ),
    )
