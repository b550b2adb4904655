"""attrs classes: aliases, validators, converters, and classes in classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from aioriak.error import ContentError, InvalidRequest
from aioriak.models import Index, Key
from aioriak.models.model import Model

attrs = pytest.importorskip("attrs")
attr = pytest.importorskip("attr")
from attrs import define, field, frozen, validators  # noqa: E402


@define
class Private:
    _id: Annotated[str, Key]
    age: Annotated[int, Index] = field(alias="years")


@define(on_setattr=[])
class Checked:
    age: int = field(validator=validators.ge(0))
    name: str = field(default="", converter=str.strip)


@frozen
class Frozen:
    x: int
    y: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "y", self.x + 1)


@attr.s
class Classic:
    x = attr.ib(type=int)
    anything = attr.ib(default=None)


@dataclass
class Outer:
    inner: list[Checked]


@define
class Base:
    x: int


@define
class Derived(Base):
    y: int = 0


class Undecorated(Base):
    pass


@define(init=False)
class Own:
    x: int

    def __init__(self, value: int) -> None:
        self.x = value


@pytest.mark.parametrize(
    ("value", "document"),
    [
        (Private("k", 5), {"id": "k", "years": 5}),
        (Checked(1, "Ada"), {"age": 1, "name": "Ada"}),
        (Frozen(1), {"x": 1}),
        (Classic(1, {"a": [1]}), {"x": 1, "anything": {"a": [1]}}),
        (Outer([Checked(1)]), {"inner": [{"age": 1, "name": ""}]}),
        (Derived(1), {"x": 1, "y": 0}),
        (Undecorated(1), {"x": 1}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_and_its_document_follow_from_each_other(value: Any, document: Any) -> None:
    model: Model[Any] = Model(type(value))
    assert model.dump(value, "k") == document
    loaded = model.load(document, "k")
    assert loaded == value
    assert type(loaded) is type(value)


def test_fields_and_indexes_are_known_by_the_names_of_attributes() -> None:
    model = Model(Private)
    assert model.key_of(Private("k", 5)) == "k"
    assert model.index_name("age") == "age_int"
    entries: set[Any] = set()
    model.reindex(Private("k", 5), entries)
    assert entries == {("age_int", 5)}


def test_validators_refuse_documents_and_values() -> None:
    with pytest.raises(ContentError, match=r"ValueError: 'age' must be >= 0: -1$"):
        Model(Checked).load({"age": -1}, None)
    value = Checked(1)
    value.age = -1
    with pytest.raises(ContentError, match=r"ValueError: 'age' must be >= 0: -1$"):
        Model(Checked).dump(value, None)
    with pytest.raises(ContentError, match=r"'age' must be >= 0: -1"):
        Model(Outer).dump(Outer([value]), None)


def test_a_class_that_is_not_made_of_its_fields_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="Own cannot be a model: its constructor does not take x"):
        Model(Own)
