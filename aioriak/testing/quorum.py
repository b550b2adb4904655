"""Checks of a request's quorums, with Riak's error texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aioriak.testing.context import Context
from aioriak.testing.errors import Refusal
from aioriak.testing.properties import ALL, DEFAULT, ONE, QUORUM, Properties


def expand(name: str, properties: Properties, options: Mapping[str, Any], n_val: int) -> int:
    """Return the number that a quorum stands for: the request's, or else the bucket's."""
    value: int = options.get(name, DEFAULT)
    if value == DEFAULT:
        value = getattr(properties, name)
    return {ONE: 1, QUORUM: n_val // 2 + 1, ALL: n_val}.get(value, value)


def n_val_of(properties: Properties, options: Mapping[str, Any]) -> int:
    """Return the number of replicas for a request, which may ask for fewer than the bucket has."""
    n_val = properties.n_val
    wanted: int = options.get("n_val", n_val)
    if not 0 < wanted <= n_val:
        raise Refusal(f"{{n_val_violation,{wanted}}}")
    return wanted


def check_read(
    context: Context, properties: Properties, type: bytes, bucket: bytes, key: bytes, options: Mapping[str, Any]
) -> None:
    """Raise :class:`Refusal` if a read cannot get the replies it requires."""
    n_val = n_val_of(properties, options)
    r, pr = expand("r", properties, options, n_val), expand("pr", properties, options, n_val)
    confirms = expand("node_confirms", properties, options, n_val)
    if r > n_val or pr > n_val:
        raise Refusal(f"{{n_val_violation,{n_val}}}")
    if not confirms and context.cluster.all_up:
        return
    vnodes = context.cluster.ring.preflist(type, bucket, key, n_val, sloppy=options.get("sloppy_quorum", True))
    primaries = sum(vnode.primary for vnode in vnodes)
    nodes = len({vnode.node for vnode in vnodes})
    if pr > primaries:
        raise Refusal(f"{{pr_val_unsatisfied,{pr},{primaries}}}")
    if max(r, 1) > len(vnodes):
        raise Refusal(f"{{insufficient_vnodes,{len(vnodes)},need,{max(r, 1)}}}")
    if confirms > nodes:
        raise Refusal(f"{{insufficient_nodes,{nodes},need,{confirms}}}")


def check_coverage(context: Context, properties: Properties) -> None:
    """Raise :class:`Refusal` if a partition has no replica on a node that is up."""
    if context.cluster.all_up:
        return
    ring = context.cluster.ring
    for first in range(ring.size):
        if not any(ring.owner((first + step) % ring.size).serving for step in range(properties.n_val)):
            raise Refusal("insufficient_vnodes_available")


def check_write(
    context: Context, properties: Properties, type: bytes, bucket: bytes, key: bytes, options: Mapping[str, Any]
) -> Refusal | None:
    """Raise :class:`Refusal` if a write cannot get the confirmations it requires.

    One that is given back is to be raised once the write is done: Riak only
    finds out then.
    """
    n_val = n_val_of(properties, options)
    w, pw = expand("w", properties, options, n_val), expand("pw", properties, options, n_val)
    dw = max(expand("dw", properties, options, n_val), 1)
    confirms = expand("node_confirms", properties, options, n_val)
    if w > n_val or dw > n_val or pw > n_val or confirms > n_val:
        raise Refusal(f"{{n_val_violation,{n_val}}}")
    if not confirms and context.cluster.all_up:
        return None
    vnodes = context.cluster.ring.preflist(type, bucket, key, n_val, sloppy=options.get("sloppy_quorum", True))
    primaries = sum(vnode.primary for vnode in vnodes)
    nodes = len({vnode.node for vnode in vnodes})
    if pw > primaries:
        raise Refusal(f"{{pw_val_unsatisfied,{pw},{primaries}}}")
    if max(w, dw) > len(vnodes):
        raise Refusal(f"{{insufficient_vnodes,{len(vnodes)},need,{max(w, dw)}}}")
    if confirms > nodes:
        return Refusal(f"{{node_confirms_val_unsatisfied,{confirms},{nodes}}}")
    return None
