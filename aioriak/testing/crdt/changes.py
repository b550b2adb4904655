"""The changes of data types, without protobuf.

A counter is changed by an ``int``, a register by its new ``bytes``, a flag by a
``bool``, a grow-only set and a HyperLogLog by a list of ``bytes``; sets and maps
by the classes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aioriak.testing.crdt.clock import Clock, Dot

Field = tuple[bytes, str]
"""A field of a map: a name and one of ``counter``, ``set``, ``register``, ``flag``, ``map``."""

Path = tuple[Any, ...]
"""Where in a state something is removed: fields on the way, then a field, a member, or ``None`` for a flag."""


@dataclass(frozen=True, slots=True)
class SetChange:
    """Members to add, then members to remove."""

    adds: Sequence[bytes] = ()
    removes: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class MapChange:
    """Fields to remove, then fields to change, each with a change of its own type."""

    removes: Sequence[Field] = ()
    updates: Sequence[tuple[Field, Any]] = ()


class NotPresent(Exception):
    """``what``, a member or a field, was to be removed without a context and is not there."""

    def __init__(self, what: bytes | Field) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class Edit:
    """One update while it is applied to a state.

    ``context`` is what its sender had seen, ``now`` the time in microseconds;
    ``removed`` collects the paths removed under that context.
    """

    dot: Dot
    context: Clock | None
    now: int
    removed: list[Path]
