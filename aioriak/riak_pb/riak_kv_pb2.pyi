from aioriak.riak_pb import riak_pb2 as _riak_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RpbGetClientIdResp(_message.Message):
    __slots__ = ("client_id",)
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    client_id: bytes
    def __init__(self, client_id: _Optional[bytes] = ...) -> None: ...

class RpbSetClientIdReq(_message.Message):
    __slots__ = ("client_id",)
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    client_id: bytes
    def __init__(self, client_id: _Optional[bytes] = ...) -> None: ...

class RpbGetReq(_message.Message):
    __slots__ = ("bucket", "key", "r", "pr", "basic_quorum", "notfound_ok", "if_modified", "head", "deletedvclock", "timeout", "sloppy_quorum", "n_val", "type", "node_confirms")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    R_FIELD_NUMBER: _ClassVar[int]
    PR_FIELD_NUMBER: _ClassVar[int]
    BASIC_QUORUM_FIELD_NUMBER: _ClassVar[int]
    NOTFOUND_OK_FIELD_NUMBER: _ClassVar[int]
    IF_MODIFIED_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    DELETEDVCLOCK_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SLOPPY_QUORUM_FIELD_NUMBER: _ClassVar[int]
    N_VAL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NODE_CONFIRMS_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    key: bytes
    r: int
    pr: int
    basic_quorum: bool
    notfound_ok: bool
    if_modified: bytes
    head: bool
    deletedvclock: bool
    timeout: int
    sloppy_quorum: bool
    n_val: int
    type: bytes
    node_confirms: int
    def __init__(self, bucket: _Optional[bytes] = ..., key: _Optional[bytes] = ..., r: _Optional[int] = ..., pr: _Optional[int] = ..., basic_quorum: bool = ..., notfound_ok: bool = ..., if_modified: _Optional[bytes] = ..., head: bool = ..., deletedvclock: bool = ..., timeout: _Optional[int] = ..., sloppy_quorum: bool = ..., n_val: _Optional[int] = ..., type: _Optional[bytes] = ..., node_confirms: _Optional[int] = ...) -> None: ...

class RpbGetResp(_message.Message):
    __slots__ = ("content", "vclock", "unchanged")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    VCLOCK_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    content: _containers.RepeatedCompositeFieldContainer[RpbContent]
    vclock: bytes
    unchanged: bool
    def __init__(self, content: _Optional[_Iterable[_Union[RpbContent, _Mapping[str, object]]]] = ..., vclock: _Optional[bytes] = ..., unchanged: bool = ...) -> None: ...

class RpbPutReq(_message.Message):
    __slots__ = ("bucket", "key", "vclock", "content", "w", "dw", "return_body", "pw", "if_not_modified", "if_none_match", "return_head", "timeout", "asis", "sloppy_quorum", "n_val", "type", "node_confirms", "sync_on_write")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VCLOCK_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    W_FIELD_NUMBER: _ClassVar[int]
    DW_FIELD_NUMBER: _ClassVar[int]
    RETURN_BODY_FIELD_NUMBER: _ClassVar[int]
    PW_FIELD_NUMBER: _ClassVar[int]
    IF_NOT_MODIFIED_FIELD_NUMBER: _ClassVar[int]
    IF_NONE_MATCH_FIELD_NUMBER: _ClassVar[int]
    RETURN_HEAD_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ASIS_FIELD_NUMBER: _ClassVar[int]
    SLOPPY_QUORUM_FIELD_NUMBER: _ClassVar[int]
    N_VAL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NODE_CONFIRMS_FIELD_NUMBER: _ClassVar[int]
    SYNC_ON_WRITE_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    key: bytes
    vclock: bytes
    content: RpbContent
    w: int
    dw: int
    return_body: bool
    pw: int
    if_not_modified: bool
    if_none_match: bool
    return_head: bool
    timeout: int
    asis: bool
    sloppy_quorum: bool
    n_val: int
    type: bytes
    node_confirms: int
    sync_on_write: bytes
    def __init__(self, bucket: _Optional[bytes] = ..., key: _Optional[bytes] = ..., vclock: _Optional[bytes] = ..., content: _Optional[_Union[RpbContent, _Mapping[str, object]]] = ..., w: _Optional[int] = ..., dw: _Optional[int] = ..., return_body: bool = ..., pw: _Optional[int] = ..., if_not_modified: bool = ..., if_none_match: bool = ..., return_head: bool = ..., timeout: _Optional[int] = ..., asis: bool = ..., sloppy_quorum: bool = ..., n_val: _Optional[int] = ..., type: _Optional[bytes] = ..., node_confirms: _Optional[int] = ..., sync_on_write: _Optional[bytes] = ...) -> None: ...

class RpbPutResp(_message.Message):
    __slots__ = ("content", "vclock", "key")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    VCLOCK_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    content: _containers.RepeatedCompositeFieldContainer[RpbContent]
    vclock: bytes
    key: bytes
    def __init__(self, content: _Optional[_Iterable[_Union[RpbContent, _Mapping[str, object]]]] = ..., vclock: _Optional[bytes] = ..., key: _Optional[bytes] = ...) -> None: ...

