"""Options: every field of Riak's requests has one, and what is given reaches the wire."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from aioriak.error import InvalidRequest
from aioriak.operations.options import (
    DELETE,
    QUORUMS,
    READ,
    WRITE,
    DeleteOptions,
    MoreWriteOptions,
    ReadOptions,
    WriteOptions,
    apply,
)
from aioriak.riak_pb import kv

FAMILIES: dict[str, tuple[Any, Any, Any, set[str]]] = {
    # checks, options as they are typed, request, fields that are arguments of their own
    "read": (READ, ReadOptions, kv.RpbGetReq, {"bucket", "key", "type"}),
    "write": (WRITE, WriteOptions, kv.RpbPutReq, {"bucket", "key", "type", "vclock", "content"}),
    "delete": (DELETE, DeleteOptions, kv.RpbDelReq, {"bucket", "key", "type"}),
}
ALIASES = {"read": {"head_only"}, "write": set(), "delete": set()}

_NUMBERS = ("r", "pr", "w", "dw", "pw", "rw", "n_val", "node_confirms")
_FLAGS = (
    "basic_quorum", "notfound_ok", "head", "deletedvclock", "sloppy_quorum", "return_body", "return_head",
    "if_none_match", "if_not_modified", "asis",
)  # fmt: skip
VALUES: dict[str, tuple[Any, Any]] = {
    # what is given, what is sent
    **dict.fromkeys(_NUMBERS, (2, 2)),
    **dict.fromkeys(_FLAGS, (True, True)),
    "if_modified": (b"clock", b"clock"),
    "vclock": (b"clock", b"clock"),
    "sync_on_write": ("all", b"all"),
    "timeout": (1500, 1500),
}

CASES = [(family, name) for family, (checks, *_) in FAMILIES.items() for name in checks]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_field_of_the_request_has_an_option(family: str) -> None:
    checks, _, request, own = FAMILIES[family]
    assert set(checks) == set(request.DESCRIPTOR.fields_by_name) - own


@pytest.mark.parametrize("family", FAMILIES)
def test_every_option_is_typed_and_documented(family: str) -> None:
    checks, typed, *_ = FAMILIES[family]
    assert set(get_type_hints(typed)) == set(checks) | ALIASES[family]
    told = f"{typed.__doc__} {MoreWriteOptions.__doc__ if family == 'write' else ''}"
    for name in checks:
        assert f"``{name}``" in told, name


@pytest.mark.parametrize(("family", "name"), CASES)
def test_what_is_given_is_sent(family: str, name: str) -> None:
    checks, _, kind, _ = FAMILIES[family]
    request = kind()
    given, expected = VALUES[name]
    apply(request, {name: given}, checks)
    assert [(field.name, value) for field, value in request.ListFields()] == [(name, expected)]


@pytest.mark.parametrize(("family", "name"), CASES)
def test_none_is_not_sent(family: str, name: str) -> None:
    checks, _, kind, _ = FAMILIES[family]
    request = kind()
    assert apply(request, {name: None}, checks) is None
    assert request.ListFields() == []


@pytest.mark.parametrize("name", ["r", "pr", "w", "dw", "pw", "rw", "node_confirms"])
def test_0_is_a_value(name: str) -> None:
    for checks, _, kind, _ in FAMILIES.values():
        if name in checks:
            request = kind()
            apply(request, {name: 0}, checks)
            assert request.HasField(name)
            assert getattr(request, name) == 0


@pytest.mark.parametrize(("family", "name"), [case for case in CASES if VALUES[case[1]][0] is True])
def test_false_is_a_value(family: str, name: str) -> None:
    checks, _, kind, _ = FAMILIES[family]
    request = kind()
    apply(request, {name: False}, checks)
    assert request.HasField(name)
    assert getattr(request, name) is False


@pytest.mark.parametrize("word", QUORUMS)
@pytest.mark.parametrize("name", ["r", "pr"])
def test_a_quorum_may_be_a_word(name: str, word: str) -> None:
    request = kv.RpbGetReq()
    apply(request, {name: word}, READ)
    assert getattr(request, name) == QUORUMS[word]


def test_the_words_are_the_numbers_that_riak_has_for_them() -> None:
    assert QUORUMS == {"one": 4294967294, "quorum": 4294967293, "all": 4294967292, "default": 4294967291}


def test_a_write_may_name_its_node_confirms_by_a_word_and_a_read_may_not() -> None:
    request = kv.RpbPutReq()
    apply(request, {"node_confirms": "all"}, WRITE)
    assert request.node_confirms == QUORUMS["all"]
    with pytest.raises(InvalidRequest):
        apply(kv.RpbGetReq(), {"node_confirms": "all"}, READ)


WRONG: dict[str, list[Any]] = {
    **{name: ["most", "", -1, 1.5, True, b"all", 2**32, 2**31, [1]] for name in ("r", "pr", "w", "dw", "pw", "rw")},
    **{name: [0, 1, "yes", "true", b"", []] for name, (given, _) in VALUES.items() if given is True},
    "n_val": [0, -1, "3", True, 1.0, 2**32],
    "node_confirms": [-1, True, 1.0, "most", b"1"],
    "timeout": [0, -1, 1.5, "1", True, 2**32],
    "if_modified": ["clock", 5, bytearray(b"x")],
    "vclock": ["clock", 5],
    "sync_on_write": [b"all", "none", 1, True],
}


@pytest.mark.parametrize(("family", "name"), CASES)
def test_what_is_ill_typed_is_refused_and_the_option_named(family: str, name: str) -> None:
    checks, _, kind, _ = FAMILIES[family]
    for value in WRONG[name]:
        request = kind()
        with pytest.raises(InvalidRequest, match=name):
            apply(request, {name: value}, checks)
        assert request.ListFields() == []


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("value", [1, None])
def test_an_unknown_option_is_a_type_error_that_names_those_there_are(family: str, value: Any) -> None:
    checks, _, kind, _ = FAMILIES[family]
    with pytest.raises(TypeError, match=r"'quorm'; the options are .*timeout"):
        apply(kind(), {"quorm": value}, checks)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_misspelled_option_is_told_the_right_name(family: str) -> None:
    checks, _, kind, _ = FAMILIES[family]
    with pytest.raises(TypeError, match=r"there is no option 'timeuot'; did you mean timeout\? the options are "):
        apply(kind(), {"timeuot": 1}, checks)


def test_a_timeout_in_milliseconds_comes_back_in_seconds() -> None:
    assert apply(kv.RpbGetReq(), {"timeout": 1500}, READ) == 1.5
    assert apply(kv.RpbGetReq(), {"r": 1}, READ) is None
