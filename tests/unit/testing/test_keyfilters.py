"""Key filters."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak.testing.keyfilters import BadFilter, compile_filters, distance


@pytest.mark.parametrize(
    ("filters", "yes", "no"),
    [
        ([["eq", "k"]], b"k", b"kk"),
        ([["neq", "k"]], b"kk", b"k"),
        ([["starts_with", "20"]], b"2024", b"1999"),
        ([["ends_with", "3"]], b"k3", b"3k"),
        ([["matches", "^a.+z$"]], b"abz", b"az!"),
        ([["string_to_int"], ["greater_than", 9]], b"10", b"9"),
        ([["string_to_int"], ["less_than_eq", 9]], b"9", b"10"),
        ([["string_to_float"], ["between", 1, 2]], b"1.5", b"2.5"),
        ([["string_to_int"], ["between", 1, 3, False]], b"2", b"3"),
        ([["tokenize", "-", 2], ["eq", "07"]], b"2024-07-01", b"2024-08-01"),
        ([["to_upper"], ["eq", "ABC"]], b"aBc", b"abd"),
        ([["to_lower"], ["eq", "abc"]], b"aBc", b"abd"),
        ([["urldecode"], ["eq", "a b"]], b"a%20b", b"ab"),
        ([["set_member", "x", "y"]], b"y", b"z"),
        ([["similar_to", "newyork", 2]], b"newyrk", b"boston"),
        ([["and", [["starts_with", "a"]], [["ends_with", "z"]]]], b"abz", b"ab"),
        ([["or", [["eq", "a"]], [["eq", "b"]]]], b"b", b"c"),
        ([["not", [["eq", "a"]]]], b"b", b"a"),
        ([["string_to_int"], ["int_to_string"], ["eq", "7"]], b"007", b"70"),
    ],
)
def test_a_filter_lets_through_what_it_should(filters: list[Any], yes: bytes, no: bytes) -> None:
    passes = compile_filters(filters)
    assert passes(yes)
    assert not passes(no)


def test_a_key_never_passes_a_filter_that_ends_in_a_transform() -> None:
    assert not compile_filters([["to_upper"]])(b"k")


def test_a_binary_is_greater_than_any_number_as_in_erlang() -> None:
    assert compile_filters([["greater_than", 10**9]])(b"1")


def test_an_unknown_step_is_named() -> None:
    with pytest.raises(BadFilter) as caught:
        compile_filters([["sounds_odd", 1]])
    assert caught.value.name == "sounds_odd"


@pytest.mark.parametrize(("left", "right", "edits"), [(b"", b"abc", 3), (b"kitten", b"sitting", 3), (b"a", b"a", 0)])
def test_the_distance_counts_edits(left: bytes, right: bytes, edits: int) -> None:
    assert distance(left, right) == edits == distance(right, left)
