"""Completion of bucket types and buckets: at the prompt, and in bash, zsh and fish."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aioriak import RiakClient
from aioriak.cli import completion
from aioriak.cli.completion import Names, read_names, suggestions
from aioriak.testing import RiakServer

PROGRAM = Path(sys.executable).with_name("aioriak")
NAMES = Names(frozenset({("siblings", "users"), ("siblings", "uploads"), ("maps", "carts"), ("default", "users")}))
COMMANDS = ["get", "keys", "put"]


@pytest.mark.parametrize(
    ("before", "found", "length"),
    [
        ("", [], 0),
        ("g", ["get"], 1),
        ("get u", ["uploads", "users"], 1),
        ("get ", ["carts", "uploads", "users"], 0),
        ("get -t ", ["default", "maps", "siblings"], 0),
        ("get -t s", ["siblings"], 1),
        ("get --type m", ["maps"], 1),
        ("get --type=m", [], 8),
        ("await bucket('ca", ["carts"], 2),
        ("bucket('users', 'sib", ["siblings"], 3),
        ("get users", [], 5),
    ],
)
def test_the_word_at_the_cursor_is_completed(before: str, found: list[str], length: int) -> None:
    assert suggestions(before, COMMANDS, NAMES) == (found, length)


async def test_names_come_from_the_server(client: RiakClient) -> None:
    await client.bucket("users", "siblings").new_object("ada", 1).store()
    await client.bucket(b"\xff\n").new_object("k", 1).store()
    names = await read_names(client)
    assert names.pairs == {("siblings", "users"), ("default", r"\xff\n")}


async def test_a_server_that_does_not_answer_gives_no_names(
    server: RiakServer, client: RiakClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completion, "PATIENCE", 0.01)
    server.faults.hang("list buckets by fold")
    assert await read_names(client) == Names()
    server.faults.clear()
    server.faults.error("list buckets by fold", "no such service")
    assert await read_names(client) == Names()


async def complete(words: str, address: str, shell: str = "bash", **more: str) -> list[str]:
    """Run the command as the completion function of a shell does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIORIAK_")}
    given = words.split(" ")
    environment |= {
        "_AIORIAK_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(given) - 1),
        "AIORIAK_URL": f"riak://{address}", **more,
    }  # fmt: skip
    if shell == "fish":
        environment["COMP_CWORD"] = given[-1]
    done = await asyncio.to_thread(
        subprocess.run, [PROGRAM], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stderr == ""
    lines = done.stdout.strip().splitlines()
    return lines[1::3] if shell == "zsh" else [line.split(",", 1)[1].split("\t")[0] for line in lines]


@pytest.fixture
async def address(server: RiakServer) -> str:
    server.siblings("users", "ada", 1, bucket_type="siblings")
    server.siblings("uploads", "ada", 1)
    return server.address


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("aioriak get u", ["uploads"]),
        ("aioriak get -t siblings ", ["users"]),
        ("aioriak get -t s", ["siblings"]),
        ("aioriak keys --type d", ["default"]),
        ("aioriak dump -b u", ["uploads", "users"]),
        ("aioriak dump -t siblings -b ", ["users"]),
        ("aioriak dt show -t s", ["siblings"]),
        ("aioriak get uploads ", []),
    ],
)
async def test_a_shell_completes_types_and_buckets(address: str, words: str, found: list[str]) -> None:
    assert await complete(words, address) == found


@pytest.mark.parametrize("shell", ["zsh", "fish"])
async def test_other_shells_do_too(address: str, shell: str) -> None:
    assert await complete("aioriak get up", address, shell) == ["uploads"]


@pytest.mark.parametrize(
    "more",
    [
        {"AIORIAK_URL": "riak://127.0.0.1:1"}, {"AIORIAK_URL": "nonsense"}, {"AIORIAK_PROFILE": "none"},
        {"AIORIAK_USER": "ada"},
    ],
    ids=str,
)  # fmt: skip
async def test_nothing_is_completed_and_said_where_there_is_no_answer(address: str, more: dict[str, str]) -> None:
    assert await complete("aioriak get u", address, **more) == []
