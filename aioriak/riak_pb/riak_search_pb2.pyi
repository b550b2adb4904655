from aioriak.riak_pb import riak_pb2 as _riak_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RpbSearchDoc(_message.Message):
    __slots__ = ("fields",)
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.RepeatedCompositeFieldContainer[_riak_pb2.RpbPair]
    def __init__(self, fields: _Optional[_Iterable[_Union[_riak_pb2.RpbPair, _Mapping[str, object]]]] = ...) -> None: ...

class RpbSearchQueryReq(_message.Message):
    __slots__ = ("q", "index", "rows", "start", "sort", "filter", "df", "op", "fl", "presort")
    Q_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    DF_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    FL_FIELD_NUMBER: _ClassVar[int]
    PRESORT_FIELD_NUMBER: _ClassVar[int]
    q: bytes
    index: bytes
    rows: int
    start: int
    sort: bytes
    filter: bytes
    df: bytes
    op: bytes
    fl: _containers.RepeatedScalarFieldContainer[bytes]
    presort: bytes
    def __init__(self, q: _Optional[bytes] = ..., index: _Optional[bytes] = ..., rows: _Optional[int] = ..., start: _Optional[int] = ..., sort: _Optional[bytes] = ..., filter: _Optional[bytes] = ..., df: _Optional[bytes] = ..., op: _Optional[bytes] = ..., fl: _Optional[_Iterable[bytes]] = ..., presort: _Optional[bytes] = ...) -> None: ...

class RpbSearchQueryResp(_message.Message):
    __slots__ = ("docs", "max_score", "num_found")
    DOCS_FIELD_NUMBER: _ClassVar[int]
    MAX_SCORE_FIELD_NUMBER: _ClassVar[int]
    NUM_FOUND_FIELD_NUMBER: _ClassVar[int]
    docs: _containers.RepeatedCompositeFieldContainer[RpbSearchDoc]
    max_score: float
    num_found: int
    def __init__(self, docs: _Optional[_Iterable[_Union[RpbSearchDoc, _Mapping[str, object]]]] = ..., max_score: _Optional[float] = ..., num_found: _Optional[int] = ...) -> None: ...
