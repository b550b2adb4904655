"""What sets and maps are made of: a clock, a store of dots, and removals still to come.

A store holds something for each dot, or for each name a store of its own.  It
keeps no clock: the whole data type has one.  A dot that the clock has seen and
the store does not hold was removed, so nothing else has to be kept of what is
gone.  These are the dot stores of Almeida, Shoker and Baquero, "Delta state
replicated data types" (2018).
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from aioriak.testing.crdt.changes import Edit, Path
from aioriak.testing.crdt.clock import Clock
from aioriak.testing.crdt.codec import MAX_DEPTH, Junk, Reader, Writer


class Store(Protocol):
    """A part of a state that knows its dots and not its clock.  Immutable."""

    def __bool__(self) -> bool:
        """Whether it holds any dot."""
        ...

    def value(self) -> Any:
        """Return the value as clients see it."""
        ...

    def change(self, change: Any, edit: Edit, path: Path) -> Self:
        """Return the store after a client's change; ``path`` is its place in the data type.

        Raises :class:`~aioriak.testing.crdt.changes.NotPresent`.
        """
        ...

    def without(self, context: Clock | None, path: Path = ()) -> Self:
        """Return the store without the dots under ``path`` that ``context`` has seen, or without all of them."""
        ...

    def join(self, seen: Clock, other: Self, other_seen: Clock) -> Self:
        """Return the least upper bound of both stores."""
        ...

    def write(self, writer: Writer) -> None:
        """Append the binary form."""
        ...

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take one from a body."""
        ...


S = TypeVar("S", bound=Store)


class Causal(Generic[S]):
    """A data type whose removals apply to the dots that the client has seen.  Immutable.

    A removal under a context ahead of the clock is carried out on what is there
    and kept until the clock has caught up.
    """

    KIND: ClassVar[bytes]
    STORE: ClassVar[Any]
    __slots__ = ("clock", "deferred", "store")

    def __init__(
        self, clock: Clock | None = None, store: S | None = None, deferred: dict[Clock, frozenset[Path]] | None = None
    ) -> None:
        self.clock: Clock = Clock() if clock is None else clock
        self.store: S = self.STORE() if store is None else store
        self.deferred: dict[Clock, frozenset[Path]] = deferred or {}

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self)
            and self.clock == other.clock
            and self.store == other.store
            and self.deferred == other.deferred
        )

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.value()!r} at {self.clock!r}>"

    def value(self) -> Any:
        """Return the value as clients see it."""
        return self.store.value()

    def context(self) -> Clock:
        """Return the causal context of a client that fetched this value."""
        return self.clock

    def update(self, change: Any, actor: bytes, context: Clock | None = None, now: int = 0) -> Self:
        """Return the state after ``change`` by ``actor`` for a client whose causal context is ``context``.

        All of a change happens or nothing; ``now`` in microseconds dates registers.
        Raises :class:`~aioriak.testing.crdt.changes.NotPresent` only without a context.
        """
        clock, dot = self.clock.advance(actor)
        edit = Edit(dot, context, now, [])
        store = self.store.change(change, edit, ())
        deferred = self.deferred
        if context is not None and edit.removed and not self.clock.descends(context):
            deferred = {**deferred, context: deferred.get(context, frozenset()) | frozenset(edit.removed)}
        return type(self)(clock if self.counts(change) else self.clock, store, deferred)

    @staticmethod
    def counts(change: Any) -> bool:
        """Whether a change makes something new, so that its dot is used."""
        raise NotImplementedError

    def merge(self, other: Self) -> Self:
        """Return the least upper bound of both states."""
        clock = self.clock.merge(other.clock)
        store = self.store.join(self.clock, other.store, other.clock)
        deferred: dict[Clock, frozenset[Path]] = {}
        for context in self.deferred.keys() | other.deferred.keys():
            paths = self.deferred.get(context, frozenset()) | other.deferred.get(context, frozenset())
            for path in paths:
                store = store.without(context, path)
            if not clock.descends(context):
                deferred[context] = paths
        return type(self)(clock, store, deferred)

    def to_bytes(self) -> bytes:
        """Encode the state."""
        writer = Writer(self.KIND)
        self.clock.write(writer)
        self.store.write(writer)
        removals = sorted(
            (context.to_bytes(), sorted(map(_path_bytes, paths))) for context, paths in self.deferred.items()
        )
        writer.number(len(removals))
        for context, encoded in removals:
            writer.blob(context)
            writer.number(len(encoded))
            for path in encoded:
                writer.blob(path)
        return writer.bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a state back.  Raises :class:`~aioriak.testing.crdt.codec.Junk`."""
        reader = Reader(data, cls.KIND)
        clock = Clock.read(reader)
        store = cls.STORE.read(reader)
        deferred: dict[Clock, frozenset[Path]] = {}
        for _ in range(reader.count()):
            context = Clock.from_bytes(reader.blob())
            deferred[context] = frozenset(_read_path(reader.blob()) for _ in range(reader.count()))
        reader.end()
        state = cls(clock, store, deferred)
        if state.to_bytes() != data:
            raise Junk("not the form that is written here")
        return state


_PATH = b"p"
_MEMBER, _FIELD, _FLAG = range(3)


def _path_bytes(path: Path) -> bytes:
    writer = Writer(_PATH)
    writer.number(len(path))
    for step in path:
        if step is None:
            writer.number(_FLAG)
        elif isinstance(step, bytes):
            writer.number(_MEMBER)
            writer.blob(step)
        else:
            writer.number(_FIELD)
            writer.blob(step[0])
            writer.blob(step[1].encode())
    return writer.bytes()


def _read_path(data: bytes) -> Path:
    reader = Reader(data, _PATH)
    steps: list[Any] = []
    for _ in range(reader.count()):
        kind = reader.number()
        if kind == _FLAG:
            steps.append(None)
        elif kind == _MEMBER:
            steps.append(reader.blob())
        elif kind == _FIELD:
            steps.append((reader.blob(), reader.blob().decode("ascii", "replace")))
        else:
            raise Junk("a step of no known kind")
    reader.end()
    if not 0 < len(steps) <= MAX_DEPTH:
        raise Junk("a removal of nothing")
    return tuple(steps)
