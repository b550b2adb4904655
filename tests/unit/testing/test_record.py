"""A recording of one server, repeated on another: no differences; altered, the difference is shown."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.error import RiakError
from aioriak.riak_pb import MESSAGES, kv
from aioriak.testing import RiakServer
from aioriak.testing.compare import compare, main
from aioriak.testing.exchanges import SET_UP, BadRecording, Recording, dump, load
from aioriak.testing.record import Recorder, parse_address
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import AUTHENTICATE, GET, LIST_KEYS, PING, PUT, SERVER_INFO, START_TLS
from tests.protobuf_warning import IGNORE_IT

VALUE_OF = {"language": "erlang", "module": "riak_kv_mapreduce", "function": "map_object_value"}


async def use(host: str, port: int, server: RiakServer) -> None:
    """Make requests with every kind of opaque value, in replies and in later requests."""
    async with await RiakClient.create(host, port, allow_listing="silent", max_size=3) as client:
        users = client.bucket("users", "siblings")
        for number in range(3):
            await users.new_object("ada", {"number": number}).add_index("n_int", number).store()
        conflict = await users.get("ada")
        assert len(conflict.siblings) == 3
        conflict.siblings = conflict.siblings[:1]
        await conflict.store(return_body=False)
        generated = await users.new_object(None, {"who": "nobody"}).store()
        assert len(await users.get_keys()) == 2
        assert (await users.get(generated.key)).exists
        await client.mapred([["users", generated.key, "", "siblings"]], [{"map": VALUE_OF}])
        for number in range(4):
            await users.new_object(f"k{number}", number).add_index("n_int", number).store(return_body=False)
        async for _ in users.query("n_int", 0, 10, page_size=1):
            pass
        carts = client.bucket_type("carts").bucket("carts")
        for change in ("add", "discard"):
            async with carts.edit("ada") as basket:
                basket.counters["items"].increment()
                getattr(basket.sets["what"], change)("tea")
        await asyncio.gather(*(users.get("ada", head=True) for _ in range(20)))
        async with await RiakClient.create(host, port) as other:
            async for key in users.stream_keys():
                await other.bucket("users", "siblings").get(key)
        await users.delete("ada")
        server.clock.advance(5)
        assert not (await users.get("ada", deletedvclock=True)).vclock
        with pytest.raises(RiakError):
            await client.bucket("users", "no-such-type").get("ada")
        await users.set_properties({"n_val": 2})
        assert (await users.get_properties())["n_val"] == 2


@pytest.fixture
async def file(tmp_path: Path, clock: Any) -> Path:
    """A recording of everything in ``use``."""
    file = tmp_path / "recorded.json"
    types = {"siblings": {"allow_mult": True}, "carts": {"datatype": "map", "n_val": 5}}
    async with RiakServer(types, clock=clock, ring_size=16) as server:
        async with Recorder(server.address, file, clock=server.clock) as recorder:
            await use(recorder.host, recorder.port, server)
            assert recorder.steps
    return file


async def test_a_recording_is_repeated_without_a_difference(file: Path) -> None:
    recording = load(file)
    requests, differences = await compare(recording)
    assert differences == [], "\n".join(map(str, differences))
    assert requests == sum(len(steps) for steps in recording.values()) > 50
    assert len({step.connection for step in recording["recorded"]}) > 1


async def test_it_is_repeated_on_a_node_as_well(file: Path, tmp_path: Path) -> None:
    quick = {name: [replace(step, pause=0.0) for step in steps] for name, steps in load(file).items()}
    types = {"siblings": {"allow_mult": True}, "carts": {"datatype": "map", "n_val": 5}}
    async with RiakServer(types, tombstone_seconds=0) as server:
        requests, differences = await compare(quick, (server.host, server.port))
        assert server.requests["put"] > 5
    assert requests
    assert differences == []


async def test_bucket_types_are_recorded_with_their_properties(file: Path) -> None:
    recording = load(file)
    set_up = recording.pop(SET_UP)
    assert [step.name for step in set_up] == ["RpbGetBucketTypeReq"] * 3
    _, differences = await compare(recording)  # without them, "carts" does not exist
    assert {difference.step.name for difference in differences} >= {"DtUpdateReq"}


def alter(recording: Recording, code: int, change: Callable[[Any], object]) -> None:
    """Change the reply of the first request of a kind whose reply has a body."""
    steps = recording["recorded"]
    place = next(number for number, step in enumerate(steps) if step.code == code and step.recv and step.recv[0][1])
    (reply_code, body), *rest = steps[place].recv
    message = MESSAGES[reply_code][1].FromString(body)
    change(message)
    steps[place] = replace(steps[place], recv=((reply_code, message.SerializeToString()), *rest))


async def test_a_difference_is_printed_with_its_request(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = load(file)
    alter(recording, LIST_KEYS.request_code, lambda reply: reply.keys.append(b"zoe"))
    await asyncio.to_thread(file.write_text, dump(recording))
    assert await asyncio.to_thread(main, [str(file)]) == 1
    told = capsys.readouterr().out
    assert "RpbListKeysReq\n    bucket: 'users'\n    type: 'siblings'\n" in told
    assert "\n  -     keys[2]: 'zoe'\n" in told
    assert told.endswith("requests, 1 difference\n")


@pytest.mark.parametrize(
    ("field", "differs"), [("vclock", True), ("content", True), ("unchanged", True), ("other clock", False)]
)
async def test_opaque_values_are_compared_by_their_presence(file: Path, field: str, differs: bool) -> None:
    def change(reply: Any) -> None:
        if field == "other clock":
            reply.vclock = b"of another server"
        elif field == "unchanged":
            reply.unchanged = True
        else:
            reply.ClearField(field)

    recording = load(file)
    alter(recording, GET.request_code, change)
    _, differences = await compare(recording)
    if field == "other clock":  # the write that followed the read sends the clock, which this server does not know
        assert {difference.step.code for difference in differences} <= {PUT.request_code, GET.request_code}
    assert any(difference.step.code == GET.request_code for difference in differences) is differs


async def test_a_hang_up_is_recorded_and_repeated(tmp_path: Path, connect: Any) -> None:
    async with RiakServer() as server, RiakServer.record(server.address, tmp_path / "file") as recorder:
        peer = await connect(recorder)
        peer.send(PING)
        assert await peer.receive() == ("RpbPingResp", None)
        peer.writer.write(encode_frame(GET.request_code, b"\xff\xff"))
        assert (await peer.receive())[0] == "RpbErrorResp"
        assert await peer.gone()
    recording = load(recorder.file)
    assert [step.closed for step in recording["recorded"]] == [False, True]
    assert (await compare(recording))[1] == []
    lives_on = {"recorded": [replace(step, closed=False) for step in recording["recorded"]]}
    (difference,) = (await compare(lives_on))[1]
    assert "+ (the connection is closed)" in str(difference)


async def test_requests_sent_together_are_answered_in_order(tmp_path: Path, connect: Any) -> None:
    async with RiakServer() as server, RiakServer.record(server.address, tmp_path / "file") as recorder:
        server.siblings("b", "k", 1)
        peer = await connect(recorder)
        frames = [(PING, {}), (GET, {"bucket": b"b", "key": b"k"}), (LIST_KEYS, {"bucket": b"b"}), (SERVER_INFO, {})]
        peer.writer.write(b"".join(peer.encode(operation, **fields) for operation, fields in frames))
        names = [(await peer.receive())[0] for _ in range(5)]
        await peer.close()
    assert names == ["RpbPingResp", "RpbGetResp", "RpbListKeysResp", "RpbListKeysResp", "RpbGetServerInfoResp"]
    assert [len(step.recv) for step in recorder.steps] == [1, 1, 2, 1]


async def test_no_password_is_recorded_and_tls_is_refused(tmp_path: Path, connect: Any, refused: Any) -> None:
    async with RiakServer() as server, RiakServer.record(server.address, tmp_path / "file") as recorder:
        peer = await connect(recorder)
        with pytest.raises(refused, match="cannot record TLS"):
            await peer.ask(START_TLS)
        with pytest.raises(refused, match="Unknown message code: 253"):
            await peer.ask(AUTHENTICATE, user=b"ada", password=b"secret")
        await peer.close()
        assert server.requests["start TLS"] == 0
    assert b"secret" not in (tmp_path / "file").read_bytes()
    assert b"secret".hex().encode() not in (tmp_path / "file").read_bytes()
    assert [step.name for step in recorder.steps] == ["RpbAuthReq"]


async def test_a_request_without_an_answer_ends_its_connection_only(tmp_path: Path, connect: Any) -> None:
    async with RiakServer() as server, Recorder(server.address, tmp_path / "file", patience=0.01) as recorder:
        server.faults.hang("get", times=1)
        lost, other = await connect(recorder), await connect(recorder)
        lost.send(GET, bucket=b"b", key=b"k")
        assert await lost.gone()
        await other.ask(PING)
    assert [(step.recv, step.closed) for step in recorder.steps] == [((), False), (((2, b""),), False)]


def test_a_synchronous_program_records_as_well(tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    with RiakServer.in_thread() as server:
        with RiakServer.record(server.address, file) as recorder:
            put = kv.RpbPutReq(bucket=b"b", key=b"k", content={"value": b"v"})
            frame = encode_frame(PUT.request_code, put.SerializeToString())
            with socket.create_connection((recorder.host, recorder.port)) as client:
                client.sendall(frame)
                assert client.recv(100) == encode_frame(PUT.reply_code)
        assert server.requests["put"] == 1
    assert [(step.send, step.recv) for step in load(file)["recorded"]] == [(frame, ((PUT.reply_code, b""),))]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "JSONDecodeError"),
        ("[]", "AttributeError"),
        ('{"a": [{"name": "x"}]}', "KeyError"),
        ('{"a": [{"name": "x", "send": "00", "recv": [], "closed": false}]}', "five bytes"),
    ],
)
def test_a_file_that_is_no_recording_is_named(tmp_path: Path, text: str, told: str, capsys: Any) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    with pytest.raises(BadRecording, match=told):
        load(file)
    assert main([str(file)]) == 2
    assert str(file) in capsys.readouterr().err


def test_what_cannot_be_used_is_an_error_without_a_traceback(tmp_path: Path, capsys: Any) -> None:
    assert main([str(tmp_path / "absent")]) == 2
    file = tmp_path / "file"
    file.write_text("{}")
    assert main([str(file), "--nodes", "nowhere"]) == 2
    assert "host:port" in capsys.readouterr().err
    assert main([str(file)]) == 0


@pytest.mark.parametrize("text", ["", "host", "host:", ":8087", "host:port", "host:0", "host:65536"])
def test_an_address_is_a_host_and_a_port(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        parse_address(text)
    assert parse_address("[::1]:8087") == ("::1", 8087)


async def test_an_unusable_file_or_node_is_refused_at_the_start(tmp_path: Path) -> None:
    async with RiakServer() as server:
        with pytest.raises(OSError):
            await RiakServer.record(server.address, tmp_path / "no" / "file").start()
        address = server.address
    with pytest.raises(OSError):
        await RiakServer.record(address, tmp_path / "file").start()
    assert not (tmp_path / "file").exists()


async def test_the_command_records_until_it_is_stopped(tmp_path: Path, connect: Any) -> None:
    file = tmp_path / "recorded.json"
    async with RiakServer() as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-W", IGNORE_IT,
            "-m", "aioriak.testing.record", server.address, str(file),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        host, port = (await process.stdout.readline()).split()[3].rstrip(b";").decode().rsplit(":", 1)
        async with await RiakClient.create(host, int(port)) as client:
            await client.bucket("b").get("k")
        process.send_signal(signal.SIGTERM)
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert b"recorded" in out
    assert "RpbGetReq" in [step.name for step in load(file)["recorded"]]
