"""Search, as Riak 2.x has it (Yokozuna); Riak 3 answers :class:`~aioriak.error.NotSupported`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.error import InvalidRequest, NotFound, NotModifiedFailed, NotSupported
from aioriak.operations.names import Name, encode, text, to_bytes
from aioriak.operations.options import Timeout, count, milliseconds, positive, seconds, unknown_option
from aioriak.riak_pb import search as pb
from aioriak.riak_pb import yokozuna
from aioriak.wire.operation import (
    SEARCH,
    SEARCH_INDEX_DELETE,
    SEARCH_INDEX_GET,
    SEARCH_INDEX_PUT,
    SEARCH_SCHEMA_GET,
    SEARCH_SCHEMA_PUT,
    Operation,
)

Document = dict[str, Name | list[Name]]
"""A document's fields: text, or a list of texts where a field came more than once."""


class SearchResults(TypedDict):
    """The result of a query: a page of documents, the best score, and the total number of matches."""

    docs: list[Document]
    max_score: float
    num_found: int


class SearchIndex(TypedDict):
    """A search index: its name, its schema's, and how many replicas it has."""

    name: Name
    schema: Name
    n_val: int | None


class SearchSchema(TypedDict):
    """A schema: XML, as Solr takes it."""

    name: Name
    content: str


class SearchOptions(TypedDict, total=False):
    """Options of a query.

    ``rows``: documents that come back (10).  ``start``: documents to leave out first.  ``sort``:
    ``"age_i desc, name_s asc"``.  ``filter``: another query that must match too.  ``df``: the
    default field.  ``op``: the default operator, ``"and"`` or ``"or"``.  ``fl``: the fields that
    come back.  ``presort``: order the page by ``"key"`` or ``"score"``.  ``timeout``: a ``timedelta``, or
    milliseconds.

    Riak 2.2's documentation: "Using Search", "Protocol Buffers Client API: Search Query".
    """

    rows: int | None
    start: int | None
    sort: str | None
    filter: str | None
    df: str | None
    op: Literal["and", "or"] | None
    fl: Iterable[str] | str | None
    presort: Literal["key", "score"] | None
    timeout: Timeout | None


_TEXTS = ("sort", "filter", "df")


async def query(dispatcher: Dispatcher, index: Name, text_: Name, options: Mapping[str, Any]) -> SearchResults:
    """Search an index."""
    request = pb.RpbSearchQueryReq(q=encode("query", text_), index=encode("search index", index))
    timeout = _fill(request, options)
    reply = await _call(dispatcher, SEARCH, request, timeout)
    return SearchResults(
        docs=[_document(doc) for doc in reply.docs], max_score=reply.max_score, num_found=reply.num_found
    )


def _fill(request: pb.RpbSearchQueryReq, options: Mapping[str, Any]) -> float | None:
    timeout = None
    for name, value in options.items():
        if value is None:
            continue
        if name in ("rows", "start"):
            setattr(request, name, count(name, value))
        elif name in _TEXTS:
            setattr(request, name, encode(name, value))
        elif name == "fl":
            fields = [value] if isinstance(value, str) else value
            request.fl.extend(encode("field", each) for each in fields)
        elif name == "op":
            request.op = _word(name, value, ("and", "or"))
        elif name == "presort":
            request.presort = _word(name, value, ("key", "score"))
        elif name == "timeout":
            timeout = seconds(value)
        else:
            raise unknown_option(name, SearchOptions.__annotations__)
    return timeout


def _word(name: str, value: Any, allowed: tuple[str, ...]) -> bytes:
    if value not in allowed:
        raise InvalidRequest(f"{name} is one of {', '.join(allowed)}, not {value!r}")
    return str(value).encode()


def _document(doc: pb.RpbSearchDoc) -> Document:
    found: Document = {}
    for pair in doc.fields:
        name = pair.key.decode("utf-8", "replace")
        value = text(pair.value)
        before = found.get(name)
        if before is None:
            found[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            found[name] = [before, value]
    return found


async def create_index(
    dispatcher: Dispatcher, name: Name, schema: Name | None, n_val: int | None, timeout: Timeout | None
) -> None:
    """Make an index; ``timeout`` is for the server to build it everywhere."""
    request = yokozuna.RpbYokozunaIndexPutReq()
    request.index.name = encode("search index", name)
    if schema is not None:
        request.index.schema = encode("search schema", schema)
    if n_val is not None:
        request.index.n_val = positive("n_val", n_val)
    if timeout is not None:
        request.timeout = milliseconds("timeout", timeout)
    await _call(dispatcher, SEARCH_INDEX_PUT, request, seconds(timeout))


async def get_indexes(dispatcher: Dispatcher, name: Name | None) -> list[SearchIndex]:
    """Fetch one search index, or all of them."""
    request = yokozuna.RpbYokozunaIndexGetReq()
    if name is not None:
        request.name = encode("search index", name)
    reply = await _call(dispatcher, SEARCH_INDEX_GET, request)
    return [
        SearchIndex(
            name=text(each.name), schema=text(each.schema), n_val=each.n_val if each.HasField("n_val") else None
        )
        for each in reply.index
    ]


async def delete_index(dispatcher: Dispatcher, name: Name) -> None:
    """Delete an index that no bucket uses."""
    await _call(dispatcher, SEARCH_INDEX_DELETE, yokozuna.RpbYokozunaIndexDeleteReq(name=encode("search index", name)))


async def put_schema(dispatcher: Dispatcher, name: Name, content: Name) -> None:
    """Store a schema."""
    request = yokozuna.RpbYokozunaSchemaPutReq()
    request.schema.name = encode("search schema", name)
    request.schema.content = to_bytes("the content of a search schema", content)
    await _call(dispatcher, SEARCH_SCHEMA_PUT, request)


async def get_schema(dispatcher: Dispatcher, name: Name) -> SearchSchema:
    """Fetch a schema."""
    request = yokozuna.RpbYokozunaSchemaGetReq(name=encode("search schema", name))
    reply = await _call(dispatcher, SEARCH_SCHEMA_GET, request)
    return SearchSchema(name=text(reply.schema.name), content=reply.schema.content.decode("utf-8", "replace"))


async def _call(
    dispatcher: Dispatcher, operation: Operation[Any, Any], request: Any, timeout: float | None = None
) -> Any:
    try:
        return await dispatcher.call(operation, request, timeout)
    except NotSupported as error:
        words = f"search is not supported by this server: Riak 2.x has it, Riak 3 does not ({error.text})"
        raise NotSupported(words, node=error.node, operation=error.operation) from None
    except NotModifiedFailed as error:  # the error for "notfound" in reply to a conditional put
        raise NotFound("there is no such index or schema", node=error.node, operation=error.operation) from None
