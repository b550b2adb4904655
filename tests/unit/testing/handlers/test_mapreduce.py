"""Map/reduce jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aioriak.testing.erlang import Atom, decode_term, encode_term
from aioriak.testing.errors import HangUp, Refusal
from aioriak.wire.operation import DELETE, MAP_REDUCE


def _erlang(kind: str, function: str, **more: Any) -> dict[str, Any]:
    return {kind: {"language": "erlang", "module": "riak_kv_mapreduce", "function": function, **more}}


def _script(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {kind: {"language": "javascript", "name": name, **more}}


def _run(ask: Any, inputs: Any, *query: Any, **more: Any) -> dict[int, list[Any]]:
    job = json.dumps({"inputs": inputs, "query": query, **more}).encode()
    messages = ask(MAP_REDUCE, request=job, content_type=b"application/json")
    assert [message.done for message in messages] == [False] * (len(messages) - 1) + [True]
    phases: dict[int, list[Any]] = {}
    for message in messages[:-1]:
        phases.setdefault(message.phase, []).extend(json.loads(message.response))
    return phases


@pytest.fixture
def filled(ask: Any) -> Any:
    for number in range(8):
        ask.put(b"b", b"k%d" % number, b"%d" % number, indexes=[(b"n_int", b"%d" % number)])
    return ask


def test_only_the_last_phase_is_kept_unless_said_otherwise(filled: Any) -> None:
    phases = _run(filled, "b", _erlang("map", "map_object_value"), _erlang("reduce", "reduce_string_to_integer"),
                  _erlang("reduce", "reduce_sum"))  # fmt: skip
    assert phases == {2: [28]}


def test_kept_phases_interleave(filled: Any) -> None:
    job = {"inputs": "b", "query": [_erlang("map", "map_object_value", keep=True), _erlang("reduce", "reduce_sort")]}
    messages = filled(MAP_REDUCE, request=json.dumps(job).encode(), content_type=b"application/json")
    assert [message.phase for message in messages[:-1]] == [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        ("b", 8),
        (["default", "b"], 8),
        ([["b", "k1"], ["b", "k2", "data"], ["b", "k3", None, "default"]], 3),
        ({"bucket": "b", "key_filters": [["matches", "[123]$"]]}, 3),
        ({"bucket": "b", "index": "n_int", "key": 5}, 1),
        ({"bucket": ["default", "b"], "index": "n_int", "start": "2", "end": "4"}, 3),
        ({"bucket": "b", "index": "$key", "start": "k2", "end": "k3"}, 2),
        ({"bucket": "b", "index": "$bucket", "key": "b"}, 8),
    ],
)
def test_inputs_of_every_kind_are_counted(filled: Any, inputs: Any, count: int) -> None:
    assert _run(filled, inputs, _erlang("reduce", "reduce_count_inputs")) == {0: [count]}


def test_a_job_without_phases_gives_its_inputs_back(filled: Any) -> None:
    assert _run(filled, [["b", "k1"], ["b", "k2", "data"]]) == {0: [["b", "k1"], ["b", "k2", "data"]]}


def test_a_missing_key_is_an_error_of_its_phase(ask: Any) -> None:
    with pytest.raises(Refusal) as caught:
        _run(ask, [["b", "none"]], _erlang("map", "map_object_value"))
    assert json.loads(caught.value.text)["phase"] == 0


@pytest.mark.parametrize(
    ("argument", "result"),
    [("filter_notfound", []), ("include_keydata", ["data"]), ({"sub": [1, 2]}, [1, 2])],
)
def test_a_missing_key_is_what_the_argument_makes_of_it(ask: Any, argument: Any, result: list[Any]) -> None:
    phases = _run(ask, [["b", "none", "data"]], _erlang("map", "map_object_value", arg=argument))
    assert phases.get(0, []) == result


def test_a_tombstone_is_an_empty_value(ask: Any) -> None:
    ask.put(b"b", b"k")
    ask(DELETE, bucket=b"b", key=b"k")
    assert _run(ask, "b", _erlang("map", "map_object_value")) == {0: [""]}


def test_what_json_cannot_say_makes_riak_hang_up(ask: Any) -> None:
    ask.put(b"b", b"k", b"\xff", type=b"siblings")
    with pytest.raises(HangUp):
        _run(ask, ["siblings", "b"], _erlang("map", "map_object_value"))
    with pytest.raises(HangUp):
        _run(ask, ["siblings", "b"], _erlang("reduce", "reduce_identity"))


def test_a_sum_of_words_is_an_error_with_phase_and_reason(filled: Any) -> None:
    with pytest.raises(Refusal) as caught:
        _run(filled, "b", _erlang("map", "map_object_value"), _erlang("reduce", "reduce_sum"))
    told = json.loads(caught.value.text)
    assert (told["phase"], told["error"]) == (1, "badarith")


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (b"[1]", "not_json"), (b"{", "invalid_json"), (b'{"inputs": "b"}', "missing_field"),
        (b'{"inputs": [], "query": []}', "No inputs"), (b'{"inputs": "b", "query": [{"x": {}}]}', "query phase"),
        (b'{"inputs": "b", "query": [{"map": {"language": "erlang"}}]}', "No function"),
        (b'{"inputs": "b", "query": [{"map": {"language": "basic"}}]}', "Unknown language"),
        (b'{"inputs": "b", "query": [{"map": {}}]}', "No ..language.. was specified"),
        (b'{"inputs": {"bucket": "b", "key_filters": [["odd"]]}, "query": []}', "bad_filter"),
        (b'{"inputs": {"module": "m", "function": "f", "arg": 1}, "query": []}', "undef"),
    ],
)  # fmt: skip
def test_a_bad_job_is_refused(ask: Any, job: bytes, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        ask(MAP_REDUCE, request=job, content_type=b"application/json")


def test_a_job_may_be_an_erlang_term(filled: Any) -> None:
    phase = (Atom("map"), (Atom("modfun"), Atom("riak_kv_mapreduce"), Atom("map_object_value")), Atom("none"), True)
    job = encode_term([(Atom("inputs"), [(b"b", b"k1")]), (Atom("query"), [phase])])
    first, last = filled(MAP_REDUCE, request=job, content_type=b"application/x-erlang-binary")
    assert decode_term(first.response) == [b"1"]
    assert last.done


def test_riak_2_runs_the_built_in_scripts(ask_old: Any) -> None:
    for number in (3, 1, 2):
        ask_old.put(b"b", b"k%d" % number, b'{"n": %d}' % number)
    phases = _run(ask_old, [["b", "k1"], ["b", "none"]], _script("map", "Riak.mapValuesJson"),
                  _script("reduce", "Riak.filterNotFound"))  # fmt: skip
    assert phases == {1: [{"n": 1}]}
    found = _run(ask_old, "b", _script("map", "Riak.mapValues"), _script("reduce", "Riak.reduceSort"),
                 _script("reduce", "Riak.reduceLimit", arg=2))  # fmt: skip
    assert found == {2: ['{"n": 1}', '{"n": 2}']}


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ({}, [["x", "1", "t"], ["y", "2", "undefined"], ["y", "3", ""]]),
        ({"tag": "t"}, [["x", "1", "t"]]), ({"tag": ""}, [["y", "3", ""]]),
        ({"bucket": "y"}, [["y", "2", "undefined"], ["y", "3", ""]]), ({"bucket": "x", "tag": "u"}, []),
    ],
)  # fmt: skip
def test_a_link_phase_gives_the_links_that_match(ask: Any, step: Any, found: list[Any]) -> None:
    links = [{"bucket": b"x", "key": b"1", "tag": b"t"}, {"bucket": b"y", "key": b"2"},
             {"bucket": b"y", "key": b"3", "tag": b""}]  # fmt: skip
    ask.put(b"b", b"k", links=links)
    assert _run(ask, [["b", "k"], ["b", "none"]], {"link": step}).get(0, []) == found


def test_the_keys_of_links_go_to_the_next_phase(ask: Any) -> None:
    ask.put(b"b", b"k", links=[{"bucket": b"x", "key": b"1", "tag": b"t"}])
    ask.put(b"x", b"1", b"linked")
    assert _run(ask, [["b", "k"]], {"link": {}}, _erlang("map", "map_object_value")) == {1: ["linked"]}


@pytest.mark.parametrize("kind", ["map", "reduce"])
@pytest.mark.parametrize("where", [{"source": "fun(X) -> X end."}, {"bucket": "b", "key": "k1"}])
def test_no_worker_starts_for_a_phase_with_source(filled: Any, kind: str, where: Any) -> None:
    with pytest.raises(Refusal) as caught:
        _run(filled, "b", {kind: {"language": "erlang", **where}})
    told = json.loads(caught.value.text)
    assert (told["phase"], told["error"]) == (0, "[worker_startup_failed]")


def test_no_worker_starts_for_source_in_an_erlang_term(filled: Any) -> None:
    phase = (Atom("map"), (Atom("strfun"), b"fun(O, _, _) -> [O] end."), Atom("none"), True)
    job = encode_term([(Atom("inputs"), [(b"b", b"k1")]), (Atom("query"), [phase])])
    with pytest.raises(Refusal, match="worker_startup_failed"):
        list(filled(MAP_REDUCE, request=job, content_type=b"application/x-erlang-binary"))
