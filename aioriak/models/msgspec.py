"""msgspec structs as models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import inspect

from aioriak.error import InvalidRequest
from aioriak.models.adapter import FieldInfo, resolved_hints
from aioriak.models.conversion import Document

M = TypeVar("M")


class MsgspecAdapter(Generic[M]):
    """Converts instances by msgspec.

    A field that no struct knows is refused, whether or not the struct has ``forbid_unknown_fields``.
    """

    def __init__(self, kind: type[M]) -> None:
        self._kind = kind
        type_info: Any = inspect.type_info
        self._info = type_info(kind)
        _check_supported(self._info, kind.__qualname__, set())
        self._check = _Checks().of(self._info)
        hints = resolved_hints(kind)
        self.fields: dict[str, FieldInfo] = {
            field.name: FieldInfo(hints[field.name], field.encode_name) for field in self._info.fields
        }

    def load(self, document: Document) -> M:
        """Make an instance of a JSON document."""
        loaded: M = msgspec.convert(document, self._kind, str_keys=True)
        if self._check is not None:
            self._check(document, "$")
        return loaded

    def dump(self, value: M) -> Document:
        """Make a JSON document of an instance."""
        if type(value) is not self._kind:
            raise msgspec.ValidationError(f"Expected `{self._kind.__name__}`, got `{type(value).__name__}`")
        document: Document = msgspec.to_builtins(value, str_keys=True)
        self.load(document)  # msgspec does not check what is assigned
        return document

    def words(self, error: Exception) -> str:
        """Return what an error says."""
        return str(error)


_SCALARS = (
    inspect.NoneType, inspect.BoolType, inspect.IntType, inspect.FloatType, inspect.StrType, inspect.BytesType,
    inspect.ByteArrayType, inspect.MemoryViewType, inspect.DateTimeType, inspect.DateType, inspect.TimeType,
    inspect.TimeDeltaType, inspect.UUIDType, inspect.DecimalType, inspect.EnumType, inspect.LiteralType,
    inspect.AnyType, inspect.RawType,
)  # fmt: skip
_DICTS = (inspect.DictType,)
_ARRAYS = (inspect.ListType, inspect.SetType, inspect.FrozenSetType, inspect.CollectionType, inspect.VarTupleType)


def _parts(info: Any) -> list[tuple[str, Any]]:
    """Return the types of which a type consists, each with the field that has it."""
    if isinstance(info, _ARRAYS):
        return [("", info.item_type)]
    if isinstance(info, inspect.TupleType):
        return [("", item) for item in info.item_types]
    if isinstance(info, _DICTS):
        return [("", info.key_type), ("", info.value_type)]
    if isinstance(info, inspect.UnionType):
        return [("", one) for one in info.types]
    if isinstance(info, inspect.Metadata):
        return [("", info.type)]
    return [(field.name, field.type) for field in getattr(info, "fields", ())]


def _check_supported(info: Any, where: str, seen: set[int]) -> None:
    """Raise :class:`~aioriak.error.InvalidRequest` for a type that msgspec leaves to hooks."""
    if id(info) in seen:
        return
    seen.add(id(info))
    if isinstance(info, inspect.CustomType):
        raise InvalidRequest(f"{where} has the type {info.cls.__qualname__}, which msgspec does not convert by itself")
    for name, part in _parts(info):
        _check_supported(part, f"{where}.{name}" if name else where, seen)


Check = Callable[[Document, str], None]
"""Raises ``ValidationError`` where a document has a field that its struct, dataclass or TypedDict has not."""


class _Checks:
    """Makes the checks of types; a type that can have no unknown field has none."""

    def __init__(self) -> None:
        self._made: dict[int, Check | None] = {}

    def of(self, info: Any) -> Check | None:
        """Return the check of a type."""
        if isinstance(info, _SCALARS):
            return None
        known = id(info)
        if known not in self._made:
            # a class may contain itself, and has a check in any case
            self._made[known] = lambda document, path: self._run(known, document, path)
            self._made[known] = self._make(info)
        return self._made[known]

    def _run(self, known: int, document: Document, path: str) -> None:
        check = self._made[known]
        if check is not None:
            check(document, path)

    def _make(self, info: Any) -> Check | None:
        if isinstance(info, inspect.Metadata):
            return self.of(info.type)
        if isinstance(info, inspect.UnionType):
            return self._of_union(info)
        if isinstance(info, _ARRAYS):
            return _of_items(self.of(info.item_type), lambda document: document)
        if isinstance(info, _DICTS):
            return _of_items(self.of(info.value_type), lambda document: document.values())
        if isinstance(info, inspect.TupleType):
            return _of_places([("[...]", self.of(item)) for item in info.item_types])
        if _is_array(info):
            places = [(f".{field.name}", self.of(field.type)) for field in info.fields]
            return _of_places(places, 0 if getattr(info, "tag", None) is None else 1)
        fields = {field.encode_name: self.of(field.type) for field in info.fields}
        return _of_fields(fields, getattr(info, "tag_field", None))

    def _of_union(self, union: Any) -> Check | None:
        checks = [(one, check) for one in union.types if (check := self.of(one)) is not None]

        def check_member(document: Document, path: str) -> None:
            for one, check in checks:
                if _may_be(one, document):
                    check(document, path)
                    return

        return check_member if checks else None


def _of_items(check: Check | None, items: Callable[[Document], Iterable[Document]]) -> Check | None:
    if check is None:
        return None

    def check_items(document: Document, path: str) -> None:
        for inner in items(document):
            check(inner, f"{path}[...]")

    return check_items


def _of_places(places: list[tuple[str, Check | None]], first: int = 0) -> Check | None:
    checks = [(at, name, check) for at, (name, check) in enumerate(places, first) if check is not None]

    def check_places(document: Document, path: str) -> None:
        for at, name, check in checks:
            if at < len(document):
                check(document[at], path + name)

    return check_places if checks else None


def _of_fields(fields: dict[str, Check | None], tag: str | None) -> Check:
    names = fields.keys() | {tag}
    inner = [(name, check) for name, check in fields.items() if check is not None]

    def check_fields(document: Document, path: str) -> None:
        if not document.keys() <= names:
            unknown = next(name for name in document if name not in names)
            raise msgspec.ValidationError(f"Object contains unknown field `{unknown}` - at `{path}`")
        for name, check in inner:
            if name in document:
                check(document[name], f"{path}.{name}")

    return check_fields


def _may_be(info: Any, document: Document) -> bool:
    """Return whether a document is one of a type in a union; msgspec takes unions only whose members differ."""
    if isinstance(info, inspect.Metadata):
        return _may_be(info.type, document)
    if isinstance(document, dict):
        if isinstance(info, _DICTS):
            return True
        if _is_array(info):
            return False
        tag = getattr(info, "tag", None)
        return tag is None or document.get(info.tag_field) == tag
    if isinstance(document, list) and _is_array(info):
        tag = getattr(info, "tag", None)
        return tag is None or document[:1] == [tag]
    return False


def _is_array(info: Any) -> bool:
    kinds = (*_ARRAYS, inspect.TupleType, inspect.NamedTupleType)
    return isinstance(info, kinds) or getattr(info, "array_like", False)
