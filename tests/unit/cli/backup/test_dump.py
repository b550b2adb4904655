"""Dump, load, verify and copy, on development servers."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aioriak import RiakClient
from aioriak.cli.app import main
from aioriak.cli.backup.record import DatatypeRecord, ObjectRecord, Place, Sibling, line_of, parse
from aioriak.testing import Request, RiakServer
from aioriak.wire.operation import CS_BUCKET, INDEX
from tests.unit.cli.backup.test_record import datatypes

Run = Callable[..., Coroutine[Any, Any, Any]]


@pytest.fixture
async def other() -> AsyncIterator[RiakServer]:
    """Another cluster."""
    async with RiakServer(bucket_types="standard") as running:
        yield running


def manifest(path: Path) -> dict[tuple[str, str], Any]:
    last = json.loads(path.read_bytes().splitlines()[-1])["manifest"]
    return {(str(one["type"]), str(one["bucket"])): one for one in last["buckets"]}


def keys(path: Path) -> list[bytes]:
    found = [parse(line) for line in path.read_bytes().splitlines()]
    return [one.place.key for one in found if not isinstance(one, dict)]


async def fill(client: RiakClient) -> None:
    """Some of everything: siblings, bytes, metadata, a tombstone, and each data type."""
    bucket = client.bucket("users", "siblings")
    for number in range(30):
        robject = bucket.new_object(f"key-{number:02}", {"n": number})
        robject.add_index("n_int", number)
        robject.usermeta = {"who": "ada", b"\xff": b"\xfe"}
        robject.add_link(("b", "k", None))
        await robject.store()
    for value in (b"one", b"other", b"\xff\x00"):
        await bucket.new_object("conflict", None, "text/plain", value).store()
    await bucket.new_object(b"\xffkey", None, None, b"").store()
    await bucket.new_object("gone", 1).store()
    await bucket.delete("gone")
    counter = await client.bucket("c", "counters").new("hits")
    counter.increment(-3)
    await counter.store()
    tags = await client.bucket("s", "sets").new("tags")
    for member in ("a", b"\xff"):
        tags.add(member)
    await tags.store()
    emptied = await client.bucket("s", "sets").new("emptied")
    emptied.add("a")
    await emptied.store()
    emptied.discard("a")
    await emptied.store()
    grown = await client.bucket("g", "gsets").new("g")
    grown.add("x")
    await grown.store()
    cart = await client.bucket("m", "maps").new("cart")
    cart.registers["name"].assign("Ada")
    cart.counters["items"].increment(2)
    cart.flags["off"].disable()
    cart.sets["tags"].add("t")
    cart.maps["inner"].flags["on"].enable()
    cart.maps["inner"].maps["deep"].registers["r"].assign(b"\xff")
    await cart.store()


@pytest.fixture
async def filled(client: RiakClient) -> None:
    await fill(client)


@pytest.mark.usefixtures("filled")
async def test_a_dump_loaded_into_another_cluster_dumps_to_the_same_checksums(
    run: Run, other: RiakServer, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    dumped = await run("dump", "--all", str(first))
    assert dumped.status == 0, dumped.err
    assert "siblings/users: bucket fold" in dumped.err
    assert "maps/m: $bucket index" in dumped.err
    target = f"riak://{other.address}"
    loaded = await run("--url", target, "load", str(first))
    assert loaded.status == 0, loaded.err
    assert (await run("--url", target, "verify", str(first))).status == 0
    again = await run("--url", target, "dump", "--all", str(second))
    assert again.status == 0, again.err
    before, after = manifest(first), manifest(second)
    assert {bucket: one["checksum"] for bucket, one in before.items()} == {
        bucket: one["checksum"] for bucket, one in after.items()
    }
    assert before["siblings", "users"]["objects"] == 32
    assert before["siblings", "users"]["siblings"] == 2
    assert before["siblings", "users"]["tombstones"] == 1
    repeated = await run("--url", target, "load", str(first))
    assert repeated.err == "37 unchanged, 1 left out\n"


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("source", ["fold", "index", "listing"])
async def test_every_source_brings_the_same_objects_in_the_order_of_their_keys(
    run: Run, tmp_path: Path, source: str
) -> None:
    out = tmp_path / "dump"
    result = await run("dump", "-t", "siblings", "-b", "users", "--source", source, str(out))
    assert result.status == 0, result.err
    found = keys(out)
    assert found == sorted(set(found))
    assert set(found) - {b"gone"} == {b"key-%02d" % n for n in range(30)} | {b"conflict", b"\xffkey"}


@pytest.mark.usefixtures("filled")
async def test_where_and_since_choose_objects(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "dump"
    assert (await run("dump", "-t", "siblings", "-b", "users", "--where", "n_int=3..5", str(out))).status == 0
    assert keys(out) == [b"key-03", b"key-04", b"key-05"]
    future = await run("dump", "-t", "siblings", "-b", "users", "--since", "2999-01-01", "--overwrite", str(out))
    assert (future.status, keys(out)) == (0, [])
    past = await run("dump", "-t", "counters", "-b", "c", "--since", "1h", "--overwrite", str(out))
    assert (past.status, keys(out)) == (0, [b"hits"])


async def test_a_server_without_folds_and_indexes_is_dumped_by_listing(
    run: Run, server: RiakServer, client: RiakClient, tmp_path: Path
) -> None:
    for number in range(3):
        await client.bucket("b").new_object(f"k{number}", 1).store()
    for operation in (CS_BUCKET, INDEX):
        del server.handlers[operation]
    result = await run("dump", "-b", "b", str(tmp_path / "dump"))
    assert "default/b: key listing" in result.err
    assert keys(tmp_path / "dump") == [b"k0", b"k1", b"k2"]


async def test_a_fold_that_breaks_off_goes_on_behind_the_last_key(
    run: Run, server: RiakServer, client: RiakClient, tmp_path: Path
) -> None:
    bucket = client.bucket("b")
    async for _ in client.put_many(bucket.new_object(f"key-{number:03}", 1) for number in range(250)):
        pass
    fault = server.faults.cut("bucket fold", when="middle", times=3)
    result = await run("dump", "-b", "b", "--source", "fold", str(tmp_path / "dump"))
    assert fault.hits == 3
    assert result.status == 0, result.err
    assert len(keys(tmp_path / "dump")) == 250


@pytest.mark.parametrize("name", ["dump.jsonl", "dump.jsonl.gz", "dump.jsonl.zst"])
async def test_an_existing_file_is_neither_replaced_nor_resumed_by_mistake(
    run: Run, client: RiakClient, tmp_path: Path, name: str
) -> None:
    await client.bucket("b").new_object("k", 1).store()
    out = str(tmp_path / name)
    assert (await run("dump", "-b", "b", out)).status == 0
    refused = await run("dump", "-b", "b", out)
    assert (refused.status, "--resume continues it" in refused.err) == (2, True)
    assert "complete already" in (await run("dump", "--resume", out)).err
    assert "another choice" in (await run("dump", "-b", "c", "--resume", out)).err
    assert (await run("verify", "--file-only", out)).status == 0
    assert (await run("verify", out)).status == 0


async def test_a_dump_that_is_killed_ten_times_holds_each_object_once(server: RiakServer, tmp_path: Path) -> None:
    count = 1500  # a block of the file holds a hundred of them
    for number in range(count):
        server.siblings("b", f"key-{number:05}", "x" * 9000)
    del server.handlers[CS_BUCKET]  # then it reads each object by a get, which the server sees
    out = tmp_path / "dump.jsonl"
    command = [sys.executable, "-m", "aioriak", "--url", f"riak://{server.address}", "dump", "-b", "b", "--resume"]
    chance = random.Random(7)
    sizes = []
    for _ in range(10):
        left, reached = chance.randrange(1, 250), asyncio.Event()

        def count_down(request: Request, reached: asyncio.Event = reached) -> None:
            nonlocal left
            if request.operation == "get":
                left -= 1
                if left <= 0:
                    reached.set()

        server.requests.on_request = count_down
        process = await asyncio.create_subprocess_exec(*command, str(out), stderr=asyncio.subprocess.DEVNULL)
        async with asyncio.timeout(30):
            await reached.wait()
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
        sizes.append(out.stat().st_size if out.exists() else 0)
    server.requests.on_request = None
    assert len(set(sizes)) > 3  # some were killed before a block was written, others after
    process = await asyncio.create_subprocess_exec(*command, str(out), stderr=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0
    assert keys(out) == [b"key-%05d" % number for number in range(count)]
    assert manifest(out)["default", "b"]["objects"] == count


async def test_a_load_keeps_updates_or_refuses_what_is_there(run: Run, client: RiakClient, tmp_path: Path) -> None:
    bucket = client.bucket("b", "siblings")
    path = tmp_path / "in.jsonl"
    path.write_text("".join(
        json.dumps({"type": "siblings", "bucket": "b", "key": key, "data": 2}) + "\n" for key in ("old", "new")
    ))  # fmt: skip
    await bucket.new_object("old", 1).store()
    refused = await run("load", str(path))
    assert refused.status == 6
    assert "1 stored, 1 failed" in refused.err
    failed = [json.loads(line) for line in (tmp_path / "in.jsonl.failed").read_text().splitlines()]
    assert [(one["key"], "--update replaces it" in one["failure"]) for one in failed] == [("old", True)]
    assert (await bucket.get("old")).data == 1
    assert (await run("load", "--if-missing", str(path))).err == "1 unchanged, 1 skipped\n"
    dry = await run("load", "--update", "--dry-run", str(path))
    assert "1 stored, 1 unchanged (dry run" in dry.err
    assert (await bucket.get("old")).data == 1
    assert (await run("load", "--update", str(tmp_path / "in.jsonl.failed"))).status == 0
    found = await bucket.get("old")
    assert (len(found.siblings), found.data) == (1, 2)


@pytest.mark.usefixtures("filled")
async def test_data_types_are_changed_to_what_the_dump_says(run: Run, client: RiakClient, tmp_path: Path) -> None:
    out = str(tmp_path / "dump")
    assert (await run("dump", "-t", "maps", "-t", "counters", "-t", "sets", "--all", out)).status == 0
    async with client.bucket("m", "maps").edit("cart") as cart:
        del cart.counters["items"]
        cart.registers["name"].assign("Grace")
        cart.sets["tags"].add("u")
        cart.flags["new"].enable()
    async with client.bucket("c", "counters").edit("hits") as hits:
        hits.increment(10)
    assert (await run("verify", out)).status == 1
    assert (await run("load", out)).status == 6
    updated = await run("load", "--update", out)
    assert updated.status == 0, updated.err
    assert (await run("verify", out)).status == 0


async def test_a_load_that_was_killed_between_siblings_is_completed(
    run: Run, client: RiakClient, tmp_path: Path
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({
        "type": "siblings", "bucket": "b", "key": "k", "siblings": [{"value": one} for one in ("a", "b", "c")]
    }) + "\n")  # fmt: skip
    bucket = client.bucket("b", "siblings")
    await bucket.new_object("k", None, None, b"b").store()
    assert (await run("load", str(path))).status == 0
    values = Counter(content.encoded_data for content in (await bucket.get("k")).siblings)
    assert values == Counter([b"a", b"b", b"c"])


async def test_siblings_are_refused_where_none_are_kept(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"bucket": "b", "key": "k", "siblings": [{"value": "1"}, {"value": "2"}]}\n')
    refused = await run("load", str(path))
    assert (refused.status, "allow_mult=false" in refused.err) == (6, True)
    assert (await run("load", "--into", "siblings/c", str(path))).status == 0
    assert (await run("verify", "--into", "siblings/c", str(path))).status == 0


async def test_a_write_whose_reply_was_lost_is_stored_once(
    run: Run, server: RiakServer, client: RiakClient, tmp_path: Path
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(
        '{"type": "siblings", "bucket": "b", "key": "k", "value": "1"}\n'
        '{"type": "counters", "bucket": "c", "key": "k", "datatype": "counter", "operation": {"increment": 3}}\n'
    )
    lost = [server.faults.cut(name, when="after", times=1) for name in ("put", "data type update")]
    assert (await run("load", "-j", "1", str(path))).status == 0
    assert [fault.hits for fault in lost] == [1, 1]
    assert len((await client.bucket("b", "siblings").get("k")).siblings) == 1
    assert (await client.bucket("c", "counters").get("k")).value == 3


async def test_damage_and_an_early_end_of_a_file_are_told(run: Run, client: RiakClient, tmp_path: Path) -> None:
    await client.bucket("b").new_object("k", 1).store()
    out = tmp_path / "dump"
    await run("dump", "-b", "b", str(out))
    whole = out.read_text()
    out.write_text(whole.replace('"value":"1"', '"value":"2"'))
    damaged = await run("verify", "--file-only", str(out))
    assert (damaged.status, "checksum" in damaged.err) == (1, True)
    out.write_text("".join(whole.splitlines(keepends=True)[:-1]))
    early = await run("verify", "--file-only", str(out))
    assert (early.status, "the dump is not complete" in early.err) == (1, True)
    out.write_text(whole + "nonsense\n")
    assert "line 6: not JSON" in (await run("load", "--if-missing", str(out))).err


async def test_a_dump_goes_through_pipes(run: Run, client: RiakClient, other: RiakServer) -> None:
    await client.bucket("b").new_object("k", 1).store()
    dumped = await run("dump", "-b", "b", "-")
    loaded = await run("--url", f"riak://{other.address}", "load", "-", given=dumped.octets)
    assert (loaded.status, loaded.err) == (0, "1 stored\n")


@pytest.mark.usefixtures("filled")
async def test_copy_needs_no_file(run: Run, server: RiakServer, other: RiakServer, tmp_path: Path) -> None:
    clusters = f"riak://{server.address}", f"riak://{other.address}"
    copied = await run("copy", "--all", "--failures", str(tmp_path / "failed"), *clusters)
    assert copied.status == 0, copied.err
    assert "37 stored, 1 left out" in copied.err
    for cluster in clusters:
        await run("--url", cluster, "dump", "--all", "--overwrite", str(tmp_path / cluster[-5:].replace(":", "")))
    first, second = (manifest(tmp_path / cluster[-5:].replace(":", "")) for cluster in clusters)
    assert {k: v["checksum"] for k, v in first.items()} == {k: v["checksum"] for k, v in second.items()}


octets = st.binary(min_size=1, max_size=5)
labels = st.sampled_from([None, b"text/plain", "é; q=1".encode(), b"x/\xff"])
restored = st.builds(
    Sibling,
    value=st.binary(max_size=30),
    content_type=labels,
    charset=labels,
    content_encoding=labels,
    usermeta=st.dictionaries(octets, st.binary(max_size=5), max_size=2).map(lambda found: sorted(found.items())),
    links=st.lists(st.tuples(*[st.none() | st.binary(max_size=3)] * 3), max_size=2),
    indexes=st.sets(
        st.tuples(st.sampled_from([b"a_bin", b"b_bin"]), st.binary(max_size=5))
        | st.tuples(st.just(b"n_int"), st.integers(-(2**70), 2**70).map(lambda number: b"%d" % number)),
        max_size=3,
    ).map(sorted),
    deleted=st.booleans(),
)
places = st.builds(Place, st.just(b"siblings"), st.sampled_from([b"b", b"b\xff"]), octets)
records = st.builds(ObjectRecord, places, st.lists(restored, min_size=1, max_size=3)) | datatypes.map(
    lambda record: replace(record, place=Place(f"{record.datatype}s".encode(), b"d", record.place.key))
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(records, max_size=6, unique_by=lambda record: record.place))
def test_dump_load_dump_gives_the_same_checksums_on_any_objects(
    tmp_path_factory: pytest.TempPathFactory, made: list[ObjectRecord | DatatypeRecord]
) -> None:
    folder = tmp_path_factory.mktemp("made")
    with RiakServer.in_thread() as one, RiakServer.in_thread() as two:
        one.load(map(line_of, made))
        for server, *command in (
            (one, "dump", "--all", str(folder / "1")),
            (two, "load", str(folder / "1")),
            (two, "verify", str(folder / "1")),
            (two, "dump", "--all", str(folder / "2")),
        ):
            assert main(["--url", f"riak://{server.address}", *command]) == 0
    first, second = manifest(folder / "1"), manifest(folder / "2")
    live = [record for record in made if not isinstance(record, ObjectRecord) or record.live]
    assert sum(found["objects"] for found in first.values()) == len(live)
    # a load leaves tombstones out, and so a bucket that holds nothing else
    for bucket in [bucket for bucket, found in first.items() if not found["objects"]]:
        assert second.pop(bucket, None) is None
        del first[bucket]
    assert {bucket: (found["checksum"], found["objects"], found["siblings"]) for bucket, found in first.items()} == {
        bucket: (found["checksum"], found["objects"], found["siblings"]) for bucket, found in second.items()
    }


def test_the_record_of_an_object_without_live_siblings_is_a_tombstone() -> None:
    record = parse(b'{"bucket": "b", "key": "k", "siblings": [{"deleted": true}]}')
    assert isinstance(record, ObjectRecord)
    assert record.live == []
