"""The command as people start it: errors, pipes, interrupts and exit statuses."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.cli.catalog import COMMANDS
from aioriak.testing import RiakServer

Run = Callable[..., Coroutine[Any, Any, Any]]
COMMAND = [sys.executable, "-m", "aioriak"]


def start(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False, **more)


async def test_an_error_of_riak_is_one_line_and_status_4(run: Run) -> None:
    result = await run("get", "-t", "nope", "b", "k")
    assert (result.status, result.out) == (4, "")
    assert result.err.startswith("aioriak: BucketTypeNotFound: ")
    assert result.err.count("\n") == 1


def test_a_riak_that_does_not_answer_is_one_line_and_status_4() -> None:
    ran = start("--url", "riak://127.0.0.1:1", "ping")
    assert (ran.returncode, ran.stdout) == (4, "")
    assert ran.stderr.startswith("aioriak: ")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--url", "riak://127.0.0.1/?speed=9", "ping"], "no option speed"),
        (["--url", "http://127.0.0.1", "ping"], "starts with riak://"),
        (["--url", "riak://127.0.0.1:99999", "ping"], "port"),
        (["--timeout", "0", "ping"], "timeout"),
        (["--profile", "nope", "ping"], "no profile 'nope'"),
        (["--config", "/nonexistent", "ping"], "does not exist"),
        (["nope"], "No such command"),
        (["get", "b"], "Missing argument"),
        (["get", "b", "k\\q"], "starts no escape"),
        (["get", "b", ""], "must not be empty"),
        (["put", "b", "k", "v", "-i", "x"], "NAME=VALUE"),
        (["put", "b", "k", "v", "--link", "x"], "a link is"),
        (["put", "b", "k", "v", "--vclock", "!"], "base 64"),
    ],
)
async def test_a_users_mistake_is_status_2_and_named(run: Run, arguments: list[str], complaint: str) -> None:
    result = await run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("aioriak: ")
    assert complaint in result.err
    assert "Traceback" not in result.err


async def test_an_index_that_cannot_be_is_refused_before_anything_is_sent(run: Run, server: RiakServer) -> None:
    result = await run("put", "b", "k", "v", "--create-sibling", "-i", "age_int=old")
    assert result.status == 2
    assert server.requests["put"] == 0


@pytest.fixture
async def many_keys(client: RiakClient) -> None:
    bucket = client.bucket("users")
    async for _ in client.put_many(bucket.new_object(f"key-{number}", 1) for number in range(200)):
        pass


async def ran(server: RiakServer, *arguments: str, **more: Any) -> tuple[int | None, bytes]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--url", f"riak://{server.address}", *arguments, stderr=asyncio.subprocess.PIPE, **more
    )
    _, err = await process.communicate()
    return process.returncode, err


@pytest.mark.usefixtures("many_keys")
async def test_a_reader_that_goes_away_gets_no_complaint(server: RiakServer) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert await ran(server, "keys", "users", stdout=writing) == (141, b"")
    finally:
        os.close(writing)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("arguments", [["keys", "users"], ["--help"], ["--version"], ["get", "users", "key-1"]])
@pytest.mark.usefixtures("many_keys")
async def test_a_full_disk_is_one_line(server: RiakServer, arguments: list[str]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        status, err = await ran(server, *arguments, stdout=full)
    finally:
        os.close(full)
    assert (status, err) == (7, b"aioriak: output: No space left on device\n")


async def test_ctrl_c_ends_a_command_that_waits() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "--url", f"riak://127.0.0.1:{silent.getsockname()[1]}", "ping", stderr=asyncio.subprocess.PIPE
        )
        connection, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(silent), 60)
        with connection:
            process.send_signal(signal.SIGINT)
            _, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, err) == (130, b"aioriak: interrupted\n")


def test_escape_sequences_of_an_error_do_not_reach_the_terminal() -> None:
    ran = start("--profile", "a\x1b[31mb", "ping")
    assert "\x1b" not in ran.stderr


def test_help_names_every_command_and_h_is_help() -> None:
    shown = start("-h").stdout
    for name in COMMANDS:
        assert f"\n  {name} " in shown


def test_without_a_command_the_help_is_shown_and_the_status_is_2() -> None:
    shown = start()
    assert shown.returncode == 2
    assert "Usage: aioriak" in shown.stdout + shown.stderr


@pytest.fixture
def without_extra(tmp_path: Path) -> dict[str, str]:
    """An environment in which click and rich cannot be imported."""
    for name in ("click", "rich", "prompt_toolkit"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError({name!r}, name={name!r})\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.getcwd()])}


def test_help_version_and_serve_need_no_extra(without_extra: dict[str, str]) -> None:
    assert start("--version", env=without_extra).stdout == start("--version").stdout
    shown = start("--help", env=without_extra).stdout
    assert all(name in shown for name in COMMANDS)
    assert "--bucket-types" in start("serve", "--help", env=without_extra).stdout
    refused = start("ping", env=without_extra)
    assert refused.returncode == 2
    assert "pip install 'aioriak[cli]'" in refused.stderr


def test_serve_on_a_port_that_cannot_be_is_one_line() -> None:
    refused = start("serve", "--port", "99999")
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr
    assert (refused.stdout + refused.stderr).count("\n") <= 20


async def test_names_end_with_nul_where_that_is_asked(run: Run, client: RiakClient) -> None:
    for key in (b"a\xff", "b\nc"):
        await client.bucket("users").new_object(key, 1).store()
    result = await run("keys", "-0", "users")
    assert sorted(result.octets.split(b"\0")[:-1]) == [b"a\\xff", b"b\\nc"]
    assert (await run("get", "users", "a\\xff")).out == "1"
    assert {"base64": "Yf8="} in [json.loads(line) for line in (await run("--json", "keys", "users")).lines]


async def test_config_show_tells_sources_and_hides_secrets(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "aioriak.toml"
    path.write_text('[profiles.prod]\nurl = "riak://a:hush@h"\nuser = "u"\n')
    monkeypatch.setenv("AIORIAK_PASSWORD", "hunter2")
    result = await run("--config", str(path), "--profile", "prod", "config", "show", "--json")
    found = json.loads(result.out)
    assert found["profile"] == "prod"
    assert found["settings"]["user"] == {"value": "u", "source": "profile prod"}
    assert found["settings"]["password"] == {"value": "****", "source": "AIORIAK_PASSWORD"}
    shown = await run("--config", str(path), "config", "profiles")
    assert shown.out == "prod\triak://a:****@h\n"
    assert "hush" not in shown.out


async def test_put_takes_indexes_metadata_links_and_conditions(run: Run, client: RiakClient, tmp_path: Path) -> None:
    source = tmp_path / "note.html"
    source.write_text("<p>")
    put = await run("put", "-t", "siblings", "b", "k", "--file", str(source), "-i", "age_int=3", "-i", "n_bin=\\xff",
                    "-m", "who=ada", "-l", "b/other/friend")  # fmt: skip
    assert put.status == 0, put.err
    found = await client.bucket("b", "siblings").get("k")
    assert found.content_type == "text/html"
    assert found.indexes == {("age_int", 3), ("n_bin", b"\xff")}
    assert found.usermeta == {"who": "ada"}
    assert found.links == [("b", "other", "friend")]
    refused = await run("put", "-t", "siblings", "--if-none-match", "b", "k", "2")
    assert (refused.status, refused.err) == (1, "aioriak: siblings/b/k is there already\n")


async def test_put_with_a_vclock_leaves_a_newer_write_as_a_sibling(run: Run) -> None:
    await run("put", "-t", "siblings", "b", "k", "1")
    first = json.loads((await run("get", "-t", "siblings", "--json", "b", "k")).out)
    await run("put", "-t", "siblings", "b", "k", "2")
    await run("put", "-t", "siblings", "--vclock", first["vclock"], "b", "k", "3")
    conflict = await run("get", "-t", "siblings", "--json", "b", "k")
    assert conflict.status == 3
    assert sorted(one["value"] for one in json.loads(conflict.out)["siblings"]) == ["2", "3"]


async def test_types_and_preflist_and_prefixes(run: Run, client: RiakClient) -> None:
    for key in ("a1", "a2", "b1"):
        await client.bucket("users", "siblings").new_object(key, 1).store()
    assert (await run("types")).out == "siblings\t-\t1\n"
    assert (await run("keys", "-t", "siblings", "--prefix", "a", "users")).lines == ["a1", "a2"]
    assert (await run("keys", "-t", "siblings", "--count", "users")).out == "3\n"
    assert len((await run("preflist", "users", "a1")).lines) == 3


async def test_props_diff_shows_only_what_differs(run: Run) -> None:
    assert (await run("props", "--diff", "b")).out == ""
    await run("props", "b", "n_val=2")
    assert (await run("props", "--diff", "b")).out == "n_val\t3\t2\n"
