"""The command and the development server agree on the format of a dump, in both directions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aioriak import RiakClient
from aioriak.cli.backup.record import DatatypeRecord, ObjectRecord, line_of, parse
from aioriak.testing import RiakServer
from aioriak.testing.dumps import decode_line, encode_line
from tests.unit.cli.backup.test_dump import fill
from tests.unit.cli.backup.test_record import datatypes, objects

Run = Callable[..., Coroutine[Any, Any, Any]]


@given(st.one_of(objects, datatypes))
def test_each_reads_what_the_other_writes(record: ObjectRecord | DatatypeRecord) -> None:
    entry = decode_line(line_of(record))
    assert entry is not None
    line = encode_line(entry)
    assert parse(line.encode()) == record
    assert decode_line(line) == entry


@pytest.mark.parametrize(
    "line",
    [
        b'{"bucket": "b", "key": "k", "data": {"n": [1, "\xc3\xa4"]}, "indexes": [["n_int", 7]]}',
        b'{"bucket": "b", "key": "k", "value": "", "content_type": "text/plain", "links": [[null, "k", null]]}',
        b'{"bucket": {"base64": "/w=="}, "key": "k", "siblings": [{}, {"deleted": true}]}',
        b'{"type": "hlls", "bucket": "b", "key": "k", "datatype": "hll", "operation": {"add": ["a"]}}',
    ],
)
def test_a_line_written_by_hand_means_the_same_to_both(line: bytes) -> None:
    entry = decode_line(line)
    assert entry is not None
    if b"hll" not in line:  # the command knows an estimate only
        assert parse(encode_line(entry).encode()) == parse(line)
    assert decode_line(encode_line(entry)) == entry


@pytest.mark.parametrize("line", [b'{"dump": 1}', b'{"begin": ["default", "b"], "source": "x"}', b'{"manifest": {}}'])
def test_a_line_about_the_dump_is_no_object_to_either(line: bytes) -> None:
    assert decode_line(line) is None
    assert isinstance(parse(line), dict)


@pytest.fixture
async def other() -> AsyncIterator[RiakServer]:
    """Another server."""
    async with RiakServer() as running:
        yield running


def contents(server: RiakServer) -> dict[tuple[bytes, bytes, bytes], Any]:
    """Everything that a snapshot holds but clocks and dots; a data type as the operation that makes it."""
    found: dict[tuple[bytes, bytes, bytes], Any] = {}
    typed = {
        (entry.type, entry.bucket, entry.key): str(entry.operation)
        for entry in map(decode_line, dumped(server))
        if entry is not None and hasattr(entry, "operation")
    }
    for kind, buckets in server.snapshot().database.objects.items():
        for bucket, keys in buckets.items():
            for key, obj in keys.items():
                plain = [repr(replace(content, dot=None)) for content in obj.contents]
                found[kind, bucket, key] = typed.get((kind, bucket, key), sorted(plain))
    return found


def dumped(server: RiakServer) -> list[str]:
    from aioriak.testing import seeding

    return list(seeding.dump(server._context()))


async def test_the_server_loads_what_the_command_dumped(
    run: Run, client: RiakClient, server: RiakServer, other: RiakServer, tmp_path: Path
) -> None:
    await fill(client)
    file = tmp_path / "all.jsonl.gz"
    done = await run("dump", "--all", str(file))
    assert done.status == 0, done.err
    assert other.load(file) == len(contents(server))
    assert contents(other) == contents(server)


async def test_the_command_loads_what_the_server_dumped(
    run: Run, client: RiakClient, server: RiakServer, other: RiakServer, tmp_path: Path
) -> None:
    await fill(client)
    file = tmp_path / "all.jsonl"
    assert server.dump(file) == len(contents(server))
    done = await run("--url", f"riak://{other.address}", "load", str(file))
    assert done.status == 0, done.err
    assert (await run("--url", f"riak://{other.address}", "verify", str(file))).status == 0
