"""Slots: the places for connections in a pool, and their states.

A slot owns its connection from the moment opening it begins until its socket is closed.  Its state
says where it counts in the pool, and :data:`TRANSITIONS` lists the legal transitions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from aioriak.transport.connection import Connection
from aioriak.transport.exchange import AnyExchange


class State(Enum):
    """What a slot is used for."""

    OPENING = "opening"
    """Its connection is being made."""
    LEASED = "leased"
    """Its connection is used by a health check or the like, outside the pool's rotation."""
    IDLE = "idle"
    """Nothing is in flight on its connection."""
    BUSY = "busy"
    """Requests are in flight on its connection, which takes more while it is usable."""
    RESERVED = "reserved"
    """Kept from new requests, for a stream or a fold that gets the connection once it is idle."""
    STREAMING = "streaming"
    """Given to a stream or a fold."""
    RETIRING = "retiring"
    """Its connection takes no more requests and is closed soon, or is closing."""
    GONE = "gone"
    """Its connection is closed, or could not be made; the slot is no longer part of the pool."""

    if not TYPE_CHECKING:  # members are compared by identity; that of Enum is a Python function
        __hash__ = object.__hash__


class Event(Enum):
    """What moves a slot from one state to another."""

    OPENED = "opened, for requests"
    LEASE = "opened, for something else"
    SENT = "a request was sent"
    DRAINED = "the last reply came"
    RESERVE = "reserved"
    RELEASE = "not reserved any more"
    GIVEN = "given to a stream or a fold"
    RETIRED = "takes no more requests"
    LOST = "closed, or never made"

    if not TYPE_CHECKING:
        __hash__ = object.__hash__


TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.OPENING: {
        Event.OPENED: State.IDLE,
        Event.LEASE: State.LEASED,
        Event.LOST: State.GONE,
    },
    State.LEASED: {
        Event.OPENED: State.IDLE,
        Event.RETIRED: State.RETIRING,
        Event.LOST: State.GONE,
    },
    State.IDLE: {
        Event.SENT: State.BUSY,
        Event.GIVEN: State.STREAMING,
        Event.RETIRED: State.RETIRING,
        Event.LOST: State.GONE,
    },
    State.BUSY: {
        Event.DRAINED: State.IDLE,
        Event.RESERVE: State.RESERVED,
        Event.RETIRED: State.RETIRING,
        Event.LOST: State.GONE,
    },
    State.RESERVED: {
        Event.DRAINED: State.IDLE,
        Event.RELEASE: State.BUSY,
        Event.RETIRED: State.RETIRING,
        Event.LOST: State.GONE,
    },
    State.STREAMING: {
        Event.DRAINED: State.IDLE,
        Event.RETIRED: State.RETIRING,
        Event.LOST: State.GONE,
    },
    State.RETIRING: {
        Event.LOST: State.GONE,
    },
    State.GONE: {},
}
"""State to event to next state.  An event that is not listed for a state changes nothing, so the calls
of connections and tasks may come in any order."""


class Membership(NamedTuple):
    """The pool's collections that a slot is in; each is a part of all slots."""

    capacity: bool
    """Counts towards ``max_size``."""
    opening: bool
    rotation: bool
    """Takes requests."""
    idle: bool
    """Of the rotation, with nothing in flight."""
    aside: bool
    """Open, and kept from requests."""


MEMBERSHIP: Mapping[State, Membership] = {
    #                           capacity opening rotation idle   aside
    State.OPENING: Membership(True, True, False, False, False),
    State.LEASED: Membership(True, False, False, False, True),
    State.IDLE: Membership(True, False, True, True, False),
    State.BUSY: Membership(True, False, True, False, False),
    State.RESERVED: Membership(True, False, False, False, True),
    State.STREAMING: Membership(True, False, False, False, True),
    State.RETIRING: Membership(True, False, False, False, True),
    State.GONE: Membership(False, False, False, False, False),
}
"""What each state means for the pool."""


class _Change(NamedTuple):
    """What a move does: the next state, and the collections that the slot is put in or taken out of."""

    following: State
    idle: bool
    others: bool
    """Other collections than ``idle`` change."""
    before: Membership
    after: Membership


def _change(state: State, following: State) -> _Change:
    before, after = MEMBERSHIP[state], MEMBERSHIP[following]
    others = before._replace(idle=after.idle) != after
    return _Change(following, before.idle is not after.idle, others, before, after)


_CHANGES = {
    state: {event: _change(state, following) for event, following in events.items()}
    for state, events in TRANSITIONS.items()
}
"""Both tables in one, since two moves are made for most requests that are alone on a connection."""


class Slot:
    """A place in a pool: a connection, or one that is being made."""

    __slots__ = (
        "connection", "expires_at", "pending", "replaces", "reserved_for", "slow", "state", "task",
    )

    connection: Connection
    """Set once it is made."""
    pending: Sequence[AnyExchange]
    """The connection's requests in flight."""

    def __init__(self) -> None:
        self.state: State = State.GONE  # until the pool adds the slot
        self.pending = ()
        self.slow: bool = False
        """Its oldest request has been unanswered for long, compared with the others of the node."""
        self.reserved_for: AnyExchange | None = None
        """The stream or fold that it is kept for, or was given to, while it is ``RESERVED``."""
        self.task: asyncio.Task[None] | None = None
        """Makes the connection."""
        self.replaces: Slot | None = None
        """The slot whose connection retires, for its age, as soon as this one has its own."""
        self.expires_at: float | None = None
        """Loop time from which the connection is too old."""

    def __repr__(self) -> str:
        return f"<Slot {self.state.value}, {len(self.pending)} in flight>"


class Slots:
    """All slots of a pool, in the collections that their states put them in.

    :meth:`move` is the only thing that changes a state or a collection.
    """

    __slots__ = ("all", "aside", "idle", "opening", "rotation")

    def __init__(self) -> None:
        self.all: set[Slot] = set()
        self.opening: set[Slot] = set()
        self.rotation: list[Slot] = []
        self.idle: list[Slot] = []
        """The last one is used next."""
        self.aside: set[Slot] = set()

    def add(self) -> Slot:
        """Take in a new slot, whose connection is to be opened."""
        slot = Slot()
        slot.state = State.OPENING
        self.all.add(slot)
        self.opening.add(slot)
        return slot

    def move(self, slot: Slot, event: Event) -> bool:
        """Follow :data:`TRANSITIONS`; returns whether the event was legal, nothing is changed otherwise."""
        change = _CHANGES[slot.state].get(event)
        if change is None:
            return False
        slot.state, idle, others, before, after = change
        if idle:
            if not after.idle:
                if self.idle[-1] is slot:
                    self.idle.pop()
                else:
                    self.idle.remove(slot)
            elif event is Event.OPENED:
                self.idle.insert(0, slot)  # recently used ones are preferred, so that others reach idle_timeout
            else:
                self.idle.append(slot)
        if not others:
            return True
        if before.rotation is not after.rotation:
            if after.rotation:
                self.rotation.append(slot)
            else:
                self.rotation.remove(slot)
        if before.aside is not after.aside:
            if after.aside:
                self.aside.add(slot)
            else:
                self.aside.discard(slot)
        if before.opening is not after.opening:
            self.opening.discard(slot)
        if not after.capacity:
            self.all.discard(slot)
        return True
