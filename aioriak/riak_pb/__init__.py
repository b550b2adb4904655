"""Riak's protocol-buffers messages.

``MESSAGES`` maps every message code of Riak KV to the message's name and its
class, or ``None`` where the message has no body.  The classes are generated
from the ``.proto`` files beside this one (``make proto``).
"""

from __future__ import annotations

from google.protobuf.message import Message

from aioriak.riak_pb import riak_dt_pb2 as dt
from aioriak.riak_pb import riak_kv_pb2 as kv
from aioriak.riak_pb import riak_pb2 as base
from aioriak.riak_pb import riak_search_pb2 as search
from aioriak.riak_pb import riak_yokozuna_pb2 as yokozuna

__all__ = ["MESSAGES", "base", "dt", "kv", "search", "yokozuna"]

MESSAGES: dict[int, tuple[str, type[Message] | None]] = {
    0: ("RpbErrorResp", base.RpbErrorResp),
    1: ("RpbPingReq", None),
    2: ("RpbPingResp", None),
    3: ("RpbGetClientIdReq", None),
    4: ("RpbGetClientIdResp", kv.RpbGetClientIdResp),
    5: ("RpbSetClientIdReq", kv.RpbSetClientIdReq),
    6: ("RpbSetClientIdResp", None),
    7: ("RpbGetServerInfoReq", None),
    8: ("RpbGetServerInfoResp", base.RpbGetServerInfoResp),
    9: ("RpbGetReq", kv.RpbGetReq),
    10: ("RpbGetResp", kv.RpbGetResp),
    11: ("RpbPutReq", kv.RpbPutReq),
    12: ("RpbPutResp", kv.RpbPutResp),
    13: ("RpbDelReq", kv.RpbDelReq),
    14: ("RpbDelResp", None),
    15: ("RpbListBucketsReq", kv.RpbListBucketsReq),
    16: ("RpbListBucketsResp", kv.RpbListBucketsResp),
    17: ("RpbListKeysReq", kv.RpbListKeysReq),
    18: ("RpbListKeysResp", kv.RpbListKeysResp),
    19: ("RpbGetBucketReq", base.RpbGetBucketReq),
    20: ("RpbGetBucketResp", base.RpbGetBucketResp),
    21: ("RpbSetBucketReq", base.RpbSetBucketReq),
    22: ("RpbSetBucketResp", None),
    23: ("RpbMapRedReq", kv.RpbMapRedReq),
    24: ("RpbMapRedResp", kv.RpbMapRedResp),
    25: ("RpbIndexReq", kv.RpbIndexReq),
    26: ("RpbIndexResp", kv.RpbIndexResp),
    27: ("RpbSearchQueryReq", search.RpbSearchQueryReq),
    28: ("RpbSearchQueryResp", search.RpbSearchQueryResp),
    29: ("RpbResetBucketReq", base.RpbResetBucketReq),
    30: ("RpbResetBucketResp", None),
    31: ("RpbGetBucketTypeReq", base.RpbGetBucketTypeReq),
    32: ("RpbSetBucketTypeReq", base.RpbSetBucketTypeReq),
    33: ("RpbGetBucketKeyPreflistReq", kv.RpbGetBucketKeyPreflistReq),
    34: ("RpbGetBucketKeyPreflistResp", kv.RpbGetBucketKeyPreflistResp),
    40: ("RpbCSBucketReq", kv.RpbCSBucketReq),
    41: ("RpbCSBucketResp", kv.RpbCSBucketResp),
    42: ("RpbIndexBodyResp", kv.RpbIndexBodyResp),
    50: ("RpbCounterUpdateReq", kv.RpbCounterUpdateReq),
    51: ("RpbCounterUpdateResp", kv.RpbCounterUpdateResp),
    52: ("RpbCounterGetReq", kv.RpbCounterGetReq),
    53: ("RpbCounterGetResp", kv.RpbCounterGetResp),
    54: ("RpbYokozunaIndexGetReq", yokozuna.RpbYokozunaIndexGetReq),
    55: ("RpbYokozunaIndexGetResp", yokozuna.RpbYokozunaIndexGetResp),
    56: ("RpbYokozunaIndexPutReq", yokozuna.RpbYokozunaIndexPutReq),
    57: ("RpbYokozunaIndexDeleteReq", yokozuna.RpbYokozunaIndexDeleteReq),
    58: ("RpbYokozunaSchemaGetReq", yokozuna.RpbYokozunaSchemaGetReq),
    59: ("RpbYokozunaSchemaGetResp", yokozuna.RpbYokozunaSchemaGetResp),
    60: ("RpbYokozunaSchemaPutReq", yokozuna.RpbYokozunaSchemaPutReq),
    70: ("RpbCoverageReq", kv.RpbCoverageReq),
    71: ("RpbCoverageResp", kv.RpbCoverageResp),
    80: ("DtFetchReq", dt.DtFetchReq),
    81: ("DtFetchResp", dt.DtFetchResp),
    82: ("DtUpdateReq", dt.DtUpdateReq),
    83: ("DtUpdateResp", dt.DtUpdateResp),
    200: ("RpbRTEReq", kv.RpbRTEReq),
    201: ("RpbRTEResp", None),
    202: ("RpbFetchReq", kv.RpbFetchReq),
    203: ("RpbFetchResp", kv.RpbFetchResp),
    204: ("RpbPushReq", kv.RpbPushReq),
    205: ("RpbPushResp", kv.RpbPushResp),
    206: ("RpbMembershipReq", kv.RpbMembershipReq),
    207: ("RpbMembershipResp", kv.RpbMembershipResp),
    210: ("RpbAaeFoldMergeRootNValReq", kv.RpbAaeFoldMergeRootNValReq),
    211: ("RpbAaeFoldMergeBranchNValReq", kv.RpbAaeFoldMergeBranchNValReq),
    212: ("RpbAaeFoldFetchClocksNValReq", kv.RpbAaeFoldFetchClocksNValReq),
    213: ("RpbAaeFoldMergeTreesRangeReq", kv.RpbAaeFoldMergeTreesRangeReq),
    214: ("RpbAaeFoldFetchClocksRangeReq", kv.RpbAaeFoldFetchClocksRangeReq),
    215: ("RpbAaeFoldFindKeysReq", kv.RpbAaeFoldFindKeysReq),
    216: ("RpbAaeFoldObjectStatsReq", kv.RpbAaeFoldObjectStatsReq),
    217: ("RpbAaeFoldReplKeysReq", kv.RpbAaeFoldReplKeysReq),
    218: ("RpbAaeFoldFindTombsReq", kv.RpbAaeFoldFindTombsReq),
    219: ("RpbAaeFoldRepairKeysReq", kv.RpbAaeFoldRepairKeysReq),
    220: ("RpbAaeFoldTreeResp", kv.RpbAaeFoldTreeResp),
    221: ("RpbAaeFoldKeyValueResp", kv.RpbAaeFoldKeyValueResp),
    222: ("RpbAaeFoldKeyCountResp", kv.RpbAaeFoldKeyCountResp),
    223: ("RpbAaeFoldListBucketsReq", kv.RpbAaeFoldListBucketsReq),
    224: ("RpbAaeFoldListBucketsResp", kv.RpbAaeFoldListBucketsResp),
    230: ("RpbAaeFoldReapTombsReq", kv.RpbAaeFoldReapTombsReq),
    231: ("RpbAaeFoldEraseKeysReq", kv.RpbAaeFoldEraseKeysReq),
    253: ("RpbAuthReq", base.RpbAuthReq),
    254: ("RpbAuthResp", None),
    255: ("RpbStartTls", None),
}
