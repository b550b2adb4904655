"""Search, as Riak 2.x has it: indexes, schemas, queries.

Nothing is indexed ahead: a query looks through the buckets whose property
``search_index`` names the index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from aioriak.riak_pb.riak_kv_pb2 import RpbPutResp
from aioriak.riak_pb.riak_pb2 import RpbPair
from aioriak.riak_pb.riak_search_pb2 import RpbSearchDoc, RpbSearchQueryReq, RpbSearchQueryResp
from aioriak.riak_pb.riak_yokozuna_pb2 import (
    RpbYokozunaIndex,
    RpbYokozunaIndexDeleteReq,
    RpbYokozunaIndexGetReq,
    RpbYokozunaIndexGetResp,
    RpbYokozunaIndexPutReq,
    RpbYokozunaSchema,
    RpbYokozunaSchemaGetReq,
    RpbYokozunaSchemaGetResp,
    RpbYokozunaSchemaPutReq,
)
from aioriak.testing.context import Context, Handler
from aioriak.testing.documents import Document, as_number, as_text, extract, kind_of
from aioriak.testing.erlang import print_term
from aioriak.testing.errors import Refusal
from aioriak.testing.lucene import BadQuery, parse
from aioriak.testing.search import DEFAULT_SCHEMA, SearchState
from aioriak.wire.operation import (
    SEARCH,
    SEARCH_INDEX_DELETE,
    SEARCH_INDEX_GET,
    SEARCH_INDEX_PUT,
    SEARCH_SCHEMA_GET,
    SEARCH_SCHEMA_PUT,
    Operation,
)

_ROWS = 10


class Hit(NamedTuple):
    """A document that a query found."""

    score: float
    name: tuple[bytes, bytes, bytes]
    document: Document


def put_index(context: Context, request: RpbYokozunaIndexPutReq) -> RpbPutResp:
    """Create an index, unless it exists."""
    state = _state(context)
    index = request.index
    schema = index.schema or DEFAULT_SCHEMA
    if schema != DEFAULT_SCHEMA and schema not in state.schemas:
        raise Refusal("Schema not found")
    if not re.fullmatch(rb"[A-Za-z0-9_.\-]+", index.name):
        raise Refusal("Invalid character in index name")
    state.indexes.setdefault(index.name, (schema, index.n_val if index.HasField("n_val") else 3))
    return RpbPutResp()


def get_index(context: Context, request: RpbYokozunaIndexGetReq) -> RpbYokozunaIndexGetResp:
    """Return one search index, or all of them."""
    state = _state(context)
    names = [request.name] if request.HasField("name") else sorted(state.indexes)
    if any(name not in state.indexes for name in names):
        raise Refusal("notfound")
    found = [(name, *state.indexes[name]) for name in names]
    return RpbYokozunaIndexGetResp(
        index=[RpbYokozunaIndex(name=name, schema=schema, n_val=n_val) for name, schema, n_val in found]
    )


def delete_index(context: Context, request: RpbYokozunaIndexDeleteReq) -> None:
    """Delete an index that no bucket uses."""
    state = _state(context)
    if request.name not in state.indexes:
        raise Refusal("notfound")
    used = sorted({bucket for _, bucket in _buckets(context, request.name)})
    if used:
        shown = print_term(used)
        raise Refusal(f"Can't delete index with associate buckets {shown}")
    del state.indexes[request.name]


def put_schema(context: Context, request: RpbYokozunaSchemaPutReq) -> RpbPutResp:
    """Store a schema; it must be XML with a root named ``schema``."""
    state = _state(context)
    if not re.match(rb"\s*(<\?xml[^>]*\?>\s*)?(<!--.*?-->\s*)*<schema\b", request.schema.content, re.DOTALL):
        raise Refusal("Error storing schema {\"Schema is not valid XML\"}\n")
    state.schemas[request.schema.name] = request.schema.content
    return RpbPutResp()


def get_schema(context: Context, request: RpbYokozunaSchemaGetReq) -> RpbYokozunaSchemaGetResp:
    """Return a schema."""
    content = _state(context).schemas.get(request.name)
    if content is None:
        raise Refusal("notfound")
    return RpbYokozunaSchemaGetResp(schema=RpbYokozunaSchema(name=request.name, content=content))


def query(context: Context, request: RpbSearchQueryReq) -> RpbSearchQueryResp:
    """Return the documents that match a query, by score or in the requested order."""
    if not request.q:
        raise Refusal("Missing query")
    hits = _hits(
        context,
        request.index,
        request.q,
        request.filter or None,
        (request.df or b"text").decode("utf-8", "replace"),
        request.op.lower() == b"and",
    )
    _sort(hits, request.sort.decode("utf-8", "replace"))
    rows = request.rows if request.HasField("rows") else _ROWS
    page = hits[request.start : request.start + rows]
    if request.presort == b"key":
        page.sort(key=lambda hit: hit.name[2])
    elif request.presort == b"score":
        page.sort(key=lambda hit: -hit.score)
    wanted = {name.decode("utf-8", "replace") for given in request.fl for name in re.split(rb"[,\s]+", given) if name}
    return RpbSearchQueryResp(
        docs=[_document(hit, wanted) for hit in page],
        max_score=max((hit.score for hit in hits), default=0.0),
        num_found=len(hits),
    )


def matching(context: Context, index: bytes, text: bytes, filter: bytes | None) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Return type, bucket and key of every match."""
    for hit in _hits(context, index, text, filter, "text", False):
        yield hit.name


