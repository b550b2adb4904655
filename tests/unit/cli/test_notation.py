"""One notation for names, printed and typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aioriak.cli.notation import parse, printable, show
from aioriak.operations.names import raw


@given(st.binary(min_size=1))
def test_what_is_shown_is_read_back_to_the_same_bytes(name: bytes) -> None:
    assert raw(parse(show(name))) == name


@given(st.one_of(st.binary(), st.text(st.characters(exclude_categories=["Cs"]))))
def test_what_is_shown_prints(name: bytes | str) -> None:
    assert show(name).isprintable()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ada", "ada"),
        ("Zoë", "Zoë"),
        (b"\xff\x00a", "\\xff\\x00a"),
        ("a\\b", "a\\\\b"),
        ("a\nb", "a\\nb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b", "\\xc2\\x9b"),
        ("\u202e", "\\xe2\\x80\\xae"),
    ],
)
def test_names_are_shown_so(name: bytes | str, shown: str) -> None:
    assert show(name) == shown
    assert parse(shown) == name


def test_an_argument_that_is_not_utf_8_is_the_bytes_it_was() -> None:
    assert parse("k\udcff") == b"k\xff"


@pytest.mark.parametrize("typed", ["a\\b", "\\", "\\xf", "\\xgg"])
def test_a_backslash_that_starts_no_escape_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="write"):
        parse(typed)


@given(st.text())
def test_text_for_people_prints(value: str) -> None:
    assert printable(value).isprintable()


def test_text_for_people_keeps_what_it_is_told_to_keep() -> None:
    assert printable("a\tb\n\x1bc", "\n\t") == "a\tb\n\\x1bc"
