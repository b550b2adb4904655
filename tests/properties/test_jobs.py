"""Whatever a job, a query or a filter looks like, the server has an answer for it, or a refusal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aioriak.testing import RiakServer
from aioriak.testing.context import Context
from aioriak.testing.documents import kind_of
from aioriak.testing.erlang import encode_term
from aioriak.testing.errors import HangUp, Later, Never, Refusal
from aioriak.testing.handlers import HANDLERS
from aioriak.testing.lucene import BadQuery, parse
from aioriak.testing.robject import Content, RiakObj
from aioriak.testing.vclock import VClock
from aioriak.wire.operation import INDEX, MAP_REDUCE

NAMES = st.sampled_from(["b", "k", "siblings", "", "n_int", "w_bin", "$key", "$bucket", "7"])
VALUES = st.none() | st.booleans() | st.integers(-5, 5) | NAMES | st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["eq", "between", "matches", "tokenize", "string_to_int", "and", "not", "set_member",
                         "similar_to", "float_to_string", "urldecode", "odd"]), ANYTHING, ANYTHING).map(list)
    | st.lists(ANYTHING, max_size=3),
    max_size=3,
)  # fmt: skip
INPUTS = (
    ANYTHING
    | st.fixed_dictionaries({"bucket": NAMES | ANYTHING}, optional={
        "key_filters": STEPS, "index": NAMES | ANYTHING, "key": ANYTHING, "start": ANYTHING, "end": ANYTHING,
        "query": ANYTHING, "filter": ANYTHING, "module": ANYTHING, "function": ANYTHING, "arg": ANYTHING})
)  # fmt: skip
FUNCTIONS = st.sampled_from([
    "map_identity", "map_object_value", "map_object_value_list", "reduce_identity", "reduce_set_union", "reduce_sort",
    "reduce_sum", "reduce_plist_sum", "reduce_string_to_integer", "reduce_count_inputs", "Riak.mapValuesJson",
    "Riak.reduceSlice", "Riak.reduceLimit", "Riak.reduceMin", "Riak.mapByFields",
])  # fmt: skip
PHASES = st.dictionaries(
    st.sampled_from(["map", "reduce", "link", "odd"]),
    st.fixed_dictionaries({}, optional={
        "language": st.sampled_from(["erlang", "javascript", "odd"]) | ANYTHING,
        "module": st.just("riak_kv_mapreduce") | ANYTHING, "function": FUNCTIONS | ANYTHING,
        "name": FUNCTIONS | ANYTHING, "arg": ANYTHING, "keep": st.booleans() | ANYTHING, "tag": ANYTHING,
        "source": ANYTHING}) | ANYTHING,
    max_size=2,
)  # fmt: skip


def _server(*, search: bool) -> Context:
    server = RiakServer(search=search)
    server.nodes[0].state = "up"
    for number, key in enumerate((b"k", b"7")):
        content = Content(b'{"n": 1}', b"application/json", indexes=((b"n_int", b"%d" % number), (b"w_bin", key)))
        server.database.put(b"default", b"b", key, RiakObj([content], VClock({b"x": (1, 0)})))
    return Context(server.nodes[0].cluster, server.nodes[0])


def _answers(context: Context, operation: Any, **fields: Any) -> None:
    try:
        answer = HANDLERS[operation](context, operation.request(**fields))
        if isinstance(answer, Iterator):
            assert list(answer)[-1].done  # type: ignore[attr-defined]
    except (Refusal, HangUp, Never, Later):
        pass


@settings(deadline=None, max_examples=300)
@given(st.booleans(), INPUTS, st.lists(PHASES, max_size=3) | ANYTHING)
def test_every_job_in_json_is_run_or_refused(search: bool, inputs: Any, query: Any) -> None:
    job = json.dumps({"inputs": inputs, "query": query}).encode()
    _answers(_server(search=search), MAP_REDUCE, request=job, content_type=b"application/json")


@settings(deadline=None)
@given(st.binary(max_size=40) | ANYTHING.map(lambda value: encode_term([("inputs", str(value)), ("query", [])])))
def test_every_job_in_terms_is_run_or_refused(job: bytes) -> None:
    _answers(_server(search=False), MAP_REDUCE, request=job, content_type=b"application/x-erlang-binary")
    _answers(_server(search=False), MAP_REDUCE, request=b"\x83" + job, content_type=b"application/x-erlang-binary")


@settings(deadline=None)
@given(
    NAMES, st.sampled_from([0, 1]), st.none() | NAMES, st.none() | NAMES, st.none() | st.binary(max_size=12),
    st.none() | st.binary(max_size=8), st.none() | st.integers(0, 3), st.booleans(),
)  # fmt: skip
def test_every_index_query_is_answered_or_refused(
    index: str, qtype: int, low: str | None, high: str | None, continuation: bytes | None, regex: bytes | None,
    limit: int | None, stream: bool,
) -> None:  # fmt: skip
    terms = [None if term is None else term.encode() for term in (low, high)]
    _answers(
        _server(search=False), INDEX, bucket=b"b", index=index.encode(), qtype=qtype, key=terms[0],
        range_min=terms[0], range_max=terms[1], continuation=continuation, term_regex=regex, max_results=limit,
        stream=stream,
    )  # fmt: skip


@given(st.text(alphabet='ab_s:*?"~^+-!&|()[]{}/\\ TOANDR1', max_size=30))
def test_every_query_parses_or_is_a_bad_query(text: str) -> None:
    try:
        query = parse(text, "a_s")
    except (BadQuery, re.error):
        return
    query.matches({"a_s": ["ab"], "b_t": ["a b"], "n_i": [1]}, lambda name: kind_of(name, True))
