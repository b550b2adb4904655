"""The base of all data types: the value that was fetched, and the changes staged since.

Changes are staged by methods that do not wait (``increment``, ``add``, ``assign`` …) and sent, all
in one update, by ``store()``.  ``value`` is what the server said, ``dirty_value`` that with
the staged changes applied.

Riak's documentation: "Developing with Riak KV: Data Types".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Generic, Self, TypeVar, Unpack

from aioriak.compat.datatype import CompatDatatype
from aioriak.error import (
    ContextRequired,
    DatatypeMismatch,
    InvalidRequest,
    InvalidType,
    NotADatatype,
    OutcomeUnknown,
    RequestTimeout,
    RiakError,
)
from aioriak.operations import datatypes as operations
from aioriak.operations import kv
from aioriak.operations.datatypes import DatatypeReadOptions, DatatypeWriteOptions, Fetched
from aioriak.operations.names import Name, brief, encode_key
from aioriak.operations.options import DeleteOptions, seconds
from aioriak.runtime import BucketView

V = TypeVar("V")

Field = tuple[Name, str]
"""A field of a map: a name and a type.  Two types of one name are two fields."""

NO_REMOVAL, CONTEXT_HELPS, CONTEXT_NEEDED = range(3)
"""Whether the staged changes need the causal context."""

Change = tuple[object, object, int]
"""Staged changes: as an operation; as a snapshot, for :meth:`Datatype._settle`; and whether they need the context."""

_SHARED_OPTIONS = ("n_val", "sloppy_quorum")

put: Callable[[object, str, object], None] = object.__setattr__
"""Set an attribute past the guard of maps, which takes twice as long as this."""


class Datatype(CompatDatatype, Generic[V]):
    """A data type: on its own under a key of a bucket, or as a field of a map.

    ``bucket`` and ``key`` say where it is stored; ``value`` and ``context`` are as the server gives
    them.  One without a bucket can be changed and asked for its operation, and not stored.
    """

    type_name: ClassVar[str]
    """``counter``, ``set``, ``map``, ``register``, ``flag``, ``hll`` or ``gset``."""

    _empty: ClassVar[Any]
    """The value of a key that is not found; it is never changed."""

    # defaults on the class, because a map makes many fields
    bucket: BucketView | None = None
    key: Name | None = None
    """The key; made by the server at the first ``store()`` when it is ``None``."""
    _fetched: Any = None  # the value; None for the empty one, and in a field, whose value is in the outermost map's
    _context: bytes | None = None
    _exists = False
    _stale = False
    _storing = False
    _sent: Any = None  # a snapshot of the changes in flight
    _parent: Datatype[Any] | None = None
    _field: Field | None = None

    _removed: set[Field]  # set by maps alone: the fields staged to be removed

    def __init__(
        self,
        bucket: BucketView | None = None,
        key: Name | None = None,
        value: object = None,
        context: bytes | None = None,
    ) -> None:
        if key is not None:
            encode_key(key)
            put(self, "key", key)
        if bucket is not None:
            put(self, "bucket", bucket)
        if context is not None:
            put(self, "_context", context)
        self._begin()
        if value is not None:
            put(self, "_exists", True)
            put(self, "_fetched", self._checked(value))

    # -- implemented by each type ----------------------------------------------------------

    def _begin(self) -> None:
        """Create the attributes for the staged changes that have no default on the class."""

    @classmethod
    def _checked(cls, value: Any) -> Any:
        """Return a value in the form that servers' values have.  Raises :class:`~aioriak.error.InvalidType`."""
        raise NotImplementedError

    @property
    def _value(self) -> Any:
        """The value as it was last fetched or stored; not to be changed."""
        parent = self._parent
        value = self._fetched if parent is None else parent._value.get(self._field)
        return self._empty if value is None else value

    @property
    def value(self) -> V:
        """The value as it was last fetched or stored; a copy."""
        value: V = self._value
        return value

    @property
    def dirty_value(self) -> V:
        """The value with the staged changes applied."""
        raise NotImplementedError

    @property
    def modified(self) -> bool:
        """Whether any change is staged."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget the staged changes; nothing is sent."""
        raise NotImplementedError

    def _change(self, afresh: bool) -> Change:
        """Return the staged changes; with ``afresh``, with an operation that first removes the present value."""
        raise NotImplementedError

    def _settle(self, snapshot: Any) -> None:
        """Forget the staged changes that were carried out; changes staged since stay."""
        raise NotImplementedError

    def _become(self, value: Any) -> None:
        """Stage the changes that lead to this value."""
        raise InvalidType(f"a {self.type_name} is changed by its own methods; it is not set to a value")

    def _shown(self) -> str:
        """Return the value for a ``repr``."""
        return repr(self.value)

    def _staged(self) -> str:
        """Return the staged changes for a ``repr``."""
        raise NotImplementedError

    # -- place -----------------------------------------------------------------------------

    def to_op(self) -> Any:
        """Return the staged changes as plain data (see :mod:`aioriak.operations.datatypes`); ``None`` for none."""
        return self._change(self._gone)[0] if self.modified else None

    @property
    def _root(self) -> Datatype[Any]:
        at: Datatype[Any] = self
        while at._parent is not None:
            at = at._parent
        return at

    @property
    def _gone(self) -> bool:
        """Whether this field, or a map around it, is staged to be removed: later changes start from an empty value."""
        parent = self._parent
        return parent is not None and (self._field in parent._removed or parent._gone)

    @property
    def _in_flight(self) -> Any:
        """A snapshot of the changes that were sent and not answered yet; ``None`` for none."""
        if self._parent is None:
            return self._sent
        of_map = self._parent._in_flight
        return None if of_map is None else of_map[1].get(self._field)

    @property
    def context(self) -> bytes | None:
        """The causal context of the value, opaque; it is sent with removals.  A field has its map's."""
        return self._root._context

    @property
    def exists(self) -> bool:
        """Whether it existed when it was last fetched or stored; for a field: whether the map had it."""
        if self._parent is not None:
            return self._field in self._parent._value
        return self._exists

    @property
    def stale(self) -> bool:
        """Whether changes were stored, or may have been, without fetching the new value.

        After a store the value is the old one with the stored changes applied; after a store whose outcome is
        unknown it is the old one.  The next store that removes anything fetches the value first.
        """
        return self._root._stale

    def _require_context(self) -> None:
        root = self._root
        if root._context is None and not root._stale:
            raise ContextRequired(
                f"a removal from {root._where()} needs the context of a fetched value; get it, or await fetch_context()"
            )

    def _where(self) -> str:
        if self.bucket is None:
            return f"this {self.type_name}"
        return f"{self.bucket.path}/{'(no key yet)' if self.key is None else brief(self.key)}"

    def _home(self) -> BucketView:
        """Return the bucket it is stored in.  Raises for a field of a map, which is not stored by itself."""
        if self._parent is not None:
            raise InvalidRequest(f"a {self.type_name} in a map is fetched, stored and removed with the map")
        if self.bucket is None:
            raise InvalidRequest(f"this {self.type_name} has no bucket")
        return self.bucket

    # -- requests --------------------------------------------------------------------------

    async def reload(self, **options: Unpack[DatatypeReadOptions]) -> Self:
        """Fetch value and context and forget the staged changes; returns itself.

        Not found is no error: :attr:`exists` is false then.

        Raises :class:`~aioriak.error.InvalidRequest`, :class:`~aioriak.error.ServerError` and its kinds,
        and what can happen to any request: ``TimeoutError`` and ``ConnectionError`` of
        :mod:`aioriak.error`.
        """
        await self.fetch_context(**options)
        self.clear()
        return self

    async def fetch_context(self, **options: Unpack[DatatypeReadOptions]) -> Self:
        """Fetch value and context, which removals need, and keep the staged changes; returns itself.

        Raises as :meth:`reload` does.
        """
        bucket = self._home()
        if self.key is None:
            raise InvalidType(f"a {self.type_name} without a key cannot be fetched")
        found = await fetch(bucket, self.key, options)
        if found.type_name != self.type_name:
            raise InvalidRequest(f"what is stored in {bucket.path} is a {found.type_name}, not a {self.type_name}")
        self._accept(found)
        return self

    async def store(self, **options: Unpack[DatatypeWriteOptions]) -> Self:
        """Send the staged changes, all in one update; returns itself.

        With ``return_body`` (so unless it is given as ``False``) the new value and context come back;
        without, the value is :attr:`stale`.  Where there is no key the server makes one.

        An update is never sent twice by itself.  When it fails, or is cancelled, the staged changes
        stay; after :class:`~aioriak.error.OutcomeUnknown` they may have been carried out all the same.

        Raises :class:`~aioriak.error.InvalidRequest` when nothing is staged;
        :class:`~aioriak.error.ContextRequired`; :class:`~aioriak.error.DatatypeMismatch`,
        :class:`~aioriak.error.NotADatatype`, :class:`~aioriak.error.BucketTypeNotFound` for a bucket
        type that is not what it was taken for; else as :meth:`reload` does.
        """
        bucket = self._home()
        if not self.modified:
            raise InvalidRequest(f"there is nothing to store: no change of {self._where()} is staged")
        if self._storing:
            raise InvalidRequest(f"{self._where()} is being stored already")
        put(self, "_storing", True)
        try:
            await self._send(bucket, {**bucket.defaults.datatype_write, **options})
        finally:
            put(self, "_storing", False)
            put(self, "_sent", None)
        return self

    async def delete(self, **options: Unpack[DeleteOptions]) -> Self:
        """Delete it, whatever is in it, and forget value and staged changes; returns itself.

        An update made at the same time elsewhere may survive.
        Raises as :meth:`RiakObject.delete <aioriak.riak_object.RiakObject.delete>` does.
        """
        bucket = self._home()
        if self.key is None:
            raise InvalidType(f"a {self.type_name} without a key cannot be deleted")
        where = bucket._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, encode_key(self.key)
        await kv.delete(*where, None, {**bucket.defaults.delete, **options})
        self.clear()
        self._take(None, None)
        self._exists = False
        return self

    async def _send(self, bucket: BucketView, options: dict[str, Any]) -> None:
        limit = seconds(options.get("timeout"))
        deadline = None if limit is None else bucket._runtime.loop.time() + limit
        if self._stale and self.key is not None and self._change(False)[2]:
            found = await fetch(bucket, self.key, self._remaining(bucket, options, deadline, _SHARED_OPTIONS))
            self._take(found.value, found.context)
            options.update(self._remaining(bucket, options, deadline, ()))
        operation, snapshot, removal = self._change(False)
        if removal == CONTEXT_NEEDED:
            self._require_context()
        if options.get("return_body") is None:
            options["return_body"] = True
        # changes staged while the update is in flight are no part of it
        predicted = None if operations.returns_value(self.type_name, options) else self.dirty_value
        put(self, "_sent", snapshot)
        key = None if self.key is None else encode_key(self.key)
        try:
            done = await operations.update(
                bucket._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, key, self.type_name,
                operation, self._context if removal else None, options,
            )  # fmt: skip
        except (DatatypeMismatch, NotADatatype):
            forget_datatype(bucket)
            raise
        except (OutcomeUnknown, asyncio.CancelledError):
            # what was added may be there now, and its removal needs a context that has seen it
            self._stale = self.key is not None
            raise
        if done.key is not None:
            self.key = done.key
        if not self._exists:
            put(self, "_exists", True)
        self._settle(snapshot)
        if done.value is not None:
            self._take(done.value, done.context)
            return
        self._fetched = predicted
        self._stale = True
        if options["return_body"] and self.key is not None:
            # the update is done; that its outcome cannot be read does not undo it
            try:
                shared = *_SHARED_OPTIONS, "include_context"
                found = await fetch(bucket, self.key, self._remaining(bucket, options, deadline, shared))
            except RiakError:
                return
            if found.type_name == self.type_name:
                self._take(found.value, found.context)

    def _remaining(
        self, bucket: BucketView, options: dict[str, Any], deadline: float | None, shared: tuple[str, ...]
    ) -> dict[str, Any]:
        """Return the options of a further request for an update: its own, with the time that is left."""
        kept = {name: options[name] for name in shared if name in options}
        if deadline is not None:
            left = int((deadline - bucket._runtime.loop.time()) * 1000)
            if left <= 0:
                raise RequestTimeout(f"no time was left to store {self._where()}")
            kept["timeout"] = left
        return kept

    def _accept(self, found: Fetched) -> None:
        self._take(found.value, found.context)
        put(self, "_exists", found.value is not None)

    def _take(self, value: Any, context: bytes | None) -> None:
        put(self, "_fetched", value)
        put(self, "_context", context)
        if self._stale:
            self._stale = False

    def __repr__(self) -> str:
        parts = [type(self).__name__]
        if self._parent is None and self.bucket is not None:
            parts.append(self._where())
        said = f"{' '.join(parts)}: {self._shown()}"
        if self._parent is None and self.stale:
            said += " (stale)"
        if self.modified:
            said += f" (staged: {self._staged()})"
        return f"<{said}>"


async def fetch(bucket: BucketView, key: Name, options: Any) -> Fetched:
    """Fetch what is under a key; what the bucket type's data type is, is remembered."""
    kind = bucket.bucket_type.wire_name
    if bucket.defaults.datatype_read:
        options = {**bucket.defaults.datatype_read, **options}
    try:
        found = await operations.fetch(bucket._runtime.dispatcher, kind, bucket.wire_name, encode_key(key), options)
    except NotADatatype:
        forget_datatype(bucket)
        raise
    if kind is not None:
        bucket._runtime.datatypes[kind] = found.type_name
    return found


def forget_datatype(bucket: BucketView) -> None:
    """Forget the cached data type of the bucket type, which proved wrong; the next request fetches it again."""
    kind = bucket.bucket_type.wire_name
    if kind is not None:
        bucket._runtime.datatypes.pop(kind, None)