class RpbDelReq(_message.Message):
    __slots__ = ("bucket", "key", "rw", "vclock", "r", "w", "pr", "pw", "dw", "timeout", "sloppy_quorum", "n_val", "type")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    RW_FIELD_NUMBER: _ClassVar[int]
    VCLOCK_FIELD_NUMBER: _ClassVar[int]
    R_FIELD_NUMBER: _ClassVar[int]
    W_FIELD_NUMBER: _ClassVar[int]
    PR_FIELD_NUMBER: _ClassVar[int]
    PW_FIELD_NUMBER: _ClassVar[int]
    DW_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SLOPPY_QUORUM_FIELD_NUMBER: _ClassVar[int]
    N_VAL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    key: bytes
    rw: int
    vclock: bytes
    r: int
    w: int
    pr: int
    pw: int
    dw: int
    timeout: int
    sloppy_quorum: bool
    n_val: int
    type: bytes
    def __init__(self, bucket: _Optional[bytes] = ..., key: _Optional[bytes] = ..., rw: _Optional[int] = ..., vclock: _Optional[bytes] = ..., r: _Optional[int] = ..., w: _Optional[int] = ..., pr: _Optional[int] = ..., pw: _Optional[int] = ..., dw: _Optional[int] = ..., timeout: _Optional[int] = ..., sloppy_quorum: bool = ..., n_val: _Optional[int] = ..., type: _Optional[bytes] = ...) -> None: ...

class RpbListBucketsReq(_message.Message):
    __slots__ = ("timeout", "stream", "type")
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    timeout: int
    stream: bool
    type: bytes
    def __init__(self, timeout: _Optional[int] = ..., stream: bool = ..., type: _Optional[bytes] = ...) -> None: ...

class RpbListBucketsResp(_message.Message):
    __slots__ = ("buckets", "done")
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    buckets: _containers.RepeatedScalarFieldContainer[bytes]
    done: bool
    def __init__(self, buckets: _Optional[_Iterable[bytes]] = ..., done: bool = ...) -> None: ...

class RpbListKeysReq(_message.Message):
    __slots__ = ("bucket", "timeout", "type")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    timeout: int
    type: bytes
    def __init__(self, bucket: _Optional[bytes] = ..., timeout: _Optional[int] = ..., type: _Optional[bytes] = ...) -> None: ...

class RpbListKeysResp(_message.Message):
    __slots__ = ("keys", "done")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[bytes]
    done: bool
    def __init__(self, keys: _Optional[_Iterable[bytes]] = ..., done: bool = ...) -> None: ...

class RpbMapRedReq(_message.Message):
    __slots__ = ("request", "content_type")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    request: bytes
    content_type: bytes
    def __init__(self, request: _Optional[bytes] = ..., content_type: _Optional[bytes] = ...) -> None: ...

class RpbMapRedResp(_message.Message):
    __slots__ = ("phase", "response", "done")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    phase: int
    response: bytes
    done: bool
    def __init__(self, phase: _Optional[int] = ..., response: _Optional[bytes] = ..., done: bool = ...) -> None: ...

class RpbIndexReq(_message.Message):
    __slots__ = ("bucket", "index", "qtype", "key", "range_min", "range_max", "return_terms", "stream", "max_results", "continuation", "timeout", "type", "term_regex", "pagination_sort", "cover_context", "return_body")
    class IndexQueryType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        eq: _ClassVar[RpbIndexReq.IndexQueryType]
        range: _ClassVar[RpbIndexReq.IndexQueryType]
    eq: RpbIndexReq.IndexQueryType
    range: RpbIndexReq.IndexQueryType
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    QTYPE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    RANGE_MIN_FIELD_NUMBER: _ClassVar[int]
    RANGE_MAX_FIELD_NUMBER: _ClassVar[int]
    RETURN_TERMS_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    MAX_RESULTS_FIELD_NUMBER: _ClassVar[int]
    CONTINUATION_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TERM_REGEX_FIELD_NUMBER: _ClassVar[int]
    PAGINATION_SORT_FIELD_NUMBER: _ClassVar[int]
    COVER_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    RETURN_BODY_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    index: bytes
    qtype: RpbIndexReq.IndexQueryType
    key: bytes
    range_min: bytes
    range_max: bytes
    return_terms: bool
    stream: bool
    max_results: int
    continuation: bytes
    timeout: int
    type: bytes
    term_regex: bytes
    pagination_sort: bool
    cover_context: bytes
    return_body: bool
    def __init__(self, bucket: _Optional[bytes] = ..., index: _Optional[bytes] = ..., qtype: _Optional[_Union[RpbIndexReq.IndexQueryType, str]] = ..., key: _Optional[bytes] = ..., range_min: _Optional[bytes] = ..., range_max: _Optional[bytes] = ..., return_terms: bool = ..., stream: bool = ..., max_results: _Optional[int] = ..., continuation: _Optional[bytes] = ..., timeout: _Optional[int] = ..., type: _Optional[bytes] = ..., term_regex: _Optional[bytes] = ..., pagination_sort: bool = ..., cover_context: _Optional[bytes] = ..., return_body: bool = ...) -> None: ...

