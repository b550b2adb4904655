"""Which map/reduce jobs are writes."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak.error import ContentError
from aioriak.operations.mapreduce import _results, only_reads
from aioriak.riak_pb import kv


def erlang(function: str, module: str = "riak_kv_mapreduce") -> dict[str, Any]:
    return {"language": "erlang", "module": module, "function": function}


@pytest.mark.parametrize(
    ("inputs", "query", "reads"),
    [
        ("b", [{"map": erlang("map_object_value")}, {"reduce": erlang("reduce_sum")}], True),
        ("b", [{"link": {"bucket": "b", "keep": True}}], True),
        ("b", [{"map": {"language": "javascript", "name": "Riak.mapValuesJson"}}], True),
        ({"module": "yokozuna", "function": "mapred_search", "arg": []}, [], True),
        ("b", [{"map": erlang("map_delete")}], False),
        ("b", [{"map": erlang("map_identity")}, {"map": erlang("map_delete")}], False),
        ("b", [{"map": erlang("map_identity", "my_module")}], False),
        ("b", [{"map": {"language": "javascript", "source": "function(v) { return [v]; }"}}], False),
        ("b", [{"map": {"language": "erlang", "source": "fun(_, _, _) -> [] end."}}], False),
        ("b", ["map"], False),
        ({"module": "my_inputs", "function": "all"}, [{"map": erlang("map_identity")}], False),
    ],
)
def test_a_job_reads_only_if_every_function_is_known_to(inputs: Any, query: Any, reads: bool) -> None:
    assert only_reads(inputs, query) is reads


@pytest.mark.parametrize(
    ("response", "results"),
    [(b"[]", []), (b'[1,"two",[3]]', [(0, 1), (0, "two"), (0, [3])]), (None, [])],
)
def test_a_message_holds_any_number_of_results(response: bytes | None, results: list[Any]) -> None:
    assert _results(kv.RpbMapRedResp(phase=0, response=response)) == results


@pytest.mark.parametrize("response", [b"[1", b'{"a":1}', b"5"])
def test_results_that_are_no_list_are_an_error(response: bytes) -> None:
    with pytest.raises(ContentError, match="phase 2"):
        _results(kv.RpbMapRedResp(phase=2, response=response))
