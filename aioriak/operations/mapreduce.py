"""Map/reduce jobs: sent as JSON, results by phase."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.error import ContentError, InvalidRequest
from aioriak.operations.options import positive
from aioriak.operations.stream import Stream
from aioriak.riak_pb import kv
from aioriak.wire.operation import MAP_REDUCE


class PhaseResult(NamedTuple):
    """Some results of one phase; a phase may come many times, and phases interleave."""

    phase: int
    data: list[Any]


def stream(
    dispatcher: Dispatcher, inputs: Any, query: Sequence[Mapping[str, Any]], timeout: int | None
) -> Stream[PhaseResult]:
    """Run a job; ``timeout`` in milliseconds, for the server's work and for the wait for each message.

    Raises :class:`~aioriak.error.InvalidRequest` for what is no JSON.
    """
    job: dict[str, Any] = {"inputs": inputs, "query": query}
    limit = dispatcher.request_timeout
    if timeout is not None:
        limit = positive("timeout", timeout) / 1000
    if limit is not None:
        job["timeout"] = max(1, int(limit * 1000))
    try:
        body = json.dumps(job)
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"a map/reduce job is JSON: {error}") from None
    request = kv.RpbMapRedReq(request=body.encode(), content_type=b"application/json")
    return Stream(dispatcher.stream(MAP_REDUCE, request, limit), _results)


def _results(message: kv.RpbMapRedResp) -> list[PhaseResult]:
    if not message.HasField("response"):
        return []
    try:
        data = json.loads(message.response)
    except ValueError as error:
        raise ContentError(f"a result of phase {message.phase} is no JSON: {error}") from None
    return [PhaseResult(message.phase, data)]
