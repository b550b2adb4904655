"""msgspec structs: its conversion, and what it does not check by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypedDict
from uuid import UUID

import pytest

from aioriak.codec import json_decoder, json_encoder
from aioriak.error import ContentError, InvalidRequest
from aioriak.models import Index, Key
from aioriak.models.model import Model

msgspec = pytest.importorskip("msgspec")
from msgspec import UNSET, Meta, Struct, UnsetType, field  # noqa: E402


class Renamed(Struct, rename="camel"):
    user_id: Annotated[str, Key]
    birth_year: Annotated[int, Index]


class Tuple(Struct, array_like=True):
    x: int
    y: Inner


class Inner(Struct):
    x: int = 0


class Cat(Struct, tag=True):
    lives: int = 9


class Dog(Struct, tag=True):
    toy: Inner | None = None


class Line(Struct, array_like=True, tag=True):
    end: Inner


class Arc(Struct, array_like=True, tag=True):
    radius: int = 1


@dataclass
class Plain:
    x: int
    inner: Inner | None = None


class Typed(TypedDict):
    x: int


class Pair(NamedTuple):
    x: int
    inner: Inner


class Node(Struct):
    name: str
    children: list[Node] = []


class Everything(Struct):
    token: UUID = UUID(int=7)
    price: Decimal = Decimal("1.10")
    when: datetime = datetime(2026, 1, 2, tzinfo=UTC)
    day: date = date(2026, 1, 2)
    wait: timedelta = timedelta(seconds=1)
    raw: bytes = b"\xff"
    large: int = 10**40
    amount: float = 0.5
    numbers: dict[int, list[Inner]] = field(default_factory=dict)
    pets: list[Cat | Dog] = field(default_factory=list)
    tags: frozenset[str] = frozenset()
    plain: Plain | None = None
    typed: Typed | None = None
    pair: Pair | None = None
    row: Tuple | None = None
    either: int | list[Inner] | Inner | None = None
    shape: Line | Arc | None = None
    score: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    anything: Any = None


class WithPath(Struct):
    inner: list[Path]


class Checked(Struct):
    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is not negative")


FULL = Everything(
    numbers={1: [Inner(1)]}, pets=[Cat(), Dog(Inner(2))], tags=frozenset(("a",)), plain=Plain(1, Inner(2)),
    typed={"x": 1}, pair=Pair(1, Inner(2)), row=Tuple(1, Inner(2)), either=[Inner(3)], shape=Line(Inner(4)),
    score=1, anything={"a": [None]},
)  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        FULL, Everything(), Everything(either=Inner(1)), Everything(either=5), Node("a", [Node("b")]),
        Tuple(1, Inner(2)),
    ],
)
def test_what_is_stored_is_read(value: Any) -> None:
    model = Model(type(value))
    text = json_encoder()(model.dump(value, None))
    assert isinstance(text, bytes)
    assert model.load(json_decoder()(text), None) == value


def test_documents_have_the_names_of_the_struct() -> None:
    model = Model(Renamed)
    assert model.dump(Renamed("k", 1815), "k") == {"userId": "k", "birthYear": 1815}
    assert model.load({"birthYear": 1815}, "k") == Renamed("k", 1815)
    assert model.index_name("birth_year") == "birth_year_int"


UNKNOWN: list[tuple[dict[str, Any], str]] = [
    ({"z": 1}, r"`z` - at `\$`"),
    ({"numbers": {"1": [{"x": 1}, {"z": 1}]}}, r"`z` - at `\$\.numbers\[\.\.\.\]\[\.\.\.\]`"),
    ({"pets": [{"type": "Dog", "toy": {"z": 1}}]}, r"`z` - at `\$\.pets\[\.\.\.\]\.toy`"),
    ({"pets": [{"type": "Cat", "toy": None}]}, r"`toy` - at `\$\.pets\[\.\.\.\]`"),
    ({"plain": {"x": 1, "z": 1}}, r"`z` - at `\$\.plain`"),
    ({"plain": {"x": 1, "inner": {"z": 1}}}, r"`z` - at `\$\.plain\.inner`"),
    ({"typed": {"x": 1, "z": 1}}, r"`z` - at `\$\.typed`"),
    ({"pair": [1, {"z": 1}]}, r"`z` - at `\$\.pair.*`"),
    ({"row": [1, {"z": 1}]}, r"`z` - at `\$\.row\.y`"),
    ({"shape": ["Line", {"z": 1}]}, r"`z` - at `\$\.shape\.end`"),
    ({"either": [{"z": 1}]}, r"`z` - at `\$\.either\[\.\.\.\]`"),
    ({"either": {"z": 1}}, r"`z` - at `\$\.either`"),
]


@pytest.mark.parametrize(("document", "words"), UNKNOWN, ids=[words for _, words in UNKNOWN])
def test_an_unknown_field_is_refused_at_any_depth(document: dict[str, Any], words: str) -> None:
    msgspec.convert(document, Everything, str_keys=True)  # which msgspec itself lets pass
    with pytest.raises(ContentError, match="unknown field " + words):
        Model(Everything).load(document, None)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"token": "7"}, r"Invalid UUID - at `\$\.token`"),
        ({"pets": [{"type": "Cow"}]}, "Invalid value 'Cow'"),
        ({"score": -1}, r"Expected `int` >= 0 - at `\$\.score`"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_in_the_words_of_msgspec(
    document: dict[str, Any], words: str
) -> None:
    with pytest.raises(ContentError, match=words) as caught:
        Model(Everything).load(document, None)
    assert isinstance(caught.value.__cause__, msgspec.ValidationError)


def test_an_unknown_field_is_found_in_a_class_that_contains_itself() -> None:
    document = {"name": "a", "children": [{"name": "b", "children": [{"name": "c", "nick": "d"}]}]}
    with pytest.raises(ContentError, match=r"`nick` - at `\$\.children\[\.\.\.\]\.children\[\.\.\.\]`"):
        Model(Node).load(document, None)


def test_a_value_that_could_not_be_read_again_is_refused() -> None:
    value = Checked(1)
    value.x = -1
    with pytest.raises(ContentError, match="x is not negative"):
        Model(Checked).dump(value, None)
    value.x = "one"  # type: ignore[assignment]
    with pytest.raises(ContentError, match=r"Expected `int`, got `str` - at `\$\.x`"):
        Model(Checked).dump(value, None)
    with pytest.raises(ContentError, match="Expected `Checked`, got `Inner`"):
        Model(Checked).dump(Inner(), None)  # type: ignore[arg-type]


def test_a_type_that_needs_a_hook_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"WithPath\.inner has the type .*Path, which msgspec does not convert"):
        Model(WithPath)
