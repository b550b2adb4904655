"""Terms, their order, their print, and patterns."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aioriak.testing.erlang import Atom, BadTerm, decode_term, encode_term, order, print_term

TERMS = st.recursive(
    st.integers() | st.binary(max_size=20) | st.floats(allow_nan=False) | st.just(Atom("atom")) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=12,
)


@given(TERMS)
def test_a_term_survives_its_encoding(term: Any) -> None:
    assert decode_term(encode_term(term)) == term


@pytest.mark.parametrize(
    ("recorded", "term"),
    [("g2gCbQAAAAN3MDNtAAAAAm8z", (b"w03", b"o3")), ("g2gCYQFtAAAAAm8x", (1, b"o1")), ("g20AAAACbzQ=", b"o4")],
)
def test_terms_are_encoded_as_riak_encodes_continuations(recorded: str, term: Any) -> None:
    assert base64.b64encode(encode_term(term)).decode() == recorded
    assert decode_term(base64.b64decode(recorded)) == term


@given(st.binary(max_size=30))
def test_junk_is_a_bad_term_or_a_term_but_nothing_else(junk: bytes) -> None:
    try:
        decode_term(b"\x83" + junk)
    except BadTerm:
        pass


def test_terms_sort_numbers_atoms_tuples_lists_binaries() -> None:
    terms = [b"a", [1], (1,), Atom("a"), 2.5, 1]
    assert sorted(terms, key=order) == terms[::-1]


@pytest.mark.parametrize(
    ("term", "printed"),
    [
        (b"x", '<<"x">>'), (b"\xff", "<<255>>"), (b"", "<<>>"), (None, "undefined"), (Atom("ok"), "ok"),
        (Atom("a b"), "'a b'"), ((1, [b"a"]), '{1,[<<"a">>]}'), (True, "true"),
    ],
)  # fmt: skip
def test_terms_print_as_erlang_prints_them(term: Any, printed: str) -> None:
    assert print_term(term) == printed
