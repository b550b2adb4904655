"""Secondary index queries, and the fold over a bucket's objects that Riak CS uses."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aioriak.riak_pb.riak_kv_pb2 import (
    RpbCSBucketReq,
    RpbCSBucketResp,
    RpbGetResp,
    RpbIndexObject,
    RpbIndexReq,
    RpbIndexResp,
)
from aioriak.riak_pb.riak_pb2 import RpbPair
from aioriak.testing import contents
from aioriak.testing.context import Answer, Context, Handler
from aioriak.testing.database import Database
from aioriak.testing.erlang import BadTerm, decode_term, encode_term, print_term
from aioriak.testing.errors import HangUp, Later, Never, Refusal
from aioriak.testing.handlers.coverage import covers
from aioriak.testing.pcre import BadRegex, Pattern, compile_regex
from aioriak.testing.quorum import check_coverage
from aioriak.testing.robject import index_name
from aioriak.testing.secondary import Entry, Term, between
from aioriak.wire.operation import CS_BUCKET, INDEX, Operation

_BY_KEY = (b"$key", b"$bucket")


@dataclass(frozen=True, slots=True)
class Query:
    """A query of one index; bounds are inclusive, ``None`` is open."""

    name: bytes
    low: Term | None = None
    high: Term | None = None
    regex: Pattern | None = None


class BadIndex(ValueError):
    """The index's name or a term is invalid; the text is Erlang's."""


def parse_term(name: bytes, value: Any) -> Term:
    """Parse a term of an index.  Raises :class:`BadIndex`."""
    value = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if name in _BY_KEY or (name.endswith(b"_bin") and len(name) > 4):
        return value if isinstance(value, bytes) else print_term(value).encode()
    if not (name.endswith(b"_int") and len(name) > 4):
        raise BadIndex(f"{{unknown_field_type,{print_term(name)}}}")
    try:
        return int(value)
    except ValueError:
        raise BadIndex(f"{{field_parsing_failed,{{{print_term(name)},{print_term(value)}}}}}") from None


def search(
    database: Database, type: bytes, bucket: bytes, query: Query, after: Entry | None = None
) -> Iterator[Entry]:
    """Return the entries that match a query, sorted by term, then by key."""
    by_key = query.name in _BY_KEY
    entries = database.secondary.entries(database, type, bucket, b"$key" if by_key else query.name)
    if after is not None:
        found = between(entries, after, query.high, after=True)
    elif query.low is None:
        found = iter(entries)
    else:
        found = between(entries, (query.low, b""), query.high)
    if query.regex is None:
        return found
    matches = query.regex.search
    return (entry for entry in found if isinstance(entry[0], bytes) and matches(entry[0]))


def index(context: Context, request: RpbIndexReq) -> Answer:
    """Return the keys, or the terms and keys, that match an index query.

    Without paging the order means nothing, and is not that of the terms here, so
    that nobody comes to rely on it.
    """
    query = _query(request)
    type = request.type if request.HasField("type") else b"default"
    if type not in context.database.bucket_types:
        if not request.HasField("timeout") or not request.timeout:
            raise Never
        raise Later(request.timeout / 1000, Refusal("timeout"))
    check_coverage(context, context.database.properties(type, request.bucket))
    after = _after(request, query) if request.HasField("continuation") else None
    limit = request.max_results if request.HasField("max_results") else None
    covered = covers(context, type, request.bucket, request)
    found: list[Entry] = []
    for entry in search(context.database, type, request.bucket, query, after):
        if limit is not None and len(found) >= limit:
            break
        if covered is None or covered(entry[1]):
            found.append(entry)
    if limit is None and after is None and not request.pagination_sort:
        found.sort(key=lambda entry: zlib.crc32(entry[1]))
    ranged = request.qtype == RpbIndexReq.range and query.name not in _BY_KEY  # also from a term to itself
    terms = request.return_terms and ranged
    continuation = None
    if limit and len(found) == limit:
        continuation = _continuation(found[-1] if ranged else found[-1][1])
    if not request.stream:
        return _reply(found, terms, continuation)
    return _stream(found, terms, continuation, context.cluster.chunk)


def _stream(found: list[Entry], terms: bool, continuation: bytes | None, chunk: int) -> Iterator[RpbIndexResp]:
    for start in range(0, len(found), chunk):
        yield _reply(found[start : start + chunk], terms, None)
    yield RpbIndexResp(continuation=continuation, done=True)


def _reply(found: list[Entry], terms: bool, continuation: bytes | None) -> RpbIndexResp:
    if not terms:
        return RpbIndexResp(keys=[key for _, key in found], continuation=continuation)
    pairs = [RpbPair(key=term if isinstance(term, bytes) else b"%d" % term, value=key) for term, key in found]
    return RpbIndexResp(results=pairs, continuation=continuation)


def _query(request: RpbIndexReq) -> Query:
    equality = request.qtype == RpbIndexReq.eq
    low = _given(request, "key" if equality else "range_min")
    high = _given(request, "key" if equality else "range_max")
    if low is None or high is None:
        if equality:
            raise Refusal("Invalid equality query undefined")
        raise Refusal(f"Invalid range query: {print_term(low)} -> {print_term(high)}")
    pattern = _given(request, "term_regex")
    regex = None
    if pattern is not None:
        try:
            regex = compile_regex(pattern)
        except BadRegex as error:
            raise Refusal(
                f'Invalid term regular expression {print_term(pattern)} : {{"{error.message}",{error.position}}}'
            ) from None
    name = index_name(request.index)
    if name == b"$bucket":
        return Query(name)
    try:
        query = Query(name, parse_term(name, low), parse_term(name, high), regex)
    except BadIndex as error:
        raise HangUp.crash(f"error:function_clause:[{{riak_api_pb_server,send_error,[{error}]}}]") from None
    if regex is not None and isinstance(query.low, int):
        raise Refusal("Can not use term regular expression in integer query")
    return query


def _given(request: RpbIndexReq, field: str) -> bytes | None:
    value: bytes = getattr(request, field)
    return value if request.HasField(field) else None


def _continuation(last: Entry | bytes) -> bytes:
    return base64.b64encode(encode_term(last))


def _decode(continuation: bytes) -> Any:
    try:
        return decode_term(base64.b64decode(continuation, validate=True))
    except (binascii.Error, BadTerm):
        raise HangUp.crash("error:function_clause:[{base64,decode_binary,[]}]") from None


def _after(request: RpbIndexReq, query: Query) -> Entry:
    last: Any = _decode(request.continuation)
    kind = bytes if query.name in _BY_KEY else type(query.low)
    if isinstance(last, tuple) and len(last) == 2 and isinstance(last[0], kind) and isinstance(last[1], bytes):
        return last
    if isinstance(last, bytes) and query.name in _BY_KEY:
        return (last, last)
    if isinstance(last, bytes) and query.low is not None:
        return (query.low, last)
    raise HangUp.crash("error:function_clause:[{riak_api_pb_server,send_error,[{invalid_continuation}]}]")


def fold_bucket(context: Context, request: RpbCSBucketReq) -> Answer:
    """Return a bucket's objects in the order of their keys."""
    database = context.database
    type = request.type if request.HasField("type") else b"default"
    if type not in database.bucket_types:
        if not request.HasField("timeout") or not request.timeout:
            raise Never
        raise Later(request.timeout / 1000, Refusal("timeout"))
    if request.HasField("continuation"):
        last = _decode(request.continuation)
        if not isinstance(last, bytes):
            raise HangUp.crash("error:function_clause")
        start, after = last, True
    else:
        start, after = request.start_key, not request.start_incl
    end = request.end_key if request.HasField("end_key") else None
    entries = database.secondary.entries(database, type, request.bucket, b"$key")
    limit = request.max_results if request.HasField("max_results") else None
    covered = covers(context, type, request.bucket, request)
    keys: list[bytes] = []
    for _, key in between(entries, (start, start if after else b""), end, after=after):
        if (limit is not None and len(keys) >= limit) or (key == end and not request.end_incl):
            break
        if covered is None or covered(key):
            keys.append(key)
    continuation = _continuation(keys[-1]) if limit and len(keys) == limit else None
    return _objects(context, type, request.bucket, keys, continuation)


def _objects(
    context: Context, type: bytes, bucket: bytes, keys: list[bytes], continuation: bytes | None
) -> Iterator[RpbCSBucketResp]:
    for start in range(0, len(keys), context.cluster.chunk):
        objects = []
        for key in keys[start : start + context.cluster.chunk]:
            obj = context.database.get(type, bucket, key)
            if obj is not None:
                message = RpbGetResp(content=contents.to_messages(obj.contents), vclock=obj.vclock.encode())
                objects.append(RpbIndexObject(key=key, object=message))
        if objects:
            yield RpbCSBucketResp(objects=objects)
    yield RpbCSBucketResp(continuation=continuation, done=True)


HANDLERS: dict[Operation[Any, Any], Handler] = {INDEX: index, CS_BUCKET: fold_bucket}
