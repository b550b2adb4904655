"""The permissions that requests require."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aioriak.testing import mapreduce
from aioriak.testing.errors import Refusal
from aioriak.wire import operation as op

Place = tuple[bytes, bytes] | bytes | None
"""A bucket (type and name), a bucket type, or ``None`` for everything."""
Needed = list[tuple[str, Place]]


def needed(operation: op.Operation[Any, Any], request: Any) -> Needed:
    """Return the permissions that a request needs, and where; none if every user may make it."""
    needs = _NEEDS.get(operation)
    return needs(request) if needs is not None else []


def _type(request: Any) -> bytes:
    given: bytes = request.type
    return given if request.HasField("type") else b"default"


def _bucket(permission: str) -> Callable[[Any], Needed]:
    return lambda request: [(permission, (_type(request), request.bucket))]


def _default_bucket(permission: str) -> Callable[[Any], Needed]:
    return lambda request: [(permission, (b"default", request.bucket))]


def _bucket_type(permission: str) -> Callable[[Any], Needed]:
    return lambda request: [(permission, _type(request))]


def _search(permission: str, kind: bytes, name: Callable[[Any], bytes]) -> Callable[[Any], Needed]:
    return lambda request: [(permission, (kind, name(request)))]


def _map_reduce(request: Any) -> Needed:
    try:
        inputs = mapreduce.parse(request.request, request.content_type).inputs
    except Refusal:
        return []  # it will be refused for what is wrong with it
    match inputs:
        case mapreduce.Keys():
            places = sorted({(each.type, each.bucket) for each in inputs.inputs})
            return [("riak_kv.mapreduce", place) for place in places]
        case mapreduce.Whole():
            permission = "riak_kv.list_keys"
        case mapreduce.Indexed():
            permission = "riak_kv.index"
        case mapreduce.Searched():
            return [("riak_kv.mapreduce", inputs.index), ("search.query", (b"index", inputs.index))]
        case _:
            return [("riak_kv.mapreduce", None)]
    place = (inputs.type, inputs.bucket)
    return [(permission, place), ("riak_kv.mapreduce", place)]


_NEEDS: Mapping[op.Operation[Any, Any], Callable[[Any], Needed]] = {
    op.GET: _bucket("riak_kv.get"),
    op.PUT: _bucket("riak_kv.put"),
    op.DELETE: _bucket("riak_kv.delete"),
    op.DT_FETCH: _bucket("riak_kv.get"),
    op.DT_UPDATE: _bucket("riak_kv.put"),
    op.COUNTER_GET: _default_bucket("riak_kv.get"),
    op.COUNTER_UPDATE: _default_bucket("riak_kv.put"),
    op.LIST_BUCKETS: _bucket_type("riak_kv.list_buckets"),
    op.LIST_KEYS: _bucket("riak_kv.list_keys"),
    op.INDEX: _bucket("riak_kv.index"),
    op.PREFLIST: _bucket("riak_kv.get_preflist"),
    op.MAP_REDUCE: _map_reduce,
    op.GET_BUCKET: _bucket("riak_core.get_bucket"),
    op.SET_BUCKET: _bucket("riak_core.set_bucket"),
    op.RESET_BUCKET: _bucket("riak_core.set_bucket"),
    op.GET_BUCKET_TYPE: _bucket_type("riak_core.get_bucket_type"),
    op.SET_BUCKET_TYPE: _bucket_type("riak_core.set_bucket_type"),
    op.SEARCH: _search("search.query", b"index", lambda request: request.index),
    op.SEARCH_INDEX_GET: _search("search.admin", b"index", lambda request: request.name or b"_all_"),
    op.SEARCH_INDEX_PUT: _search("search.admin", b"index", lambda request: request.index.name),
    op.SEARCH_INDEX_DELETE: _search("search.admin", b"index", lambda request: request.name),
    op.SEARCH_SCHEMA_GET: _search("search.admin", b"schema", lambda request: request.name),
    op.SEARCH_SCHEMA_PUT: _search("search.admin", b"schema", lambda request: request.schema.name),
}
