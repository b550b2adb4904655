"""Coverage plans: a bucket in pieces, each of some partitions, to be read side by side.

Riak 3 does not support them; the option ``coverage`` enables them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aioriak.riak_pb.riak_kv_pb2 import RpbCoverageEntry, RpbCoverageReq, RpbCoverageResp
from aioriak.testing.context import Context, Handler
from aioriak.testing.erlang import Atom, BadTerm, decode_term, encode_term
from aioriak.testing.errors import Refusal
from aioriak.wire.operation import COVERAGE, Operation

Covers = Callable[[bytes], bool]
"""Whether a key belongs to a piece."""


def plan(context: Context, request: RpbCoverageReq) -> RpbCoverageResp:
    """Return a plan: every partition in one piece, or at least as many pieces as requested, if there are enough."""
    database, ring = context.database, context.cluster.ring
    type = request.type if request.HasField("type") else b"default"
    database.properties(type, request.bucket)
    nodes = [node for node in context.cluster.members if node.serving]
    lost = {part for piece in request.unavailable_cover for part in _partitions(piece)}
    if request.HasField("replace_cover"):
        wanted = _partitions(request.replace_cover)
        pieces = [wanted]
    else:
        count = max(len(nodes), min(request.min_partitions, ring.size))
        pieces = [list(range(first, ring.size, count)) for first in range(count)]
    found = []
    for number, partitions in enumerate(pieces):
        node = nodes[(number + bool(lost or request.replace_cover)) % len(nodes)]
        found.append(
            RpbCoverageEntry(
                ip=node.host.encode(),
                port=node.port,
                keyspace_desc=b"partitions " + b",".join(b"%d" % part for part in partitions),
                cover_context=encode_term((Atom("cover"), partitions)),
            )
        )
    return RpbCoverageResp(entries=found)


def covers(context: Context, type: bytes, bucket: bytes, request: Any) -> Covers | None:
    """Return the keys that a request's piece covers; ``None`` for all, also for an unknown piece."""
    if not context.cluster.has_coverage or not request.HasField("cover_context"):
        return None
    partitions = set(_partitions(request.cover_context))
    first = context.cluster.ring.first_partition
    return lambda key: first(type, bucket, key) in partitions


def _partitions(piece: bytes) -> list[int]:
    try:
        match decode_term(piece):
            case ("cover", [*partitions]):
                return partitions
    except BadTerm:
        pass
    raise Refusal("{bad_cover_context}")


HANDLERS: dict[Operation[Any, Any], Handler] = {COVERAGE: plan}
