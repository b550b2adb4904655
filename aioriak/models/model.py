"""Models: what the document, the indexes and the key of an instance are."""

from __future__ import annotations

import typing
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from aioriak.error import ContentError, InvalidRequest, InvalidType, RiakError
from aioriak.models.adapter import Adapter, library_of
from aioriak.models.conversion import Document
from aioriak.models.fields import kind_of, tagged
from aioriak.models.structural import StructuralAdapter
from aioriak.models.terms import DeclaredIndex, markers, term, unwrapped
from aioriak.operations.contents import IndexEntry
from aioriak.operations.indexes import Term
from aioriak.operations.names import Name, encode_key, text

M = TypeVar("M")
Upgrade = Callable[[Any], Any]
"""Takes a document as it is stored, returns it as the model has it now."""


def adapter_of(kind: type[M]) -> Adapter[M]:
    """Return the adapter of a class.  Raises :class:`~aioriak.error.InvalidRequest` for an unsupported class."""
    library = library_of(kind)
    if library == "pydantic":
        from aioriak.models.pydantic import PydanticAdapter

        return PydanticAdapter(kind)
    if library == "msgspec":
        from aioriak.models.msgspec import MsgspecAdapter

        return MsgspecAdapter(kind)
    return StructuralAdapter(kind)


class Schema(Generic[M]):
    """What a class says of itself: how it is converted, its indexes and its key.

    Raises :class:`~aioriak.error.InvalidRequest` for a class that cannot be a model.
    """

    def __init__(self, kind: type[M]) -> None:
        self.name: str = getattr(kind, "__qualname__", str(kind))
        self.adapter: Adapter[M] = adapter_of(kind)
        self.indexes: list[DeclaredIndex] = [*self._field_indexes(), *_computed_indexes(kind)]
        self.key_field: str | None = None
        self.key_name: str | None = None
        """The name of the key in the document."""
        self.key_is_number: bool = False
        for name, field in self.adapter.fields.items():
            if markers(field.hint, field.metadata)[1]:
                self._set_key(name, field.hint, field.name)
        self.index_names: frozenset[str] = frozenset(index.name for index in self.indexes)

    def _field_indexes(self) -> list[DeclaredIndex]:
        return [
            DeclaredIndex(marker, name, field.hint, f"{self.name}.{name}", _reader(name))
            for name, field in self.adapter.fields.items()
            for marker in markers(field.hint, field.metadata)[0]
        ]

    def _set_key(self, attribute: str, hint: Any, name: str) -> None:
        if self.key_field is not None:
            raise InvalidRequest(f"{self.name} has two keys: {self.key_field} and {attribute}")
        types = {one for one in _types(hint) if one is not type(None)}
        if len(types) != 1 or not types <= {str, int, UUID}:
            raise InvalidRequest(f"{self.name}.{attribute}: a key is str, int or UUID")
        self.key_field, self.key_name, self.key_is_number = attribute, name, types == {int}


    def key_document(self, key: Name) -> Document:
        """Return what stands for the key in a document that leaves it out."""
        if isinstance(key, bytes):
            key = text(key)
        if self.key_is_number and isinstance(key, str) and key.removeprefix("-").isdecimal():
            return int(key)
        return key


def _types(hint: Any) -> list[Any]:
    hint, _ = unwrapped(hint)
    return [inner for part in typing.get_args(hint) for inner in _types(part)] or [hint]


def _reader(attribute: str) -> Callable[[Any], Any]:
    return lambda instance: getattr(instance, attribute)


def _computed_indexes(kind: type) -> list[DeclaredIndex]:
    members: dict[str, Any] = {}
    for base in reversed(getattr(kind, "__mro__", ())):
        members.update(vars(base))
    found = []
    for name, member in members.items():
        marked = tagged(member)
        if marked is None:
            continue
        function, index = marked
        where = f"{kind.__qualname__}.{name}"
        try:
            hint = typing.get_type_hints(function, include_extras=True).get("return", Any)
        except (NameError, TypeError) as error:
            raise InvalidRequest(f"an annotation of {where} cannot be evaluated: {error}") from error
        read = _caller(name) if member is function else _reader(name)
        found.append(DeclaredIndex(index, name, hint, where, read))
    return found


def _caller(method: str) -> Callable[[Any], Any]:
    return lambda instance: getattr(instance, method)()


schema_of: Callable[[type[M]], Schema[M]] = cast("Callable[[type[M]], Schema[M]]", lru_cache(maxsize=256)(Schema))
"""Return the schema of a class; that of a class used before is kept."""


