"""The options of requests: named once, checked before anything is sent.

``None`` means that the server decides; ``0`` is a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Literal, TypedDict, cast

from aioriak.config import suggestion
from aioriak.error import InvalidRequest, InvalidType

Quorum = int | Literal["one", "quorum", "all", "default"]
"""A number of replicas, or one of Riak's four words for it."""

QUORUMS: dict[str, int] = {"one": 2**32 - 2, "quorum": 2**32 - 3, "all": 2**32 - 4, "default": 2**32 - 5}
QUORUM_WORDS = {number: word for word, number in QUORUMS.items()}

Timeout = int | timedelta
"""How long a request may take: a ``timedelta``, or a whole number of milliseconds."""

SyncOnWrite = Literal["one", "all", "backend"]


class _NotGiven:
    """The default of a parameter that a bucket handle can have an option for; ``None`` is a value."""

    def __repr__(self) -> str:
        return "..."


NOT_GIVEN: Any = _NotGiven()


class ReadOptions(TypedDict, total=False):
    """Options of a read.

    ``r``, ``pr``: replicas, and primary replicas, that must answer.  ``basic_quorum``: give up after
    a quorum of "not found".  ``notfound_ok``: "not found" counts as an answer.  ``head`` (also
    ``head_only``): metadata only.  ``if_modified``: a vclock; nothing comes back when the object
    still has it.  ``deletedvclock``: the vclock of a tombstone comes back (``True`` unless given).
    ``n_val``, ``sloppy_quorum``: for this read alone.  ``node_confirms``: different nodes that must
    answer.  ``timeout``: a ``timedelta``, or milliseconds, for the server and for the whole call.

    Riak's documentation: "Protocol Buffers Client API", "Fetch Object".
    """

    r: Quorum | None
    pr: Quorum | None
    basic_quorum: bool | None
    notfound_ok: bool | None
    head: bool | None
    head_only: bool | None
    if_modified: bytes | None
    deletedvclock: bool | None
    n_val: int | None
    sloppy_quorum: bool | None
    node_confirms: int | None
    timeout: Timeout | None


class MoreWriteOptions(TypedDict, total=False):
    """The rarer options of a write.

    ``return_head``: the metadata of what was stored comes back.  ``if_not_modified``: only if the
    object still has the vclock given.  ``asis``: store the vclock as it is.  ``n_val``,
    ``sloppy_quorum``: for this write alone.  ``node_confirms``: different nodes that must have it.
    ``sync_on_write``: ``"one"``, ``"all"`` or ``"backend"`` (Riak 3.0.8 on).

    Riak's documentation: "Protocol Buffers Client API", "Store Object".
    """

    return_head: bool | None
    if_not_modified: bool | None
    asis: bool | None
    n_val: int | None
    sloppy_quorum: bool | None
    node_confirms: Quorum | None
    sync_on_write: SyncOnWrite | None


class WriteOptions(MoreWriteOptions, total=False):
    """All options of a write.

    ``w``, ``dw``, ``pw``: replicas that must have it, have it on disk, be primary.
    ``return_body``: what was stored comes back.  ``if_none_match``: only if nothing is there.
    ``timeout``: a ``timedelta``, or milliseconds, for the server and for the whole call.

    Riak's documentation: "Protocol Buffers Client API", "Store Object".
    """

    w: Quorum | None
    dw: Quorum | None
    pw: Quorum | None
    return_body: bool | None
    if_none_match: bool | None
    timeout: Timeout | None


def written(
    defaults: Mapping[str, Any],
    options: MoreWriteOptions,
    w: Quorum | None,
    dw: Quorum | None,
    pw: Quorum | None,
    return_body: bool | None,
    if_none_match: bool,
    timeout: Timeout | None,
) -> WriteOptions:
    """Return all options of a write: ``defaults``, which are those of the bucket, and what the caller gave."""
    options = cast(WriteOptions, options)
    if defaults:
        options = cast(WriteOptions, {**defaults, **options})
    if w is not NOT_GIVEN:
        options["w"] = w
    if dw is not NOT_GIVEN:
        options["dw"] = dw
    if pw is not NOT_GIVEN:
        options["pw"] = pw
    if return_body is NOT_GIVEN:
        options.setdefault("return_body", True)
    else:
        options["return_body"] = return_body or None
    if if_none_match:
        options["if_none_match"] = if_none_match
    if timeout is not NOT_GIVEN:
        options["timeout"] = timeout
    return options


class DeleteOptions(TypedDict, total=False):
    """Options of a delete: ``rw``, ``r``, ``w``, ``dw``, ``pr``, ``pw``: quorums of its read and its write;
    ``n_val``, ``sloppy_quorum``, ``timeout`` as for writes; ``vclock``: delete what this clock has seen.

    Riak's documentation: "Protocol Buffers Client API", "Delete Object".
    """

    rw: Quorum | None
    r: Quorum | None
    w: Quorum | None
    dw: Quorum | None
    pr: Quorum | None
    pw: Quorum | None
    n_val: int | None
    sloppy_quorum: bool | None
    vclock: bytes | None
    timeout: Timeout | None


