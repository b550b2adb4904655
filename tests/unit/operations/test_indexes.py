"""Index queries as they are sent."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aioriak import Bucket, RiakClient
from aioriak.operations.indexes import LONGEST, IndexQuery, is_continuation
from aioriak.riak_pb import kv
from aioriak.testing import RiakServer
from aioriak.testing.context import Context
from aioriak.testing.erlang import encode_term
from aioriak.testing.handlers import indexes as handlers
from aioriak.wire.operation import CS_BUCKET, INDEX


@pytest.fixture
def asked(server: RiakServer) -> list[Any]:
    """The index queries and bucket folds that the server gets."""
    requests: list[Any] = []

    def index(context: Context, request: kv.RpbIndexReq) -> Any:
        requests.append(request)
        return handlers.index(context, request)

    def fold(context: Context, request: kv.RpbCSBucketReq) -> Any:
        requests.append(request)
        return handlers.fold_bucket(context, request)

    server.handlers[INDEX] = index
    server.handlers[CS_BUCKET] = fold
    return requests


async def _ask_everything(bucket: Bucket, **options: Any) -> None:
    await bucket.get_index("n_int", 1, **options)
    [row async for row in bucket.query("n_int", 1, 2, **options)]
    [key async for key in bucket.stream_index("n_int", 1, **options)]
    [each async for each in bucket.fold(**options)]


@pytest.mark.parametrize("seconds", [7.5, None])
async def test_a_query_always_carries_a_timeout(server: RiakServer, asked: list[Any], seconds: float | None) -> None:
    async with await RiakClient.create(server.host, server.port, request_timeout=seconds) as client:
        await _ask_everything(client.bucket("b"))
    assert [request.timeout for request in asked] == [7500 if seconds else LONGEST] * 4


async def test_a_timeout_that_is_given_goes_before(client: RiakClient, asked: list[Any]) -> None:
    await _ask_everything(client.bucket("b"), timeout=1234)
    assert [request.timeout for request in asked] == [1234] * 4
    await client.bucket("b").get_index("n_int", 1, timeout=0)
    assert asked[-1].timeout == LONGEST


def test_the_end_decides_whether_one_term_or_a_range_is_asked_for() -> None:
    one = IndexQuery(None, b"b", "n_int", 0, None, {}).request
    assert (one.qtype, one.key, one.HasField("range_min")) == (0, b"0", False)
    some = IndexQuery(b"t", b"b", "n_int", 0, 0, {"max_results": 5, "pagination_sort": False}).request
    assert (some.qtype, some.range_min, some.range_max, some.HasField("key")) == (1, b"0", b"0", False)
    assert (some.type, some.max_results, some.pagination_sort) == (b"t", 5, False)


def test_options_that_are_not_given_are_not_sent() -> None:
    request = IndexQuery(None, b"b", "n_bin", "a", "b", {"term_regex": None, "return_terms": None}).request
    assert {field.name for field, _ in request.ListFields()} == {"bucket", "index", "qtype", "range_min", "range_max"}


def test_an_index_is_told_by_the_end_of_its_name() -> None:
    assert not IndexQuery(None, b"b", "foo_internal_bin", "x", None, {}).numeric
    assert IndexQuery(None, b"b", "foo_bin_int", 1, None, {}).numeric


def test_an_unknown_option_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="max_result"):
        IndexQuery(None, b"b", "n_int", 1, None, {"max_result": 5})


@given(st.integers() | st.binary(max_size=20), st.binary(max_size=20))
def test_every_continuation_that_riak_makes_is_taken(term: int | bytes, key: bytes) -> None:
    pair = base64.b64encode(encode_term((term, key)))
    numeric = isinstance(term, int)
    assert is_continuation(pair, paired=True, numeric=numeric)
    assert not is_continuation(pair, paired=True, numeric=not numeric)
    assert not is_continuation(pair, paired=False, numeric=numeric)
    assert is_continuation(base64.b64encode(encode_term(key)), paired=False, numeric=numeric)


@given(st.binary(max_size=40).filter(lambda junk: not junk.startswith(b"g")))  # "g" begins every continuation
def test_junk_is_no_continuation(junk: bytes) -> None:
    for paired in (True, False):
        assert not is_continuation(junk, paired=paired, numeric=True)
        if not junk.startswith(b"m"):
            assert not is_continuation(base64.b64encode(b"\x83" + junk), paired=False, numeric=False)
