"""Key filters: which keys of a bucket a map/reduce job takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["RiakKeyFilter", "key_filter"]

Step = list[Any]


class RiakKeyFilter:
    """Steps that a key goes through: transforms, then a predicate.

    ::

        key_filter.tokenize("-", 1).eq("2024")              # one after the other
        key_filter.tokenize("-", 1) + key_filter.eq("2024")  # the same
        key_filter.starts_with("a") & key_filter.ends_with("z")
        key_filter.eq("a") | key_filter.eq("b")
        ~key_filter.matches("^tmp")

    A filter is never changed: each method gives a new one with a step more.
    Riak's documentation: "Key Filters Reference".
    """

    __slots__ = ("_steps",)

    def __init__(self, *step: Any) -> None:
        self._steps: tuple[Step, ...] = (list(step),) if step else ()

    def step(self, name: str, *arguments: Any) -> RiakKeyFilter:
        """This filter and one more step, by its name."""
        return self + RiakKeyFilter(name, *arguments)

    def __add__(self, other: RiakKeyFilter) -> RiakKeyFilter:
        if not isinstance(other, RiakKeyFilter):
            return NotImplemented
        joined = RiakKeyFilter()
        joined._steps = self._steps + other._steps
        return joined

    def __and__(self, other: RiakKeyFilter) -> RiakKeyFilter:
        return self._joined("and", other)

    def __or__(self, other: RiakKeyFilter) -> RiakKeyFilter:
        return self._joined("or", other)

    def __invert__(self) -> RiakKeyFilter:
        return RiakKeyFilter("not", self.to_list())

    def _joined(self, word: str, other: RiakKeyFilter) -> RiakKeyFilter:
        if not isinstance(other, RiakKeyFilter):
            return NotImplemented
        return RiakKeyFilter(word, *self._branches(word), *other._branches(word))

    def _branches(self, word: str) -> list[list[Step]]:
        if len(self._steps) == 1 and self._steps[0][0] == word:
            return self._steps[0][1:]
        return [self.to_list()]

    def to_list(self) -> list[Step]:
        """The steps, as a job has them."""
        return [list(step) for step in self._steps]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.to_list())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RiakKeyFilter) and self._steps == other._steps

    def __hash__(self) -> int:
        return hash(repr(self._steps))

    def __repr__(self) -> str:
        return f"<RiakKeyFilter {self.to_list()!r}>"

    # -- transforms ---------------------------------------------------------------------------

    def int_to_string(self) -> RiakKeyFilter:
        """A number as text."""
        return self.step("int_to_string")

    def string_to_int(self) -> RiakKeyFilter:
        """Text as a whole number."""
        return self.step("string_to_int")

    def float_to_string(self) -> RiakKeyFilter:
        """A floating-point number as text."""
        return self.step("float_to_string")

    def string_to_float(self) -> RiakKeyFilter:
        """Text as a floating-point number."""
        return self.step("string_to_float")

    def to_upper(self) -> RiakKeyFilter:
        """In capitals."""
        return self.step("to_upper")

    def to_lower(self) -> RiakKeyFilter:
        """In small letters."""
        return self.step("to_lower")

    def tokenize(self, separators: str, number: int) -> RiakKeyFilter:
        """One of the parts between separators, counted from 1."""
        return self.step("tokenize", separators, number)

    def urldecode(self) -> RiakKeyFilter:
        """With percent signs decoded."""
        return self.step("urldecode")

    # -- predicates ---------------------------------------------------------------------------

    def greater_than(self, value: Any) -> RiakKeyFilter:
        """Above a value."""
        return self.step("greater_than", value)

    def less_than(self, value: Any) -> RiakKeyFilter:
        """Below a value."""
        return self.step("less_than", value)

    def greater_than_eq(self, value: Any) -> RiakKeyFilter:
        """A value, or above."""
        return self.step("greater_than_eq", value)

    def less_than_eq(self, value: Any) -> RiakKeyFilter:
        """A value, or below."""
        return self.step("less_than_eq", value)

    def between(self, low: Any, high: Any, inclusive: bool = True) -> RiakKeyFilter:
        """Between two values, or one of them unless told otherwise."""
        return self.step("between", low, high, inclusive)

    def matches(self, pattern: str) -> RiakKeyFilter:
        """Matching a regular expression (PCRE)."""
        return self.step("matches", pattern)

    def eq(self, value: Any) -> RiakKeyFilter:
        """Equal to a value."""
        return self.step("eq", value)

    def neq(self, value: Any) -> RiakKeyFilter:
        """Not equal to a value."""
        return self.step("neq", value)

    def set_member(self, *values: Any) -> RiakKeyFilter:
        """One of some values."""
        return self.step("set_member", *values)

    def similar_to(self, value: str, distance: int) -> RiakKeyFilter:
        """At most so many edits from a value."""
        return self.step("similar_to", value, distance)

    def starts_with(self, head: str) -> RiakKeyFilter:
        """Beginning so."""
        return self.step("starts_with", head)

    def ends_with(self, tail: str) -> RiakKeyFilter:
        """Ending so."""
        return self.step("ends_with", tail)


key_filter = RiakKeyFilter()
"""The filter without a step, to begin with."""
