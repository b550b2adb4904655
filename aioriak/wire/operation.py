"""Operations: one row for each request that Riak answers.

A row says which messages an operation is made of and how it may be treated;
deadlines, retry, telemetry and the development server read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from google.protobuf.message import DecodeError

from aioriak.riak_pb import base, dt, kv, search, yokozuna
from aioriak.wire.framing import Body
from aioriak.wire.values import large_decoder

Q = TypeVar("Q")
R = TypeVar("R")


def _nothing(body: Body) -> None:
    return None


def _complete(decode: Callable[[Body], Any], whole: Callable[[Body], Any]) -> Callable[[Body], Any]:
    """Return a decoder that takes no message without a required field, which protobuf's own does.

    ``whole`` decodes where a name has no text: protobuf in pure Python takes no other in a field of text, while in
    C such a name is bytes among text.
    """

    def decode_complete(body: Body) -> Any:
        try:
            message = decode(body)
        except UnicodeDecodeError:
            message = whole(body)
        if not message.IsInitialized():
            raise DecodeError(f"without {', '.join(message.FindInitializationErrors())}")
        return message

    return decode_complete


Streams = Literal["never", "always", "asked"]


@dataclass(frozen=True, slots=True, eq=False)
class Operation(Generic[Q, R]):
    """What is known of a request before it is made: codes, message classes, treatment.

    A class is ``None`` where the message has no body.
    """

    name: str
    request_code: int
    request: type[Q] | None
    reply_code: int
    reply: type[R] | None
    idempotent: bool = False
    """It may be sent again although it may have been received."""
    once: bool = False
    """Twice is never the same as once: no policy makes it be sent again once it may have been received."""
    writes: bool = False
    """It changes something: when its reply is lost the outcome is unknown."""
    streams: Streams = "never"
    """Whether many messages answer it, the last with ``done``; "asked" when its field ``stream`` says so."""
    text: type[Any] | None = None
    """What messages of a stream are read as: the reply with text for names, which saves making bytes of them first."""
    alone: bool = False
    """It can keep the server's side of a connection busy for minutes: nothing shares its connection."""
    has_timeout: bool = field(init=False, default=False)
    """Its request has Riak's ``timeout`` field, in milliseconds."""
    decode: Callable[[Body], R] = field(init=False)
    """Turns a reply's body into the message, ``text`` where there is one (``None`` for a reply without body)."""
    decode_large: Callable[[Body], R] = field(init=False)
    """Does the same, faster for a body of :data:`~aioriak.wire.values.LARGE` bytes or more, slower for others."""

    def __post_init__(self) -> None:
        fields = getattr(self.request, "DESCRIPTOR", None)
        object.__setattr__(self, "has_timeout", fields is not None and "timeout" in fields.fields_by_name)
        decode: Callable[[Body], Any] = getattr(self.reply, "FromString", _nothing)
        if self.streams != "never":  # the size of an incomplete message cannot be told
            decode = _complete(getattr(self.text, "FromString", decode), decode)
        object.__setattr__(self, "decode", decode)
        object.__setattr__(self, "decode_large", large_decoder(self.reply) or self.decode)

    def may_repeat(self, retry_writes: bool) -> bool:
        """Return whether the request may be sent again although an earlier attempt may have been received.

        ``retry_writes`` is the caller's policy.  Where it depends on the request, there are several rows of one
        code, and the module in ``operations`` that makes the request picks one.
        """
        return self.idempotent or (retry_writes and not self.once)

    def streaming(self, request: Any) -> bool:
        """Whether this request is answered by many messages."""
        return self.streams == "always" or (self.streams == "asked" and request.stream)

    @property
    def universal(self) -> bool:
        """Every Riak knows its code: one that does not is starting or stopping."""
        return self.request_code <= 26 or 29 <= self.request_code <= 32 or 80 <= self.request_code <= 83

    def __repr__(self) -> str:
        return f"<Operation {self.name}>"


PING: Operation[None, None] = Operation("ping", 1, None, 2, None, idempotent=True)
GET_CLIENT_ID: Operation[None, kv.RpbGetClientIdResp] = Operation(
    "get client id", 3, None, 4, kv.RpbGetClientIdResp, idempotent=True)
SET_CLIENT_ID: Operation[kv.RpbSetClientIdReq, None] = Operation(
    "set client id", 5, kv.RpbSetClientIdReq, 6, None, idempotent=True)
SERVER_INFO: Operation[None, base.RpbGetServerInfoResp] = Operation(
    "server info", 7, None, 8, base.RpbGetServerInfoResp, idempotent=True)
