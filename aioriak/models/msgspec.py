"""msgspec structs as models."""

from __future__ import annotations

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
        hints = resolved_hints(kind)
        self.fields: dict[str, FieldInfo] = {
            field.name: FieldInfo(hints[field.name], field.encode_name) for field in self._info.fields
        }

    def load(self, document: Document) -> M:
        """Make an instance of a JSON document."""
        loaded: M = msgspec.convert(document, self._kind, str_keys=True)
        _refuse_unknown(self._info, document, "$")
        return loaded

    def dump(self, value: M) -> Document:
        """Make a JSON document of an instance."""
        if not isinstance(value, self._kind):
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


def _refuse_unknown(info: Any, document: Document, path: str) -> None:
    """Raise ``ValidationError`` where a document has a field that its struct, dataclass or TypedDict has not."""
    if isinstance(info, _SCALARS):
        return
    if isinstance(info, inspect.Metadata):
        _refuse_unknown(info.type, document, path)
    elif isinstance(info, inspect.UnionType):
        member = _member(info, document)
        if member is not None:
            _refuse_unknown(member, document, path)
    elif isinstance(info, _ARRAYS):
        if not isinstance(info.item_type, _SCALARS):
            for inner in document:
                _refuse_unknown(info.item_type, inner, f"{path}[...]")
    elif isinstance(info, inspect.TupleType):
        for item, inner in zip(info.item_types, document, strict=False):
            _refuse_unknown(item, inner, f"{path}[...]")
    elif isinstance(info, _DICTS):
        if not isinstance(info.value_type, _SCALARS):
            for inner in document.values():
                _refuse_unknown(info.value_type, inner, f"{path}[...]")
    elif isinstance(document, dict):
        fields = {field.encode_name: field.type for field in info.fields}
        tag = getattr(info, "tag_field", None)
        for name, inner in document.items():
            if name in fields:
                _refuse_unknown(fields[name], inner, f"{path}.{name}")
            elif name != tag:
                raise msgspec.ValidationError(f"Object contains unknown field `{name}` - at `{path}`")
    elif isinstance(document, list):  # array_like
        for field, inner in zip(info.fields, document, strict=False):
            _refuse_unknown(field.type, inner, f"{path}.{field.name}")


def _member(union: Any, document: Document) -> Any:
    """Return the type in a union that a document has, if it may have fields."""
    for one in union.types:
        if isinstance(one, inspect.Metadata):
            one = one.type
        if isinstance(document, dict):
            if isinstance(one, _DICTS):
                return one
            if hasattr(one, "fields") and not getattr(one, "array_like", False):
                tag = getattr(one, "tag", None)
                if tag is None or document.get(one.tag_field) == tag:
                    return one
        elif isinstance(document, list) and (
            isinstance(one, (*_ARRAYS, inspect.TupleType, inspect.NamedTupleType))
            or (getattr(one, "array_like", False) and (one.tag is None or document[:1] == [one.tag]))
        ):
            return one
    return None
