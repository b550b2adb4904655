"""Map/reduce: runs a job over the database, phase by phase."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from aioriak.riak_pb.riak_kv_pb2 import RpbMapRedReq, RpbMapRedResp
from aioriak.testing import functions
from aioriak.testing.context import Context, Handler
from aioriak.testing.erlang import Atom, BadTerm, encode_term, print_term
from aioriak.testing.errors import HangUp, Refusal
from aioriak.testing.functions import Map, PhaseError, Reduce
from aioriak.testing.handlers.indexes import BadIndex, Query, parse_term
from aioriak.testing.handlers.indexes import search as search_index
from aioriak.testing.handlers.search import matching
from aioriak.testing.keyfilters import BadFilter, compile_filters
from aioriak.testing.mapreduce import (
    ERLANG,
    Generated,
    Indexed,
    Input,
    Job,
    Keys,
    Phase,
    Searched,
    Whole,
    key_of,
    parse,
)
from aioriak.testing.robject import RiakObj, index_name
from aioriak.wire.operation import MAP_REDUCE, Operation

_CRASHES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, re.error)
"""The exceptions that an invalid job can cause; in Riak they crash the job's processes."""


def map_reduce(context: Context, request: RpbMapRedReq) -> Iterator[RpbMapRedResp]:
    """Stream the results of the phases that are kept, in interleaved chunks."""
    try:
        job = parse(request.request, request.content_type)
        steps = [_function(context, phase, number) for number, phase in enumerate(job.phases)]
    except _CRASHES:
        raise HangUp.crash("error:badarg:[{riak_kv_mapred_json,parse_request,1,[]}]") from None
    return _messages(context, job, steps, request.content_type)


def _messages(
    context: Context, job: Job, steps: list[Map | Reduce], content_type: bytes
) -> Iterator[RpbMapRedResp]:
    try:
        values: list[Any] = list(_inputs(context, job.inputs))
    except _CRASHES:
        raise Refusal("Error sending inputs: {badarg,[]}") from None
    kept: list[tuple[int, list[Any]]] = []
    if not job.phases:
        kept.append((0, [_shown(each) for each in values]))
    for number, (phase, step) in enumerate(zip(job.phases, steps, strict=True)):
        values = _run(context, phase, step, number, values)
        if phase.keep:
            kept.append((number, values))
    size = context.cluster.chunk
    chunked = [
        [(number, found[start : start + size]) for start in range(0, len(found), size)] for number, found in kept
    ]
    for turn in zip_longest(*chunked):
        for part in turn:
            if part is not None:
                yield RpbMapRedResp(phase=part[0], response=_encode(part[1], content_type))
    yield RpbMapRedResp(done=True)


def _inputs(context: Context, inputs: Any) -> Iterator[Input]:
    database = context.database
    match inputs:
        case Keys():
            yield from inputs.inputs
        case Whole():
            database.properties(inputs.type, inputs.bucket)
            try:
                passes = compile_filters(list(inputs.filters)) if inputs.filters else None
            except BadFilter as error:
                raise Refusal(f"{{error,{{bad_filter,{print_term(error.name)}}}}}") from None
            for key in database.keys(inputs.type, inputs.bucket):
                if passes is None or passes(key):
                    yield Input(inputs.type, inputs.bucket, key)
        case Indexed():
            name = index_name(inputs.index)
            try:
                query = Query(name, parse_term(name, inputs.low), parse_term(name, inputs.high))
            except BadIndex as error:
                raise Refusal(f"{{inputs,[{error}]}}") from None
            if name == b"$bucket":
                query = Query(name)
            for _, key in search_index(database, inputs.type, inputs.bucket, query):
                yield Input(inputs.type, inputs.bucket, key)
        case Searched() if context.cluster.search:
            for type, bucket, key in matching(context, inputs.index, inputs.query, inputs.filter):
                yield Input(type, bucket, key)
        case Generated(module=b"yokozuna", function=b"mapred_search", argument=[index, query, *_]) if (
            context.cluster.search
        ):
            for type, bucket, key in matching(context, index, query, None):
                yield Input(type, bucket, key)
        case _:
            raise Refusal("Error sending inputs: {undef,[]}")


