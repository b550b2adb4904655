"""Key filters, which select the keys of a bucket that a map/reduce job reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["RiakKeyFilter", "key_filter"]

Step = list[Any]

Scalar = str | int | float
"""A key, or what a key is converted to."""


class RiakKeyFilter:
    """A key filter: steps that transform a key, and a predicate at the end.

    ::

        key_filter.tokenize("-", 1).eq("2024")              # both steps, in this order
        key_filter.tokenize("-", 1) + key_filter.eq("2024")  # the same
        key_filter.starts_with("a") & key_filter.ends_with("z")
        key_filter.eq("a") | key_filter.eq("b")
        ~key_filter.matches("^tmp")

    A filter is immutable: each method returns a new filter with one more step.
    Riak's documentation: "Key Filters Reference".
    """

    __slots__ = ("_steps",)

    def __init__(self, *step: object) -> None:
        self._steps: tuple[Step, ...] = (list(step),) if step else ()

    def step(self, name: str, *arguments: object) -> RiakKeyFilter:
        """Add a step by its name."""
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
        """Return the steps as a job contains them."""
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
        """Convert a whole number to text."""
        return self.step("int_to_string")

    def string_to_int(self) -> RiakKeyFilter:
        """Convert text to a whole number."""
        return self.step("string_to_int")

    def float_to_string(self) -> RiakKeyFilter:
        """Convert a floating-point number to text."""
        return self.step("float_to_string")

    def string_to_float(self) -> RiakKeyFilter:
        """Convert text to a floating-point number."""
        return self.step("string_to_float")

    def to_upper(self) -> RiakKeyFilter:
        """Convert to upper case."""
        return self.step("to_upper")

    def to_lower(self) -> RiakKeyFilter:
        """Convert to lower case."""
        return self.step("to_lower")

    def tokenize(self, separators: str, number: int) -> RiakKeyFilter:
        """Split at the separators and keep the part with this number, from 1 on."""
        return self.step("tokenize", separators, number)

    def urldecode(self) -> RiakKeyFilter:
        """Decode percent-encoding."""
        return self.step("urldecode")

    # -- predicates ---------------------------------------------------------------------------

    def greater_than(self, value: Scalar) -> RiakKeyFilter:
        """Select what is greater than a value."""
        return self.step("greater_than", value)

    def less_than(self, value: Scalar) -> RiakKeyFilter:
        """Select what is less than a value."""
        return self.step("less_than", value)

    def greater_than_eq(self, value: Scalar) -> RiakKeyFilter:
        """Select what is greater than or equal to a value."""
        return self.step("greater_than_eq", value)

    def less_than_eq(self, value: Scalar) -> RiakKeyFilter:
        """Select what is less than or equal to a value."""
        return self.step("less_than_eq", value)

    def between(self, low: Scalar, high: Scalar, inclusive: bool = True) -> RiakKeyFilter:
        """Select what is between two values, themselves included unless ``inclusive`` is false."""
        return self.step("between", low, high, inclusive)

    def matches(self, pattern: str) -> RiakKeyFilter:
        """Select what matches a regular expression (PCRE)."""
        return self.step("matches", pattern)

    def eq(self, value: Scalar) -> RiakKeyFilter:
        """Select what is equal to a value."""
        return self.step("eq", value)

    def neq(self, value: Scalar) -> RiakKeyFilter:
        """Select what is not equal to a value."""
        return self.step("neq", value)

    def set_member(self, *values: Scalar) -> RiakKeyFilter:
        """Select any of these values."""
        return self.step("set_member", *values)

    def similar_to(self, value: str, distance: int) -> RiakKeyFilter:
        """Select what is at most ``distance`` edits away from a value (Levenshtein distance)."""
        return self.step("similar_to", value, distance)

    def starts_with(self, head: str) -> RiakKeyFilter:
        """Select what starts with ``head``."""
        return self.step("starts_with", head)

    def ends_with(self, tail: str) -> RiakKeyFilter:
        """Select what ends with ``tail``."""
        return self.step("ends_with", tail)


key_filter: RiakKeyFilter = RiakKeyFilter()
"""The filter without steps, to which steps are added."""
