"""Which indexes and keys a class declares, and the terms of values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aioriak.error import InvalidRequest
from aioriak.models import Index, Key, indexed
from aioriak.models.model import Model
from aioriak.models.terms import term
from aioriak.operations.contents import IndexEntry

SEVEN = UUID(int=7)


class Color(Enum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


class Mixed(Enum):
    A = "a"
    B = 1


@dataclass
class Declared:
    number: Annotated[int, Index] = 1
    flag: Annotated[bool, Index] = True
    text: Annotated[str, Index()] = "t"
    raw: Annotated[bytes, Index] = b"\xff"
    day: Annotated[date, Index] = date(2026, 1, 2)
    token: Annotated[UUID, Index] = SEVEN
    color: Annotated[Color, Index] = Color.RED
    level: Annotated[Level, Index] = Level.LOW
    choice: Annotated[Literal["a", "b"], Index] = "a"
    named: Annotated[str, Index("other_bin")] = "n"
    stem: Annotated[str, Index("stem")] = "s"
    kind: Annotated[int, Index(kind="bin")] = 5
    two: Annotated[str, Index("one_bin"), Index("two_bin")] = "x"
    none: Annotated[str | None, Index] = None
    inner: Annotated[str, Index] | None = "i"
    many: Annotated[list[int], Index] = field(default_factory=lambda: [1, 2, 2])
    items: list[Annotated[str, Index("item")]] = field(default_factory=lambda: ["a", "b"])
    some: Annotated[tuple[str, ...] | None, Index] = ("a",)
    anything: Annotated[Any, Index("any_bin")] = "a"
    plain: str = "p"


def entries(instance: Any, before: Iterable[IndexEntry] = ()) -> set[IndexEntry]:
    found = set(before)
    Model(type(instance)).reindex(instance, found)
    return found


def test_names_kinds_and_terms_follow_from_the_fields() -> None:
    assert entries(Declared()) == {
        ("number_int", 1), ("flag_int", 1), ("text_bin", "t"), ("raw_bin", b"\xff"), ("day_bin", "2026-01-02"),
        ("token_bin", "00000000-0000-0000-0000-000000000007"), ("color_bin", "red"), ("level_int", 1),
        ("choice_bin", "a"), ("other_bin", "n"), ("stem_bin", "s"), ("kind_bin", 5), ("one_bin", "x"),
        ("two_bin", "x"), ("inner_bin", "i"), ("many_int", 1), ("many_int", 2), ("item_bin", "a"), ("item_bin", "b"),
        ("some_bin", "a"), ("any_bin", "a"),
    }  # fmt: skip


def test_declared_entries_are_replaced_and_others_stay() -> None:
    before = {("number_int", 7), (b"number_int", 8), ("none_bin", "old"), ("mine_bin", "m"), ("number2_int", 1)}
    after = entries(Declared(many=[], items=[]), before)
    assert {("mine_bin", "m"), ("number2_int", 1), ("number_int", 1)} < after
    assert not after & {("number_int", 7), (b"number_int", 8), ("none_bin", "old")}


ENTRIES = st.tuples(st.sampled_from(["number_int", "text_bin", "many_int", "mine_int", "mine_bin"]), st.integers())


@given(
    st.lists(st.tuples(st.integers(), st.text(), st.lists(st.integers(), max_size=3), st.sets(ENTRIES)), max_size=4)
)
def test_after_every_store_the_entries_are_those_of_the_value_and_those_of_the_user(steps: list[Any]) -> None:
    model = Model(Declared)
    entries: set[Any] = set()
    mine: set[Any] = set()
    for number, text, many, added in steps:
        entries |= added
        mine |= {entry for entry in added if entry[0].startswith("mine")}
        model.reindex(Declared(number=number, text=text, many=many), entries)
        fresh = {("number_int", number), ("text_bin", text), *(("many_int", one) for one in many)}
        assert {entry for entry in entries if entry[0] in ("number_int", "text_bin", "many_int")} == fresh
        assert {entry for entry in entries if entry[0].startswith("mine")} == mine


class Computed:
    """What the classes below inherit."""

    name: str

    @indexed
    def initial(self) -> str:
        return self.name[:1]

    @indexed("length_int")
    def size(self) -> int:
        return len(self.name)

    @property
    @indexed
    def letters(self) -> list[str]:
        return list(self.name)

    @cached_property
    @indexed(kind="bin")
    def lower(self):  # type: ignore[no-untyped-def]
        return self.name.lower()


@dataclass
class Person(Computed):
    name: str

    @indexed
    def initial(self) -> str:
        return self.name[:2]


def test_methods_and_properties_are_indexes_too() -> None:
    assert entries(Person("Ada")) == {
        ("initial_bin", "Ad"), ("length_int", 3), ("letters_bin", "A"), ("letters_bin", "d"), ("letters_bin", "a"),
        ("lower_bin", "ada"),
    }  # fmt: skip


def test_an_index_that_raises_names_its_method() -> None:
    with pytest.raises(InvalidRequest, match="the index initial_bin: initial raised TypeError"):
        entries(Person(None))  # type: ignore[arg-type]


def test_a_value_that_is_no_term_names_the_index() -> None:
    with pytest.raises(InvalidRequest, match="the index any_bin of anything: list is no index term"):
        entries(Declared(anything=[[]]))
    with pytest.raises(InvalidRequest, match=r"the index number_int of number: .*takes whole numbers"):
        entries(Declared(number="x"))  # type: ignore[arg-type]


def declare(hint: Any, **fields: Any) -> Model[Any]:
    return Model(dataclass(type("Made", (), {"__annotations__": {"x": hint}, **fields})))


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Annotated[float, Index], r"Made\.x: float has no index term; index int, str"),
        (Annotated[Decimal, Index], "Decimal has no index term"),
        (Annotated[dict[str, int], Index], "has no index term"),
        (Annotated[Mixed, Index], "the values of Mixed fit different kinds of index"),
        (Annotated[Literal["a", 1], Index], "fit different kinds"),
        (Annotated[int | str, Index], "the type does not tell the kind of index"),
        (Annotated[Any, Index], "the type does not tell the kind of index"),
        (Annotated[str, Index("x_int")], "an _int index has whole numbers, not str"),
        (Annotated[str, Index(kind="int")], "an _int index has whole numbers, not str"),
        (Annotated[float, Key], r"Made\.x: a key is str, int or UUID"),
        (Annotated[str | int, Key], "a key is str, int or UUID"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused_when_the_model_is_made(hint: Any, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        declare(hint)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": ""}, "str and not empty"),
        ({"name": 5}, "str and not empty"),
        ({"kind": "float"}, "'int' or 'bin'"),
        ({"name": "x_int", "kind": "bin"}, "'x_int' is declared with the other kind"),
    ],
)
def test_an_index_with_a_bad_name_or_kind_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        Index(**arguments)


def test_the_decorator_stands_next_to_the_function() -> None:
    with pytest.raises(InvalidRequest, match="below other decorators"):
        indexed(property(lambda self: 1))  # type: ignore[call-overload]
    with pytest.raises(InvalidRequest, match="below other decorators"):
        indexed("x_int")(property(lambda self: 1))  # type: ignore[type-var]


@dataclass
class TwoKeys:
    a: Annotated[str, Key]
    b: Annotated[str, Key]


@dataclass
class Numbered:
    number: Annotated[int, Key]


@dataclass
class Tokened:
    token: Annotated[UUID | None, Key()] = None


def test_a_class_has_one_key() -> None:
    with pytest.raises(InvalidRequest, match="TwoKeys has two keys: a and b"):
        Model(TwoKeys)


def test_keys_are_text() -> None:
    assert Model(Numbered).key_of(Numbered(5)) == "5"
    assert Model(Numbered).load({}, "5") == Numbered(5)
    assert Model(Numbered).load({"number": 5}, "5") == Numbered(5)
    token = UUID(int=7)
    assert Model(Tokened).key_of(Tokened(token)) == str(token)
    assert Model(Tokened).load({}, str(token)) == Tokened(token)
    assert Model(Declared).key_of(Declared()) is None
    with pytest.raises(InvalidRequest, match=r"Tokened\.token, the key, is None: set it"):
        Model(Tokened).key_of(Tokened())


def test_an_index_is_known_by_its_field_and_by_its_name() -> None:
    model = Model(Declared)
    assert model.index_name("number") == model.index_name("number_int") == "number_int"
    assert model.index_name("named") == "other_bin"
    assert model.index_name("$key") == "$key"
    assert model.index_name("mine_bin") == "mine_bin"
    assert Model(Person).index_name("size") == "length_int"
    with pytest.raises(InvalidRequest, match=r"Declared\.two has several indexes; name one of one_bin, two_bin"):
        model.index_name("two")
    with pytest.raises(InvalidRequest, match=r"Person declares no index 'nam'; its indexes are: .*size \(length_int\)"):
        Model(Person).index_name("nam")
    with pytest.raises(InvalidRequest, match="Numbered declares no index 'x'; its indexes are: none"):
        Model(Numbered).index_name("x")


@given(st.lists(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])), min_size=2))
def test_the_terms_of_datetimes_are_in_the_order_of_time(moments: list[datetime]) -> None:
    try:
        assert sorted(moments) == sorted(moments, key=term)
    except OverflowError:
        assert any(moment.year in (1, 9999) for moment in moments)


def test_a_datetime_without_a_time_zone_is_no_term() -> None:
    with pytest.raises(InvalidRequest, match="without a time zone"):
        term(datetime(2026, 1, 1))


def test_years_have_four_digits() -> None:
    assert term(datetime(33, 1, 2, tzinfo=UTC)) == "0033-01-02T00:00:00.000000Z"
