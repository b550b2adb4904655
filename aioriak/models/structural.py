"""The adapter of classes whose library does not convert them: dataclasses, attrs classes, and plain types."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from aioriak.error import InvalidRequest
from aioriak.models import dataclasses
from aioriak.models.adapter import FieldInfo, library_of
from aioriak.models.conversion import ClassConverter, Compiler, Document, Field, Mismatch

M = TypeVar("M")
_Expanded = tuple[list[Field], Mapping[str, Any]]


def _expand(kind: type) -> _Expanded | None:
    library = library_of(kind)
    if library == "dataclasses":
        expanded: _Expanded = dataclasses.expand(kind)
    elif library == "attrs":
        from aioriak.models import attrs

        expanded = attrs.expand(kind)
    else:
        return None
    _check_constructor(kind, {field.parameter for field in expanded[0]})
    return expanded


def _check_constructor(kind: type, fields: set[str]) -> None:
    """Raise :class:`~aioriak.error.InvalidRequest` unless a class can be made of its fields."""
    parameters = inspect.signature(kind).parameters
    taken = {name for name, one in parameters.items() if one.kind is not one.VAR_KEYWORD}
    if len(taken) == len(parameters) and fields - taken:
        raise InvalidRequest(
            f"{kind.__qualname__} cannot be a model: its constructor does not take {min(fields - taken)}"
        )
    for name in sorted(taken - fields):
        one = parameters[name]
        if one.default is one.empty and one.kind is not one.VAR_POSITIONAL:
            raise InvalidRequest(
                f"{kind.__qualname__} cannot be a model: its constructor needs {name}, which is not a field"
            )


class StructuralAdapter(Generic[M]):
    """Converts instances field by field; see :mod:`aioriak.models.conversion`."""

    def __init__(self, kind: type[M]) -> None:
        hints: dict[str, Any] = {}

        def expand(inner: type) -> _Expanded | None:
            expanded = _expand(inner)
            if inner is kind and expanded is not None:
                hints.update(expanded[1])
            return expanded

        self._converter = Compiler(expand).converter(kind, getattr(kind, "__qualname__", str(kind)))
        self.fields: dict[str, FieldInfo] = {}
        if isinstance(self._converter, ClassConverter):
            self.fields = {
                field.attribute: FieldInfo(hints.get(field.attribute, Any), field.parameter)
                for field in self._converter.fields.values()
            }

    def load(self, document: Document) -> M:
        """Make an instance of a JSON document."""
        instance: M = self._converter.load(document)
        return instance

    def dump(self, value: M) -> Document:
        """Make a JSON document of an instance."""
        document = self._converter.dump(value)
        self._converter.load(document)  # constructors and validators may refuse what was assigned
        return document

    def words(self, error: Exception) -> str:
        """Return what an error says."""
        if isinstance(error, Mismatch):
            return str(error)
        said = error.args[0] if error.args and isinstance(error.args[0], str) else error  # attrs adds its objects
        return f"{type(error).__name__}: {said}"
