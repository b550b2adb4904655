"""Markers for the fields of a model: secondary indexes and the key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

from aioriak.error import InvalidRequest

IndexKind = Literal["int", "bin"]
F = TypeVar("F", bound=Callable[..., Any])

SUFFIXES: dict[str, IndexKind] = {"_int": "int", "_bin": "bin"}
_TAG = "__aioriak_index__"


@dataclass(frozen=True, slots=True)
class Index:
    """Marks a field whose value is a secondary index: ``age: Annotated[int, Index]``.

    ``name`` is the name of the index, by default that of the field.  ``kind`` is ``"int"`` or ``"bin"``, by default
    the one that fits the type of the field; ``name`` may end with it: ``Index("age_int")``.  Each item of a list,
    a set or a tuple is a term, and ``None`` is none.

    Raises :class:`~aioriak.error.InvalidRequest` for a bad name or kind.
    """

    name: str | None = None
    kind: IndexKind | None = None

    def __post_init__(self) -> None:
        if self.name is not None and (not isinstance(self.name, str) or not self.name):
            raise InvalidRequest(f"the name of an index is str and not empty, not {self.name!r}")
        if self.kind not in (None, "int", "bin"):
            raise InvalidRequest(f"the kind of an index is 'int' or 'bin', not {self.kind!r}")
        suffix = kind_of(self.name)
        if suffix is not None and self.kind not in (None, suffix):
            raise InvalidRequest(f"the index {self.name!r} is declared with the other kind, {self.kind!r}")


@dataclass(frozen=True, slots=True)
class Key:
    """Marks the field that holds the object's key: ``id: Annotated[str, Key]``.

    The field is ``str``, ``int`` or ``UUID``; a number is written in decimal digits.
    """


def kind_of(name: str | None) -> IndexKind | None:
    """Return the kind that the end of an index name states."""
    return None if name is None else SUFFIXES.get(name[-4:])


@overload
def indexed(name: F) -> F: ...
@overload
def indexed(name: str | None = None, *, kind: IndexKind | None = None) -> Callable[[F], F]: ...


def indexed(name: Any = None, *, kind: IndexKind | None = None) -> Any:
    """Declare that the result of a method or property is an index.

    ::

        @indexed
        def domain(self) -> str:
            return self.email.partition("@")[2]

    ``@indexed("domain_bin")`` names it.  ``@property`` comes before ``@indexed``.  ``name`` and ``kind`` are those
    of :class:`Index`.
    """
    if name is not None and not isinstance(name, str):
        return _tag(name, Index())
    index = Index(name, kind)

    def decorate(function: F) -> F:
        return _tag(function, index)

    return decorate


def _tag(function: F, index: Index) -> F:
    try:
        setattr(function, _TAG, index)
    except AttributeError:
        raise InvalidRequest(f"indexed belongs next to the function, below other decorators: {function!r}") from None
    return function


def tagged(member: Any) -> tuple[Callable[..., Any], Index] | None:
    """Return the function and the index of a method or property that :func:`indexed` has marked."""
    function = getattr(member, "fget", None) or getattr(member, "func", None) or member
    index = getattr(function, _TAG, None)
    return (function, index) if isinstance(index, Index) else None
