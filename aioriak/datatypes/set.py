"""Sets, and sets that only grow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from aioriak.datatypes.adding import Adding
from aioriak.datatypes.base import CONTEXT_NEEDED, NO_REMOVAL, Change
from aioriak.datatypes.text import canonical, shown
from aioriak.error import InvalidType
from aioriak.operations.names import Name

T = TypeVar("T")


class _Members(Adding[frozenset[Name]], AbstractSet[Name]):
    """The members of both kinds of sets."""

    _empty = frozenset()

    @classmethod
    def _checked(cls, value: Any) -> frozenset[Name]:
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            raise InvalidType(f"a set takes a collection of members, not {value!r}")
        return frozenset(canonical("a member", member) for member in value)

    # membership, order and size are those of dirty_value

    def __contains__(self, element: object) -> bool:
        try:
            return canonical("a member", element) in self.dirty_value
        except (TypeError, ValueError):
            return False

    def __iter__(self) -> Iterator[Name]:
        return iter(self.dirty_value)

    def __len__(self) -> int:
        return len(self.dirty_value)

    @classmethod
    def _from_iterable(cls, it: Iterable[T]) -> frozenset[T]:
        return frozenset(it)

    def _shown(self) -> str:
        return f"{{{shown(self._value)}}}" if self._value else "set()"


class Set(_Members):
    """A set of texts and bytes.  A member that is added and removed concurrently stays.

    A member comes back as ``str`` where it is UTF-8, else as ``bytes``; ``"é"`` and its bytes are one
    member.  ``in``, ``len()`` and iteration see the staged changes; ``value`` does not.
    """

    type_name = "set"

    @property
    def dirty_value(self) -> frozenset[Name]:
        """The members with the staged changes."""
        base: frozenset[Name] = frozenset() if self._gone else self._value
        return (base - self._discards) | self._adds

    @property
    def modified(self) -> bool:
        """Whether any change is staged."""
        return bool(self._adds or self._discards)

    def add(self, element: Name) -> None:
        """Stage adding a member, text or bytes; a staged removal of it is forgotten."""
        super().add(element)
        self._discards.discard(canonical("a member", element))

    def discard(self, element: Name) -> None:
        """Stage removing a member; a staged add of it is forgotten.

        Raises :class:`~aioriak.error.ContextRequired` for anything but a staged add while there is no
        context: fetch first.
        """
        member = canonical("a member", element)
        in_flight = self._in_flight
        is_sent = in_flight is not None and member in in_flight[0]
        if self._gone or (not is_sent and member in self._adds and member not in self._value):
            self._adds.discard(member)
            return
        if not is_sent:  # the reply to the add brings the context
            self._require_context()
        self._adds.discard(member)
        self._discards.add(member)

    def _become(self, value: Any) -> None:
        wanted = Set(value=value).value
        for member in self.dirty_value - wanted:
            self.discard(member)
        for member in wanted - self.dirty_value:
            self.add(member)

    def clear(self) -> None:
        """Forget the staged changes."""
        super().clear()
        self._discards: set[Name] = set()

    def _change(self, afresh: bool) -> Change:
        removes = self._value - self._adds if afresh else self._discards
        members = {"adds": list(self._adds), "removes": list(removes)}
        operation = {name: these for name, these in members.items() if these}
        snapshot = set(self._adds), set(self._discards)
        return operation, snapshot, CONTEXT_NEEDED if self._discards else NO_REMOVAL

    def _settle(self, snapshot: tuple[set[Name], set[Name]]) -> None:
        self._adds -= snapshot[0]
        self._discards -= snapshot[1]

    def _staged(self) -> str:
        said = [f"{verb} {shown(these)}" for verb, these in (("add", self._adds), ("discard", self._discards)) if these]
        return "; ".join(said)


class GSet(_Members):
    """A set that only grows; it has no context, since nothing is ever removed.

    Storing one and getting its value back takes two requests.
    """

    type_name = "gset"

    @property
    def dirty_value(self) -> frozenset[Name]:
        """The members with the staged adds."""
        return self.value | self._adds
