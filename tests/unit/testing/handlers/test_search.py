"""Search, as Riak 2.x has it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aioriak.testing.errors import Refusal
from aioriak.wire.operation import (
    MAP_REDUCE,
    SEARCH,
    SEARCH_INDEX_DELETE,
    SEARCH_INDEX_GET,
    SEARCH_INDEX_PUT,
    SEARCH_SCHEMA_GET,
    SEARCH_SCHEMA_PUT,
    SET_BUCKET,
)

CATS = {b"liono": ("Lion-o", 30), b"cheetara": ("Cheetara", 28), b"panthro": ("Panthro", 36), b"snarf": ("Snarf", 43)}


@pytest.fixture
def cats(ask_old: Any) -> Any:
    ask_old(SEARCH_INDEX_PUT, index={"name": b"famous"})
    ask_old(SET_BUCKET, bucket=b"cats", props={"search_index": b"famous"})
    for key, (name, age) in CATS.items():
        value = json.dumps({"name_s": name, "age_i": age}).encode()
        ask_old.put(b"cats", key, value, content_type=b"application/json")
    return ask_old


def _keys(reply: Any) -> list[bytes]:
    return [pair.value for doc in reply.docs for pair in doc.fields if pair.key == b"_yz_rk"]


def test_a_query_finds_documents_with_their_fields(cats: Any) -> None:
    reply = cats(SEARCH, index=b"famous", q=b"name_s:Lion*")
    assert reply.num_found == 1
    assert reply.max_score > 0
    fields = {pair.key: pair.value for pair in reply.docs[0].fields}
    assert fields[b"name_s"] == b"Lion-o"
    assert fields[b"age_i"] == b"30"
    assert (fields[b"_yz_rt"], fields[b"_yz_rb"], fields[b"_yz_rk"]) == (b"default", b"cats", b"liono")
    assert b"score" in fields
    assert b"_yz_id" in fields


def test_rows_start_sort_and_filter_work_together(cats: Any) -> None:
    reply = cats(SEARCH, index=b"famous", q=b"*:*", filter=b"age_i:[29 TO *]", sort=b"age_i desc", start=1, rows=2)
    assert _keys(reply) == [b"panthro", b"liono"]
    assert reply.num_found == 3


def test_a_page_can_be_ordered_by_key(cats: Any) -> None:
    assert _keys(cats(SEARCH, index=b"famous", q=b"*:*", presort=b"key", sort=b"age_i desc")) == sorted(CATS)


def test_only_the_fields_asked_for_come_back(cats: Any) -> None:
    reply = cats(SEARCH, index=b"famous", q=b"age_i:28", fl=[b"_yz_rk", b"age_i"])
    assert {pair.key for pair in reply.docs[0].fields} == {b"_yz_rk", b"age_i"}


def test_the_default_field_and_operator_can_be_chosen(cats: Any) -> None:
    query = b"Cheetara age_i:30"
    assert len(_keys(cats(SEARCH, index=b"famous", q=query, df=b"name_s"))) == 2
    assert _keys(cats(SEARCH, index=b"famous", q=query, df=b"name_s", op=b"and")) == []


@pytest.mark.parametrize("query", [b"", b"(open"])
def test_a_query_that_does_not_parse_is_refused(cats: Any, query: bytes) -> None:
    with pytest.raises(Refusal):
        cats(SEARCH, index=b"famous", q=query)


def test_an_index_that_does_not_exist_is_told(ask_old: Any) -> None:
    with pytest.raises(Refusal, match="No index"):
        ask_old(SEARCH, index=b"absent", q=b"*:*")
    for operation in (SEARCH_INDEX_GET, SEARCH_INDEX_DELETE):
        with pytest.raises(Refusal, match="notfound"):
            ask_old(operation, name=b"absent")


def test_an_index_in_use_cannot_be_deleted(cats: Any) -> None:
    with pytest.raises(Refusal, match="Can't delete index with associate buckets"):
        cats(SEARCH_INDEX_DELETE, name=b"famous")
    cats(SET_BUCKET, bucket=b"cats", props={"search_index": b"_dont_index_"})
    cats(SEARCH_INDEX_DELETE, name=b"famous")
    assert not cats(SEARCH_INDEX_GET).index


def test_a_schema_is_kept_and_must_exist_for_an_index(ask_old: Any) -> None:
    with pytest.raises(Refusal, match="Schema not found"):
        ask_old(SEARCH_INDEX_PUT, index={"name": b"i", "schema": b"mine"})
    with pytest.raises(Refusal, match="Error storing schema"):
        ask_old(SEARCH_SCHEMA_PUT, schema={"name": b"mine", "content": b"not xml"})
    content = b'<?xml version="1.0"?>\n<schema name="mine"/>'
    ask_old(SEARCH_SCHEMA_PUT, schema={"name": b"mine", "content": content})
    assert ask_old(SEARCH_SCHEMA_GET, name=b"mine").schema.content == content
    ask_old(SEARCH_INDEX_PUT, index={"name": b"i", "schema": b"mine", "n_val": 2})
    (index,) = ask_old(SEARCH_INDEX_GET, name=b"i").index
    assert (index.schema, index.n_val) == (b"mine", 2)


def test_search_is_an_input_of_map_reduce(cats: Any) -> None:
    job = {"inputs": {"index": "famous", "query": "age_i:[29 TO *]"},
           "query": [{"reduce": {"language": "erlang", "module": "riak_kv_mapreduce",
                                 "function": "reduce_count_inputs"}}]}  # fmt: skip
    first, _ = cats(MAP_REDUCE, request=json.dumps(job).encode(), content_type=b"application/json")
    assert json.loads(first.response) == [3]


def test_riak_3_knows_no_search(ask: Any) -> None:
    assert SEARCH not in ask.server.handlers
