"""The installed command in a pseudo-terminal of 80 columns: each command, good and bad input."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import struct
import sys
import termios
import unicodedata
from pathlib import Path
from typing import NamedTuple

import pytest

from aioriak import RiakClient
from aioriak.cli.catalog import COMMANDS
from aioriak.testing import RiakServer

COLUMNS = 80
PROGRAM = Path(sys.executable).with_name("aioriak")
_STYLE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Screen(NamedTuple):
    """What a command printed on the terminal, and its exit status."""

    status: int
    raw: str

    @property
    def text(self) -> str:
        """The text without colours and cursor movements."""
        return _STYLE.sub("", self.raw).replace("\r\n", "\n")


def run_in_terminal(arguments: list[str], environment: dict[str, str], typed: bytes = b"") -> Screen:
    """Run the installed command in a terminal of 80 columns."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    process = os.posix_spawn(
        str(PROGRAM), [str(PROGRAM), *arguments],
        {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LC_ALL": "C.UTF-8", **environment},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, child, 0), (os.POSIX_SPAWN_DUP2, child, 1), (os.POSIX_SPAWN_DUP2, child, 2),
            (os.POSIX_SPAWN_CLOSE, parent),
        ],
    )  # fmt: skip
    os.close(child)
    if typed:
        os.write(parent, typed)
    parts = []
    while True:
        try:
            data = os.read(parent, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        parts.append(data)
    os.close(parent)
    _, status = os.waitpid(process, 0)
    return Screen(os.waitstatus_to_exitcode(status), b"".join(parts).decode())


def cells(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


@pytest.fixture
async def cluster(server: RiakServer, client: RiakClient) -> str:
    """The URL of a server with a conflict, a hostile value, and a map."""
    users = client.bucket("users", "siblings")
    robject = users.new_object("ada", {"name": "Ada " * 30, "born": 1815})
    robject.add_index("born_int", 1815)
    robject.usermeta = {"evil": "\x1b]0;title\x07", "long": "x" * 200}
    await robject.store()
    hostile = b"\x1b[2J\x1b]52;c;YQ==\x07\x9b31m \xe2\x80\xae"
    await users.new_object(b"\xff\x1b[31m", None, "text/plain", hostile).store()
    for value in ("one", "other"):
        await users.new_object("both", {"v": value}).store()
    cart = await client.bucket("carts", "maps").new("cart")
    cart.counters["items"].increment(2)
    await cart.store()
    return f"riak://{server.address}"


USERS = ["-t", "siblings", "users"]
GOOD: list[tuple[str, list[str], int]] = [
    ("get", ["get", *USERS, "ada"], 0),
    ("get", ["get", "--meta", *USERS, "ada"], 0),
    ("get", ["get", *USERS, "\\xff\\x1b[31m"], 0),
    ("put", ["put", *USERS, "bob", '{"born": 1}', "-i", "born_int=1"], 0),
    ("delete", ["delete", *USERS, "ada"], 0),
    ("siblings", ["siblings", *USERS, "both"], 3),
    ("dt", ["dt", "show", "-t", "maps", "carts", "cart"], 0),
    ("keys", ["keys", *USERS], 0),
    ("buckets", ["buckets", "-t", "siblings"], 0),
    ("index", ["index", *USERS, "born_int", "1800", "1900", "--terms"], 0),
    ("types", ["types"], 0),
    ("props", ["props", "users"], 0),
    ("preflist", ["preflist", *USERS, "ada"], 0),
    ("aae", ["aae", "stats", *USERS], 0),
    ("ping", ["ping"], 0),
    ("info", ["info"], 0),
    ("status", ["status"], 0),
    ("bench", ["bench", "--yes", "--seconds", "0.1", "--keys", "3"], 0),
    ("config", ["config", "show"], 0),
    ("dump", ["dump", "--all", "OUT"], 0),
]
BAD: list[tuple[str, list[str], int]] = [
    ("get", ["get", *USERS, "nobody"], 1),
    ("get", ["get", "-t", "no-such-bucket-type-of-a-long-name", "b", "k"], 4),
    ("put", ["put", *USERS, "k"], 2),
    ("delete", ["delete", *USERS, "nobody"], 1),
    ("siblings", ["siblings", "--pick", "9", *USERS, "both"], 2),
    ("dt", ["dt", "incr", "-t", "siblings", "b", "k"], 2),
    ("keys", ["keys", "-t", "nope", "b"], 4),
    ("buckets", ["buckets", "-t", "nope"], 4),
    ("index", ["index", "b", "not-an-index", "a"], 2),
    ("mapred", ["mapred", "/nonexistent"], 2),
    ("search", ["search", "index", "*:*"], 4),
    ("load", ["load", "/nonexistent"], 7),
    ("verify", ["verify", "/nonexistent"], 7),
    ("copy", ["copy", "--all", "nope", "nope"], 2),
    ("dump", ["dump", "OUT"], 2),
    ("types", ["types", "extra"], 2),
    ("props", ["props", "users", "speed=9"], 2),
    ("preflist", ["preflist", "-t", "nope", "b", "k"], 4),
    ("aae", ["aae", "find-large", "--more-than", "x", "b"], 2),
    ("replication", ["replication", "length", "nope"], 4),
    ("status", ["--url", "riak://127.0.0.1:1", "status"], 4),
    ("ping", ["--url", "riak://127.0.0.1:1", "--timeout", "1", "ping"], 4),
    ("info", ["--url", "riak://127.0.0.1:8087/?nope=1", "info"], 2),
    ("bench", ["bench", "--gets", "2"], 2),
    ("config", ["--profile", "nope", "config", "show"], 2),
    ("shell", ["--url", "nope", "shell"], 2),
    ("serve", ["serve", "--port", "99999"], 2),
]


async def show(cluster: str, tmp_path: Path, arguments: list[str], typed: bytes = b"") -> Screen:
    environment = {"AIORIAK_URL": cluster, "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    given = [str(tmp_path / "out.jsonl") if one == "OUT" else one for one in arguments]
    return await asyncio.to_thread(run_in_terminal, given, environment, typed)


def check(screen: Screen, status: int) -> None:
    assert screen.status == status, screen.text
    assert "Traceback" not in screen.text
    assert "internal error" not in screen.text
    for hostile in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e"):
        assert hostile not in screen.raw
    assert [line for line in screen.text.split("\n") if cells(line.split("\r")[-1]) > COLUMNS] == []


@pytest.mark.parametrize(("name", "arguments", "status"), GOOD, ids=lambda one: one if isinstance(one, str) else "")
async def test_good_input_fits_80_columns(
    cluster: str, tmp_path: Path, name: str, arguments: list[str], status: int
) -> None:
    check(await show(cluster, tmp_path, arguments), status)


@pytest.mark.parametrize(("name", "arguments", "status"), BAD, ids=lambda one: one if isinstance(one, str) else "")
async def test_bad_input_is_told_in_80_columns(
    cluster: str, tmp_path: Path, name: str, arguments: list[str], status: int
) -> None:
    check(await show(cluster, tmp_path, arguments), status)


def test_each_command_is_driven_in_the_terminal() -> None:
    assert {name for name, _, _ in (*GOOD, *BAD)} == set(COMMANDS)


async def test_a_dangerous_command_asks_on_the_terminal(cluster: str, client: RiakClient, tmp_path: Path) -> None:
    refused = await show(cluster, tmp_path, ["aae", "erase", *USERS], b"n\n")
    check(refused, 1)
    assert "Delete objects, 3 in siblings/users?" in refused.text
    assert (await client.bucket("users", "siblings").get("ada")).exists
    check(await show(cluster, tmp_path, ["aae", "erase", *USERS], b"y\n"), 0)


async def test_no_color_is_respected(cluster: str, tmp_path: Path) -> None:
    environment = {"AIORIAK_URL": cluster, "XDG_CONFIG_HOME": str(tmp_path), "NO_COLOR": "1"}
    screen = await asyncio.to_thread(run_in_terminal, ["get", *USERS, "ada"], environment)
    assert not re.search(r"\x1b\[(\d+;)*3\d", screen.raw)


