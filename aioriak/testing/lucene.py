"""A useful subset of Lucene's query syntax, as Riak 2.x's search takes it.

Terms, ``field:term``, phrases with slop, wildcards, regular expressions, fuzzy
terms, inclusive and exclusive ranges, groups, ``AND``/``OR``/``NOT``, ``+``/``-``,
boosts and ``*:*``.  Boolean operators mean what Lucene's classic parser makes of
them: clauses that must, must not, or should match.
(Apache Lucene documentation, "Query Parser Syntax".)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Any

from aioriak.testing.documents import Document, Kind, as_date, as_number, as_text, tokens
from aioriak.testing.erlang import compile_quietly
from aioriak.testing.keyfilters import distance

KindOf = Callable[[str], Kind]


class BadQuery(ValueError):
    """The query does not parse."""


class Query:
    """Part of a query; ``score`` is 0.0 where a document does not match."""

    boost: float = 1.0

    def score(self, document: Document, kind_of: KindOf) -> float:
        """Return how well a document matches."""
        return self.boost if self.matches(document, kind_of) else 0.0

    def matches(self, document: Document, kind_of: KindOf) -> bool:
        """Whether a document matches."""
        raise NotImplementedError


@dataclass
class Everything(Query):
    """``*:*``."""

    def matches(self, document: Document, kind_of: KindOf) -> bool:
        """Return true."""
        return True


@dataclass
class Boolean(Query):
    """Clauses that must, should, or must not match."""

    must: list[Query] = field(default_factory=list)
    should: list[Query] = field(default_factory=list)
    must_not: list[Query] = field(default_factory=list)

    def score(self, document: Document, kind_of: KindOf) -> float:
        """Return the sum of the scores, or no score if a clause forbids the document."""
        if any(clause.matches(document, kind_of) for clause in self.must_not):
            return 0.0
        total = 0.0
        for clause in self.must:
            found = clause.score(document, kind_of)
            if not found:
                return 0.0
            total += found
        total += sum(clause.score(document, kind_of) for clause in self.should)
        return total * self.boost

    def matches(self, document: Document, kind_of: KindOf) -> bool:
        """Whether anything matched and nothing forbids it."""
        return self.score(document, kind_of) > 0


@dataclass
class Field(Query):
    """A test of the values of one field."""

    name: str

    def matches(self, document: Document, kind_of: KindOf) -> bool:
        """Whether any value of the field passes the test."""
        kind = kind_of(self.name)
        return kind != "none" and any(self.test(value, kind) for value in document.get(self.name, ()))

    def test(self, value: Any, kind: Kind) -> bool:
        """Whether one value passes."""
        raise NotImplementedError


@dataclass
class Exists(Field):
    """``field:*``."""

    def test(self, value: Any, kind: Kind) -> bool:
        """Return true: the field has a value."""
        return True


@dataclass
class Words(Field):
    """A term or a phrase: its words next to each other, ``slop`` moves apart at most."""

    words: str
    slop: int = 0

    def test(self, value: Any, kind: Kind) -> bool:
        """Compare as the field's kind does."""
        if kind == "number":
            wanted = as_number(self.words)
            return wanted is not None and wanted == as_number(value)
        if kind == "date":
            wanted = as_date(self.words)
            return wanted is not None and wanted == as_date(value)
        if kind == "bool":
            return as_text(value).lower() == self.words.lower()
        if kind == "exact":
            return as_text(value) == self.words
        wanted_words, found = tokens(self.words), tokens(as_text(value))
        if not wanted_words:
            return False
        return any(
            self._from(wanted_words, found, start) for start, word in enumerate(found) if word == wanted_words[0]
        )

    def _from(self, wanted: list[str], found: list[str], start: int) -> bool:
        moves, at = self.slop, start
        for word in wanted[1:]:
            for skipped in range(moves + 1):
                if at + 1 + skipped < len(found) and found[at + 1 + skipped] == word:
                    moves, at = moves - skipped, at + 1 + skipped
                    break
            else:
                return False
        return True


@dataclass
class Pattern(Field):
    """A wildcard or a regular expression, against whole terms."""

    pattern: re.Pattern[str]

    def test(self, value: Any, kind: Kind) -> bool:
        """Whether the value, or a word of a text, matches as a whole."""
        words = tokens(as_text(value)) if kind == "text" else [as_text(value)]
        return any(self.pattern.fullmatch(word) for word in words)


@dataclass
class Fuzzy(Field):
    """A term and how many edits from it are allowed."""

    word: str
    edits: int

    def test(self, value: Any, kind: Kind) -> bool:
        """Whether the value, or a word of a text, is near enough."""
        words = tokens(as_text(value)) if kind == "text" else [as_text(value)]
        return any(distance(self.word.encode(), word.encode()) <= self.edits for word in words)


@dataclass
class Range(Field):
    """From a bound to a bound; ``None`` is open."""

    low: str | None
    high: str | None
    low_in: bool
    high_in: bool

    def test(self, value: Any, kind: Kind) -> bool:
        """Compare as the field's kind does: numbers and dates by size, the rest by characters."""
        if kind == "text":
            return any(self._within(word, _lower) for word in tokens(as_text(value)))
        convert: Callable[[Any], Any] = {"number": as_number, "date": as_date}.get(kind, as_text)
        return self._within(value, convert)

    def _within(self, value: Any, convert: Callable[[Any], Any]) -> bool:
        here = convert(value)
        if here is None:
            return False
        if self.low is not None:
            low = convert(self.low)
            if low is None or here < low or (here == low and not self.low_in):
                return False
        if self.high is not None:
            high = convert(self.high)
            if high is None or here > high or (here == high and not self.high_in):
                return False
        return True


