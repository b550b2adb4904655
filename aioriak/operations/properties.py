"""Properties of buckets and bucket types, both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypedDict

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.config import suggestion
from aioriak.error import InvalidRequest
from aioriak.operations.names import text, to_bytes
from aioriak.operations.options import QUORUM_WORDS, Quorum, count, flag, positive, quorum
from aioriak.riak_pb import base
from aioriak.wire.operation import GET_BUCKET, GET_BUCKET_TYPE, RESET_BUCKET, SET_BUCKET, SET_BUCKET_TYPE


class Function(TypedDict):
    """An Erlang function: module and function name."""

    mod: str
    fun: str


class NamedHook(TypedDict):
    """A JavaScript function by its name (Riak 2.x)."""

    name: str


Hook = Function | NamedHook
Repl = bool | Literal["realtime", "fullsync"]


class BucketProperties(TypedDict, total=False):
    """Properties of a bucket or of a bucket type, by Riak's names.

    Quorums are numbers or ``"one"``, ``"quorum"``, ``"all"``, ``"default"``; ``*_vclock`` are seconds
    (old, young) and entries (big, small).

    Riak's documentation: "Bucket Properties" and "Bucket Types".
    """

    n_val: int
    allow_mult: bool
    last_write_wins: bool
    precommit: list[Hook]
    postcommit: list[Hook]
    chash_keyfun: Function
    linkfun: Function
    old_vclock: int
    young_vclock: int
    big_vclock: int
    small_vclock: int
    pr: Quorum
    r: Quorum
    w: Quorum
    pw: Quorum
    dw: Quorum
    rw: Quorum
    basic_quorum: bool
    notfound_ok: bool
    backend: str
    search: bool
    repl: Repl
    search_index: str
    datatype: str
    consistent: bool
    write_once: bool
    hll_precision: int
    node_confirms: int
    sync_on_write: Literal["backend", "one", "all"]
    aae_tree_exclude: bool


_REPL: dict[Any, int] = {False: 0, "realtime": 1, "fullsync": 2, True: 3}
_REPL_WORDS = {number: word for word, number in _REPL.items()}
_SYNC = {"backend": 0, "one": 1, "all": 2}
_SYNC_WORDS = {number: word for word, number in _SYNC.items()}


class _Kind(NamedTuple):
    write: Callable[[base.RpbBucketProps, str, Any], None]
    read: Callable[[Any], Any]


def _plain(check: Callable[[str, Any], Any]) -> Callable[[base.RpbBucketProps, str, Any], None]:
    return lambda props, name, value: setattr(props, name, check(name, value))


def _words(name: str, value: Any) -> bytes:
    if not isinstance(value, (str, bytes)) or not value:
        raise InvalidRequest(f"{name} is a non-empty string, not {value!r}")
    return to_bytes(name, value)


def _word_of(table: Mapping[Any, int]) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        if not isinstance(value, (str, bool)) or value not in table:
            raise InvalidRequest(f"{name} is one of {', '.join(map(repr, table))}, not {value!r}")
        return table[value]

    return check


def _write_function(props: base.RpbBucketProps, name: str, value: Any) -> None:
    _fill_function(getattr(props, name), name, value)


def _fill_function(target: base.RpbModFun, name: str, value: Any) -> None:
    if not isinstance(value, Mapping) or set(value) != {"mod", "fun"}:
        raise InvalidRequest(f"{name} is {{'mod': …, 'fun': …}}, not {value!r}")
    target.module = _words(f"mod of {name}", value["mod"])
    target.function = _words(f"fun of {name}", value["fun"])


def _write_hooks(props: base.RpbBucketProps, name: str, value: Any) -> None:
    if not isinstance(value, (list, tuple)):
        raise InvalidRequest(f"{name} is a list of hooks, not {value!r}")
    setattr(props, f"has_{name}", True)  # so that an empty list clears
    for hook in value:
        one = getattr(props, name).add()
        if isinstance(hook, Mapping) and set(hook) == {"name"}:
            one.name = _words(f"name of a hook in {name}", hook["name"])
        else:
            _fill_function(one.modfun, name, hook)


def _read_function(value: base.RpbModFun) -> Any:
    return {"mod": text(value.module), "fun": text(value.function)}


def _read_hooks(value: Any) -> Any:
    return [_read_function(hook.modfun) if hook.HasField("modfun") else {"name": text(hook.name)} for hook in value]


def _same(value: Any) -> Any:
    return value


_QUORUM = _Kind(_plain(quorum), lambda value: QUORUM_WORDS.get(value, value))
_FLAG = _Kind(_plain(flag), _same)
_COUNT = _Kind(_plain(count), _same)
_POSITIVE = _Kind(_plain(positive), _same)
_NAME = _Kind(_plain(_words), text)
_FUNCTION = _Kind(_write_function, _read_function)
_HOOKS = _Kind(_write_hooks, _read_hooks)

PROPERTIES: dict[str, _Kind] = {
    "n_val": _POSITIVE, "allow_mult": _FLAG, "last_write_wins": _FLAG, "precommit": _HOOKS, "postcommit": _HOOKS,
    "chash_keyfun": _FUNCTION, "linkfun": _FUNCTION, "old_vclock": _COUNT, "young_vclock": _COUNT,
    "big_vclock": _COUNT, "small_vclock": _COUNT, "pr": _QUORUM, "r": _QUORUM, "w": _QUORUM, "pw": _QUORUM,
    "dw": _QUORUM, "rw": _QUORUM, "basic_quorum": _FLAG, "notfound_ok": _FLAG, "backend": _NAME, "search": _FLAG,
    "repl": _Kind(_plain(_word_of(_REPL)), lambda value: _REPL_WORDS.get(value, value)), "search_index": _NAME,
    "datatype": _NAME, "consistent": _FLAG, "write_once": _FLAG, "hll_precision": _POSITIVE, "node_confirms": _COUNT,
    "sync_on_write": _Kind(_plain(_word_of(_SYNC)), lambda value: _SYNC_WORDS.get(value, value)),
    "aae_tree_exclude": _FLAG,
}  # fmt: skip


def encode(properties: Mapping[str, Any]) -> base.RpbBucketProps:
    """Encode properties.

    Raises :class:`~aioriak.error.InvalidRequest` for an unknown name or an ill-typed value.
    """
    if not isinstance(properties, Mapping):
        raise InvalidRequest(f"properties are a mapping of names to values, not {properties!r}")
    props = base.RpbBucketProps()
    for name, value in properties.items():
        kind = PROPERTIES.get(name)
        if kind is None:
            hint = suggestion([name], PROPERTIES) if isinstance(name, str) else ""
            known = ", ".join(PROPERTIES)
            raise InvalidRequest(f"there is no bucket property {name!r}; {hint}the properties are {known}")
        kind.write(props, name, value)
    return props


def decode(props: base.RpbBucketProps) -> BucketProperties:
    """Decode properties; those that the server did not send are absent."""
    found: dict[str, Any] = {}
    for name, kind in PROPERTIES.items():
        if kind is _HOOKS:
            if getattr(props, f"has_{name}"):
                found[name] = kind.read(getattr(props, name))
        elif props.HasField(name):
            found[name] = kind.read(getattr(props, name))
    return found  # type: ignore[return-value]


async def get_bucket(dispatcher: Dispatcher, kind: bytes | None, bucket: bytes) -> BucketProperties:
    """Fetch a bucket's properties."""
    request = base.RpbGetBucketReq(bucket=bucket, type=kind)
    return decode((await dispatcher.call(GET_BUCKET, request)).props)


async def set_bucket(dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, properties: Mapping[str, Any]) -> None:
    """Change the named properties of a bucket."""
    await dispatcher.call(SET_BUCKET, base.RpbSetBucketReq(bucket=bucket, type=kind, props=encode(properties)))


async def reset_bucket(dispatcher: Dispatcher, kind: bytes | None, bucket: bytes) -> None:
    """Reset a bucket's properties to those of its type."""
    await dispatcher.call(RESET_BUCKET, base.RpbResetBucketReq(bucket=bucket, type=kind))


async def get_type(dispatcher: Dispatcher, kind: bytes) -> BucketProperties:
    """Fetch a bucket type's properties."""
    return decode((await dispatcher.call(GET_BUCKET_TYPE, base.RpbGetBucketTypeReq(type=kind))).props)


async def set_type(dispatcher: Dispatcher, kind: bytes, properties: Mapping[str, Any]) -> None:
    """Change the named properties of a bucket type."""
    await dispatcher.call(SET_BUCKET_TYPE, base.RpbSetBucketTypeReq(type=kind, props=encode(properties)))
