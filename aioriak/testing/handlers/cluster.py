"""Preflists and the members of the cluster."""

from __future__ import annotations

from typing import Any

from aioriak.riak_pb.riak_kv_pb2 import (
    RpbBucketKeyPreflistItem,
    RpbClusterMemberEntry,
    RpbGetBucketKeyPreflistReq,
    RpbGetBucketKeyPreflistResp,
    RpbMembershipResp,
)
from aioriak.testing.context import Context, Handler
from aioriak.testing.errors import HangUp, NoSuchType, Refusal
from aioriak.wire.operation import MEMBERSHIP, PREFLIST, Operation


def preflist(context: Context, request: RpbGetBucketKeyPreflistReq) -> RpbGetBucketKeyPreflistResp:
    """Return the partitions of a key and the nodes that serve them now."""
    for field, name in (("bucket", "Bucket"), ("key", "Key"), ("type", "Type")):
        if request.HasField(field) and not getattr(request, field):
            raise Refusal(f"{name} cannot be zero-length")
    type = request.type if request.HasField("type") else b"default"
    try:
        n_val = context.database.properties(type, request.bucket).n_val
    except NoSuchType:
        raise HangUp.crash("error:function_clause:[{proplists,get_value,[n_val,{error,no_type},undefined]}]") from None
    vnodes = context.cluster.ring.preflist(type, request.bucket, request.key, n_val)
    return RpbGetBucketKeyPreflistResp(
        preflist=[
            RpbBucketKeyPreflistItem(partition=vnode.partition, node=vnode.node.name, primary=vnode.primary)
            for vnode in vnodes
        ]
    )


def membership(context: Context, request: None) -> RpbMembershipResp:
    """Return the addresses of the nodes that are up."""
    return RpbMembershipResp(
        up_nodes=[
            RpbClusterMemberEntry(ip=node.host.encode(), port=node.port)
            for node in context.cluster.members
            if node.serving
        ]
    )


HANDLERS: dict[Operation[Any, Any], Handler] = {PREFLIST: preflist, MEMBERSHIP: membership}
