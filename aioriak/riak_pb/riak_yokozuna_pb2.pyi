from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RpbYokozunaIndex(_message.Message):
    __slots__ = ("name", "schema", "n_val")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    N_VAL_FIELD_NUMBER: _ClassVar[int]
    name: bytes
    schema: bytes
    n_val: int
    def __init__(self, name: _Optional[bytes] = ..., schema: _Optional[bytes] = ..., n_val: _Optional[int] = ...) -> None: ...

class RpbYokozunaIndexGetReq(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: bytes
    def __init__(self, name: _Optional[bytes] = ...) -> None: ...

class RpbYokozunaIndexGetResp(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: _containers.RepeatedCompositeFieldContainer[RpbYokozunaIndex]
    def __init__(self, index: _Optional[_Iterable[_Union[RpbYokozunaIndex, _Mapping[str, object]]]] = ...) -> None: ...

class RpbYokozunaIndexPutReq(_message.Message):
    __slots__ = ("index", "timeout")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    index: RpbYokozunaIndex
    timeout: int
    def __init__(self, index: _Optional[_Union[RpbYokozunaIndex, _Mapping[str, object]]] = ..., timeout: _Optional[int] = ...) -> None: ...

class RpbYokozunaIndexDeleteReq(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: bytes
    def __init__(self, name: _Optional[bytes] = ...) -> None: ...

class RpbYokozunaSchema(_message.Message):
    __slots__ = ("name", "content")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    name: bytes
    content: bytes
    def __init__(self, name: _Optional[bytes] = ..., content: _Optional[bytes] = ...) -> None: ...

class RpbYokozunaSchemaPutReq(_message.Message):
    __slots__ = ("schema",)
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    schema: RpbYokozunaSchema
    def __init__(self, schema: _Optional[_Union[RpbYokozunaSchema, _Mapping[str, object]]] = ...) -> None: ...

class RpbYokozunaSchemaGetReq(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: bytes
    def __init__(self, name: _Optional[bytes] = ...) -> None: ...

class RpbYokozunaSchemaGetResp(_message.Message):
    __slots__ = ("schema",)
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    schema: RpbYokozunaSchema
    def __init__(self, schema: _Optional[_Union[RpbYokozunaSchema, _Mapping[str, object]]] = ...) -> None: ...
