"""The request options that a bucket handle gives to all of its requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from aioriak.config import check_options
from aioriak.operations.datatypes import COUNTER_READ, COUNTER_WRITE, DATATYPE_READ, DATATYPE_WRITE
from aioriak.operations.options import DELETE, READ, WRITE, Check, Quorum, SyncOnWrite, Timeout


class BucketOptions(TypedDict, total=False):
    """Options that a bucket handle gives to its requests.

    Each applies to the requests that take it:

    - reads: ``r``, ``pr``, ``basic_quorum``, ``notfound_ok``, ``n_val``, ``sloppy_quorum``, ``node_confirms``;
    - writes: ``w``, ``dw``, ``pw``, ``return_body``, ``n_val``, ``sloppy_quorum``, ``node_confirms``,
      ``sync_on_write``;
    - deletes: ``rw``, ``r``, ``pr``, ``w``, ``dw``, ``pw``, ``n_val``, ``sloppy_quorum``;
    - all of these and index queries: ``timeout``, a ``timedelta`` or milliseconds.

    They are described with :class:`~aioriak.operations.options.ReadOptions`,
    :class:`~aioriak.operations.options.WriteOptions` and :class:`~aioriak.operations.options.DeleteOptions`.
    ``None`` leaves the choice to the server.
    """

    r: Quorum | None
    pr: Quorum | None
    w: Quorum | None
    dw: Quorum | None
    pw: Quorum | None
    rw: Quorum | None
    basic_quorum: bool | None
    notfound_ok: bool | None
    n_val: int | None
    sloppy_quorum: bool | None
    node_confirms: int | None
    sync_on_write: SyncOnWrite | None
    return_body: bool | None
    timeout: Timeout | None


_NAMES = BucketOptions.__optional_keys__
_TABLES = (READ, WRITE, DELETE, DATATYPE_READ, DATATYPE_WRITE, COUNTER_READ, COUNTER_WRITE)
_OF_ONE_REQUEST = frozenset().union(*_TABLES, ("head_only",)) - _NAMES


class Defaults:
    """The options of a bucket handle, by the kind of request that takes them.

    An option that a request is given itself replaces the one here, ``None`` included.

    Raises :class:`~aioriak.error.InvalidRequest` for a bad value, ``TypeError`` for an unknown option.
    """

    __slots__ = (
        "counter_read", "counter_write", "datatype_read", "datatype_write", "delete", "given", "read", "timeout",
        "write",
    )  # fmt: skip

    def __init__(self, given: Mapping[str, Any]) -> None:
        _check(given)
        self.given: Final = {name: value for name, value in given.items() if value is not None}
        self.read: Final = self._of(READ)
        self.write: Final = self._of(WRITE)
        self.delete: Final = self._of(DELETE)
        self.datatype_read: Final = self._of(DATATYPE_READ)
        self.datatype_write: Final = self._of(DATATYPE_WRITE)
        self.counter_read: Final = self._of(COUNTER_READ)
        self.counter_write: Final = self._of(COUNTER_WRITE)
        self.timeout: Final[Timeout | None] = self.given.get("timeout")

    def _of(self, checks: Mapping[str, Check]) -> dict[str, Any]:
        return {name: value for name, value in self.given.items() if name in checks}

    def replaced(self, options: Mapping[str, Any]) -> Defaults:
        """Return these with other ``options``.  Raises as the constructor does."""
        return Defaults({**self.given, **options})

    def __repr__(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.given.items())


def _check(given: Mapping[str, Any]) -> None:
    for name in given:
        if name in _OF_ONE_REQUEST:
            raise TypeError(f"{name} is an option of a single request, not of a bucket; give it to the request itself")
    check_options("a bucket", given, _NAMES)
    for name, value in given.items():
        for checks in _TABLES:
            if value is not None and name in checks:
                checks[name](name, value)


NO_DEFAULTS = Defaults({})
