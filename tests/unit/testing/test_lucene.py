"""Queries in Lucene's syntax."""

from __future__ import annotations

import pytest

from aioriak.testing.documents import Document, Kind, extract, kind_of
from aioriak.testing.lucene import BadQuery, parse

LION: Document = {"name_s": ["Lion-o"], "age_i": [30], "leader_b": [True], "born_dt": ["2001-05-01T00:00:00Z"]}
CHEETARA: Document = {"name_s": ["Cheetara"], "age_i": [28], "bio_t": ["Fast, and very loyal"], "tags_ss": ["a", "b"]}


def _kind(name: str) -> Kind:
    return kind_of(name, default_schema=True)


@pytest.mark.parametrize(
    ("query", "lion", "cheetara"),
    [
        ("*:*", True, True),
        ("name_s:Lion*", True, False),
        ("name_s:L?on-o", True, False),
        ("name_s:/Chee.*/", False, True),
        (r"name_s:Lion\-o", True, False),
        ("age_i:30", True, False),
        ("age_i:[20 TO 29]", False, True),
        ("age_i:[28 TO 30]", True, True),
        ("age_i:{28 TO 30}", False, False),
        ("age_i:{28 TO *]", True, False),
        ("leader_b:true", True, False),
        ("born_dt:[2000-01-01T00:00:00Z TO 2002-01-01T00:00:00Z]", True, False),
        ("tags_ss:b", False, True),
        ("bio_t:LOYAL", False, True),
        ('bio_t:"very loyal"', False, True),
        ('bio_t:"fast loyal"', False, False),
        ('bio_t:"fast loyal"~2', False, True),
        ("bio_t:lojal~1", False, True),
        ("bio_t:*", False, True),
        ("NOT leader_b:true", False, True),
        ("-leader_b:true", False, True),
        ("*:* NOT leader_b:true", False, True),
        ("name_s:(Cheetara OR Lion*) AND age_i:28", False, True),
        ("age_i:30 AND NOT name_s:Lion*", False, False),
        ("age_i:30 || age_i:28", True, True),
        ("age_i:30 && leader_b:true", True, False),
        ("+age_i:[* TO 40] -name_s:Cheetara", True, False),
        ("age_i:30 name_s:nobody", True, False),
        ("unindexed:1", False, False),
    ],
)
def test_a_query_finds_what_it_should(query: str, lion: bool, cheetara: bool) -> None:
    parsed = parse(query)
    assert parsed.matches(LION, _kind) is lion
    assert parsed.matches(CHEETARA, _kind) is cheetara


def test_clauses_must_all_match_when_and_is_the_default() -> None:
    assert not parse("age_i:30 name_s:nobody", default_and=True).matches(LION, _kind)


def test_a_term_without_a_field_is_of_the_default_field() -> None:
    assert parse("loyal", "bio_t").matches(CHEETARA, _kind)


def test_a_boost_raises_the_score() -> None:
    assert parse("age_i:30^4").score(LION, _kind) == 4 * parse("age_i:30").score(LION, _kind)


@pytest.mark.parametrize("query", ["", "(a", "a)", "[1 TO", "name_s:", "()"])
def test_what_does_not_parse_is_a_bad_query(query: str) -> None:
    with pytest.raises(BadQuery):
        parse(query)


def test_json_is_flattened_with_dots() -> None:
    value = b'{"name": {"first": "Ada"}, "tags": [1, {"x": 2}], "none": null}'
    assert extract(b"application/json; charset=utf-8", value) == {"name.first": ["Ada"], "tags": [1], "tags.x": [2]}


def test_what_is_not_json_has_no_fields() -> None:
    assert extract(b"application/json", b"{") is None
