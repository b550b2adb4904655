"""Ping, server info, client ids."""

from __future__ import annotations

from typing import Any

from aioriak.riak_pb.riak_kv_pb2 import RpbGetClientIdResp, RpbSetClientIdReq
from aioriak.riak_pb.riak_pb2 import RpbGetServerInfoResp
from aioriak.testing.context import Context, Handler
from aioriak.wire.operation import GET_CLIENT_ID, PING, SERVER_INFO, SET_CLIENT_ID, Operation


def ping(context: Context, request: None) -> None:
    """Confirm that the node is up."""


def server_info(context: Context, request: None) -> RpbGetServerInfoResp:
    """Return the name of the node that answered, and its release."""
    return RpbGetServerInfoResp(node=context.node.name, server_version=context.cluster.version)


def get_client_id(context: Context, request: None) -> RpbGetClientIdResp:
    """Return the client id of this connection."""
    return RpbGetClientIdResp(client_id=context.peer.client_id)


def set_client_id(context: Context, request: RpbSetClientIdReq) -> None:
    """Remember the client id, which has no effect."""
    context.peer.client_id = request.client_id


HANDLERS: dict[Operation[Any, Any], Handler] = {
    PING: ping,
    SERVER_INFO: server_info,
    GET_CLIENT_ID: get_client_id,
    SET_CLIENT_ID: set_client_id,
}