def _lower(value: Any) -> str:
    return as_text(value).lower()


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<phrase>"(?:[^"\\]|\\.)*"(?:~\d+)?)
    | (?P<regex>/(?:[^/\\]|\\.)*/)
    | (?P<range>[\[{]\s*(?P<low>"[^"]*"|[^\s\]}]+)\s+TO\s+(?P<high>"[^"]*"|[^\s\]}]+)\s*[\]}])
    | (?P<open>\()
    | (?P<close>\))
    | (?P<boost>\^[0-9.]+)
    | (?P<and>&&|AND(?=[\s(]))
    | (?P<or>\|\||OR(?=[\s(]))
    | (?P<not>NOT(?=[\s(])|!)
    | (?P<sign>[+-])
    | (?P<term>(?:[^\s+\-!(){}\[\]^"~*?:\\/&|]|\\.|[*?]|(?<=\S)[+\-&|/])+(?:~[0-9.]*)?)
    | (?P<colon>:)
    )""",
    re.VERBOSE,
)


def parse(text: str, default_field: str = "text", default_and: bool = False) -> Query:
    """Parse a query.  Raises :class:`BadQuery`.

    Clauses without an operator between them should match, or must with ``default_and``.
    """
    parser = _Parser(text, default_and)
    try:
        query = parser.clauses(default_field, nested=False)
    except RecursionError:
        raise BadQuery(f"Cannot parse '{text[:40]}…': nested too deeply") from None
    if isinstance(query, Boolean) and query.must_not and not query.must and not query.should:
        query.must.append(Everything())  # a negative query alone means all documents but its matches
    return query


class _Parser:
    def __init__(self, text: str, default_and: bool) -> None:
        self.default_and = default_and
        self.tokens: list[tuple[str, re.Match[str]]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                raise BadQuery(f"Cannot parse '{text}': at column {at}")
            kind = next(name for name in _KINDS if match[name] is not None)
            self.tokens.append((kind, match))
            at = match.end()
        self.text, self.at = text, 0

    def kind(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place][0] if place < len(self.tokens) else "end"

    def take(self) -> re.Match[str]:
        self.at += 1
        return self.tokens[self.at - 1][1]

    def clauses(self, name: str, nested: bool) -> Query:
        found: list[tuple[Query, str]] = []
        while self.kind() not in ("end", "close"):
            joined = self.take().lastgroup if found and self.kind() in ("and", "or") else None
            sign = ""
            if self.kind() in ("not", "sign"):
                sign = "-" if self.take()[0].strip() != "+" else "+"
            clause = self.clause(name)
            if joined == "and" and found[-1][1] != "-":
                found[-1] = (found[-1][0], "+")
            if joined == "or" and self.default_and and found[-1][1] != "-":
                found[-1] = (found[-1][0], "")
            if not sign and (joined == "and" or (self.default_and and joined != "or")):
                sign = "+"
            found.append((clause, sign))
        if nested != (self.kind() == "close") or not found:
            raise BadQuery(f"Cannot parse '{self.text}'")
        if nested:
            self.take()
        if len(found) == 1 and found[0][1] != "-":
            return found[0][0]
        by_sign = {sign: [clause for clause, its in found if its == sign] for sign in ("+", "", "-")}
        return Boolean(by_sign["+"], by_sign[""], by_sign["-"])

    def clause(self, name: str) -> Query:
        if self.kind() == "term" and self.kind(1) == "colon":
            name = _unescape(self.take()[0].strip())
            self.take()
        query = self.atom(name)
        if self.kind() == "boost":
            query.boost = self.number(self.take()[0].strip()[1:])
        return query

    def atom(self, name: str) -> Query:
        kind = self.kind()
        if kind == "open":
            self.take()
            return self.clauses(name, nested=True)
        if kind == "phrase":
            quoted, _, slop = self.take()[0].strip().rpartition('"')
            return Words(name, _unescape(quoted[1:]), int(slop[1:] or 0))
        if kind == "regex":
            return Pattern(name, compile_quietly(self.take()[0].strip()[1:-1]))
        if kind == "range":
            match = self.take()
            whole = match["range"]
            bounds = (match["low"], match["high"])
            low, high = (None if bound == "*" else _unescape(bound.strip('"')) for bound in bounds)
            return Range(name, low, high, whole[0] == "[", whole[-1] == "]")
        if kind == "term":
            return self.term(name, self.take()[0].strip())
        raise BadQuery(f"Cannot parse '{self.text}'")

    def number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise BadQuery(f"Cannot parse '{self.text}': '{text}' is not a number") from None

    def term(self, name: str, word: str) -> Query:
        bare = re.sub(r"\\.", "", word)
        if name == "*" and word == "*":
            return Everything()
        if word == "*":
            return Exists(name)
        if "~" in bare:
            stem, _, amount = word.rpartition("~")
            number = self.number(amount or "2")
            stem = _unescape(stem)
            return Fuzzy(name, stem, int(number) if number >= 1 else int((1 - number) * len(stem)))
        if "*" in bare or "?" in bare:
            return Pattern(name, compile_quietly(translate(word.replace("[", "[[]"))))
        return Words(name, _unescape(word))


_KINDS = ("phrase", "regex", "range", "open", "close", "boost", "and", "or", "not", "sign", "term", "colon")


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