class RpbIndexResp(_message.Message):
    __slots__ = ("keys", "results", "continuation", "done")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    CONTINUATION_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[bytes]
    results: _containers.RepeatedCompositeFieldContainer[_riak_pb2.RpbPair]
    continuation: bytes
    done: bool
    def __init__(self, keys: _Optional[_Iterable[bytes]] = ..., results: _Optional[_Iterable[_Union[_riak_pb2.RpbPair, _Mapping[str, object]]]] = ..., continuation: _Optional[bytes] = ..., done: bool = ...) -> None: ...

class RpbIndexBodyResp(_message.Message):
    __slots__ = ("objects", "continuation", "done")
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    CONTINUATION_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[RpbIndexObject]
    continuation: bytes
    done: bool
    def __init__(self, objects: _Optional[_Iterable[_Union[RpbIndexObject, _Mapping[str, object]]]] = ..., continuation: _Optional[bytes] = ..., done: bool = ...) -> None: ...

class RpbCSBucketReq(_message.Message):
    __slots__ = ("bucket", "start_key", "end_key", "start_incl", "end_incl", "continuation", "max_results", "timeout", "type", "cover_context")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    START_INCL_FIELD_NUMBER: _ClassVar[int]
    END_INCL_FIELD_NUMBER: _ClassVar[int]
    CONTINUATION_FIELD_NUMBER: _ClassVar[int]
    MAX_RESULTS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    COVER_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    start_key: bytes
    end_key: bytes
    start_incl: bool
    end_incl: bool
    continuation: bytes
    max_results: int
    timeout: int
    type: bytes
    cover_context: bytes
    def __init__(self, bucket: _Optional[bytes] = ..., start_key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ..., start_incl: bool = ..., end_incl: bool = ..., continuation: _Optional[bytes] = ..., max_results: _Optional[int] = ..., timeout: _Optional[int] = ..., type: _Optional[bytes] = ..., cover_context: _Optional[bytes] = ...) -> None: ...

class RpbCSBucketResp(_message.Message):
    __slots__ = ("objects", "continuation", "done")
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    CONTINUATION_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[RpbIndexObject]
    continuation: bytes
    done: bool
    def __init__(self, objects: _Optional[_Iterable[_Union[RpbIndexObject, _Mapping[str, object]]]] = ..., continuation: _Optional[bytes] = ..., done: bool = ...) -> None: ...

class RpbIndexObject(_message.Message):
    __slots__ = ("key", "object")
    KEY_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    object: RpbGetResp
    def __init__(self, key: _Optional[bytes] = ..., object: _Optional[_Union[RpbGetResp, _Mapping[str, object]]] = ...) -> None: ...

class RpbContent(_message.Message):
    __slots__ = ("value", "content_type", "charset", "content_encoding", "vtag", "links", "last_mod", "last_mod_usecs", "usermeta", "indexes", "deleted")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHARSET_FIELD_NUMBER: _ClassVar[int]
    CONTENT_ENCODING_FIELD_NUMBER: _ClassVar[int]
    VTAG_FIELD_NUMBER: _ClassVar[int]
    LINKS_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_USECS_FIELD_NUMBER: _ClassVar[int]
    USERMETA_FIELD_NUMBER: _ClassVar[int]
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    value: bytes
    content_type: bytes
    charset: bytes
    content_encoding: bytes
    vtag: bytes
    links: _containers.RepeatedCompositeFieldContainer[RpbLink]
    last_mod: int
    last_mod_usecs: int
    usermeta: _containers.RepeatedCompositeFieldContainer[_riak_pb2.RpbPair]
    indexes: _containers.RepeatedCompositeFieldContainer[_riak_pb2.RpbPair]
    deleted: bool
    def __init__(self, value: _Optional[bytes] = ..., content_type: _Optional[bytes] = ..., charset: _Optional[bytes] = ..., content_encoding: _Optional[bytes] = ..., vtag: _Optional[bytes] = ..., links: _Optional[_Iterable[_Union[RpbLink, _Mapping[str, object]]]] = ..., last_mod: _Optional[int] = ..., last_mod_usecs: _Optional[int] = ..., usermeta: _Optional[_Iterable[_Union[_riak_pb2.RpbPair, _Mapping[str, object]]]] = ..., indexes: _Optional[_Iterable[_Union[_riak_pb2.RpbPair, _Mapping[str, object]]]] = ..., deleted: bool = ...) -> None: ...

class RpbLink(_message.Message):
    __slots__ = ("bucket", "key", "tag")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    key: bytes
    tag: bytes
    def __init__(self, bucket: _Optional[bytes] = ..., key: _Optional[bytes] = ..., tag: _Optional[bytes] = ...) -> None: ...

class RpbCounterUpdateReq(_message.Message):
    __slots__ = ("bucket", "key", "amount", "w", "dw", "pw", "returnvalue", "node_confirms")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    W_FIELD_NUMBER: _ClassVar[int]
    DW_FIELD_NUMBER: _ClassVar[int]
    PW_FIELD_NUMBER: _ClassVar[int]
    RETURNVALUE_FIELD_NUMBER: _ClassVar[int]
    NODE_CONFIRMS_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    key: bytes
    amount: int
    w: int
    dw: int
    pw: int
    returnvalue: bool
    node_confirms: int
    def __init__(self, bucket: _Optional[bytes] = ..., key: _Optional[bytes] = ..., amount: _Optional[int] = ..., w: _Optional[int] = ..., dw: _Optional[int] = ..., pw: _Optional[int] = ..., returnvalue: bool = ..., node_confirms: _Optional[int] = ...) -> None: ...

