"""Patterns mean what PCRE 8 means by them, or are refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aioriak.testing.errors import Refusal
from aioriak.testing.pcre import BadRegex, compile_regex

pcre2 = pytest.importorskip("pcre2")

PLAIN = [
    (rb"^[[:alpha:]]+\z", b"abc", b"ab1"),
    (rb"(?<year>\d{4})-(?P=year)", b"1999-1999", b"1999-2000"),
    (rb"(?P<a>x)y", b"xy", b"y"),
    (rb"(?<!a)b", b"cb", b"ab"),
    (rb"(?<=a)b(?!c)", b"ab", b"abc"),
    (rb"a\hb", b"a\tb", b"ab"),
    (rb"\Qx.y\E", b"x.y", b"xzy"),
    (rb"\Qx.y", b"x.y", b"xzy"),
    (rb"[\Q^]\E]b", b"]b", b"b"),
    (rb"a{,2}", b"a{,2}", b"aa"),
    (rb"a{2}", b"aa", b"a{2}"),
    (rb"a{1,2}b{2,}", b"abb", b"ab"),
    (rb"a{b", b"a{b", b"ab"),
    (rb"a{ 1 }", b"a{ 1 }", b"a"),
    (rb"\x{61}\x{61}", b"aa", b"x"),
    (rb"\x61\x6", b"a\x06", b"a6"),
    (rb"\x\o{101}", b"\0A", b"xA"),
    (rb"[\x{61}-\x{63}]", b"b", b"d"),
    (rb"[]a]", b"]", b"b"),
    (rb"[^]a]", b"b", b"]"),
    (rb"[[a]", b"[", b"b"),
    (rb"a\Z", b"a\n", b"ab"),
    (rb"a$", b"a\n", b"ab"),
    (rb"a.b", b"a b", b"a\nb"),
    (rb"a\Cb", b"a\nb", b"ab"),
    (rb"(a)\1", b"aa", b"ab"),
    (rb"a++b", b"aab", b"b"),
    (rb"a|b", b"b", b"c"),
    (rb"a(?#b{,2})c", b"ac", b"abc"),
    (rb"\e\t\.", b"\x1b\t.", b"e\tx"),
    (rb"# ", b"# ", b"#"),
    ("é".encode(), "é".encode(), b"\xc3"),
]
"""Patterns that Python can run too."""
PCRE_ONLY = [
    (rb"(?<n>a)\k<n>", b"aa", b"ab"),
    (rb"(?<n>a)\k{n}", b"aa", b"ab"),
    (rb"(?|(a)a|x(z))", b"xz", b"a"),
    (rb"(?>a+)b", b"aab", b"aa"),
    (rb"(?i)AB", b"ab", b"b"),
    (rb"(?x) a b # c{,2}", b"ab", b"a b"),
    (rb"(a)?(?(1)b|c)", b"ab", b"a"),
    (rb"a\Kb", b"ab", b"b"),
    (rb"^(\((?1)*\))+$", b"(())", b"(()"),
    (rb"a\Rb", b"a\r\nb", b"ab"),
    (rb"[[:^digit:]]", b"a", b"1"),
    (rb"(*LF)a", b"a", b"b"),
    (rb"\g{1}(a)|b", b"b", b"a"),
    (rb"a\Nb", b"a b", b"a\nb"),
]


@pytest.mark.parametrize(("pattern", "yes", "no"), PLAIN + PCRE_ONLY)
def test_a_pattern_finds_what_pcre_finds(pattern: bytes, yes: bytes, no: bytes) -> None:
    compiled = compile_regex(pattern)
    assert compiled.search(yes)
    assert not compiled.search(no)


@pytest.mark.parametrize(("pattern", "yes", "no"), PLAIN)
def test_plain_patterns_need_no_library(pattern: bytes, yes: bytes, no: bytes) -> None:
    compiled = compile_regex(pattern, library=None)
    assert compiled.search(yes)
    assert not compiled.search(no)


@pytest.mark.parametrize("pattern", [pattern for pattern, _, _ in PCRE_ONLY])
def test_other_patterns_are_refused_without_the_library(pattern: bytes) -> None:
    with pytest.raises(Refusal, match="needs pcre2"):
        compile_regex(pattern, library=None)


@pytest.mark.parametrize("pattern", [b"(", b"[a", b"[", b"\\", rb"\x{100}", rb"\u0061", rb"\N{U+41}", b"*", b"(?#a"])
def test_a_pattern_that_pcre_refuses_is_refused(pattern: bytes) -> None:
    with pytest.raises(BadRegex):
        compile_regex(pattern)


@given(
    st.lists(st.sampled_from([b"a", b"b", b".", b"{", b"}", b",", b"2", b"[", b"]", b"^", b"$", b"\\", b"x", b"Q", b"E",
                              b"(", b")", b"?", b"*", b"+", b"|", b":", b"-", b" ", b"#", b"d", b"1"]), max_size=7),
    st.text("ab{},2[]x \n", max_size=5),
)  # fmt: skip
def test_with_and_without_the_library_a_pattern_means_the_same(parts: list[bytes], text: str) -> None:
    pattern = b"".join(parts)
    try:
        without = compile_regex(pattern, library=None)
    except (Refusal, BadRegex):
        return
    try:
        found = compile_regex(pattern).search(text.encode())
    except BadRegex:
        return  # refused with the library: only stricter
    assert bool(without.search(text.encode())) == bool(found), re.escape(pattern)
