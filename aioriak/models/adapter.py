"""What a model needs of the library that its class was written with."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar

from aioriak.error import InvalidRequest
from aioriak.models.conversion import Document

M = TypeVar("M")


@dataclasses.dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of a class: its type, its name in the document, and metadata that the type does not have."""

    hint: Any
    name: str
    metadata: tuple[Any, ...] = ()


class Adapter(Protocol, Generic[M]):
    """Converts the instances of one class.

    ``load`` and ``dump`` may raise whatever the library does; :meth:`words` makes text of it.
    """

    @property
    def fields(self) -> Mapping[str, FieldInfo]:
        """The fields by the names of their attributes."""

    def load(self, document: Document) -> M:
        """Make an instance of a JSON document; refuse a document that does not fit the class."""

    def dump(self, value: M) -> Document:
        """Make a JSON document of an instance; refuse an instance that could not be loaded again."""

    def words(self, error: Exception) -> str:
        """Return what an error of ``load`` or ``dump`` says."""


def resolved_hints(kind: type) -> dict[str, Any]:
    """Return the types of the attributes of a class.

    Raises :class:`~aioriak.error.InvalidRequest` where an annotation is text that names nothing.
    """
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except (NameError, TypeError) as error:
        raise InvalidRequest(
            f"an annotation of {kind.__qualname__} cannot be evaluated: {error}; "
            "define the class and the types of its fields at the top level of a module"
        ) from error


def library_of(kind: type) -> str | None:
    """Return the library that a class was written with, by the marks that it leaves; nothing is imported."""
    if hasattr(kind, "__pydantic_core_schema__"):
        return "pydantic"
    if hasattr(kind, "__struct_fields__"):
        return "msgspec"
    if hasattr(kind, "__attrs_attrs__"):
        return "attrs"
    if dataclasses.is_dataclass(kind):
        return "dataclasses"
    return None
