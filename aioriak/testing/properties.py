"""Bucket properties: their names, their defaults, and the changes that are allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from aioriak.riak_pb.riak_pb2 import RpbBucketProps, RpbCommitHook, RpbModFun
from aioriak.testing.errors import Refusal

ONE = 2**32 - 2
QUORUM = 2**32 - 3
ALL = 2**32 - 4
DEFAULT = 2**32 - 5

Hook = tuple[bytes, bytes] | bytes
"""A commit hook: Erlang module and function, or the name of a JavaScript function (Riak 2.x)."""

DATATYPES = (b"counter", b"set", b"map", b"hll", b"gset")


@dataclass(frozen=True, slots=True)
class Properties:
    """The properties of a bucket or a bucket type, named as in Riak; ``None`` where it has no such property.

    Quorums are counts or one of the symbolic numbers.
    """

    n_val: int = 3
    allow_mult: bool = False
    last_write_wins: bool = False
    precommit: tuple[Hook, ...] = ()
    postcommit: tuple[Hook, ...] = ()
    chash_keyfun: tuple[bytes, bytes] = (b"riak_core_util", b"chash_std_keyfun")
    linkfun: tuple[bytes, bytes] = (b"riak_kv_wm_link_walker", b"mapreduce_linkfun")
    old_vclock: int = 86400
    young_vclock: int = 20
    big_vclock: int = 50
    small_vclock: int = 50
    pr: int = 0
    r: int = QUORUM
    w: int = QUORUM
    pw: int = 0
    dw: int = QUORUM
    rw: int = QUORUM
    basic_quorum: bool = False
    notfound_ok: bool = True
    backend: bytes | None = None
    search: bool | None = None
    repl: int | None = None
    search_index: bytes | None = None
    datatype: bytes | None = None
    consistent: bool | None = None
    write_once: bool | None = None
    hll_precision: int | None = None
    node_confirms: int = 0
    sync_on_write: int | None = None
    aae_tree_exclude: bool | None = None


NAMES = tuple(field.name for field in fields(Properties))
_HOOKS = ("precommit", "postcommit")
_FUNCTIONS = ("chash_keyfun", "linkfun")
LATER = ("node_confirms", "sync_on_write", "aae_tree_exclude")
"""Properties that Riak 3.2 has, but neither shows nor takes in a message: ``riak admin`` sets them."""

DEFAULT_TYPE = Properties(repl=3, write_once=False)
"""The defaults of the bucket type ``default``."""
NEW_TYPE = Properties(allow_mult=True)
"""The defaults of every other bucket type."""


def from_message(message: RpbBucketProps) -> dict[str, Any]:
    """Decode the properties that a message sets.

    Hooks count only if their ``has_`` field is set, and one without a name not at all (``riak_pb_codec``).
    """
    given: dict[str, Any] = {}
    for descriptor, value in message.ListFields():
        name = descriptor.name
        if name in _HOOKS:
            continue
        if name in _FUNCTIONS:
            given[name] = (value.module, value.function)
        elif not name.startswith("has_"):
            given[name] = value
        elif value:
            name = name.removeprefix("has_")
            hooks = getattr(message, name)
            given[name] = tuple(_hook(hook) for hook in hooks if hook.HasField("modfun") or hook.HasField("name"))
    return given


def to_message(properties: Properties, *, hidden: bool = False) -> RpbBucketProps:
    """Encode the properties that Riak 3.2 sends, or with ``hidden`` all of them."""
    message = RpbBucketProps(has_precommit=True, has_postcommit=True)
    for name in NAMES:
        value = getattr(properties, name)
        if value is None or (name in LATER and not hidden):
            continue
        if name in _HOOKS:
            getattr(message, name).extend(_hook_message(hook) for hook in value)
        elif name in _FUNCTIONS:
            getattr(message, name).CopyFrom(RpbModFun(module=value[0], function=value[1]))
        else:
            setattr(message, name, value)
    return message


def create(given: Mapping[str, Any]) -> Properties:
    """Return the properties of a new bucket type.  Raises :class:`Refusal` for a contradiction."""
    unknown = [name for name in given if name not in NAMES]
    if unknown:
        raise ValueError(f"unknown bucket property: {', '.join(unknown)}")
    for name, value in given.items():
        _check_kind(name, value)
    wrong = _checked(given)
    if "datatype" in given:
        if given["datatype"] not in DATATYPES:
            wrong.append(("datatype", f'"{_text(given["datatype"])} not supported for bucket datatype property"'))
        if not given.get("allow_mult", True):
            wrong.append(("allow_mult", '"Data Type buckets must be allow_mult=true"'))
        if given["datatype"] == b"hll":
            given = {"hll_precision": 14, **given}
            if not 4 <= given["hll_precision"] <= 16:
                wrong.append(_bad_precision(given["hll_precision"]))
    _raise(wrong)
    return replace(NEW_TYPE, **given)


def update(old: Properties, given: Mapping[str, Any], *, typed: bool) -> Properties:
    """Return the properties after a change.  Raises :class:`Refusal` for a change that is not allowed.

    ``typed``: they belong to a bucket type other than ``default``, or to one of its buckets.
    """
    wrong = _checked(given)
    if typed and old.datatype:
        if given.get("datatype", old.datatype) != old.datatype:
            wrong.append(("datatype", f'"{_text(given["datatype"])} not supported for bucket datatype property"'))
        if not given.get("allow_mult", True):
            wrong.append(("allow_mult", '"Data Type buckets must be allow_mult=true"'))
        precision = given.get("hll_precision")
        if precision is not None and old.datatype == b"hll" and not 4 <= precision <= (old.hll_precision or 16):
            wrong.append(_bad_precision(precision))
        if given.get("consistent"):
            wrong.append(("consistent", '"cannot update consistent property"'))
    elif typed and old.write_once:
        if not given.get("write_once", True):
            wrong.append(("write_once", '"Cannot modify write_once property once set to true"'))
        if "datatype" in given:
            wrong.append(("datatype", '"Write once buckets must not have datatype defined"'))
    elif typed:
        if "datatype" in given:
            wrong.append(("datatype", '"`datatype` must not be defined."'))
        if given.get("write_once"):
            wrong.append(("write_once", '"Cannot set existing bucket type to `write_once`"'))
    else:
        fixed = [name for name in ("write_once", "consistent") if given.get(name)]
        wrong += [(name, f'"cannot update {name} property"') for name in fixed]
    if typed and not old.datatype and given.get("consistent"):
        wrong.append(("consistent", '"Write once buckets must not be consistent=true"'))
    _raise(wrong)
    return replace(old, **given)


def _bad_precision(precision: int) -> tuple[str, str]:
    return "hll_precision", f'"{precision} not supported for Hyperloglog precision property"'


def _checked(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the errors of single values, in Riak's order: the last property of a message first."""
    wrong = [(name, "not_integer") for name in ("n_val", "old_vclock", "big_vclock", "small_vclock")
             if given.get(name) == 0]
    wrong += [(name, "not_valid_quorum") for name in ("r", "w", "rw") if given.get(name) == 0]
    wrong += [(name, "not_valid_quorum") for name in ("r", "w", "rw", "dw", "pr", "pw", "node_confirms")
              if given.get(name) == DEFAULT]
    order = ("rw", "dw", "pw", "w", "r", "pr", "node_confirms", "small_vclock", "big_vclock", "old_vclock", "n_val")
    return sorted(wrong, key=lambda each: order.index(each[0]))


