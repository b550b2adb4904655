"""Which map/reduce jobs are writes."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak.operations.mapreduce import only_reads


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
