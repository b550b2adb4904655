"""Requests and replies as they are on the wire, for the floor and for the answering side."""

from __future__ import annotations

import json
import os
from typing import Any

from aioriak.riak_pb import MESSAGES
from aioriak.wire.framing import encode_frame

from .contestant.case import BUCKET, INDEX, MAP_TYPE, PAGE, document, key

_CLASSES = {name: (code, kind) for code, (name, kind) in MESSAGES.items()}
VCLOCK = bytes(range(44))


def frame(message: str, **fields: Any) -> bytes:
    """Return a whole frame of the message of this name."""
    code, kind = _CLASSES[message]
    return encode_frame(code, b"" if kind is None else kind(**fields).SerializeToString())


def code(message: str) -> int:
    """Return the message code of the message of this name."""
    return _CLASSES[message][0]


def value(size: int) -> bytes:
    """Return the JSON of a document of about this size."""
    return json.dumps(document(size), separators=(",", ":")).encode()


def get_reply(size: int) -> bytes:
    """Return an object with all fields that Riak sends."""
    return frame(
        "RpbGetResp",
        vclock=VCLOCK,
        content=[
            {
                "value": value(size),
                "content_type": b"application/json",
                "vtag": b"4QVZz2zAfJEHGFs7dmAmXD",
                "last_mod": 1_700_000_000,
                "last_mod_usecs": 123_456,
            }
        ],
    )


def replies(workload: str, size: int) -> dict[int, bytes]:
    """Return the replies by request code."""
    props: dict[str, Any] = {"n_val": 3, "allow_mult": False, "last_write_wins": False, "r": 4294967293}
    if workload == "data type":
        props["datatype"] = b"map"
    return {
        code("RpbPingReq"): frame("RpbPingResp"),
        code("RpbGetServerInfoReq"): frame("RpbGetServerInfoResp", node=b"riak@127.0.0.1", server_version=b"3.2.3"),
        code("RpbGetReq"): get_reply(size),
        code("RpbPutReq"): frame("RpbPutResp"),
        code("RpbGetBucketReq"): frame("RpbGetBucketResp", props=props),
        code("RpbGetBucketTypeReq"): frame("RpbGetBucketResp", props=props),
        code("DtUpdateReq"): frame(
            "DtUpdateResp",
            context=VCLOCK,
            map_value=[
                {"field": {"name": b"downloads", "type": 1}, "counter_value": 7},
                {"field": {"name": b"name", "type": 3}, "register_value": b"aioriak"},
            ],
        ),
        code("RpbIndexReq"): frame(
            "RpbIndexResp", keys=[key(n).encode() for n in range(PAGE)], continuation=b"g20AAAAFa2V5OTk=", done=True
        ),
    }


def requests(workload: str, size: int, tasks: int) -> list[bytes]:
    """Return the frames that the floor sends, one a task."""
    bucket = BUCKET.encode()
    if workload == "put":
        content = {"value": value(size), "content_type": b"application/json"}
        return [frame("RpbPutReq", bucket=bucket, key=key(n).encode(), content=content) for n in range(tasks)]
    if workload == "data type":
        updates = [
            {"field": {"name": b"name", "type": 3}, "register_op": b"aioriak"},
            {"field": {"name": b"downloads", "type": 1}, "counter_op": {"increment": 1}},
        ]
        names = {"type": MAP_TYPE.encode(), "bucket": bucket, "return_body": True}
        return [frame("DtUpdateReq", key=key(n).encode(), op={"map_op": {"updates": updates}}, **names)
                for n in range(tasks)]  # fmt: skip
    if workload == "2i page":
        return [frame("RpbIndexReq", bucket=bucket, index=INDEX.encode(), qtype=1, range_min=b"0",
                      range_max=b"1000000", max_results=PAGE)]  # fmt: skip
    return [frame("RpbGetReq", bucket=bucket, key=key(n).encode(), deletedvclock=True) for n in range(tasks)]


def listing(keys: int, batch: int = 100) -> bytes:
    """Return the replies to a listing of this many keys, in messages as long as a vnode's."""
    out = [
        frame("RpbListKeysResp", keys=[f"package-{n:012d}".encode() for n in range(start, min(start + batch, keys))])
        for start in range(0, keys, batch)
    ]
    return b"".join([*out, frame("RpbListKeysResp", done=True)])


def environment() -> dict[str, Any]:
    """Describe the environment that the figures depend on."""
    import platform
    import sys

    from google.protobuf.internal import api_implementation

    return {
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "protobuf": api_implementation.Type(),
    }
