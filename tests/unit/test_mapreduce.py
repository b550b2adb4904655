"""The builder of map/reduce jobs: what it sends."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak import RiakClient, RiakKeyFilter, RiakMapReduce, key_filter
from aioriak.error import InvalidRequest
from aioriak.testing import RiakServer


@pytest.fixture
def job() -> RiakMapReduce:
    """A job without inputs or phases, of a client that never connects."""
    return RiakMapReduce(RiakClient())


def _erlang(function: str, **more: Any) -> dict[str, Any]:
    return {"language": "erlang", "module": "riak_kv_mapreduce", "function": function, **more}


def test_inputs_are_written_as_riak_reads_them(job: RiakMapReduce) -> None:
    typed = RiakClient().bucket("b", "t")
    make = lambda: RiakMapReduce(RiakClient())  # noqa: E731
    assert make().add("b").inputs == "b"
    assert make().add(typed).inputs == ["t", "b"]
    assert make().add("b", bucket_type="t").inputs == ["t", "b"]
    assert make().add("b", "k").inputs == [["b", "k", None]]
    assert make().add("b", "k", {"x": 1}, "t").inputs == [["b", "k", {"x": 1}, "t"]]
    assert make().add("b", ["k", ("l", 2)]).inputs == [["b", "k", None], ["b", "l", 2]]
    assert make().add(typed.new_object("k")).inputs == [["b", "k", None, "t"]]
    assert make().index("b", "n_int", 0).inputs == {"bucket": "b", "index": "n_int", "key": 0}
    assert make().index("b", "n_int", 0, 0).inputs == {"bucket": "b", "index": "n_int", "start": 0, "end": 0}
    assert make().index(typed, "n_bin", "a", "b").inputs["bucket"] == ["t", "b"]
    assert make().search("i", "a:b").inputs == {"bucket": "i", "index": "i", "query": "a:b"}
    assert make().module("m", "f", [1]).inputs == {"module": "m", "function": "f", "arg": [1]}
    filtered = make().add("b").add_key_filter("eq", "k").add_key_filters([["neq", "l"]])
    assert filtered.inputs == {"bucket": "b", "key_filters": [["eq", "k"], ["neq", "l"]]}


@pytest.mark.parametrize(
    ("function", "options", "step"),
    [
        (["m", "f"], None, {"language": "erlang", "module": "m", "function": "f"}),
        ("Riak.mapValues", None, {"language": "javascript", "name": "Riak.mapValues"}),
        ("function(v) { return [v]; }", None, {"language": "javascript", "source": "function(v) { return [v]; }"}),
        ("fun(O, _, _) -> [O] end.", {"language": "erlang"},
         {"language": "erlang", "source": "fun(O, _, _) -> [O] end."}),
        (["b", "k"], {"language": "javascript"}, {"language": "javascript", "bucket": "b", "key": "k"}),
        (["m", "f"], {"arg": 0}, {"language": "erlang", "module": "m", "function": "f", "arg": 0}),
    ],
)  # fmt: skip
def test_a_function_is_named_in_every_way(
    job: RiakMapReduce, function: Any, options: Any, step: dict[str, Any]
) -> None:
    assert job.map(function, options).query == [{"map": {**step, "keep": True}}]
    assert RiakMapReduce(RiakClient()).reduce(function, options).query == [{"reduce": {**step, "keep": True}}]


def test_the_last_phase_is_kept_and_others_when_asked(job: RiakMapReduce) -> None:
    job.map(["m", "f"], {"keep": True}).reduce(["m", "g"]).reduce(["m", "h"])
    assert [step["keep"] for phase in job.query for step in phase.values()] == [True, False, True]


def test_named_helpers_are_functions_of_the_server(job: RiakMapReduce) -> None:
    erlang = [
        "map_identity", "map_object_value", "map_object_value_list", "reduce_identity", "reduce_set_union",
        "reduce_plist_sum", "reduce_string_to_integer", "reduce_count_inputs", "reduce_sum", "reduce_sort",
    ]  # fmt: skip
    for name in erlang:
        ((kind, step),) = getattr(RiakMapReduce(RiakClient()), name)().query[0].items()
        assert (kind, step["function"]) == (name.partition("_")[0], name)
    script = {"map_values": "mapValues", "map_values_json": "mapValuesJson", "reduce_min": "reduceMin",
              "reduce_max": "reduceMax", "reduce_numeric_sort": "reduceNumericSort",
              "filter_not_found": "filterNotFound"}  # fmt: skip
    for name, function in script.items():
        (step,) = getattr(RiakMapReduce(RiakClient()), name)().query[0].values()
        assert step["name"] == f"Riak.{function}"
    assert job.reduce_slice(1, 3).query[0]["reduce"]["arg"] == [1, 3]
    assert job.reduce_limit(5).query[1]["reduce"]["arg"] == 5
    assert job.reduce_sort("function(a, b) { return 0; }").query[2]["reduce"]["name"] == "Riak.reduceSort"


def test_an_unknown_option_of_a_phase_is_a_mistake(job: RiakMapReduce) -> None:
    with pytest.raises(TypeError, match="kep"):
        job.map(["m", "f"], {"kep": True})


def test_a_job_has_one_kind_of_inputs(job: RiakMapReduce) -> None:
    with pytest.raises(InvalidRequest, match="inputs"):
        job.add("b").search("i", "q")
    with pytest.raises(InvalidRequest, match="key filters"):
        RiakMapReduce(RiakClient()).index("b", "n_int", 1).add_key_filter("eq", "k")


def test_filters_join_without_nesting_what_need_not_be() -> None:
    a, b, c = key_filter.eq("a"), key_filter.eq("b"), key_filter.eq("c")
    assert (a | b | c).to_list() == [["or", [["eq", "a"]], [["eq", "b"]], [["eq", "c"]]]]
    assert (a & b).to_list() == [["and", [["eq", "a"]], [["eq", "b"]]]]
    assert ((a & b) | c).to_list() == [["or", [["and", [["eq", "a"]], [["eq", "b"]]]], [["eq", "c"]]]]
    assert (~a).to_list() == [["not", [["eq", "a"]]]]
    assert key_filter.tokenize("-", 1).eq("x") == key_filter.tokenize("-", 1) + key_filter.eq("x")
    assert RiakKeyFilter("eq", "a") == a
    assert list(key_filter) == []


async def test_riak_2_runs_javascript_and_links() -> None:
    async with (
        RiakServer(search=True) as server,
        await RiakClient.create(server.host, server.port) as client,
    ):
        bucket = client.bucket("b")
        for number in (3, 1, 2):
            await bucket.new_object(f"k{number}", {"n": number}).store()
        linked = bucket.new_object("linked", {})
        linked.add_link(bucket.new_object("k1"), "friend")
        await linked.store()
        job = RiakMapReduce(client).add("b", ["k1", "k2", "none"]).map_values_json().filter_not_found()
        assert await job.run() == [{"n": 1}, {"n": 2}]
        assert await linked.link("_", "friend").run() == [("b", "k1", "friend")]
        assert await linked.link().map_values_json().run() == [{"n": 1}]
