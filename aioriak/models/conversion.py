"""Conversion between instances and JSON documents, for libraries that have none of their own.

=================================  ===============================================================
type                               in the document
=================================  ===============================================================
None, bool, int, float, str        themselves; a whole number is read as a float where one is due
bytes                              a string, in base 64
datetime, date, time               a string, in ISO 8601
UUID, Decimal                      a string
Enum                               the value of the member: str, int or bool
Literal                            the value: str, int, bool or None
list, set, frozenset, tuple        an array; also ``Sequence``, ``Set``, ``Collection``, ``Iterable``
dict, Mapping                      an object; keys are str, int, UUID or Enum
a dataclass or an attrs class      an object
a union                            what its member has, where the documents of all members differ
Any, object                        any JSON value
=================================  ===============================================================
"""

from __future__ import annotations

import base64
import binascii
import collections.abc
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

from aioriak.error import InvalidRequest
from aioriak.models.terms import is_union, unwrapped

Document = Any
"""A JSON value."""


class Mismatch(ValueError):
    """A document or a value does not fit its type; ``where`` is the path to it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.where: list[str] = []

    def __str__(self) -> str:
        return ".".join(reversed(self.where)) + ": " + self.problem if self.where else self.problem


class Converter(Protocol):
    """Converts the values of one type."""

    forms: frozenset[str]
    """The kinds of JSON value that its documents have."""

    def load(self, document: Document) -> Any:
        """Return the value of a document.  Raises :class:`Mismatch`."""

    def dump(self, value: Any) -> Document:
        """Return the document of a value.  Raises :class:`Mismatch`."""

    def accepts(self, value: Any) -> bool:
        """Whether a value has this type, as far as its class says."""


_FORMS = {
    type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
}  # fmt: skip


def _said(document: Document) -> str:
    """Name the kind of a JSON value."""
    return _FORMS.get(type(document), type(document).__name__)


def _wanted(kind: str, value: Any) -> Mismatch:
    return Mismatch(f"expected {kind}, got {type(value).__name__}")


class _Same:
    """A type that JSON has."""

    def __init__(self, kind: type) -> None:
        self._kind = kind
        self.forms = frozenset((_FORMS[kind],))

    def load(self, document: Document) -> Any:
        if type(document) is not self._kind:
            raise Mismatch(f"expected {_FORMS[self._kind]}, got {_said(document)}")
        return document

    def dump(self, value: Any) -> Document:
        if not self.accepts(value):
            raise _wanted(self._kind.__name__, value)
        return value

    def accepts(self, value: Any) -> bool:
        return isinstance(value, self._kind) and not (self._kind is int and isinstance(value, bool))


class _Float:
    forms: frozenset[str] = frozenset(("integer", "number"))

    def load(self, document: Document) -> Any:
        if type(document) is float:
            return document
        if type(document) is not int:
            raise Mismatch(f"expected number, got {_said(document)}")
        try:
            return float(document)
        except OverflowError:
            raise Mismatch("the number is beyond the range of a float") from None

    def dump(self, value: Any) -> Document:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise _wanted("float", value)
        return value

    def accepts(self, value: Any) -> bool:
        return isinstance(value, float)


class _Any:
    forms: frozenset[str] = frozenset(_FORMS.values())

    def load(self, document: Document) -> Any:
        return document

    def dump(self, value: Any) -> Document:
        return value

    def accepts(self, value: Any) -> bool:
        return True


class _Text:
    """A type that is written as a string."""

    forms: frozenset[str] = frozenset(("string",))

    def __init__(self, kind: type, read: Callable[[str], Any], write: Callable[[Any], str]) -> None:
        self._kind = kind
        self._read = read
        self._write = write

    def load(self, document: Document) -> Any:
        if type(document) is not str:
            raise Mismatch(f"expected string, got {_said(document)}")
        try:
            return self._read(document)
        except (ValueError, InvalidOperation) as error:
            raise Mismatch(f"no valid {self._kind.__name__}: {error}") from None

    def dump(self, value: Any) -> Document:
        if not self.accepts(value):
            raise _wanted(self._kind.__name__, value)
        return self._write(value)

    def accepts(self, value: Any) -> bool:
        return isinstance(value, self._kind) and not (self._kind is date and isinstance(value, datetime))


def _read_bytes(document: str) -> bytes:
    try:
        return base64.b64decode(document, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


_TEXTS: dict[type, _Text] = {
    bytes: _Text(bytes, _read_bytes, lambda value: base64.b64encode(value).decode()),
    datetime: _Text(datetime, datetime.fromisoformat, datetime.isoformat),
    date: _Text(date, date.fromisoformat, date.isoformat),
    time: _Text(time, time.fromisoformat, time.isoformat),
    UUID: _Text(UUID, UUID, str),
    Decimal: _Text(Decimal, Decimal, str),
}


class _Choice:
    """An enum or a literal: a few values, each with its document."""

    def __init__(self, name: str, documents: Mapping[Any, Document]) -> None:
        self._name = name
        self._documents = {self._tagged(value): document for value, document in documents.items()}
        self._values = {self._tagged(document): value for value, document in documents.items()}
        self.forms = frozenset(_said(document) for document in documents.values())

    @staticmethod
    def _tagged(value: Any) -> tuple[type, Any]:
        return type(value), value  # 1 and True are different values

    def load(self, document: Document) -> Any:
        if not isinstance(document, collections.abc.Hashable) or self._tagged(document) not in self._values:
            raise Mismatch(f"{document!r:.80} is not a value of {self._name}")
        return self._values[self._tagged(document)]

    def dump(self, value: Any) -> Document:
        if not self.accepts(value):
            raise Mismatch(f"{value!r:.80} is not a value of {self._name}")
        return self._documents[self._tagged(value)]

    def accepts(self, value: Any) -> bool:
        return isinstance(value, collections.abc.Hashable) and self._tagged(value) in self._documents


class _Array:
    """A collection of items of one type."""

    forms: frozenset[str] = frozenset(("array",))

    def __init__(self, kind: Callable[[Iterable[Any]], Any], taken: tuple[type, ...], item: Converter) -> None:
        self._kind = kind
        self._taken = taken
        self._item = item

    def load(self, document: Document) -> Any:
        if type(document) is not list:
            raise Mismatch(f"expected array, got {_said(document)}")
        return self._kind(_each(self._item.load, document))

    def dump(self, value: Any) -> Document:
        if not self.accepts(value):
            raise _wanted(self._taken[0].__name__, value)
        return _each(self._item.dump, value)

    def accepts(self, value: Any) -> bool:
        return isinstance(value, self._taken) and not isinstance(value, (str, bytes, Mapping))


def _each(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    done: list[Any] = []
    try:
        for item in items:
            done.append(work(item))
    except Mismatch as error:
        error.where.append(str(len(done)))
        raise
    return done


class _Record:
    """A tuple of items of several types."""

    forms: frozenset[str] = frozenset(("array",))

    def __init__(self, items: list[Converter]) -> None:
        self._items = items

    def load(self, document: Document) -> Any:
        if type(document) is not list:
            raise Mismatch(f"expected array, got {_said(document)}")
        return tuple(self._each("load", document))

    def dump(self, value: Any) -> Document:
        if not isinstance(value, tuple):
            raise _wanted("tuple", value)
        return self._each("dump", value)

    def _each(self, work: str, items: Any) -> list[Any]:
        if len(items) != len(self._items):
            raise Mismatch(f"expected {len(self._items)} items, got {len(items)}")
        pairs = zip(items, self._items, strict=True)
        return _each(lambda pair: getattr(pair[1], work)(pair[0]), pairs)

    def accepts(self, value: Any) -> bool:
        return isinstance(value, tuple)


class _Dict:
    """A mapping with keys of one type and values of another."""

    forms: frozenset[str] = frozenset(("object",))

    def __init__(self, key: Converter, value: Converter) -> None:
        self._key = key
        self._numeric = key.forms == {"integer"}
        self._value = value

    def load(self, document: Document) -> Any:
        if type(document) is not dict:
            raise Mismatch(f"expected object, got {_said(document)}")
        loaded = {}
        for name, inner in document.items():
            try:
                loaded[self._load_key(name)] = self._value.load(inner)
            except Mismatch as error:
                error.where.append(repr(name))
                raise
        return loaded

    def _load_key(self, name: str) -> Any:
        if not self._numeric:
            return self._key.load(name)
        try:
            return self._key.load(int(name))
        except ValueError:
            raise Mismatch("the key is no whole number") from None

    def dump(self, value: Any) -> Document:
        if not self.accepts(value):
            raise _wanted("dict", value)
        dumped = {}
        for name, inner in value.items():
            try:
                key = self._key.dump(name)
                dumped[str(key) if self._numeric else key] = self._value.dump(inner)
            except Mismatch as error:
                error.where.append(repr(name))
                raise
        return dumped

    def accepts(self, value: Any) -> bool:
        return isinstance(value, Mapping)


class _Union:
    """One of several types, whose documents differ."""

    def __init__(self, members: list[Converter]) -> None:
        self._members = members
        self.forms = frozenset(form for member in members for form in member.forms)

    def load(self, document: Document) -> Any:
        form = _said(document)
        for member in self._members:
            if form in member.forms:
                return member.load(document)
        raise Mismatch(f"expected {' or '.join(sorted(self.forms))}, got {form}")

    def dump(self, value: Any) -> Document:
        for member in self._members:
            if member.accepts(value):
                return member.dump(value)
        raise Mismatch(f"{type(value).__name__} is not one of the field's types")

    def accepts(self, value: Any) -> bool:
        return any(member.accepts(value) for member in self._members)


class Field:
    """A field of a class, as the converter needs it."""

    __slots__ = ("attribute", "converter", "is_required", "name", "parameter")

    def __init__(self, attribute: str, parameter: str, is_required: bool) -> None:
        self.attribute: str = attribute
        """The name of the attribute."""
        self.parameter: str = parameter
        """The name of the constructor's parameter, and of the member in the document."""
        self.is_required: bool = is_required
        self.converter: Converter = _Any()