class RpbCounterUpdateResp(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class RpbCounterGetReq(_message.Message):
    __slots__ = ("bucket", "key", "r", "pr", "basic_quorum", "notfound_ok", "node_confirms")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    R_FIELD_NUMBER: _ClassVar[int]
    PR_FIELD_NUMBER: _ClassVar[int]
    BASIC_QUORUM_FIELD_NUMBER: _ClassVar[int]
    NOTFOUND_OK_FIELD_NUMBER: _ClassVar[int]
    NODE_CONFIRMS_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    key: bytes
    r: int
    pr: int
    basic_quorum: bool
    notfound_ok: bool
    node_confirms: int
    def __init__(self, bucket: _Optional[bytes] = ..., key: _Optional[bytes] = ..., r: _Optional[int] = ..., pr: _Optional[int] = ..., basic_quorum: bool = ..., notfound_ok: bool = ..., node_confirms: _Optional[int] = ...) -> None: ...

class RpbCounterGetResp(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class RpbGetBucketKeyPreflistReq(_message.Message):
    __slots__ = ("bucket", "key", "type")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    key: bytes
    type: bytes
    def __init__(self, bucket: _Optional[bytes] = ..., key: _Optional[bytes] = ..., type: _Optional[bytes] = ...) -> None: ...

class RpbGetBucketKeyPreflistResp(_message.Message):
    __slots__ = ("preflist",)
    PREFLIST_FIELD_NUMBER: _ClassVar[int]
    preflist: _containers.RepeatedCompositeFieldContainer[RpbBucketKeyPreflistItem]
    def __init__(self, preflist: _Optional[_Iterable[_Union[RpbBucketKeyPreflistItem, _Mapping[str, object]]]] = ...) -> None: ...

class RpbBucketKeyPreflistItem(_message.Message):
    __slots__ = ("partition", "node", "primary")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_FIELD_NUMBER: _ClassVar[int]
    partition: int
    node: bytes
    primary: bool
    def __init__(self, partition: _Optional[int] = ..., node: _Optional[bytes] = ..., primary: bool = ...) -> None: ...

class RpbCoverageReq(_message.Message):
    __slots__ = ("type", "bucket", "min_partitions", "replace_cover", "unavailable_cover")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    MIN_PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    REPLACE_COVER_FIELD_NUMBER: _ClassVar[int]
    UNAVAILABLE_COVER_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    min_partitions: int
    replace_cover: bytes
    unavailable_cover: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., min_partitions: _Optional[int] = ..., replace_cover: _Optional[bytes] = ..., unavailable_cover: _Optional[_Iterable[bytes]] = ...) -> None: ...

class RpbCoverageResp(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[RpbCoverageEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[RpbCoverageEntry, _Mapping[str, object]]]] = ...) -> None: ...

class RpbCoverageEntry(_message.Message):
    __slots__ = ("ip", "port", "keyspace_desc", "cover_context")
    IP_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    KEYSPACE_DESC_FIELD_NUMBER: _ClassVar[int]
    COVER_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    ip: bytes
    port: int
    keyspace_desc: bytes
    cover_context: bytes
    def __init__(self, ip: _Optional[bytes] = ..., port: _Optional[int] = ..., keyspace_desc: _Optional[bytes] = ..., cover_context: _Optional[bytes] = ...) -> None: ...

class RpbRTEReq(_message.Message):
    __slots__ = ("bucket", "key", "r", "pr", "basic_quorum", "notfound_ok", "timeout", "sloppy_quorum", "n_val", "type")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    R_FIELD_NUMBER: _ClassVar[int]
    PR_FIELD_NUMBER: _ClassVar[int]
    BASIC_QUORUM_FIELD_NUMBER: _ClassVar[int]
    NOTFOUND_OK_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SLOPPY_QUORUM_FIELD_NUMBER: _ClassVar[int]
    N_VAL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    bucket: bytes
    key: bytes
    r: int
    pr: int
    basic_quorum: bool
    notfound_ok: bool
    timeout: int
    sloppy_quorum: bool
    n_val: int
    type: bytes
    def __init__(self, bucket: _Optional[bytes] = ..., key: _Optional[bytes] = ..., r: _Optional[int] = ..., pr: _Optional[int] = ..., basic_quorum: bool = ..., notfound_ok: bool = ..., timeout: _Optional[int] = ..., sloppy_quorum: bool = ..., n_val: _Optional[int] = ..., type: _Optional[bytes] = ...) -> None: ...

class RpbFetchReq(_message.Message):
    __slots__ = ("queuename", "encoding")
    QUEUENAME_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    queuename: bytes
    encoding: bytes
    def __init__(self, queuename: _Optional[bytes] = ..., encoding: _Optional[bytes] = ...) -> None: ...

