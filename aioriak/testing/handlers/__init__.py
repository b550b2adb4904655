"""The handlers of requests: one module a family of operations, one table for all."""

from __future__ import annotations

from typing import Any

from aioriak.testing.context import Handler
from aioriak.testing.handlers import (
    cluster,
    coverage,
    datatypes,
    folds,
    indexes,
    kv,
    listing,
    mapreduce,
    properties,
    replication,
    search,
    server,
)
from aioriak.wire.operation import Operation

HANDLERS: dict[Operation[Any, Any], Handler] = {
    **server.HANDLERS,
    **kv.HANDLERS,
    **datatypes.HANDLERS,
    **properties.HANDLERS,
    **listing.HANDLERS,
    **indexes.HANDLERS,
    **mapreduce.HANDLERS,
    **folds.HANDLERS,
    **replication.HANDLERS,
    **cluster.HANDLERS,
}
"""The handler of every operation that this server knows; any other is an unknown message code."""

SEARCH_HANDLERS: dict[Operation[Any, Any], Handler] = search.HANDLERS
"""The further operations of Riak 2.x."""
COVERAGE_HANDLERS: dict[Operation[Any, Any], Handler] = coverage.HANDLERS
"""Operations of some releases only: coverage plans."""
REAL_TIME_HANDLERS: dict[Operation[Any, Any], Handler] = replication.REAL_TIME_HANDLERS
"""Operations that the protocol defines and no release of Riak answers."""