def _hits(
    context: Context, index: bytes, text: bytes, filter: bytes | None, default_field: str, default_and: bool
) -> list[Hit]:
    state = _state(context)
    if index not in state.indexes:
        raise Refusal(f"No index {print_term(index)} found.")
    default_schema = state.indexes[index][0] == DEFAULT_SCHEMA
    try:
        wanted = parse(text.decode("utf-8", "replace"), default_field, default_and)
        narrowed = parse(filter.decode("utf-8", "replace"), default_field, default_and) if filter else None
    except (BadQuery, re.error) as error:
        raise Refusal(f"Query unsuccessful check the logs. {error}") from None

    def kind(name: str) -> Any:
        return kind_of(name, default_schema)

    hits = []
    for type, bucket in _buckets(context, index):
        for key, obj in context.database.items(type, bucket):
            for content in obj.live:
                document = extract(content.content_type, content.value)
                name = (type, bucket, key)
                shown = [part.decode("utf-8", "replace") for part in name]
                if document is None:
                    document = {"_yz_err": ["1"]}
                document.update(zip(("_yz_rt", "_yz_rb", "_yz_rk"), ([part] for part in shown), strict=True))
                document["_yz_id"] = ["1*" + "*".join(shown) + "*" + content.vtag.decode("ascii", "replace")]
                score = wanted.score(document, kind)
                if score and (narrowed is None or narrowed.matches(document, kind)):
                    kept = {field: values for field, values in document.items() if kind(field) != "none"}
                    hits.append(Hit(score, name, kept))
    hits.sort(key=lambda hit: (-hit.score, hit.name))
    return hits


def _sort(hits: list[Hit], order: str) -> None:
    for part in reversed([part.split() for part in order.split(",") if part.strip()]):
        name, descending = part[0], part[-1].lower() == "desc"
        if name == "score":
            hits.sort(key=lambda hit: hit.score, reverse=descending)
            continue
        present = [hit for hit in hits if hit.document.get(name)]
        absent = [hit for hit in hits if not hit.document.get(name)]
        present.sort(key=lambda hit: _order(hit.document[name][0]), reverse=descending)
        hits[:] = present + absent


def _order(value: Any) -> tuple[int, float, str]:
    number = as_number(value)
    return (1, 0.0, as_text(value)) if number is None else (0, number, "")


def _document(hit: Hit, wanted: set[str]) -> RpbSearchDoc:
    fields = {"score": [f"{hit.score:.20e}"], **hit.document}
    return RpbSearchDoc(
        fields=[
            RpbPair(key=name.encode(), value=as_text(value).encode())
            for name, values in fields.items()
            if not wanted or "*" in wanted or name in wanted
            for value in values
        ]
    )


def _buckets(context: Context, index: bytes) -> Iterator[tuple[bytes, bytes]]:
    database = context.database
    for type in sorted(database.bucket_types):
        for bucket in sorted(database.buckets(type)):
            if database.properties(type, bucket).search_index == index:
                yield type, bucket


def _state(context: Context) -> SearchState:
    state = context.cluster.search
    assert state is not None  # the server does not route these codes without it
    return state


HANDLERS: dict[Operation[Any, Any], Handler] = {
    SEARCH: query,
    SEARCH_INDEX_GET: get_index,
    SEARCH_INDEX_PUT: put_index,
    SEARCH_INDEX_DELETE: delete_index,
    SEARCH_SCHEMA_GET: get_schema,
    SEARCH_SCHEMA_PUT: put_schema,
}