class ClassConverter:
    """A class with fields: a dataclass or an attrs class."""

    forms: frozenset[str] = frozenset(("object",))

    def __init__(self, kind: type, fields: list[Field]) -> None:
        self.kind = kind
        self.fields: dict[str, Field] = {field.parameter: field for field in fields}

    def load(self, document: Document) -> Any:
        if type(document) is not dict:
            raise Mismatch(f"expected object, got {_said(document)}")
        values = {}
        for name, inner in document.items():
            field = self.fields.get(name)
            if field is None:
                raise Mismatch(f"there is no field {name!r}")
            try:
                values[name] = field.converter.load(inner)
            except Mismatch as error:
                error.where.append(name)
                raise
        missing = [name for name, field in self.fields.items() if field.is_required and name not in values]
        if missing:
            raise Mismatch(f"the field {missing[0]!r} is missing")
        return self.kind(**values)

    def dump(self, value: Any) -> Document:
        if not self.accepts(value):
            raise _wanted(self.kind.__name__, value)
        document = {}
        for name, field in self.fields.items():
            try:
                document[name] = field.converter.dump(getattr(value, field.attribute))
            except Mismatch as error:
                error.where.append(name)
                raise
        return document

    def accepts(self, value: Any) -> bool:
        return type(value) is self.kind  # the fields of a subclass would be lost


