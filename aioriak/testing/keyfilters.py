"""Key filters, which select the keys of a bucket for a map/reduce job.

A filter is a list of steps, each a name and its arguments; transforms change the
key for the steps after them, predicates end in a yes or a no.
(Riak documentation, "Key Filters Reference".)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from aioriak.testing.erlang import order
from aioriak.testing.pcre import compile_regex

Step = Callable[[Any], Any]


class BadFilter(ValueError):
    """A step has a name that is not known; ``name`` says which."""

    def __init__(self, name: Any) -> None:
        super().__init__(name)
        self.name = name


def compile_filters(filters: list[Any]) -> Callable[[bytes], bool]:
    """Compile a list of steps into one function of a key.  Raises :class:`BadFilter` for an unknown step."""
    steps = [_compile(step) for step in filters]

    def matches(key: bytes) -> bool:
        value: Any = key
        for step in steps:
            value = step(value)
        return value is True

    return matches


def _compile(step: Any) -> Step:
    name, *arguments = step if isinstance(step, list) and step else [step]
    make = _STEPS.get(name) if isinstance(name, str) else None
    if make is None:
        raise BadFilter(name)
    return make(*[argument.encode("utf-8", "surrogateescape") if isinstance(argument, str) else argument
                  for argument in arguments])


def text_of(value: Any) -> bytes:
    """Return a key, or the result of a transform, as bytes."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, float):
        return b"%.20e" % value
    return str(value).encode("utf-8")


def distance(left: bytes, right: bytes) -> int:
    """Return the Levenshtein distance of two byte strings."""
    row = list(range(len(right) + 1))
    for number, here in enumerate(left, 1):
        previous, row[0] = row[0], number
        for column, there in enumerate(right, 1):
            previous, row[column] = row[column], min(
                row[column] + 1, row[column - 1] + 1, previous + (here != there)
            )
    return row[-1]


def _tokenize(separators: Any, number: int) -> Step:
    split = set(text_of(separators))

    def token(value: Any) -> bytes:
        tokens: list[bytearray] = [bytearray()]
        for byte in text_of(value):
            if byte in split:
                if tokens[-1]:
                    tokens.append(bytearray())
            else:
                tokens[-1].append(byte)
        found = [bytes(token) for token in tokens if token]
        return found[number - 1]

    return token


def _between(low: Any, high: Any, inclusive: bool = True) -> Step:
    if inclusive:
        return lambda value: order(low) <= order(value) <= order(high)
    return lambda value: order(low) < order(value) < order(high)


def _matches(pattern: Any) -> Step:
    compiled = compile_regex(text_of(pattern))
    return lambda value: compiled.search(text_of(value)) is not None


def _set_member(*members: Any) -> Step:
    known = {text_of(member) for member in members}
    return lambda value: text_of(value) in known


def _all(*branches: list[Any]) -> Step:
    steps = [compile_filters(branch) for branch in branches]
    return lambda value: all(step(value) for step in steps)


def _any(*branches: list[Any]) -> Step:
    steps = [compile_filters(branch) for branch in branches]
    return lambda value: any(step(value) for step in steps)


def _not(branch: list[Any]) -> Step:
    step = compile_filters(branch)
    return lambda value: not step(value)


_STEPS: dict[str, Callable[..., Step]] = {
    "int_to_string": lambda: lambda value: b"%d" % value,
    "string_to_int": lambda: lambda value: int(text_of(value)),
    "float_to_string": lambda: text_of,
    "string_to_float": lambda: lambda value: float(text_of(value)),
    "to_upper": lambda: lambda value: text_of(value).upper(),
    "to_lower": lambda: lambda value: text_of(value).lower(),
    "tokenize": _tokenize,
    "urldecode": lambda: lambda value: unquote_plus(
        text_of(value).decode("utf-8", "surrogateescape"), errors="surrogateescape"
    ).encode("utf-8", "surrogateescape"),
    "greater_than": lambda bound: lambda value: order(value) > order(bound),
    "less_than": lambda bound: lambda value: order(value) < order(bound),
    "greater_than_eq": lambda bound: lambda value: order(value) >= order(bound),
    "less_than_eq": lambda bound: lambda value: order(value) <= order(bound),
    "between": _between,
    "matches": _matches,
    "neq": lambda other: lambda value: value != other,
    "eq": lambda other: lambda value: value == other,
    "set_member": _set_member,
    "similar_to": lambda other, most: lambda value: distance(text_of(value), text_of(other)) <= most,
    "starts_with": lambda head: lambda value: text_of(value).startswith(text_of(head)),
    "ends_with": lambda tail: lambda value: text_of(value).endswith(text_of(tail)),
    "and": _all,
    "or": _any,
    "not": _not,
}