class Model(Generic[M]):
    """Converts between the documents of a bucket and the instances of a class."""

    __slots__ = ("_adapter", "_schema", "_upgrade", "kind")

    def __init__(self, kind: type[M], upgrade: Upgrade | None = None) -> None:
        if upgrade is not None and not callable(upgrade):
            raise InvalidRequest(f"upgrade is a function of a document, not {upgrade!r}")
        try:
            self._schema = schema_of(kind)
        except RiakError:
            raise
        except Exception as error:
            raise InvalidRequest(f"{getattr(kind, '__qualname__', kind)} cannot be a model: {error}") from error
        self.kind: type[M] = kind
        self._adapter = self._schema.adapter
        self._upgrade = upgrade

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        return self.kind == other.kind and self._upgrade == other._upgrade

    def __hash__(self) -> int:
        return hash((self.kind, self._upgrade))

    def load(self, document: Document, key: Name | None) -> M:
        """Make an instance of the document that is stored under a key.

        Raises :class:`~aioriak.error.ContentError`.
        """
        schema = self._schema
        if self._upgrade is not None:
            document = self._upgraded(document)
        name = schema.key_name
        if name is not None and key is not None and isinstance(document, dict) and name not in document:
            document = {name: schema.key_document(key), **document}
        try:
            instance = self._adapter.load(document)
        except Exception as error:
            raise ContentError(f"the stored value is no valid {schema.name}: {self._adapter.words(error)}") from error
        self._check_key(instance, key)
        return instance

    def _upgraded(self, document: Document) -> Document:
        assert self._upgrade is not None
        try:
            upgraded = self._upgrade(document)
        except Exception as error:
            raise ContentError(
                f"the upgrade of a {self._schema.name} raised {type(error).__name__}: {error}"
            ) from error
        if upgraded is None:
            raise ContentError(f"the upgrade of a {self._schema.name} returned None, not a document")
        return upgraded

    def dump(self, instance: M, key: Name | None) -> Document:
        """Make the document of an instance that is stored under a key.

        Raises :class:`~aioriak.error.ContentError`.
        """
        try:
            document = self._adapter.dump(instance)
        except Exception as error:
            raise ContentError(f"the value is no valid {self._schema.name}: {self._adapter.words(error)}") from error
        if key is None and self._schema.key_field is not None:
            raise ContentError(f"{self._schema.name}.{self._schema.key_field} is the key, and the object has none")
        self._check_key(instance, key)
        return document

    # -- the key ------------------------------------------------------------------------------

    def key_of(self, instance: M) -> str | None:
        """Return the key that an instance has in its field; ``None`` for a class without such a field.

        Raises :class:`~aioriak.error.InvalidRequest` where the field is empty.
        """
        field = self._schema.key_field
        if field is None:
            return None
        value = getattr(instance, field, None)
        if value is None or value == "":
            raise InvalidRequest(f"{self._schema.name}.{field}, the key, is {value!r}: set it")
        return str(value)

    def _check_key(self, instance: M, key: Name | None) -> None:
        field = self._schema.key_field
        if field is not None and key is not None:
            value = getattr(instance, field)
            if str(value).encode("utf-8", "surrogatepass") != encode_key(key):
                raise ContentError(
                    f"{self._schema.name}.{field} is {value!r}, which is not the key of the object, {key!r}"
                )

    # -- indexes ------------------------------------------------------------------------------

    def reindex(self, instance: M, entries: set[IndexEntry]) -> None:
        """Replace the entries of declared indexes by those of an instance.

        Raises :class:`~aioriak.error.InvalidRequest` for a value that is no term.
        """
        schema = self._schema
        if not schema.indexes:
            return
        declared = {entry for index in schema.indexes for entry in index.entries(instance)}
        entries -= {entry for entry in entries if _name(entry) in schema.index_names} - declared
        entries |= declared

    def term(self, value: Any) -> Term:
        """Return the index term of a value.  Raises :class:`~aioriak.error.InvalidRequest`."""
        return term(value)

    def index_name(self, name: Name) -> Name:
        """Return the name of an index, given that name or the one of its field.

        Raises :class:`~aioriak.error.InvalidRequest` for an unknown one.
        """
        schema = self._schema
        if not isinstance(name, (str, bytes)):
            raise InvalidType(f"name the field or the index in text, as in query('age', …), not {name!r}")
        found = sorted({index.name for index in schema.indexes if index.field == name})
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidRequest(f"{schema.name}.{name!s} has several indexes; name one of {', '.join(found)}")
        if isinstance(name, bytes) or name.startswith("$") or kind_of(name):
            return name
        known = ", ".join(f"{index.field} ({index.name})" for index in schema.indexes) or "none"
        raise InvalidRequest(f"{schema.name} declares no index {name!r}; its indexes are: {known}")


def _name(entry: Any) -> Any:
    name = entry[0] if isinstance(entry, tuple) and entry else None
    return text(name) if isinstance(name, bytes) else name