GET = Operation("get", 9, kv.RpbGetReq, 10, kv.RpbGetResp, idempotent=True)
# A put that is repeated blindly can fail its own condition, become a sibling of itself, or be stored under a second
# generated key.  operations.kv repeats one only when it has found out that the first was not done.
PUT = Operation("put", 11, kv.RpbPutReq, 12, kv.RpbPutResp, once=True, writes=True)
DELETE: Operation[kv.RpbDelReq, None] = Operation("delete", 13, kv.RpbDelReq, 14, None, writes=True)
LIST_BUCKETS = Operation(
    "list buckets", 15, kv.RpbListBucketsReq, 16, kv.RpbListBucketsResp, text=kv.TextBuckets,
    idempotent=True, streams="asked", alone=True)
LIST_KEYS = Operation(
    "list keys", 17, kv.RpbListKeysReq, 18, kv.RpbListKeysResp, text=kv.TextKeys,
    idempotent=True, streams="always", alone=True)
GET_BUCKET = Operation("get bucket properties", 19, base.RpbGetBucketReq, 20, base.RpbGetBucketResp, idempotent=True)
SET_BUCKET: Operation[base.RpbSetBucketReq, None] = Operation(
    "set bucket properties", 21, base.RpbSetBucketReq, 22, None, idempotent=True, writes=True)
MAP_REDUCE = Operation(
    "map/reduce", 23, kv.RpbMapRedReq, 24, kv.RpbMapRedResp, idempotent=True, streams="always", alone=True)
# A job that runs a function which writes, or one that nothing is known of.
MAP_REDUCE_WRITE = Operation(
    "map/reduce", 23, kv.RpbMapRedReq, 24, kv.RpbMapRedResp, once=True, writes=True, streams="always", alone=True)
INDEX = Operation(
    "index query", 25, kv.RpbIndexReq, 26, kv.RpbIndexResp, text=kv.TextIndex, idempotent=True, streams="asked")
SEARCH = Operation("search", 27, search.RpbSearchQueryReq, 28, search.RpbSearchQueryResp, idempotent=True)
RESET_BUCKET: Operation[base.RpbResetBucketReq, None] = Operation(
    "reset bucket properties", 29, base.RpbResetBucketReq, 30, None, idempotent=True, writes=True)
GET_BUCKET_TYPE = Operation(
    "get bucket type properties", 31, base.RpbGetBucketTypeReq, 20, base.RpbGetBucketResp, idempotent=True)
SET_BUCKET_TYPE: Operation[base.RpbSetBucketTypeReq, None] = Operation(
    "set bucket type properties", 32, base.RpbSetBucketTypeReq, 22, None, idempotent=True, writes=True)
PREFLIST = Operation(
    "preflist", 33, kv.RpbGetBucketKeyPreflistReq, 34, kv.RpbGetBucketKeyPreflistResp, idempotent=True)
CS_BUCKET = Operation(
    "bucket fold", 40, kv.RpbCSBucketReq, 41, kv.RpbCSBucketResp, idempotent=True, streams="always", alone=True)
COUNTER_UPDATE = Operation(
    "counter update", 50, kv.RpbCounterUpdateReq, 51, kv.RpbCounterUpdateResp, once=True, writes=True)
COUNTER_GET = Operation("counter get", 52, kv.RpbCounterGetReq, 53, kv.RpbCounterGetResp, idempotent=True)
SEARCH_INDEX_GET = Operation(
    "get search index", 54, yokozuna.RpbYokozunaIndexGetReq, 55, yokozuna.RpbYokozunaIndexGetResp, idempotent=True)
SEARCH_INDEX_PUT: Operation[yokozuna.RpbYokozunaIndexPutReq, kv.RpbPutResp] = Operation(
    "create search index", 56, yokozuna.RpbYokozunaIndexPutReq, 12, kv.RpbPutResp, idempotent=True, writes=True)
SEARCH_INDEX_DELETE: Operation[yokozuna.RpbYokozunaIndexDeleteReq, None] = Operation(
    "delete search index", 57, yokozuna.RpbYokozunaIndexDeleteReq, 14, None, idempotent=True, writes=True)
SEARCH_SCHEMA_GET = Operation(
    "get search schema", 58, yokozuna.RpbYokozunaSchemaGetReq, 59, yokozuna.RpbYokozunaSchemaGetResp, idempotent=True)
