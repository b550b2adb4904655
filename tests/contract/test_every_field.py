"""Every field of a content: absent, empty and full, as Riak stores it and gives it back.

The messages are made by hand, because the client does not send fields that are empty.
"""

from __future__ import annotations

from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.error import RiakError
from aioriak.riak_pb import base, kv
from aioriak.wire.operation import GET, PUT

PAIR = base.RpbPair
LINK = kv.RpbLink


async def stored(client: RiakClient, bucket_name: str, content: dict[str, Any]) -> kv.RpbContent:
    """Store a content and return it as a get shows it."""
    name = bucket_name.encode()
    await client._runtime.dispatcher.call(PUT, kv.RpbPutReq(bucket=name, key=b"k", content=content))
    reply = await client._runtime.dispatcher.call(GET, kv.RpbGetReq(bucket=name, key=b"k"))
    (found,) = reply.content
    return found


@pytest.mark.parametrize("field", ["content_type", "charset", "content_encoding"])
@pytest.mark.parametrize("value", [None, b"", b"x", b"text/plain; a=\xff"])
async def test_a_label_comes_back_as_it_was_given(
    client: RiakClient, bucket_name: str, field: str, value: bytes | None
) -> None:
    found = await stored(client, bucket_name, {"value": b"v", field: value})
    assert found.HasField(field) is (value is not None)  # type: ignore[arg-type]
    assert getattr(found, field) == (value or b"")


@pytest.mark.parametrize("value", [b"", b"\x00\xff"])
async def test_a_value_comes_back_as_it_was_given(client: RiakClient, bucket_name: str, value: bytes) -> None:
    found = await stored(client, bucket_name, {"value": value})
    assert found.HasField("value")
    assert found.value == value


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], []),
        ([PAIR(key=b"a", value=b"1")], [(b"a", b"1")]),
        ([PAIR(key=b"a", value=b"")], [(b"a", b"")]),
        ([PAIR(key=b"a")], [(b"a", b"undefined")]),
        ([PAIR(key=b"", value=b"1")], [(b"", b"1")]),
        ([PAIR(key=b"\xff", value=b"\x00")], [(b"\xff", b"\x00")]),
    ],
)
async def test_user_metadata(client: RiakClient, bucket_name: str, given: Any, found: Any) -> None:
    content = await stored(client, bucket_name, {"value": b"v", "usermeta": given})
    assert [(pair.key, pair.value) for pair in content.usermeta] == found
    assert all(pair.HasField("value") for pair in content.usermeta)


@pytest.mark.parametrize("bucket", [None, b"", b"b\xff"])
@pytest.mark.parametrize("key", [None, b"", b"k"])
@pytest.mark.parametrize("tag", [None, b"", b"t"])
async def test_each_part_of_a_link_is_absent_or_empty_or_full(
    client: RiakClient, bucket_name: str, bucket: bytes | None, key: bytes | None, tag: bytes | None
) -> None:
    given = LINK(bucket=bucket, key=key, tag=tag)
    content = await stored(client, bucket_name, {"value": b"v", "links": [given]})
    assert list(content.links) == [given]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], []),
        ([(b"a_bin", b"")], [(b"a_bin", b"")]),
        ([(b"a_bin", b"\xff\x00")], [(b"a_bin", b"\xff\x00")]),
        ([(b"A_BIN", b"X")], [(b"a_bin", b"X")]),
        ([(b"a_int", b"+7"), (b"a_int", b"007")], [(b"a_int", b"7")]),
        ([(b"a_int", b"-0")], [(b"a_int", b"0")]),
        ([(b"a_int", b"10"), (b"a_int", b"9")], [(b"a_int", b"9"), (b"a_int", b"10")]),
        ([(b"b_bin", b"2"), (b"a_bin", b"1"), (b"a_bin", b"1")], [(b"a_bin", b"1"), (b"b_bin", b"2")]),
        # Latin-1 is made lower-case, so UTF-8 is damaged: é stays, É does not become é
        ([("É_bin".encode(), b"1")], [(b"\xe3\x89_bin", b"1")]),
    ],
)
async def test_index_entries(client: RiakClient, bucket_name: str, given: Any, found: Any) -> None:
    pairs = [PAIR(key=key, value=value) for key, value in given]
    content = await stored(client, bucket_name, {"value": b"v", "indexes": pairs})
    assert [(pair.key, pair.value) for pair in content.indexes] == found


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (PAIR(key=b"a_int", value=b""), "field_parsing_failed"),
        (PAIR(key=b"a_int", value=b" 1"), "field_parsing_failed"),
        (PAIR(key=b"a_int", value=b"1.5"), "field_parsing_failed"),
        (PAIR(key=b"_int", value=b"1"), "unknown_field_type"),
        (PAIR(key=b"_bin", value=b"1"), "unknown_field_type"),
        (PAIR(key=b"", value=b"1"), "unknown_field_type"),
        (PAIR(key=b"a", value=b"1"), "unknown_field_type"),
        (PAIR(key=b"a_int_", value=b"1"), "unknown_field_type"),
        (PAIR(key=b"a_bin"), "hook_crashed"),
        (PAIR(key=b"a_int"), "hook_crashed"),
    ],
)
async def test_a_bad_index_entry_stores_nothing(client: RiakClient, bucket_name: str, given: Any, text: str) -> None:
    with pytest.raises(RiakError, match=text):
        await stored(client, bucket_name, {"value": b"v", "indexes": [given]})
    assert not (await client.bucket(bucket_name).get("k")).exists


@pytest.mark.parametrize(("field", "value"), [("vtag", b"mine"), ("last_mod", 7), ("last_mod_usecs", 7)])
async def test_the_server_sets_tag_and_time_itself(
    client: RiakClient, bucket_name: str, field: str, value: Any
) -> None:
    found = await stored(client, bucket_name, {"value": b"v", field: value})
    assert found.vtag not in (b"", b"mine")
    assert found.last_mod > 1_000_000_000
    assert found.HasField("last_mod_usecs")
