"""pydantic models: its configuration is respected, and nothing is lost on the way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest

from aioriak.codec import json_decoder, json_encoder
from aioriak.error import ContentError, InvalidRequest
from aioriak.models import Index, Key
from aioriak.models.model import Model

pydantic = pytest.importorskip("pydantic")
from pydantic import (  # noqa: E402
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    SecretStr,
    TypeAdapter,
    computed_field,
    field_serializer,
    field_validator,
)  # fmt: skip
from pydantic.dataclasses import dataclass  # noqa: E402

T = TypeVar("T")


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    born: date
    tags: tuple[int, ...] = ()


class Aliased(BaseModel):
    id: Annotated[str, Key] = Field(alias="_id")
    age: Annotated[int, Index] = Field(alias="Age")


class ByName(BaseModel):
    model_config = ConfigDict(validate_by_alias=False, validate_by_name=True)
    age: int = Field(alias="Age")


class Astray(BaseModel):
    age: int = Field(validation_alias=AliasChoices("a", "b"), serialization_alias="c")


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int


class Lax(BaseModel):
    model_config = ConfigDict(extra="ignore")
    x: int


class OpenInOpen(BaseModel):
    model_config = ConfigDict(extra="allow")
    inner: Open


class OpenInClosed(BaseModel):
    inner: Open


class Inner(BaseModel):
    x: int


class Outer(BaseModel):
    inners: dict[str, list[Inner]] = {}


class Counted(BaseModel):
    x: int
    _seen: int = PrivateAttr(default=0)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def double(self) -> int:
        return 2 * self.x


class Checked(BaseModel):
    age: int = Field(ge=0)
    name: str = ""

    @field_validator("name")
    @classmethod
    def _capital(cls, value: str) -> str:
        if value and not value[0].isupper():
            raise ValueError("a name begins with a capital letter")
        return value


class Secret(BaseModel):
    password: SecretStr


class Shown(BaseModel):
    password: SecretStr

    @field_serializer("password", when_used="json")
    def _show(self, value: SecretStr) -> str:
        return value.get_secret_value()


class Box(BaseModel, Generic[T]):
    content: T


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


class Early(BaseModel):
    later: Later | None = None


class Later(BaseModel):
    x: int


class Durations(BaseModel):
    wait: timedelta
    large: int
    amount: float = 0.0


@dataclass
class Point:
    x: Annotated[int, Index]
    y: int = 0


def through_json(model: Model[Any], value: Any) -> Any:
    text = json_encoder()(model.dump(value, "k"))
    assert isinstance(text, bytes)
    return model.load(json_decoder()(text), "k")


@pytest.mark.parametrize(
    "value",
    [
        Strict(born=date(2026, 1, 2), tags=(1, 2)),
        Aliased(_id="k", Age=5),
        ByName(age=5),
        Open(x=1, y=[2]),  # type: ignore[call-arg]
        OpenInOpen(inner=Open(x=1, y=2), z=3),  # type: ignore[call-arg]
        Outer(inners={"a": [Inner(x=1)]}),
        Counted(x=1),
        Shown(password=SecretStr("hunter2")),
        Shown(password=SecretStr("**********")),
        Box[int](content=5),
        Owner(pet=Dog()),
        Durations(wait=timedelta(days=1, microseconds=1), large=10**40),
        Point(1, 2),
        Early(later=Later(x=1)),
        RootModel[list[int]]([1, 2]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_stored_is_read(value: Any) -> None:
    assert through_json(Model(type(value)), value) == value


def test_documents_have_the_aliases() -> None:
    model = Model(Aliased)
    assert model.dump(Aliased(_id="k", Age=5), "k") == {"_id": "k", "Age": 5}
    assert model.load({"Age": 5}, "k").id == "k"
    with pytest.raises(ContentError, match=r"Aliased\.id is 'other', which is not the key"):
        model.load({"_id": "other", "Age": 5}, "k")


def test_computed_fields_are_not_stored() -> None:
    assert Model(Counted).dump(Counted(x=1), None) == {"x": 1}


@pytest.mark.parametrize(
    ("kind", "document", "words"),
    [
        (Inner, {"x": 1, "y": 2}, "y: Extra inputs are not permitted$"),
        (Outer, {"inners": {"a": [{"x": 1, "y": 2}]}}, r"inners\.a\.0\.y: Extra inputs are not permitted$"),
        (Counted, {"x": 1, "double": 2}, "double: Extra inputs"),
        (Strict, {"born": "2026-01-02", "tags": ["1"]}, r"tags\.0: Input should be a valid integer$"),
        (Checked, {"age": -1, "name": "ada"}, r"age: .*greater than.*; name: .*begins with a capital letter$"),
        (Owner, {"pet": {"kind": "cow"}}, "pet: .*'cow' found"),
        (Point, {"x": 1, "z": 2}, "z: Unexpected keyword argument$"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_in_the_words_of_pydantic(
    kind: Any, document: Any, words: str
) -> None:
    with pytest.raises(ContentError, match=words) as caught:
        Model(kind).load(document, None)
    assert isinstance(caught.value.__cause__, pydantic.ValidationError)


def test_a_model_may_ignore_unknown_fields_if_it_says_so() -> None:
    assert Model(Lax).load({"x": 1, "y": 2}, None) == Lax(x=1)


def test_a_model_that_would_drop_fields_of_a_part_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"OpenInClosed: Open states.*OpenInClosed, .* does not.*would drop them"):
        Model(OpenInClosed)


def assigned(value: Any, name: str, new: Any) -> Any:
    setattr(value, name, new)
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (assigned(Inner(x=1), "x", "one"), "x: Input should be a valid integer"),
        (assigned(Inner(x=1), "x", "1"), r"Expected `int`.*field_name='x'"),
        (assigned(Checked(age=1), "age", -1), "age: Input should be greater than"),
        (Astray(a=1), "c: Extra inputs are not permitted"),  # type: ignore[call-arg]
        (Secret(password=SecretStr("hunter2")), "writes a secret as asterisks"),
        (Cat(), "expected Inner, got Cat$"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_could_not_be_read_again_is_refused(value: Any, words: str) -> None:
    kind: Any = Inner if isinstance(value, Cat) else type(value)
    with pytest.raises(ContentError, match=words):
        Model(kind).dump(value, None)


def test_a_number_that_is_not_json_is_not_stored_as_null() -> None:
    document = Model(Durations).dump(Durations(wait=timedelta(), large=1, amount=float("nan")), None)
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_encoder()(document)


def test_an_older_pydantic_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fresh(BaseModel):
        x: int

    monkeypatch.setattr(pydantic, "VERSION", "2.11.9")
    with pytest.raises(InvalidRequest, match=r"models need pydantic 2\.12 or newer, not 2\.11\.9"):
        Model(Fresh)


def test_a_class_that_pydantic_cannot_complete_is_refused() -> None:
    class Incomplete(BaseModel):
        x: Nowhere  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(InvalidRequest, match=r"Incomplete cannot be a model: .*Nowhere"):
        Model(Incomplete)


def test_a_class_that_refers_to_one_below_it_is_completed() -> None:
    class First(BaseModel):
        other: Second | None = None

    class Second(BaseModel):
        x: int

    First.model_rebuild()
    with pytest.raises(ContentError, match=r"other\.y: Extra inputs"):
        Model(First).load({"other": {"x": 1, "y": 2}}, None)
    with pytest.raises(ContentError, match=r"later\.y: Extra inputs"):
        Model(Early).load({"later": {"x": 1, "y": 2}}, None)


def test_validation_agrees_with_pydantic_itself() -> None:
    assert Model(Outer).load({"inners": {}}, None) == TypeAdapter(Outer).validate_python({"inners": {}})
