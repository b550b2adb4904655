"""What the server does on each request: one module a family of operations, one table for all."""

from __future__ import annotations

from typing import Any

from aioriak.testing.context import Handler
from aioriak.testing.handlers import (
    kv,
    listing,
    properties,
    server,
)
from aioriak.wire.operation import Operation

HANDLERS: dict[Operation[Any, Any], Handler] = {
    **server.HANDLERS,
    **kv.HANDLERS,
    **properties.HANDLERS,
    **listing.HANDLERS,
}
"""The handler of every operation that this server knows; any other is an unknown message code."""
