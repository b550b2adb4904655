"""pydantic models and pydantic dataclasses as models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import pydantic
from pydantic_core import PydanticSerializationError, to_json

from aioriak.error import InvalidRequest
from aioriak.models.adapter import FieldInfo
from aioriak.models.conversion import Document

M = TypeVar("M")
_MASK = b'"**********"'
_CLASSES = ("model", "dataclass", "typed-dict")  # nodes of a schema that have fields by name


class PydanticAdapter(Generic[M]):
    """Converts instances by pydantic, as its JSON mode does.

    A field that no class knows is refused, unless the configuration says what to do with it
    (``extra="allow"`` or ``"ignore"``).
    """

    def __init__(self, kind: type[M]) -> None:
        if tuple(int(part) for part in pydantic.VERSION.split(".")[:2]) < (2, 12):
            raise InvalidRequest(f"models need pydantic 2.12 or newer, not {pydantic.VERSION}")
        self._kind = kind
        if not getattr(kind, "__pydantic_complete__", True):  # it refers to a class defined below it
            pydantic.TypeAdapter(kind).rebuild(raise_errors=True)
        self._adapter: Any = pydantic.TypeAdapter(kind)
        self._options: dict[str, Any] = {} if self._states_extra(kind) else {"extra": "forbid"}
        declared: Any = kind
        configuration = getattr(kind, "model_config", None) or getattr(kind, "__pydantic_config__", {})
        # what is written under one name must be read under it
        self._by_alias = configuration.get("validate_by_alias") is not False
        self.fields: dict[str, FieldInfo] = {
            name: FieldInfo(field.annotation, self._name(name, field), tuple(field.metadata))
            for name, field in declared.__pydantic_fields__.items()
        }

    def _name(self, name: str, field: Any) -> str:
        alias = field.serialization_alias or field.alias
        return alias if self._by_alias and isinstance(alias, str) else name

    def _states_extra(self, kind: type[M]) -> bool:
        """Whether the configuration says what to do with unknown fields."""
        stated: dict[bool, list[str]] = {True: [], False: []}
        for name, behavior in _behaviors(self._adapter.core_schema):
            stated[behavior is not None].append(name)
        if stated[True] and stated[False]:
            raise InvalidRequest(
                f"{kind.__qualname__}: {stated[True][0]} states what to do with unknown fields (extra), and "
                f"{stated[False][0]}, of which it consists, does not and would drop them: give both a setting for extra"
            )
        return bool(stated[True])

    def load(self, document: Document) -> M:
        """Make an instance of a JSON document."""
        return self._load(to_json(document, inf_nan_mode="constants"))

    def _load(self, text: bytes) -> M:
        # validated as JSON, because strict classes take a date of a string there, and nowhere else
        loaded: M = self._adapter.validate_json(text, **self._options)
        return loaded

    def dump(self, value: M) -> Document:
        """Make a JSON document of an instance."""
        if type(value) is not self._kind:  # the fields of a subclass would be lost
            raise TypeError(f"expected {self._kind.__name__}, got {type(value).__name__}")
        try:
            document = self._dump(value, warnings="error")
        except PydanticSerializationError:
            # assigned after validation; if validation refuses the value, its words are clearer
            self.load(self._dump(value, warnings="none"))
            raise
        text = to_json(document, inf_nan_mode="constants")
        loaded = self._load(text)
        if _MASK in text and self._dump(loaded, mode="python") != self._dump(value, mode="python"):
            raise ValueError("pydantic writes a secret as asterisks; give its field a serializer that writes the value")
        return document

    def _dump(self, value: M, *, mode: str = "json", warnings: str = "none") -> Document:
        return self._adapter.dump_python(value, mode=mode, by_alias=self._by_alias, round_trip=True, warnings=warnings)

    def words(self, error: Exception) -> str:
        """Return what an error says."""
        if isinstance(error, pydantic.ValidationError):
            return "; ".join(
                ": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"])))
                for one in error.errors(include_url=False, include_context=False, include_input=False)
            )
        return str(error)


def _behaviors(schema: Any) -> Iterator[tuple[str, str | None]]:
    """Yield each class of a schema, with what it does with unknown fields if it says so."""
    if isinstance(schema, dict):
        if schema.get("type") in _CLASSES and not schema.get("root_model"):
            inner = schema.get("schema")
            config = schema.get("config") or {}
            behavior = schema.get("extra_behavior") or config.get("extra_fields_behavior")
            if behavior is None and isinstance(inner, dict):
                behavior = inner.get("extra_behavior")
            kind = schema.get("cls")
            yield getattr(kind, "__name__", str(kind)), behavior
        for inner in schema.values():
            yield from _behaviors(inner)
    elif isinstance(schema, (list, tuple)):
        for inner in schema:
            yield from _behaviors(inner)