class RpbFetchResp(_message.Message):
    __slots__ = ("queue_empty", "deleted", "crc_check", "replencoded_object", "deleted_vclock", "segment_id", "segment_hash")
    QUEUE_EMPTY_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    CRC_CHECK_FIELD_NUMBER: _ClassVar[int]
    REPLENCODED_OBJECT_FIELD_NUMBER: _ClassVar[int]
    DELETED_VCLOCK_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_HASH_FIELD_NUMBER: _ClassVar[int]
    queue_empty: bool
    deleted: bool
    crc_check: int
    replencoded_object: bytes
    deleted_vclock: bytes
    segment_id: int
    segment_hash: int
    def __init__(self, queue_empty: bool = ..., deleted: bool = ..., crc_check: _Optional[int] = ..., replencoded_object: _Optional[bytes] = ..., deleted_vclock: _Optional[bytes] = ..., segment_id: _Optional[int] = ..., segment_hash: _Optional[int] = ...) -> None: ...

class RpbPushReq(_message.Message):
    __slots__ = ("queuename", "keys_value")
    QUEUENAME_FIELD_NUMBER: _ClassVar[int]
    KEYS_VALUE_FIELD_NUMBER: _ClassVar[int]
    queuename: bytes
    keys_value: _containers.RepeatedCompositeFieldContainer[RpbKeysValue]
    def __init__(self, queuename: _Optional[bytes] = ..., keys_value: _Optional[_Iterable[_Union[RpbKeysValue, _Mapping[str, object]]]] = ...) -> None: ...

class RpbPushResp(_message.Message):
    __slots__ = ("queuename", "queue_exists", "foldq_length", "fsync_length", "realt_length")
    QUEUENAME_FIELD_NUMBER: _ClassVar[int]
    QUEUE_EXISTS_FIELD_NUMBER: _ClassVar[int]
    FOLDQ_LENGTH_FIELD_NUMBER: _ClassVar[int]
    FSYNC_LENGTH_FIELD_NUMBER: _ClassVar[int]
    REALT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    queuename: bytes
    queue_exists: bool
    foldq_length: int
    fsync_length: int
    realt_length: int
    def __init__(self, queuename: _Optional[bytes] = ..., queue_exists: bool = ..., foldq_length: _Optional[int] = ..., fsync_length: _Optional[int] = ..., realt_length: _Optional[int] = ...) -> None: ...

class RpbMembershipReq(_message.Message):
    __slots__ = ("queuename",)
    QUEUENAME_FIELD_NUMBER: _ClassVar[int]
    queuename: bytes
    def __init__(self, queuename: _Optional[bytes] = ...) -> None: ...

class RpbClusterMemberEntry(_message.Message):
    __slots__ = ("ip", "port")
    IP_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    ip: bytes
    port: int
    def __init__(self, ip: _Optional[bytes] = ..., port: _Optional[int] = ...) -> None: ...

class RpbMembershipResp(_message.Message):
    __slots__ = ("up_nodes",)
    UP_NODES_FIELD_NUMBER: _ClassVar[int]
    up_nodes: _containers.RepeatedCompositeFieldContainer[RpbClusterMemberEntry]
    def __init__(self, up_nodes: _Optional[_Iterable[_Union[RpbClusterMemberEntry, _Mapping[str, object]]]] = ...) -> None: ...

class RpbAaeFoldMergeRootNValReq(_message.Message):
    __slots__ = ("n_val",)
    N_VAL_FIELD_NUMBER: _ClassVar[int]
    n_val: int
    def __init__(self, n_val: _Optional[int] = ...) -> None: ...

class RpbAaeFoldMergeBranchNValReq(_message.Message):
    __slots__ = ("n_val", "id_filter")
    N_VAL_FIELD_NUMBER: _ClassVar[int]
    ID_FILTER_FIELD_NUMBER: _ClassVar[int]
    n_val: int
    id_filter: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, n_val: _Optional[int] = ..., id_filter: _Optional[_Iterable[int]] = ...) -> None: ...

class RpbAaeFoldFetchClocksNValReq(_message.Message):
    __slots__ = ("n_val", "id_filter", "modified_range", "last_mod_start", "last_mod_end")
    N_VAL_FIELD_NUMBER: _ClassVar[int]
    ID_FILTER_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_RANGE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_START_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_END_FIELD_NUMBER: _ClassVar[int]
    n_val: int
    id_filter: _containers.RepeatedScalarFieldContainer[int]
    modified_range: bool
    last_mod_start: int
    last_mod_end: int
    def __init__(self, n_val: _Optional[int] = ..., id_filter: _Optional[_Iterable[int]] = ..., modified_range: bool = ..., last_mod_start: _Optional[int] = ..., last_mod_end: _Optional[int] = ...) -> None: ...

