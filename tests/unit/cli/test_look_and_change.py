"""Siblings, data types, index queries, jobs, AAE folds and replication queues from the command line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.testing import RiakServer

Run = Callable[..., Coroutine[Any, Any, Any]]


@pytest.fixture
async def conflict(client: RiakClient) -> None:
    """A key with two siblings."""
    for value in ({"a": 1, "b": 2}, {"a": 1, "b": 3}):
        await client.bucket("b", "siblings").new_object("k", value).store()


@pytest.mark.usefixtures("conflict")
async def test_siblings_are_compared_and_the_status_is_3(run: Run) -> None:
    result = await run("siblings", "-t", "siblings", "b", "k")
    assert result.status == 3
    assert "sibling 1 of 2" in result.lines
    assert {"---", "+++"} <= {line.split()[0] for line in result.lines if line.strip()}
    assert any(line.startswith("-") and '"b"' in line for line in result.lines)


@pytest.mark.usefixtures("conflict")
@pytest.mark.parametrize("choice", [["--pick", "2"], ["--last-written"], ["--merge", "-"]])
async def test_a_conflict_is_resolved(run: Run, client: RiakClient, choice: list[str]) -> None:
    before = await client.bucket("b", "siblings").get("k")
    wanted = {"--pick": before.siblings[1].encoded_data, "--merge": b'{"merged":true}'}.get(
        choice[0], max(before.siblings, key=lambda one: one.last_modified).encoded_data
    )
    result = await run("siblings", "-t", "siblings", *choice, "b", "k", given=b'{"merged":true}')
    assert (result.status, result.err) == (0, "siblings/b/k: 2 siblings became 1\n")
    after = await client.bucket("b", "siblings").get("k")
    assert [one.encoded_data for one in after.siblings] == [wanted]


@pytest.mark.usefixtures("conflict")
async def test_a_sibling_that_is_not_there_cannot_be_picked(run: Run) -> None:
    result = await run("siblings", "-t", "siblings", "--pick", "3", "b", "k")
    assert (result.status, result.err) == (2, "aioriak: there is no sibling 3; there are 2\n")


async def test_data_types_are_changed_by_path(run: Run) -> None:
    where = ["-t", "maps", "b", "k"]
    assert (await run("dt", "incr", "-p", "profile.visits", *where, "3")).status == 0
    assert (await run("dt", "incr", "-p", "profile.visits", *where, "-1")).status == 0
    assert (await run("dt", "assign", "-p", "profile.name", *where, "Ada")).status == 0
    assert (await run("dt", "add", "-p", "tags", *where, "x", "\\xff")).status == 0
    assert (await run("dt", "remove", "-p", "tags", *where, "x")).status == 0
    assert (await run("dt", "enable", "-p", "on", *where)).status == 0
    assert json.loads((await run("dt", "show", *where)).out) == {
        "profile_map": {"name_register": "Ada", "visits_counter": 2}, "tags_set": [{"base64": "/w=="}],
        "on_flag": True,
    }  # fmt: skip
    removed = await run("dt", "remove", "-p", "profile.name", "--field", "register", *where)
    assert json.loads(removed.out)["profile_map"] == {"visits_counter": 2}


async def test_data_types_that_are_no_maps_need_no_path(run: Run) -> None:
    assert (await run("dt", "incr", "-t", "counters", "b", "k")).out == "1\n"
    assert (await run("dt", "add", "-t", "gsets", "b", "k", "x")).out == '["x"]\n'
    assert (await run("dt", "add", "-t", "hlls", "b", "k", "x")).out == "1\n"
    for arguments in (
        ["add", "-t", "counters", "b", "k", "x"], ["incr", "-t", "counters", "-p", "x", "b", "k"],
        ["show", "-t", "siblings", "b", "k"], ["enable", "-t", "maps", "b", "k"],
    ):  # fmt: skip
        refused = await run("dt", *arguments)
        assert refused.status == 2, arguments
        assert refused.err.startswith("aioriak: ")
    assert (await run("dt", "show", "-t", "sets", "b", "nobody")).status == 1


async def test_index_queries_print_keys_terms_and_counts(run: Run, client: RiakClient) -> None:
    for number in range(5):
        robject = client.bucket("b").new_object(f"k{number}", 1)
        robject.add_index("n_int", number // 2)
        robject.add_index("w_bin", f"word{number}")
        await robject.store()
    assert (await run("index", "b", "n_int", "1")).lines == ["k2", "k3"]
    assert (await run("index", "b", "n_int", "0", "1", "--page-size", "2", "--terms")).lines == [
        "k0\t0", "k1\t0", "k2\t1", "k3\t1",
    ]  # fmt: skip
    assert (await run("index", "b", "n_int", "0", "9", "--count")).out == "5\n"
    assert (await run("index", "b", "n_int", "0", "9", "--by-term")).lines == ["0\t2", "1\t2", "2\t1"]
    assert (await run("index", "b", "w_bin", "a", "z", "--regex", "word[24]")).lines == ["k2", "k4"]
    assert (await run("index", "b", "w_bin", "a", "z", "--limit", "1", "--json")).out == (
        '{"key": "k0", "term": "word0"}\n'
    )
    bad = await run("index", "b", "wrong", "a")
    assert (bad.status, "_int or _bin" in bad.err) == (2, True)


async def test_a_map_reduce_job_is_read_from_stdin(run: Run, client: RiakClient) -> None:
    await client.bucket("b").new_object("k", 1).store()
    job = {"inputs": "b", "query": [{"reduce": {
        "language": "erlang", "module": "riak_kv_mapreduce", "function": "reduce_count_inputs"}}]}  # fmt: skip
    result = await run("mapred", "-", given=json.dumps(job).encode())
    assert (result.status, result.out) == (0, "1\n")
    assert (await run("mapred", "-", given=b"{}")).status == 2


async def test_search_says_that_riak_3_has_none(run: Run) -> None:
    result = await run("search", "index", "*:*")
    assert result.status == 4
    assert result.err.startswith("aioriak: NotSupported")


@pytest.fixture
async def objects(client: RiakClient) -> None:
    """Some objects, one of them large."""
    bucket = client.bucket("b", "siblings")
    for number in range(12):
        await bucket.new_object(f"k{number:02}", None, "text/plain", b"x" * 10).store()
    await bucket.new_object("large", None, "text/plain", b"x" * 5000).store()


@pytest.mark.usefixtures("objects", "conflict")
async def test_aae_counts_and_finds(run: Run) -> None:
    bucket = ["-t", "siblings", "b"]
    stats = await run("aae", "stats", *bucket)
    assert stats.lines[0].startswith("14 objects")
    assert "█" in stats.out
    assert max(map(len, stats.lines)) <= 80
    assert json.loads((await run("aae", "stats", "--json", *bucket)).out)["total_count"] == 14
    assert (await run("aae", "find-siblings", *bucket)).out == "k\t2\n"
    found = await run("aae", "find-large", "--more-than", "1", *bucket)
    assert "large" in [line.split("\t")[0] for line in found.lines]
    assert (await run("aae", "find-large", *bucket)).out == ""
    assert (await run("aae", "tombstones", "--count", *bucket)).out == "0\n"


@pytest.mark.usefixtures("objects")
async def test_dangerous_jobs_say_how_many_objects_and_ask(run: Run, client: RiakClient) -> None:
    bucket = ["-t", "siblings", "--from-key", "k00", "--to-key", "k04", "b"]
    refused = await run("aae", "erase", *bucket)
    assert refused.status == 2
    assert refused.err == "aioriak: Delete objects, 5 in siblings/b? Confirm with --yes.\n"
    assert (await run("aae", "erase", "--dry-run", *bucket)).out == "5\n"
    assert (await client.bucket("b", "siblings").get("k00")).exists
    assert (await run("aae", "erase", "--yes", *bucket)).out == "5\n"
    assert not (await client.bucket("b", "siblings").get("k00")).exists
    assert (await run("aae", "repair", "--yes", "-t", "siblings", "b")).status == 0


@pytest.fixture
async def other() -> AsyncIterator[RiakServer]:
    """Another cluster."""
    async with RiakServer(bucket_types="standard") as running:
        yield running


@pytest.mark.usefixtures("objects")
async def test_aae_compares_clusters(run: Run, other: RiakServer) -> None:
    different = await run("aae", "compare", "-t", "siblings", "b", f"riak://{other.address}")
    assert different.status == 1
    assert set(different.lines) == {f"here\tk{number:02}" for number in range(12)} | {"here\tlarge"}
    same = await run("aae", "compare", "-t", "siblings", "nothing", f"riak://{other.address}")
    assert (same.status, same.out) == (0, "")


@pytest.mark.usefixtures("objects")
async def test_replication_queues_are_looked_into(run: Run, server: RiakServer) -> None:
    name = next(iter(server.queues)).decode()
    assert (await run("replication", "push", "-t", "siblings", name, "b")).out == "13\n"
    assert "fold 13" in (await run("replication", "length", name)).out
    assert (await run("replication", "fetch", name)).status == 2
    assert len((await run("replication", "fetch", "--yes", "--limit", "2", name)).lines) == 2
    assert (await run("replication", "length", "nope")).status in (1, 4)  # Riak knows only atoms it has seen