SEARCH_SCHEMA_PUT: Operation[yokozuna.RpbYokozunaSchemaPutReq, kv.RpbPutResp] = Operation(
    "create search schema", 60, yokozuna.RpbYokozunaSchemaPutReq, 12, kv.RpbPutResp, idempotent=True, writes=True)
COVERAGE = Operation("coverage plan", 70, kv.RpbCoverageReq, 71, kv.RpbCoverageResp, idempotent=True)
DT_FETCH = Operation("data type fetch", 80, dt.DtFetchReq, 81, dt.DtFetchResp, idempotent=True)
DT_UPDATE = Operation("data type update", 82, dt.DtUpdateReq, 83, dt.DtUpdateResp, once=True, writes=True)
REAL_TIME_ENQUEUE: Operation[kv.RpbRTEReq, None] = Operation(
    "real-time enqueue", 200, kv.RpbRTEReq, 201, None, idempotent=True, writes=True)
QUEUE_FETCH = Operation("queue fetch", 202, kv.RpbFetchReq, 203, kv.RpbFetchResp, writes=True)
QUEUE_PUSH = Operation("queue push", 204, kv.RpbPushReq, 205, kv.RpbPushResp, idempotent=True, writes=True)
MEMBERSHIP: Operation[None, kv.RpbMembershipResp] = Operation(
    "membership", 206, None, 207, kv.RpbMembershipResp, idempotent=True)
MERGE_ROOT = Operation(
    "merge root", 210, kv.RpbAaeFoldMergeRootNValReq, 220, kv.RpbAaeFoldTreeResp, idempotent=True, alone=True)
MERGE_BRANCHES = Operation(
    "merge branches", 211, kv.RpbAaeFoldMergeBranchNValReq, 220, kv.RpbAaeFoldTreeResp, idempotent=True, alone=True)
FETCH_CLOCKS = Operation(
    "fetch clocks", 212, kv.RpbAaeFoldFetchClocksNValReq, 221, kv.RpbAaeFoldKeyValueResp, idempotent=True, alone=True)
MERGE_TREES = Operation(
    "merge trees", 213, kv.RpbAaeFoldMergeTreesRangeReq, 220, kv.RpbAaeFoldTreeResp, idempotent=True, alone=True)
FETCH_CLOCKS_RANGE = Operation(
    "fetch clocks in a range", 214, kv.RpbAaeFoldFetchClocksRangeReq, 221, kv.RpbAaeFoldKeyValueResp,
    idempotent=True, alone=True)
FIND_KEYS = Operation(
    "find keys", 215, kv.RpbAaeFoldFindKeysReq, 222, kv.RpbAaeFoldKeyCountResp, idempotent=True, alone=True)
OBJECT_STATS = Operation(
    "object stats", 216, kv.RpbAaeFoldObjectStatsReq, 222, kv.RpbAaeFoldKeyCountResp, idempotent=True, alone=True)
REPLICATE_KEYS = Operation(
    "replicate keys", 217, kv.RpbAaeFoldReplKeysReq, 222, kv.RpbAaeFoldKeyCountResp, writes=True, alone=True)
FIND_TOMBSTONES = Operation(
    "find tombstones", 218, kv.RpbAaeFoldFindTombsReq, 221, kv.RpbAaeFoldKeyValueResp, idempotent=True, alone=True)
REPAIR_KEYS = Operation(
    "repair keys", 219, kv.RpbAaeFoldRepairKeysReq, 222, kv.RpbAaeFoldKeyCountResp, writes=True, alone=True)
AAE_LIST_BUCKETS = Operation(
    "list buckets by fold", 223, kv.RpbAaeFoldListBucketsReq, 224, kv.RpbAaeFoldListBucketsResp,
    idempotent=True, alone=True)
REAP_TOMBSTONES = Operation(
    "reap tombstones", 230, kv.RpbAaeFoldReapTombsReq, 222, kv.RpbAaeFoldKeyCountResp, writes=True, alone=True)
ERASE_KEYS = Operation(
    "erase keys", 231, kv.RpbAaeFoldEraseKeysReq, 222, kv.RpbAaeFoldKeyCountResp, writes=True, alone=True)
AUTHENTICATE: Operation[base.RpbAuthReq, None] = Operation("authenticate", 253, base.RpbAuthReq, 254, None)
START_TLS: Operation[None, None] = Operation("start TLS", 255, None, 255, None)

OPERATIONS: dict[int, Operation[Any, Any]] = {
    operation.request_code: operation
    for operation in list(globals().values())
    if isinstance(operation, Operation) and operation is not MAP_REDUCE_WRITE
}
"""Every operation by its request's message code; of several rows of one code, the first."""
