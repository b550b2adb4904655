"""Opening a connection: what the errors say."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import pytest

from aioriak.config import Address, Settings
from aioriak.error import ConnectError
from aioriak.transport.connector import open_connection


class Failing(asyncio.SelectorEventLoop):
    """An event loop on which no connection can be opened."""

    failure: Exception

    async def create_connection(self, *args: Any, **options: Any) -> Any:
        raise self.failure


REFUSED = "nothing listens there; check host and port, and listener.protobuf in riak.conf"
SEVERAL = "Multiple exceptions: [Errno 111] Connect call failed ('::1', 1), [Errno 111] Connect call failed"


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (ConnectionRefusedError(111, "refused"), f"{REFUSED} ([Errno 111] refused)"),
        (OSError(SEVERAL.replace("111", str(errno.ECONNREFUSED))), REFUSED),
        (socket.gaierror(-2, "Name or service not known"), "the host name cannot be resolved; check its spelling"),
        (OSError(101, "Network is unreachable"), "[Errno 101] Network is unreachable"),
        (UnicodeError("label too long"), "label too long"),
    ],
)
def test_a_connection_that_cannot_be_opened_is_explained(failure: Exception, message: str) -> None:
    loop = Failing()
    loop.failure = failure
    try:
        with pytest.raises(ConnectError) as caught:
            loop.run_until_complete(open_connection(loop, Address("db.example"), Settings(nodes=())))
    finally:
        loop.close()
    assert str(caught.value).startswith(f"no connection to db.example:8087: {message}")
    assert caught.value.__cause__ is failure