class RpbAaeFoldMergeTreesRangeReq(_message.Message):
    __slots__ = ("type", "bucket", "key_range", "start_key", "end_key", "tree_size", "segment_filter", "id_filter", "filter_tree_size", "modified_range", "last_mod_start", "last_mod_end", "use_prehash", "init_vector")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_RANGE_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FILTER_FIELD_NUMBER: _ClassVar[int]
    ID_FILTER_FIELD_NUMBER: _ClassVar[int]
    FILTER_TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_RANGE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_START_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_END_FIELD_NUMBER: _ClassVar[int]
    USE_PREHASH_FIELD_NUMBER: _ClassVar[int]
    INIT_VECTOR_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    key_range: bool
    start_key: bytes
    end_key: bytes
    tree_size: RpbAaeFoldTreeResp.RpbTreeSize
    segment_filter: bool
    id_filter: _containers.RepeatedScalarFieldContainer[int]
    filter_tree_size: RpbAaeFoldTreeResp.RpbTreeSize
    modified_range: bool
    last_mod_start: int
    last_mod_end: int
    use_prehash: bool
    init_vector: int
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., key_range: bool = ..., start_key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ..., tree_size: _Optional[_Union[RpbAaeFoldTreeResp.RpbTreeSize, str]] = ..., segment_filter: bool = ..., id_filter: _Optional[_Iterable[int]] = ..., filter_tree_size: _Optional[_Union[RpbAaeFoldTreeResp.RpbTreeSize, str]] = ..., modified_range: bool = ..., last_mod_start: _Optional[int] = ..., last_mod_end: _Optional[int] = ..., use_prehash: bool = ..., init_vector: _Optional[int] = ...) -> None: ...

class RpbAaeFoldFetchClocksRangeReq(_message.Message):
    __slots__ = ("type", "bucket", "key_range", "start_key", "end_key", "segment_filter", "id_filter", "filter_tree_size", "modified_range", "last_mod_start", "last_mod_end")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_RANGE_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FILTER_FIELD_NUMBER: _ClassVar[int]
    ID_FILTER_FIELD_NUMBER: _ClassVar[int]
    FILTER_TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_RANGE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_START_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_END_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    key_range: bool
    start_key: bytes
    end_key: bytes
    segment_filter: bool
    id_filter: _containers.RepeatedScalarFieldContainer[int]
    filter_tree_size: RpbAaeFoldTreeResp.RpbTreeSize
    modified_range: bool
    last_mod_start: int
    last_mod_end: int
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., key_range: bool = ..., start_key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ..., segment_filter: bool = ..., id_filter: _Optional[_Iterable[int]] = ..., filter_tree_size: _Optional[_Union[RpbAaeFoldTreeResp.RpbTreeSize, str]] = ..., modified_range: bool = ..., last_mod_start: _Optional[int] = ..., last_mod_end: _Optional[int] = ...) -> None: ...

class RpbAaeFoldReplKeysReq(_message.Message):
    __slots__ = ("type", "bucket", "key_range", "start_key", "end_key", "modified_range", "last_mod_start", "last_mod_end", "queuename")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_RANGE_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_RANGE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_START_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_END_FIELD_NUMBER: _ClassVar[int]
    QUEUENAME_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    key_range: bool
    start_key: bytes
    end_key: bytes
    modified_range: bool
    last_mod_start: int
    last_mod_end: int
    queuename: bytes
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., key_range: bool = ..., start_key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ..., modified_range: bool = ..., last_mod_start: _Optional[int] = ..., last_mod_end: _Optional[int] = ..., queuename: _Optional[bytes] = ...) -> None: ...

class RpbAaeFoldRepairKeysReq(_message.Message):
    __slots__ = ("type", "bucket", "key_range", "start_key", "end_key", "modified_range", "last_mod_start", "last_mod_end")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_RANGE_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_RANGE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_START_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_END_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    key_range: bool
    start_key: bytes
    end_key: bytes
    modified_range: bool
    last_mod_start: int
    last_mod_end: int
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., key_range: bool = ..., start_key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ..., modified_range: bool = ..., last_mod_start: _Optional[int] = ..., last_mod_end: _Optional[int] = ...) -> None: ...

class RpbAaeFoldFindKeysReq(_message.Message):
    __slots__ = ("type", "bucket", "key_range", "start_key", "end_key", "modified_range", "last_mod_start", "last_mod_end", "finder", "find_limit")
    class FindType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        sibling_count: _ClassVar[RpbAaeFoldFindKeysReq.FindType]
        object_size: _ClassVar[RpbAaeFoldFindKeysReq.FindType]
    sibling_count: RpbAaeFoldFindKeysReq.FindType
    object_size: RpbAaeFoldFindKeysReq.FindType
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_RANGE_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_RANGE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_START_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_END_FIELD_NUMBER: _ClassVar[int]
    FINDER_FIELD_NUMBER: _ClassVar[int]
    FIND_LIMIT_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    key_range: bool
    start_key: bytes
    end_key: bytes
    modified_range: bool
    last_mod_start: int
    last_mod_end: int
    finder: RpbAaeFoldFindKeysReq.FindType
    find_limit: int
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., key_range: bool = ..., start_key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ..., modified_range: bool = ..., last_mod_start: _Optional[int] = ..., last_mod_end: _Optional[int] = ..., finder: _Optional[_Union[RpbAaeFoldFindKeysReq.FindType, str]] = ..., find_limit: _Optional[int] = ...) -> None: ...