Expand = Callable[[type], "tuple[list[Field], Mapping[str, Any]] | None"]
"""Returns the fields of a class and their types; ``None`` for other types."""

_LISTS = (list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Collection,
          collections.abc.Iterable)  # fmt: skip
_SETS = (set, collections.abc.Set, collections.abc.MutableSet)
_DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


class Compiler:
    """Makes converters of types; ``expand`` tells the fields of classes."""

    def __init__(self, expand: Expand) -> None:
        self._expand = expand
        self._classes: dict[type, ClassConverter] = {}

    def converter(self, hint: Any, where: str) -> Converter:
        """Return the converter of a type.  Raises :class:`~aioriak.error.InvalidRequest` for an unsupported type."""
        hint, _ = unwrapped(hint)
        if hint is Any or hint is object:
            return _Any()
        if hint is None or hint is type(None):
            return _Same(type(None))
        if is_union(hint):
            return self._union(hint, where)
        origin, arguments = typing.get_origin(hint) or hint, typing.get_args(hint)
        if origin is typing.Literal:
            return _choice(hint, {choice: choice for choice in arguments}, where)
        if isinstance(origin, type):
            found = self._of_class(origin, arguments, where)
            if found is not None:
                return found
        raise InvalidRequest(
            f"{where} has the type {hint.__qualname__ if isinstance(hint, type) else hint}, which is not supported: "
            "the types are None, bool, int, float, str, bytes, datetime, date, time, UUID, Decimal, Enum, Literal, "
            "list, set, frozenset, tuple, dict, dataclasses, attrs classes, unions of them, and Any"
        )

    def _of_class(self, origin: type, arguments: tuple[Any, ...], where: str) -> Converter | None:
        if origin in (bool, int, str):
            return _Same(origin)
        if origin is float:
            return _Float()
        if origin in _TEXTS:
            return _TEXTS[origin]
        if issubclass(origin, Enum):
            return _choice(origin, {member: member.value for member in origin}, where)
        if origin in _LISTS:
            return _Array(list, (list, tuple) if origin is not list else (list,), self._item(arguments, where))
        if origin in _SETS:
            return _Array(set, (set, frozenset), self._item(arguments, where))
        if origin is frozenset:
            return _Array(frozenset, (set, frozenset), self._item(arguments, where))
        if origin is tuple:
            if not arguments or (len(arguments) == 2 and arguments[1] is Ellipsis):
                return _Array(tuple, (tuple,), self._item(arguments[:1], where))
            return _Record([self.converter(item, where) for item in arguments])
        if origin in _DICTS:
            key = self.converter(arguments[0] if arguments else str, where)
            if key.forms not in ({"string"}, {"integer"}):
                raise InvalidRequest(f"{where}: the keys of a dict are str, int, UUID or Enum")
            return _Dict(key, self.converter(arguments[1] if arguments else Any, where))
        return None if arguments else self._with_fields(origin)

    def _item(self, arguments: tuple[Any, ...], where: str) -> Converter:
        return self.converter(arguments[0] if arguments else Any, where)

    def _with_fields(self, kind: type) -> ClassConverter | None:
        known = self._classes.get(kind)
        if known is not None:
            return known
        expanded = self._expand(kind)
        if expanded is None:
            return None
        fields, hints = expanded
        made = self._classes[kind] = ClassConverter(kind, fields)  # before its fields, which may contain it
        for field in fields:
            field.converter = self.converter(hints.get(field.attribute, Any), f"{kind.__qualname__}.{field.attribute}")
        return made

    def _union(self, hint: Any, where: str) -> Converter:
        members = [self.converter(member, where) for member in typing.get_args(hint)]
        members.sort(key=lambda member: "number" in member.forms)  # a whole number is an int, where there is one
        taken: set[str] = set()
        for member in members:
            forms = member.forms - {"integer"} if "number" in member.forms else member.forms
            if taken & forms:
                raise InvalidRequest(
                    f"{where}: the documents of {hint} do not tell its types apart, "
                    f"because several are a JSON {min(taken & forms)}"
                )
            taken |= member.forms
        return _Union(members)


def _choice(hint: Any, documents: Mapping[Any, Document], where: str) -> _Choice:
    for document in documents.values():
        if document is not None and type(document) not in (str, int, bool):
            raise InvalidRequest(f"{where}: a value of {hint} is {document!r}, which is not str, int or bool")
    return _Choice(hint.__name__ if isinstance(hint, type) else str(hint), documents)
