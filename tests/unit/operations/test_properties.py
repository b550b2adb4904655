"""Properties: every field of Riak's message has a name, both ways."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from aioriak.error import InvalidRequest
from aioriak.operations.options import QUORUMS
from aioriak.operations.properties import PROPERTIES, BucketProperties, decode, encode
from aioriak.riak_pb import base

FUNCTION = {"mod": "my_mod", "fun": "my_fun"}

VALUES: dict[str, list[Any]] = {
    **{
        name: [True, False]
        for name in (
            "allow_mult", "last_write_wins", "basic_quorum", "notfound_ok", "search", "consistent", "write_once",
            "aae_tree_exclude",
        )
    },
    **{name: [1, 5] for name in ("n_val", "hll_precision")},
    **{name: [0, 7] for name in ("old_vclock", "young_vclock", "big_vclock", "small_vclock", "node_confirms")},
    **{name: [0, 2, *QUORUMS] for name in ("pr", "r", "w", "pw", "dw", "rw")},
    **{name: ["text", b"\xff"] for name in ("backend", "search_index", "datatype")},
    **{name: [[], [FUNCTION], [{"name": "jsHook"}, FUNCTION]] for name in ("precommit", "postcommit")},
    **{name: [FUNCTION, {"mod": b"\xff", "fun": "f"}] for name in ("chash_keyfun", "linkfun")},
    "repl": [False, "realtime", "fullsync", True],
    "sync_on_write": ["backend", "one", "all"],
}  # fmt: skip

WRONG: dict[str, list[Any]] = {
    "n_val": [0, "3", 1.0, True, None],
    "hll_precision": [0, "14"],
    "repl": [0, 1, "both", None, b"realtime", []],
    "sync_on_write": ["most", 0, True, b"one", []],
    **{
        name: [0, 1, "true", None]
        for name in (
            "allow_mult", "last_write_wins", "basic_quorum", "notfound_ok", "search", "consistent", "write_once",
            "aae_tree_exclude",
        )
    },
    **{name: [-1, "1", 1.5, True, None] for name in ("old_vclock", "young_vclock", "big_vclock", "small_vclock",
                                                     "node_confirms")},
    **{name: ["most", -1, True, 1.5, None] for name in ("pr", "r", "w", "pw", "dw", "rw")},
    **{name: ["", b"", 5, None] for name in ("backend", "search_index", "datatype")},
    **{
        name: [FUNCTION, "hook", ["hook"], [{"mod": "m"}], [{"mod": "m", "fun": "f", "x": 1}], [{"name": ""}], None]
        for name in ("precommit", "postcommit")
    },
    **{
        name: ["fun", {}, {"mod": "m"}, {"mod": "m", "fun": ""}, {"mod": "m", "fun": 5}, [FUNCTION], None]
        for name in ("chash_keyfun", "linkfun")
    },
}  # fmt: skip


def test_every_field_of_the_message_is_a_property() -> None:
    fields = {name for name in base.RpbBucketProps.DESCRIPTOR.fields_by_name if not name.startswith("has_")}
    assert set(PROPERTIES) == fields


def test_every_property_is_typed() -> None:
    assert set(get_type_hints(BucketProperties)) == set(PROPERTIES)


@pytest.mark.parametrize("name", PROPERTIES)
def test_what_is_written_is_read(name: str) -> None:
    for value in VALUES[name]:
        sent = base.RpbBucketProps.FromString(encode({name: value}).SerializeToString())
        assert decode(sent) == {name: value}


@pytest.mark.parametrize("name", PROPERTIES)
def test_what_is_ill_typed_is_refused_and_the_property_named(name: str) -> None:
    for value in WRONG[name]:
        with pytest.raises(InvalidRequest, match=name):
            encode({name: value})


@pytest.mark.parametrize("name", ["nval", "has_precommit", "name", "", 5])
def test_an_unknown_property_is_refused(name: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"there is no bucket property .*; .*the properties are n_val, "):
        encode({name: 1})


def test_a_misspelled_property_is_told_the_right_name() -> None:
    with pytest.raises(InvalidRequest, match=r"no bucket property 'alow_mult'; did you mean allow_mult\? "):
        encode({"alow_mult": True})


@pytest.mark.parametrize("given", [None, [("n_val", 3)], "n_val"])
def test_properties_are_a_mapping(given: Any) -> None:
    with pytest.raises(InvalidRequest, match="mapping"):
        encode(given)


def test_what_the_server_did_not_say_is_absent() -> None:
    assert decode(base.RpbBucketProps()) == {}
    assert encode({}).ListFields() == []


def test_a_number_that_has_no_word_stays_a_number() -> None:
    assert decode(base.RpbBucketProps(r=3, pr=0)) == {"r": 3, "pr": 0}


def test_an_empty_list_of_hooks_is_sent_so_that_it_clears() -> None:
    sent = encode({"precommit": []})
    assert sent.has_precommit
    assert not sent.precommit
