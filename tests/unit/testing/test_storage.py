"""What was answered lasts, however the server ends."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from aioriak.testing import RiakServer
from aioriak.testing.storage import DataFileError
from aioriak.wire.operation import DELETE, GET, GET_BUCKET, GET_BUCKET_TYPE, PUT, SET_BUCKET, SET_BUCKET_TYPE

WHOLE = {
    "value": b"\x00value\xff", "content_type": b"text/plain", "charset": b"utf-8", "content_encoding": b"gzip",
    "usermeta": [{"key": b"m", "value": b"1"}], "links": [{"bucket": b"lb", "key": b"lk", "tag": b"t"}],
    "indexes": [{"key": b"n_int", "value": b"7"}],
}  # fmt: skip


@pytest.fixture
def file(tmp_path):
    return tmp_path / "riak.db"


async def test_objects_come_back_as_they_were(file, connect):
    where = {"type": b"siblings", "bucket": b"\xffb", "key": b"\x00k"}
    async with RiakServer(data=file) as server:
        peer = await connect(server)
        first = await peer.ask(PUT, **where, content={"value": b"1"}, return_body=True)
        await peer.ask(PUT, **where, content=WHOLE, vclock=first.vclock)
        await peer.ask(PUT, **where, content={"value": b"3"}, vclock=first.vclock)
        before = await peer.ask(GET, **where)
    async with RiakServer(data=file) as server:
        peer = await connect(server)
        assert await peer.ask(GET, **where) == before
        # the dots came back too: a writer who had seen both siblings replaces both
        merged = await peer.ask(PUT, **where, content={"value": b"4"}, vclock=before.vclock, return_body=True)
        assert [content.value for content in merged.content] == [b"4"]
        await peer.ask(PUT, **where, content={"value": b"5"}, vclock=before.vclock)
        after = await peer.ask(GET, **where)
        assert sorted(content.value for content in after.content) == [b"4", b"5"]


async def test_properties_and_bucket_types_come_back(file, connect):
    async with RiakServer({"mine": {"n_val": 5}}, data=file, version="3.4.0") as server:
        peer = await connect(server)
        await peer.ask(SET_BUCKET, bucket=b"b", props={"n_val": 2, "node_confirms": 1})
        await peer.ask(SET_BUCKET, bucket=b"", props={"n_val": 2})
        await peer.ask(SET_BUCKET_TYPE, type=b"mine", props={"r": 1})
    async with RiakServer(None, data=file) as server:
        peer = await connect(server)
        assert (await peer.ask(GET_BUCKET, bucket=b"b")).props.n_val == 2
        assert server.database.properties(b"default", b"b").node_confirms == 1
        mine = (await peer.ask(GET_BUCKET_TYPE, type=b"mine")).props
        assert (mine.n_val, mine.r) == (5, 1)


async def test_what_was_deleted_stays_deleted(file, connect, clock):
    async with RiakServer(data=file, clock=clock) as server:
        peer = await connect(server)
        for key in (b"reaped", b"tombstone"):
            await peer.ask(PUT, bucket=b"b", key=key, content={"value": b"1"})
            await peer.ask(DELETE, bucket=b"b", key=key)
            clock.advance(2)
        clock.advance(0.5)
        await peer.ask(GET, bucket=b"b", key=b"reaped")
    async with RiakServer(data=file, clock=clock) as server:
        assert server.database.keys(b"default", b"b") == [b"tombstone"]
        clock.advance(4)
        assert server.database.keys(b"default", b"b") == []
    async with RiakServer(data=file, clock=clock) as server:
        assert server.database.keys(b"default", b"b") == []


async def test_writes_of_one_turn_of_the_loop_are_one_transaction(file, connect):
    async with RiakServer(data=file) as server:
        peer = await connect(server)
        commits = 0
        commit = server.database.storage.commit

        def counting():
            nonlocal commits
            commits += 1
            commit()

        server.database.storage.commit = counting
        peer.writer.write(
            b"".join(peer.encode(PUT, bucket=b"b", key=b"%d" % n, content={"value": b""}) for n in range(100))
        )
        for _ in range(100):
            assert (await peer.receive())[0] == "RpbPutResp"
        assert 1 <= commits < 10


async def test_a_file_that_is_no_database_is_an_error_and_leaves_nothing_open(file):
    file.write_bytes(b"this is no SQLite file, however long one looks at it" * 100)
    with pytest.raises(Exception, match="not a database"):
        await RiakServer(data=file).start()


async def test_a_second_server_on_one_file_is_refused(file, connect):
    async with RiakServer(data=file) as server:
        for _ in range(2):
            with pytest.raises(DataFileError, match=r"riak\.db: another server uses this file"):
                await RiakServer(data=file).start()
        peer = await connect(server)
        await peer.ask(PUT, bucket=b"b", key=b"k", content={"value": b"1"})
    async with RiakServer(data=file) as server:
        assert server.database.keys(b"default", b"b") == [b"k"]


async def test_a_file_in_a_folder_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(DataFileError, match="there is no folder"):
        await RiakServer(data=tmp_path / "none" / "riak.db").start()


async def start(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aioriak", "serve", "--port", "0", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = (await process.stdout.readline()).decode()
    assert line.startswith("aioriak serve: ready on 127.0.0.1:")
    return process, int(line.rsplit(":", 1)[1])


class At:
    """Where a server in another process listens."""

    host = "127.0.0.1"

    def __init__(self, port):
        self.port = port


async def test_every_answered_write_survives_a_kill(file, connect):
    process, port = await start("--data", str(file))
    peer = await connect(At(port))
    answered = 0
    for number in range(300):
        peer.send(PUT, bucket=b"b", key=b"%d" % number, content={"value": b"%d" % number})
    while answered < 200:
        assert (await peer.receive())[0] == "RpbPutResp"
        answered += 1
    process.kill()
    assert await process.wait() == -signal.SIGKILL
    process, port = await start("--data", str(file))
    peer = await connect(At(port))
    for number in range(answered):
        (content,) = (await peer.ask(GET, bucket=b"b", key=b"%d" % number)).content
        assert content.value == b"%d" % number
    process.terminate()
    assert await process.wait() == 0


async def test_a_second_process_on_one_file_is_refused(file):
    process, _ = await start("--data", str(file))
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aioriak", "serve", "--port", "0", "--data", str(file), stderr=asyncio.subprocess.PIPE
    )
    _, said = await second.communicate()
    assert said.decode() == f"aioriak serve: {file}: another server uses this file\n"
    assert second.returncode == 1
    process.terminate()
    assert await process.wait() == 0


async def test_a_process_prints_what_it_is_asked(connect):
    process, port = await start("--log", "requests")
    peer = await connect(At(port))
    await peer.ask(PUT, bucket=b"users", key=b"\x1b[2J\xff", type=b"siblings", content={"value": b"secret"})
    await peer.ask(GET, bucket=b"b", key="k\u00e9".encode())
    process.terminate()
    assert process.stdout is not None
    lines = (await process.stdout.read()).decode().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        f"127.0.0.1:{port} put siblings/users/\\x1b[2J\\xff",
        f"127.0.0.1:{port} get default/b/k\u00e9",
        "serve: stopped",
    ]
    assert await process.wait() == 0


async def test_a_process_stops_cleanly_when_asked_to(connect):
    process, port = await start("--bucket-type", "maps=datatype:map", "--bucket-type", "fast=n_val:1")
    peer = await connect(At(port))
    assert (await peer.ask(GET_BUCKET_TYPE, type=b"fast")).props.n_val == 1
    assert (await peer.ask(GET_BUCKET_TYPE, type=b"maps")).props.datatype == b"map"
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert await process.stdout.read() == b"aioriak serve: stopped\n"
    assert await process.wait() == 0
    assert await peer.gone()


async def test_a_port_that_is_taken_is_a_plain_error(server):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aioriak", "serve", "--port", str(server.port), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert said.startswith(b"aioriak serve: ")
    assert str(server.port).encode() in said
    assert process.returncode == 1
