"""Map/reduce jobs: sent as JSON, results by phase."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.error import ContentError, InvalidRequest
from aioriak.operations.names import to_bytes
from aioriak.operations.options import Timeout, seconds
from aioriak.operations.stream import Stream
from aioriak.riak_pb import kv
from aioriak.wire.operation import MAP_REDUCE, MAP_REDUCE_WRITE

_READING = {
    f"{kind}_{name}"
    for kind, names in {
        "map": ("identity", "object_value", "object_value_list"),
        "reduce": ("identity", "set_union", "sort", "sum", "plist_sum", "string_to_integer", "count_inputs"),
    }.items()
    for name in names
}
"""The functions of Riak's module ``riak_kv_mapreduce`` that only read."""
_READING_INPUTS = {("yokozuna", "mapred_search"), ("riak_search", "mapred_search")}


Inputs = str | Sequence[object] | Mapping[str, object]
"""The inputs of a job, as in Riak's JSON."""


class PhaseResult(NamedTuple):
    """One result of a phase: the phase's number, and the result.  The results of several phases interleave."""

    phase: int
    data: Any


def stream(
    dispatcher: Dispatcher, inputs: Inputs, query: Sequence[Mapping[str, object]], timeout: Timeout | None
) -> Stream[PhaseResult]:
    """Run a job; ``timeout`` is for the server's work and for the wait for each message.

    Raises :class:`~aioriak.error.InvalidRequest` for what is no JSON.
    """
    job: dict[str, Any] = {"inputs": inputs, "query": query}
    limit = dispatcher.request_timeout if timeout is None else seconds(timeout)
    if limit is not None:
        job["timeout"] = max(1, int(limit * 1000))
    try:
        body = json.dumps(job)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"a map/reduce job is JSON: {error}") from None
    request = kv.RpbMapRedReq(request=to_bytes("a map/reduce job", body), content_type=b"application/json")
    operation = MAP_REDUCE if only_reads(inputs, query) else MAP_REDUCE_WRITE
    return Stream(dispatcher.stream(operation, request, limit), _results)


def only_reads(inputs: Inputs, query: Sequence[Mapping[str, object]]) -> bool:
    """Return whether a job certainly changes nothing.

    It runs Riak's own functions and link phases only; any other function can write, as ``map_delete`` does.
    """
    if isinstance(inputs, Mapping) and "module" in inputs:
        known = (inputs["module"], inputs.get("function")) in _READING_INPUTS
    else:
        known = True
    return known and all(_phase_only_reads(phase) for phase in query)


def _phase_only_reads(phase: object) -> bool:
    if not isinstance(phase, Mapping) or len(phase) != 1:
        return False
    [(kind, step)] = phase.items()
    if kind == "link":
        return True
    if not isinstance(step, Mapping):
        return False
    if step.get("language") == "javascript":
        return str(step.get("name", "")).startswith("Riak.") and "source" not in step
    return step.get("module") == "riak_kv_mapreduce" and step.get("function") in _READING


def _results(message: kv.RpbMapRedResp) -> list[PhaseResult]:
    if not message.HasField("response"):
        return []
    try:
        data = json.loads(message.response)
    except (ValueError, RecursionError) as error:
        raise ContentError(f"a result of phase {message.phase} is no JSON: {error}") from None
    if not isinstance(data, list):
        raise ContentError(f"the results of phase {message.phase} are no list, but {type(data).__name__}")
    return [PhaseResult(message.phase, result) for result in data]