_KINDS: dict[type, str] = {bool: "true or false", int: "a whole number", bytes: "a name"}


def _check_kind(name: str, value: Any) -> None:
    field = RpbBucketProps.DESCRIPTOR.fields_by_name[name]
    if value is None or name in _HOOKS or name in _FUNCTIONS:
        return
    kind = {field.TYPE_BOOL: bool, field.TYPE_BYTES: bytes}.get(field.type, int)
    if type(value) is not kind:
        shown = _text(value) if isinstance(value, bytes) else str(value).lower()
        raise ValueError(f"the bucket property {name} is {_KINDS[kind]}, not {shown}")


def _raise(wrong: Iterable[tuple[str, str]]) -> None:
    # Erlang breaks a long term after the comma and indents by where the list began
    if wrong:
        told = [f"{{{name},{_BREAK if name in _BROKEN else ''}{reason}}}" for name, reason in wrong]
        short = sum(map(len, told)) < _WIDTH and not any(name in _BROKEN for name, _ in wrong)
        raise Refusal("Invalid bucket properties: [" + ("," if short else ",\n" + " " * 28).join(told) + "]")


_WIDTH = 50
_BREAK = "\n" + " " * 32
_BROKEN = ("allow_mult", "write_once", "hll_precision", "consistent")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _hook(message: RpbCommitHook) -> Hook:
    return (message.modfun.module, message.modfun.function) if message.HasField("modfun") else message.name


def _hook_message(hook: Hook) -> RpbCommitHook:
    if isinstance(hook, bytes):
        return RpbCommitHook(name=hook)
    return RpbCommitHook(modfun=RpbModFun(module=hook[0], function=hook[1]))
