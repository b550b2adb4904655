"""Conversion between values and JSON documents, type by type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, NewType, TypeVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aioriak.codec import json_decoder, json_encoder
from aioriak.error import ContentError, InvalidRequest
from aioriak.models.model import Model

T = TypeVar("T")
Name = NewType("Name", str)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1


class Mixed(Enum):
    PAIR = (1, 2)


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)


@dataclass
class Derived:
    width: int
    area: int = field(init=False)
    unit: ClassVar[str] = "mm"

    def __post_init__(self) -> None:
        if self.width < 0:
            raise ValueError("a width is not negative")
        self.area = self.width**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    x: int


@dataclass
class WithInitVar:
    x: int
    y: InitVar[int]


@dataclass
class Box(Generic[T]):
    content: T


@dataclass
class Unsupported:
    path: Path


@dataclass
class Nested:
    inner: list[Unsupported]


@dataclass
class Unresolved:
    x: Nowhere  # type: ignore[name-defined]  # noqa: F821


class OwnConstructor:
    pass


GOOD: list[tuple[Any, Any, Any]] = [
    (None, None, None),
    (bool, True, True),
    (int, 10**40, 10**40),
    (float, 1.5, 1.5),
    (float, 2, 2.0),
    (str, "é", "é"),
    (Name, "a", "a"),
    (Annotated[int, "years"], 1, 1),
    (bytes, "AP8=", b"\x00\xff"),
    (datetime, "2026-01-02T03:04:05+00:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    (date, "2026-01-02", date(2026, 1, 2)),
    (time, "03:04:05", time(3, 4, 5)),
    (UUID, "00000000-0000-0000-0000-000000000007", UUID(int=7)),
    (Decimal, "1.10", Decimal("1.10")),
    (Color, "red", Color.RED),
    (Level, 1, Level.LOW),
    (Literal["a", 1, None], "a", "a"),
    (Literal["a", 1, None], None, None),
    (list[int], [1, 2], [1, 2]),
    (list, [1, "a"], [1, "a"]),
    (Sequence[int], [1, 2], [1, 2]),
    (set[int], [1], {1}),
    (frozenset[str], ["a"], frozenset({"a"})),
    (tuple[int, str], [1, "a"], (1, "a")),
    (tuple[int, ...], [1, 2, 3], (1, 2, 3)),
    (dict[str, list[int]], {"a": [1]}, {"a": [1]}),
    (dict[int, str], {"1": "a"}, {1: "a"}),
    (dict[UUID, int], {"00000000-0000-0000-0000-000000000007": 1}, {UUID(int=7): 1}),
    (Mapping[Color, int], {"red": 1}, {Color.RED: 1}),
    (dict, {"a": None}, {"a": None}),
    (int | None, None, None),
    (int | str | None, "a", "a"),
    (int | float, 1, 1),
    (float | int, 1, 1),
    (float | int, 1.5, 1.5),
    (list[int] | dict[str, int], {"a": 1}, {"a": 1}),
    (date | int, "2026-01-02", date(2026, 1, 2)),
    (Any, {"a": [1]}, {"a": [1]}),
    (Tree, {"name": "a", "children": [{"name": "b", "children": []}]}, Tree("a", [Tree("b")])),
    (Derived, {"width": 3}, Derived(3)),
    (Frozen, {"x": 1}, Frozen(x=1)),
]


@pytest.mark.parametrize(("kind", "document", "value"), GOOD, ids=[f"{row[0]} {row[1]}" for row in GOOD])
def test_a_value_and_its_document_follow_from_each_other(kind: Any, document: Any, value: Any) -> None:
    model: Model[Any] = Model(type(None) if kind is None else kind)
    loaded = model.load(document, "k")
    assert loaded == value
    assert type(loaded) is type(value)
    assert model.dump(value, "k") == document
    assert json_decoder()(json_encoder()(model.dump(value, "k"))) == document  # type: ignore[arg-type]


BAD: list[tuple[Any, Any, str]] = [
    (int, True, "expected integer, got boolean"),
    (int, 1.0, "expected integer, got number"),
    (bool, 1, "expected boolean, got integer"),
    (float, "1", "expected number, got string"),
    (float, 10**400, "the number is beyond the range of a float"),
    (str, None, "expected string, got null"),
    (bytes, "not base 64!", "no valid bytes"),
    (datetime, "noon", "no valid datetime"),
    (datetime, 5, "expected string, got integer"),
    (UUID, "7", "no valid UUID"),
    (Decimal, "one", "no valid Decimal"),
    (Color, "green", "'green' is not a value of Color"),
    (Color, [], r"\[\] is not a value of Color"),
    (Level, True, "True is not a value of Level"),
    (Literal["a", 1], True, "True is not a value"),
    (list[int], [1, "a"], "1: expected integer, got string"),
    (list[int], {}, "expected array, got object"),
    (tuple[int, str], [1], "expected 2 items, got 1"),
    (dict[str, int], {"a": "b"}, "'a': expected integer"),
    (dict[int, int], {"a": 1}, "'a': the key is no whole number"),
    (dict[int, int], [], "expected object, got array"),
    (int | str, [], "expected integer or string, got array"),
    (Tree, {"name": "a", "children": [{"name": 1}]}, "children.0.name: expected string, got integer"),
    (Tree, {"name": "a", "kids": []}, "there is no field 'kids'"),
    (Tree, {}, "the field 'name' is missing"),
    (Derived, {"width": 1, "area": 5}, "there is no field 'area'"),
    (Derived, {"width": -1}, "ValueError: a width is not negative"),
]


@pytest.mark.parametrize(("kind", "document", "words"), BAD, ids=[f"{row[0]} {row[1]!r:.20}" for row in BAD])
def test_a_document_that_does_not_fit_is_refused(kind: Any, document: Any, words: str) -> None:
    with pytest.raises(ContentError, match=f"the stored value is no valid .*: {words}"):
        Model(kind).load(document, "k")


BAD_VALUES: list[tuple[Any, Any, str]] = [
    (int, True, "expected int, got bool"),
    (float, "1", "expected float, got str"),
    (date, datetime(2026, 1, 1), "expected date, got datetime"),
    (Color, "red", "'red' is not a value of Color"),
    (list[int], (1,), "expected list, got tuple"),
    (list[str], "abc", "expected list, got str"),
    (Sequence[str], "abc", "expected list, got str"),
    (tuple[int, str], [1, "a"], "expected tuple, got list"),
    (dict[str, int], {1: 1}, "1: expected str, got int"),
    (int | str, 1.5, "float is not one of the field's types"),
    (Tree, Tree("a", [Tree(None)]), "children.0.name: expected str, got NoneType"),  # type: ignore[arg-type]
    (Tree, {"name": "a"}, "expected Tree, got dict"),
]


@pytest.mark.parametrize(("kind", "value", "words"), BAD_VALUES, ids=[f"{row[0]} {row[1]!r:.20}" for row in BAD_VALUES])
def test_a_value_that_does_not_fit_is_refused(kind: Any, value: Any, words: str) -> None:
    with pytest.raises(ContentError, match=f"the value is no valid .*: {words}"):
        Model(kind).dump(value, "k")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Path, "Path has the type Path, which is not supported: the types are None, bool"),
        (Unsupported, r"Unsupported\.path has the type Path, which is not supported"),
        (Nested, r"Unsupported\.path has the type Path"),
        (list[complex], "complex, which is not supported"),
        (datetime | str, "do not tell its types apart, because several are a JSON string"),
        (Tree | Derived, "several are a JSON object"),
        (int | float | bool | Level, "several are a JSON integer"),
        (Mixed, r"a value of .*Mixed.* is \(1, 2\), which is not str, int or bool"),
        (dict[float, int], "the keys of a dict are str, int, UUID or Enum"),
        (Box, r"Box\.content has the type ~T, which is not supported"),
        (WithInitVar, "its constructor needs y, which is not a field"),
        (Unresolved, "'Nowhere' is not defined.*top level of a module"),
        (OwnConstructor, "OwnConstructor has the type OwnConstructor, which is not supported"),
        (5, "5 has the type 5, which is not supported"),
    ],
)
def test_an_unsupported_type_is_refused_when_the_model_is_made(kind: Any, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        Model(kind)


def test_a_type_that_is_not_hashable_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="cannot be a model"):
        Model([])  # type: ignore[arg-type]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@dataclass
class Everything:
    number: int
    amount: float
    text: str
    raw: bytes
    when: datetime
    token: UUID
    price: Decimal
    color: Color
    counts: dict[int, list[float]]
    pair: tuple[int, str] | None
    tags: frozenset[str]
    anything: Any


@given(
    st.builds(
        Everything,
        number=st.integers(),
        amount=st.floats(allow_nan=False, allow_infinity=False),
        text=st.text(),
        raw=st.binary(),
        when=st.datetimes(timezones=st.just(UTC) | st.none()),
        token=st.uuids(),
        price=st.decimals(allow_nan=False),
        color=st.sampled_from(Color),
        counts=st.dictionaries(st.integers(), st.lists(st.floats(allow_nan=False, allow_infinity=False))),
        pair=st.none() | st.tuples(st.integers(), st.text()),
        tags=st.frozensets(st.text()),
        anything=JSON,
    )
)
def test_every_instance_is_read_as_it_was_stored(value: Everything) -> None:
    model = Model(Everything)
    stored = json_encoder()(model.dump(value, None))
    assert model.load(json_decoder()(stored), None) == value  # type: ignore[arg-type]


@given(JSON)
def test_every_document_is_read_or_refused(document: Any) -> None:
    try:
        value = Model(Everything).load(document, None)
    except ContentError:
        return
    assert isinstance(value, Everything)
