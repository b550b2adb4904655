"""Handlers without a network: a server that never listens, and a context to call its handlers with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aioriak.riak_pb.riak_kv_pb2 import RpbPutReq
from aioriak.testing import RiakServer
from aioriak.testing.context import Context
from aioriak.wire.operation import PUT, Operation

Ask = Callable[..., Any]


class Asked:
    """Calls handlers as a connection does; a stream comes back as the list of its messages."""

    def __init__(self, server: RiakServer) -> None:
        self.server = server
        server.nodes[0].state = "up"
        self.context = Context(server.nodes[0].cluster, server.nodes[0])

    def __call__(self, operation: Operation[Any, Any], **fields: Any) -> Any:
        request = operation.request(**fields) if operation.request is not None else None
        answer = self.server.handlers[operation](self.context, request)
        return list(answer) if isinstance(answer, Iterator) else answer

    def put(self, bucket: bytes, key: bytes, value: bytes = b"v", *, type: bytes | None = None, **content: Any) -> Any:
        indexes = [{"key": name, "value": term} for name, term in content.pop("indexes", ())]
        request = RpbPutReq(
            bucket=bucket, key=key, type=type, content={"value": value, "indexes": indexes, **content}
        )  # type: ignore[arg-type]
        return self.server.handlers[PUT](self.context, request)


@pytest.fixture
def ask(clock: Callable[[], float]) -> Asked:
    """A server of Riak 3.2's kind."""
    return Asked(RiakServer(clock=clock, real_time_enqueue=True, chunk=3))


@pytest.fixture
def ask_old(clock: Callable[[], float]) -> Asked:
    """A server of Riak 2.x's kind."""
    return Asked(RiakServer(clock=clock, search=True, chunk=3))