def _function(context: Context, phase: Phase, number: int) -> Map | Reduce:
    if phase.language == "javascript":
        if not context.cluster.search:  # JavaScript was removed together with search, in Riak 3.0
            raise Refusal(
                f"Phase {number}: The PhaseSpec part of the argument for riak_kv_mrc_{phase.kind}"
                " must be of one of the following forms:\n"
                "   {modfun, Module :: atom(), Function :: atom()}\n"
            )
        scripts: dict[bytes, Any] = (
            functions.JAVASCRIPT_MAPS if phase.kind == "map" else functions.JAVASCRIPT_REDUCES
        )
        if phase.function not in scripts:
            raise Refusal(f"Phase {number}: this server runs only the built-in JavaScript functions")
        step: Map | Reduce = scripts[phase.function]
        return step
    if phase.kind == "link":
        return functions.map_identity
    if phase.function is None:
        return functions.from_source
    module, name = phase.function
    known: dict[Any, Any] = functions.ERLANG_MAPS if phase.kind == "map" else functions.ERLANG_REDUCES
    if module != b"riak_kv_mapreduce":
        shown = module.decode("utf-8", "replace")
        raise Refusal(
            f"Phase {number}: invalid module named in PhaseSpec function:\n"
            f"   must be a valid module name (failed to load {shown}: embedded)"
        )
    if (module, name) not in known:
        shown, arity = name.decode("utf-8", "replace"), 3 if phase.kind == "map" else 2
        raise Refusal(
            f"Phase {number}: invalid function named in PhaseSpec function:\n"
            f"   {shown}/{arity} is not exported by riak_kv_mapreduce"
        )
    found: Map | Reduce = known[module, name]
    return found


def _run(context: Context, phase: Phase, step: Any, number: int, values: list[Any]) -> list[Any]:
    if phase.kind == "reduce":
        try:
            reduced: list[Any] = step([_reducible(value) for value in values], phase.argument)
        except PhaseError as error:
            raise _phase_error(number, error, values) from None
        except _CRASHES:
            raise _phase_error(number, PhaseError("badarg"), values) from None
        return reduced
    results: list[Any] = []
    for value in values:
        found = key_of(value)
        if found is None:
            raise _phase_error(number, PhaseError("{badarg,_}"), value)
        obj = context.database.get(found.type, found.bucket, found.key)
        if phase.kind == "link":
            results += _links(obj, *phase.function)
            continue
        try:
            results += step(obj, found, phase.argument)
        except PhaseError as error:
            shown = ((("error", "notfound") if obj is None else "r_object"), found.place, found.data)
            raise _phase_error(number, error, shown) from None
        except _CRASHES:
            raise _phase_error(number, PhaseError("badarg"), found.place) from None
    return results


def _reducible(value: Any) -> Any:
    return value.term if isinstance(value, Input) else value


def _links(obj: RiakObj | None, bucket: bytes, tag: bytes) -> list[Any]:
    return [
        [Atom("undefined") if part is None else part for part in link]
        for content in (obj.contents if obj else ())
        for link in content.links
        if bucket in (b"_", link.bucket) and tag in (b"_", link.tag)
    ]


def _phase_error(number: int, error: PhaseError, value: Any) -> Refusal:
    told = {"phase": number, "error": error.reason, "input": print_term(value)[:500], "type": "error", "stack": "[]"}
    return Refusal(json.dumps(told, separators=(",", ":")))


def _shown(found: Input) -> list[Any]:
    if found.type != b"default":
        return [found.bucket, found.key, found.data, found.type]
    return [found.bucket, found.key] + ([] if found.data is None else [found.data])


def _encode(values: list[Any], content_type: bytes) -> bytes:
    try:
        if content_type == ERLANG:
            return encode_term([_reducible(value) for value in values])
        return json.dumps([_plain(_reducible(value)) for value in values], separators=(",", ":")).encode()
    except (BadTerm, ValueError):
        raise HangUp("Error processing stream message: error:function_clause:[{mochijson2,json_encode,[]}]") from None


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (RiakObj, tuple)):
        raise ValueError("no JSON for it")
    return value


HANDLERS: dict[Operation[Any, Any], Handler] = {MAP_REDUCE: map_reduce}
