"""JSON means the same with and without orjson."""

from __future__ import annotations

import enum
import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aioriak import codec


class _Word(str):
    pass


class _Number(enum.IntEnum):
    ONE = 1


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**62, 2**66)
    | st.integers(-(2**66), -(2**62))
    | st.floats()
    | st.floats(1e-7, 1e-3)
    | st.floats(1e14, 1e19)
    | st.text()
    | st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"]))
)
KEYS = st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.tuples(inner, inner), max_leaves=12
)
TEXTS = st.recursive(
    st.sampled_from(["0", "-0", "1e400", "-1E+400", "1e-400", "NaN", "-Infinity", "01", "1.", "null", "tru"])
    | st.just('"\\ud83d"')
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.integers().map(str)
    | st.integers(2**60, 2**70).map(str)
    | st.text().map(json.dumps),
    lambda inner: st.lists(inner).map(lambda items: f"[{', '.join(items)}]")
    | st.lists(st.tuples(st.sampled_from(['"a"', '"b"', "c"]), inner)).map(
        lambda pairs: f"{{{','.join(f'{name}:{value}' for name, value in pairs)}}}"
    ),
    max_leaves=6,
)

pytestmark = pytest.mark.skipif(codec.orjson is None, reason="orjson is not installed")


def _outcome(work: Any, argument: Any) -> tuple[bool, Any]:
    """What a function makes of its argument, or that it refuses it."""
    try:
        return True, work(argument)
    except (TypeError, ValueError, RecursionError):
        return False, None


def _typed(value: Any) -> Any:
    """A value that compares with its types: 1 is neither 1.0 nor True, and -0.0 is not 0.0."""
    if isinstance(value, dict):
        return {name: _typed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_typed(each) for each in value]
    return type(value), repr(value)


@given(DOCUMENTS)
@example([math.nan, None])
@example({"a": None, "b": -math.inf})
@example([1e16, 1e15, 1e-5, 0.0001, 10.00001, -1e22, 5e-324])
@example({"id": "f5e3a1", "price": 1.5})
@example([[[1e16]], 12345678901234567.0])
@example([[["e-mail", 1.5]], -1e16, 99999999999999984.0])
@example({"a": [1, {"b": 2.5e-7}]})
@example({"a": [[[[[[]]]]], True, None, 1]})
@example([_Word("subclass"), 1])
@example({_Word("subclass"): 1})
@example({"a": _Word("subclass"), "b": [_Number.ONE, 2]})
@example({1: "a", "1": "b"})
def test_both_writers_write_the_same_bytes_or_refuse(document: Any) -> None:
    assert _outcome(codec._write_fast, document) == _outcome(codec._write_standard, document)


@given(TEXTS)
@example("18446744073709551615")
@example("9223372036854775808")
@example("-9223372036854775809")
@example('{"a":1,"a":2}')
def test_both_readers_read_the_same_values_or_refuse(text: str) -> None:
    stored = text.encode()
    fast, standard = (_outcome(reader, stored) for reader in (codec._read_fast, codec._read_standard))
    assert (fast[0], _typed(fast[1])) == (standard[0], _typed(standard[1]))


@given(st.text("abc9", max_size=60), st.integers(2**62, 2**66), st.sampled_from(["", "-"]))
def test_a_long_integer_is_exact_wherever_it_is(before: str, number: int, sign: str) -> None:
    assert codec._read_fast(f'["{before}",{sign}{number}]'.encode())[1] == int(f"{sign}{number}")


@given(st.binary(max_size=12) | st.text(max_size=6).map(lambda text: text.encode("utf-16")))
def test_both_readers_agree_on_any_bytes(stored: bytes) -> None:
    fast, standard = (_outcome(reader, stored) for reader in (codec._read_fast, codec._read_standard))
    assert (fast[0], _typed(fast[1])) == (standard[0], _typed(standard[1]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)  # fmt: skip
def test_what_is_written_is_read_back(document: Any) -> None:
    for write in (codec._write_fast, codec._write_standard):
        for read in (codec._read_fast, codec._read_standard):
            assert _typed(read(write(document))) == _typed(document)