class RpbAaeFoldFindTombsReq(_message.Message):
    __slots__ = ("type", "bucket", "key_range", "start_key", "end_key", "segment_filter", "id_filter", "filter_tree_size", "modified_range", "last_mod_start", "last_mod_end")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_RANGE_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FILTER_FIELD_NUMBER: _ClassVar[int]
    ID_FILTER_FIELD_NUMBER: _ClassVar[int]
    FILTER_TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_RANGE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_START_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_END_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    key_range: bool
    start_key: bytes
    end_key: bytes
    segment_filter: bool
    id_filter: _containers.RepeatedScalarFieldContainer[int]
    filter_tree_size: RpbAaeFoldTreeResp.RpbTreeSize
    modified_range: bool
    last_mod_start: int
    last_mod_end: int
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., key_range: bool = ..., start_key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ..., segment_filter: bool = ..., id_filter: _Optional[_Iterable[int]] = ..., filter_tree_size: _Optional[_Union[RpbAaeFoldTreeResp.RpbTreeSize, str]] = ..., modified_range: bool = ..., last_mod_start: _Optional[int] = ..., last_mod_end: _Optional[int] = ...) -> None: ...

class RpbAaeFoldReapTombsReq(_message.Message):
    __slots__ = ("type", "bucket", "key_range", "start_key", "end_key", "segment_filter", "id_filter", "filter_tree_size", "modified_range", "last_mod_start", "last_mod_end", "change_method", "job_id")
    class ChangeMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        job: _ClassVar[RpbAaeFoldReapTombsReq.ChangeMethod]
        local: _ClassVar[RpbAaeFoldReapTombsReq.ChangeMethod]
        count: _ClassVar[RpbAaeFoldReapTombsReq.ChangeMethod]
    job: RpbAaeFoldReapTombsReq.ChangeMethod
    local: RpbAaeFoldReapTombsReq.ChangeMethod
    count: RpbAaeFoldReapTombsReq.ChangeMethod
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_RANGE_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FILTER_FIELD_NUMBER: _ClassVar[int]
    ID_FILTER_FIELD_NUMBER: _ClassVar[int]
    FILTER_TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_RANGE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_START_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_END_FIELD_NUMBER: _ClassVar[int]
    CHANGE_METHOD_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    key_range: bool
    start_key: bytes
    end_key: bytes
    segment_filter: bool
    id_filter: _containers.RepeatedScalarFieldContainer[int]
    filter_tree_size: RpbAaeFoldTreeResp.RpbTreeSize
    modified_range: bool
    last_mod_start: int
    last_mod_end: int
    change_method: RpbAaeFoldReapTombsReq.ChangeMethod
    job_id: int
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., key_range: bool = ..., start_key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ..., segment_filter: bool = ..., id_filter: _Optional[_Iterable[int]] = ..., filter_tree_size: _Optional[_Union[RpbAaeFoldTreeResp.RpbTreeSize, str]] = ..., modified_range: bool = ..., last_mod_start: _Optional[int] = ..., last_mod_end: _Optional[int] = ..., change_method: _Optional[_Union[RpbAaeFoldReapTombsReq.ChangeMethod, str]] = ..., job_id: _Optional[int] = ...) -> None: ...

class RpbAaeFoldEraseKeysReq(_message.Message):
    __slots__ = ("type", "bucket", "key_range", "start_key", "end_key", "segment_filter", "id_filter", "filter_tree_size", "modified_range", "last_mod_start", "last_mod_end", "change_method", "job_id")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_RANGE_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FILTER_FIELD_NUMBER: _ClassVar[int]
    ID_FILTER_FIELD_NUMBER: _ClassVar[int]
    FILTER_TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_RANGE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_START_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_END_FIELD_NUMBER: _ClassVar[int]
    CHANGE_METHOD_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    key_range: bool
    start_key: bytes
    end_key: bytes
    segment_filter: bool
    id_filter: _containers.RepeatedScalarFieldContainer[int]
    filter_tree_size: RpbAaeFoldTreeResp.RpbTreeSize
    modified_range: bool
    last_mod_start: int
    last_mod_end: int
    change_method: RpbAaeFoldReapTombsReq.ChangeMethod
    job_id: int
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., key_range: bool = ..., start_key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ..., segment_filter: bool = ..., id_filter: _Optional[_Iterable[int]] = ..., filter_tree_size: _Optional[_Union[RpbAaeFoldTreeResp.RpbTreeSize, str]] = ..., modified_range: bool = ..., last_mod_start: _Optional[int] = ..., last_mod_end: _Optional[int] = ..., change_method: _Optional[_Union[RpbAaeFoldReapTombsReq.ChangeMethod, str]] = ..., job_id: _Optional[int] = ...) -> None: ...

class RpbAaeFoldObjectStatsReq(_message.Message):
    __slots__ = ("type", "bucket", "key_range", "start_key", "end_key", "modified_range", "last_mod_start", "last_mod_end")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_RANGE_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    MODIFIED_RANGE_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_START_FIELD_NUMBER: _ClassVar[int]
    LAST_MOD_END_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    key_range: bool
    start_key: bytes
    end_key: bytes
    modified_range: bool
    last_mod_start: int
    last_mod_end: int
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., key_range: bool = ..., start_key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ..., modified_range: bool = ..., last_mod_start: _Optional[int] = ..., last_mod_end: _Optional[int] = ...) -> None: ...