Check = Callable[[str, Any], Any]

_MILLISECOND = timedelta(milliseconds=1)


def quorum(name: str, value: Any) -> int:
    """Encode a quorum as Riak's number for it."""
    if isinstance(value, str):
        if value in QUORUMS:
            return QUORUMS[value]
    elif isinstance(value, int) and not isinstance(value, bool) and (0 <= value < 2**31 or value in QUORUM_WORDS):
        return value
    raise InvalidRequest(f"{name} is a number from 0 up or one of {', '.join(QUORUMS)}, not {value!r}")


def flag(name: str, value: Any) -> bool:
    """Check a boolean."""
    if not isinstance(value, bool):
        raise InvalidRequest(f"{name} is True or False, not {value!r}")
    return value


def count(name: str, value: Any, least: int = 0) -> int:
    """Check a whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**32:
        raise InvalidRequest(f"{name} is a whole number from {least} up, not {value!r}")
    return value


def positive(name: str, value: Any) -> int:
    """Check a whole number above 0."""
    return count(name, value, 1)


def milliseconds(name: str, value: Any, least: int = 1) -> int:
    """Return a timeout in whole milliseconds, rounded up.

    Raises :class:`~aioriak.error.InvalidRequest` for anything but a ``timedelta`` or a whole number from ``least`` up.
    """
    if isinstance(value, timedelta):
        number = -(-value // _MILLISECOND)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        hint = f"; for seconds, use timedelta(seconds={value!r})" if isinstance(value, float) else ""
        raise InvalidType(f"{name} is a timedelta or a whole number of milliseconds, not {value!r}{hint}")
    if not least <= number < 2**32:
        raise InvalidRequest(
            f"{name} is a timedelta or a whole number of milliseconds from {least} to {2**32 - 1}, not {value!r}"
        )
    return number


def seconds(timeout: Timeout | None) -> float | None:
    """Return a timeout in seconds.  Raises as :func:`milliseconds` does."""
    return None if timeout is None else milliseconds("timeout", timeout) / 1000


def octets(name: str, value: Any) -> bytes:
    """Check bytes."""
    if not isinstance(value, bytes):
        raise InvalidRequest(f"{name} is bytes, not {type(value).__name__}")
    return value


def sync_on_write(name: str, value: Any) -> bytes:
    """Check that the value is one of Riak's three words."""
    if value not in ("one", "all", "backend"):
        raise InvalidRequest(f"{name} is one, all or backend, not {value!r}")
    return str(value).encode()


_TUNING: dict[str, Check] = {"n_val": positive, "sloppy_quorum": flag, "timeout": milliseconds}

READ: dict[str, Check] = {
    "r": quorum, "pr": quorum, "basic_quorum": flag, "notfound_ok": flag, "head": flag, "if_modified": octets,
    "deletedvclock": flag, "node_confirms": count, **_TUNING,
}  # fmt: skip
WRITE: dict[str, Check] = {
    "w": quorum, "dw": quorum, "pw": quorum, "return_body": flag, "return_head": flag, "if_none_match": flag,
    "if_not_modified": flag, "asis": flag, "node_confirms": quorum, "sync_on_write": sync_on_write, **_TUNING,
}  # fmt: skip
DELETE: dict[str, Check] = {
    "rw": quorum, "r": quorum, "w": quorum, "dw": quorum, "pr": quorum, "pw": quorum, "vclock": octets, **_TUNING,
}  # fmt: skip


def check_read(options: ReadOptions) -> float | None:
    """Check the options of a read; return the timeout in seconds, if one is given.

    Raises as :func:`apply` does.
    """
    return apply(SimpleNamespace(), options, READ)


def unknown_option(name: str, known: Iterable[str]) -> TypeError:
    """Return the error for an option of a request that does not exist."""
    names = sorted(known)
    return TypeError(f"there is no option {name!r}; {suggestion([name], names)}the options are {', '.join(names)}")


def apply(request: Any, options: Mapping[str, Any], checks: Mapping[str, Check]) -> float | None:
    """Write options into a request; returns its timeout in seconds, if one was given.

    Raises :class:`~aioriak.error.InvalidRequest` for a bad value, ``TypeError`` for an unknown option.
    """
    timeout: float | None = None
    for name, value in options.items():
        check = checks.get(name)
        if check is None:
            raise unknown_option(name, checks)
        if value is None:
            continue
        checked = check(name, value)
        setattr(request, name, checked)
        if name == "timeout" and checked:
            timeout = checked / 1000
    return timeout
