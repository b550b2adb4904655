"""Conflict resolvers: functions that reduce siblings to one.

A resolver is called with a :class:`~aioriak.riak_object.RiakObject` that has several siblings and
leaves it with one: it sets ``robject.siblings`` to a list of a single
:class:`~aioriak.content.RiakContent`.  It may be a coroutine function.  Resolvers are set on a
client, a bucket type, a bucket or an object; the nearest one counts.

Riak's documentation: "Conflict Resolution".
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aioriak.error import ConflictError, InvalidRequest, ResolverError, ResolverErrorAfterWrite

if TYPE_CHECKING:
    from aioriak.content import RiakContent
    from aioriak.riak_object import RiakObject

Resolver = Callable[["RiakObject"], object]
"""Leaves an object with exactly one sibling; its result, unless awaitable, is ignored."""


def default_resolver(robject: RiakObject) -> None:
    """Leave all siblings: reading the object's value then raises :class:`~aioriak.error.ConflictError`."""


def last_written_resolver(robject: RiakObject) -> None:
    """Keep the sibling that was written last, by the servers' clocks."""
    robject.siblings = [max(robject.siblings, key=_written)]


def first_resolver(robject: RiakObject) -> None:
    """Keep the first sibling that is not a tombstone, in the server's order."""
    robject.siblings = [_live(robject)[0]]


def largest_resolver(key: Callable[[Any], Any]) -> Resolver:
    """Return a resolver that keeps the sibling whose ``key(data)`` is largest; tombstones lose."""

    def resolve(robject: RiakObject) -> None:
        live = _live(robject)
        robject.siblings = [live[0] if len(live) == 1 else max(live, key=lambda content: key(content.data))]

    return resolve


def merge_resolver(merge: Callable[[list[Any]], object]) -> Resolver:
    """Return a resolver that stores ``merge([data, …])``: the siblings' values without tombstones, oldest first.

    The metadata of the sibling that was written last is kept.  ``merge`` may be a coroutine function.
    """

    async def resolve(robject: RiakObject) -> None:
        live = sorted(_live(robject), key=_written)
        merged = merge([content.data for content in live])
        if inspect.isawaitable(merged):
            merged = await merged
        survivor = live[-1].copy()
        survivor.data = merged
        robject.siblings = [survivor]

    return resolve


def _written(content: RiakContent) -> float:
    return content.last_modified or 0.0


def _live(robject: RiakObject) -> list[RiakContent]:
    """Return the siblings that are not tombstones, or all when all are."""
    return [content for content in robject.siblings if content.exists] or list(robject.siblings)


async def resolve(robject: RiakObject, *, after_write: bool = False) -> None:
    """Let an object's resolver settle its conflict.

    Raises :class:`~aioriak.error.ResolverError` when it raises, or leaves none or several siblings.  With
    ``after_write`` the object was stored already, and the error is a
    :class:`~aioriak.error.ResolverErrorAfterWrite`.
    """
    kind = ResolverErrorAfterWrite if after_write else ResolverError
    resolver = robject.resolver
    if resolver is default_resolver:
        return
    name = getattr(resolver, "__name__", repr(resolver))
    try:
        outcome = resolver(robject)
        if isinstance(outcome, Awaitable):
            await outcome
    except ConflictError as error:
        if not after_write:
            raise
        raise kind(f"the resolver {name} raised {type(error).__name__}: {error.value}") from error
    except Exception as error:
        raise kind(f"the resolver {name} raised {type(error).__name__}: {error}") from error
    left = len(robject.siblings)
    if left != 1:
        raise kind(f"the resolver {name} left {left or 'no'} siblings instead of one")


def checked(value: Resolver | None) -> Resolver | None:
    """Check a resolver; ``None`` inherits one.

    Raises :class:`~aioriak.error.InvalidRequest` for an object that cannot be called.
    """
    if value is not None and not callable(value):
        raise InvalidRequest(f"a resolver is a function, not {value!r}")
    return value