class RpbAaeFoldListBucketsReq(_message.Message):
    __slots__ = ("n_val",)
    N_VAL_FIELD_NUMBER: _ClassVar[int]
    n_val: int
    def __init__(self, n_val: _Optional[int] = ...) -> None: ...

class RpbAaeFoldListBucketsResp(_message.Message):
    __slots__ = ("bucket_list",)
    BUCKET_LIST_FIELD_NUMBER: _ClassVar[int]
    bucket_list: _containers.RepeatedCompositeFieldContainer[RpbAaeFoldBucket]
    def __init__(self, bucket_list: _Optional[_Iterable[_Union[RpbAaeFoldBucket, _Mapping[str, object]]]] = ...) -> None: ...

class RpbAaeFoldBucket(_message.Message):
    __slots__ = ("type", "bucket")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ...) -> None: ...

class RpbKeysValue(_message.Message):
    __slots__ = ("type", "bucket", "key", "value")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    bucket: bytes
    key: bytes
    value: bytes
    def __init__(self, type: _Optional[bytes] = ..., bucket: _Optional[bytes] = ..., key: _Optional[bytes] = ..., value: _Optional[bytes] = ...) -> None: ...

class RpbKeysCount(_message.Message):
    __slots__ = ("tag", "order", "count")
    TAG_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    tag: bytes
    order: int
    count: int
    def __init__(self, tag: _Optional[bytes] = ..., order: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class RpbAaeFoldTreeResp(_message.Message):
    __slots__ = ("size", "level_one", "level_two")
    class RpbTreeSize(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        xxsmall: _ClassVar[RpbAaeFoldTreeResp.RpbTreeSize]
        xsmall: _ClassVar[RpbAaeFoldTreeResp.RpbTreeSize]
        small: _ClassVar[RpbAaeFoldTreeResp.RpbTreeSize]
        medium: _ClassVar[RpbAaeFoldTreeResp.RpbTreeSize]
        large: _ClassVar[RpbAaeFoldTreeResp.RpbTreeSize]
        xlarge: _ClassVar[RpbAaeFoldTreeResp.RpbTreeSize]
    xxsmall: RpbAaeFoldTreeResp.RpbTreeSize
    xsmall: RpbAaeFoldTreeResp.RpbTreeSize
    small: RpbAaeFoldTreeResp.RpbTreeSize
    medium: RpbAaeFoldTreeResp.RpbTreeSize
    large: RpbAaeFoldTreeResp.RpbTreeSize
    xlarge: RpbAaeFoldTreeResp.RpbTreeSize
    SIZE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_ONE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_TWO_FIELD_NUMBER: _ClassVar[int]
    size: RpbAaeFoldTreeResp.RpbTreeSize
    level_one: bytes
    level_two: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, size: _Optional[_Union[RpbAaeFoldTreeResp.RpbTreeSize, str]] = ..., level_one: _Optional[bytes] = ..., level_two: _Optional[_Iterable[bytes]] = ...) -> None: ...

class RpbAaeFoldKeyValueResp(_message.Message):
    __slots__ = ("response_type", "keys_value")
    RESPONSE_TYPE_FIELD_NUMBER: _ClassVar[int]
    KEYS_VALUE_FIELD_NUMBER: _ClassVar[int]
    response_type: bytes
    keys_value: _containers.RepeatedCompositeFieldContainer[RpbKeysValue]
    def __init__(self, response_type: _Optional[bytes] = ..., keys_value: _Optional[_Iterable[_Union[RpbKeysValue, _Mapping[str, object]]]] = ...) -> None: ...

class RpbAaeFoldKeyCountResp(_message.Message):
    __slots__ = ("response_type", "keys_count")
    RESPONSE_TYPE_FIELD_NUMBER: _ClassVar[int]
    KEYS_COUNT_FIELD_NUMBER: _ClassVar[int]
    response_type: bytes
    keys_count: _containers.RepeatedCompositeFieldContainer[RpbKeysCount]
    def __init__(self, response_type: _Optional[bytes] = ..., keys_count: _Optional[_Iterable[_Union[RpbKeysCount, _Mapping[str, object]]]] = ...) -> None: ...

class TextKeys(_message.Message):
    __slots__ = ("keys", "done")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[str]
    done: bool
    def __init__(self, keys: _Optional[_Iterable[str]] = ..., done: bool = ...) -> None: ...

class TextBuckets(_message.Message):
    __slots__ = ("buckets", "done")
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    buckets: _containers.RepeatedScalarFieldContainer[str]
    done: bool
    def __init__(self, buckets: _Optional[_Iterable[str]] = ..., done: bool = ...) -> None: ...

class TextPair(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class TextIndex(_message.Message):
    __slots__ = ("keys", "results", "continuation", "done")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    CONTINUATION_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[str]
    results: _containers.RepeatedCompositeFieldContainer[TextPair]
    continuation: bytes
    done: bool
    def __init__(self, keys: _Optional[_Iterable[str]] = ..., results: _Optional[_Iterable[_Union[TextPair, _Mapping[str, object]]]] = ..., continuation: _Optional[bytes] = ..., done: bool = ...) -> None: ...
