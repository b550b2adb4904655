"""Requests with security enabled: STARTTLS, then a login, then everything else.

(Riak KV documentation, "Security", "Protocol Buffers Client API".)
"""

from __future__ import annotations

from typing import Any

from aioriak.riak_pb.riak_pb2 import RpbAuthReq
from aioriak.testing.context import Context, Handler
from aioriak.testing.errors import HangUp, Later, Refusal
from aioriak.wire.operation import AUTHENTICATE, START_TLS, Operation


def before_login(context: Context, operation: Operation[Any, Any] | None) -> Handler:
    """Return the handler of an operation before login.  Raises :class:`Refusal` for most operations."""
    if not context.peer.encrypted:
        if operation is START_TLS:
            return start_tls
        raise Refusal("Security is enabled, please STARTTLS first")
    if operation is AUTHENTICATE:
        return authenticate
    raise Refusal("Security is enabled, please authenticate first")


def start_tls(context: Context, request: None) -> None:
    """Confirm STARTTLS; the connection starts the handshake once this reply is sent."""
    context.peer.encrypted = True


def authenticate(context: Context, request: RpbAuthReq) -> None:
    """Check the login; a refusal is delayed, and the third one closes the connection."""
    security = context.cluster.security
    peer = context.peer
    assert security is not None
    if security.login(request.user, request.password, peer.address[0], peer.common_name):
        peer.user = request.user
        return
    peer.logins_left -= 1
    text = "Authentication failed"
    raise Later(security.refusal_delay, Refusal(text) if peer.logins_left else HangUp(text))
