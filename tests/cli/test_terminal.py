"""The command in a pseudo-terminal of 80 columns: each command, good and bad input."""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from aioriak import RiakClient
from aioriak.cli.catalog import COMMANDS
from aioriak.testing import RiakServer
from tests.cli.terminal import COLUMNS, Result, Runner, Terminal


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """What starts commands."""
    started = Runner()
    yield started
    started.close()


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
    await users.new_object("new", 1).store()
    cart = await client.bucket("carts", "maps").new("cart")
    cart.counters["items"].increment(2)
    await cart.store()
    return f"riak://{server.address}"


USERS = ["-t", "siblings", "users"]
JOB = {
    "inputs": [["users", "ada", None, "siblings"]],
    "query": [{"reduce": {"language": "erlang", "module": "riak_kv_mapreduce", "function": "reduce_count_inputs"}}],
}
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
    ("load", ["load", "IN"], 0),
    ("verify", ["verify", "IN"], 0),
    ("copy", ["copy", "-t", "siblings", "-b", "users", "URL", "URL"], 0),
    ("mapred", ["mapred", "JOB"], 0),
    ("replication", ["replication", "length", "q1_ttaaefs"], 0),
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


Show = Callable[..., Awaitable[Result]]


@pytest.fixture
def environment(cluster: str, tmp_path: Path) -> dict[str, str]:
    return {"AIORIAK_URL": cluster, "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}


@pytest.fixture
def show(runner: Runner, environment: dict[str, str], tmp_path: Path) -> Show:
    """Runs a command to its end, while the server goes on; OUT and IN are files."""
    (tmp_path / "in.jsonl").write_text('{"type": "siblings", "bucket": "users", "key": "new", "data": 1}\n')
    (tmp_path / "job.json").write_text(json.dumps(JOB))
    files = {"OUT": tmp_path / "out.jsonl", "IN": tmp_path / "in.jsonl", "JOB": tmp_path / "job.json"}
    given_names = {**{name: str(path) for name, path in files.items()}, "URL": environment["AIORIAK_URL"]}

    async def run(arguments: list[str], typed: bytes = b"", **options: bool) -> Result:
        given = [given_names.get(one, one) for one in arguments]
        return await asyncio.to_thread(runner.run, given, environment, typed, **options)

    return run


def check(screen: Result, status: int) -> None:
    assert screen.status == status, screen.text
    assert "Traceback" not in screen.text
    assert "internal error" not in screen.text
    for hostile in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e"):
        assert hostile not in screen.raw
    assert [line for line in screen.text.split("\n") if cells(line.split("\r")[-1]) > COLUMNS] == []


@pytest.mark.parametrize(("name", "arguments", "status"), GOOD, ids=lambda one: one if isinstance(one, str) else "")
async def test_good_input_fits_80_columns(show: Show, name: str, arguments: list[str], status: int) -> None:
    check(await show(arguments), status)


@pytest.mark.parametrize(("name", "arguments", "status"), BAD, ids=lambda one: one if isinstance(one, str) else "")
async def test_bad_input_is_told_in_80_columns(show: Show, name: str, arguments: list[str], status: int) -> None:
    check(await show(arguments), status)


def test_each_command_is_driven_in_the_terminal_well_and_badly() -> None:
    """The prompt and the server do not end by themselves; they have tests of their own below."""
    assert {name for name, _, _ in GOOD} | {"shell", "serve", "search"} == set(COMMANDS)
    assert {name for name, _, _ in BAD} == set(COMMANDS)


@pytest.mark.parametrize(("arguments", "status"), [(["ping"], 0), (["get", *USERS, "nobody"], 1)], ids=str)
async def test_the_installed_program_does_the_same(show: Show, arguments: list[str], status: int) -> None:
    here, there = await show(arguments), await show(arguments, installed=True)
    check(there, status)
    assert here.status == there.status
    assert re.sub(r"[\d.]+ ms", "", here.text) == re.sub(r"[\d.]+ ms", "", there.text)


async def test_a_search_is_shown(runner: Runner, environment: dict[str, str], tmp_path: Path) -> None:
    async with RiakServer(search=True) as server:
        async with await RiakClient.create(server.host, server.port) as client:
            await client.create_search_index("famous")
            bucket = client.bucket("people")
            await bucket.set_property("search_index", "famous")
            await bucket.new_object("ada", {"name_s": "Ada " * 40}).store()
        environment["AIORIAK_URL"] = f"riak://{server.address}"
        check(await asyncio.to_thread(runner.run, ["search", "famous", "name_s:Ada*"], environment), 0)


async def test_a_dangerous_command_asks_on_the_terminal(show: Show, client: RiakClient) -> None:
    refused = await show(["aae", "erase", *USERS], b"n\n")
    check(refused, 1)
    assert "Delete objects, 4 in siblings/users?" in refused.text
    assert (await client.bucket("users", "siblings").get("ada")).exists
    check(await show(["aae", "erase", *USERS], b"y\n"), 0)


async def test_no_color_is_respected(show: Show, environment: dict[str, str]) -> None:
    environment["NO_COLOR"] = "1"
    screen = await show(["get", *USERS, "ada"])
    assert not re.search(r"\x1b\[(\d+;)*3\d", screen.raw)




# -- what goes on until it is stopped ------------------------------------------------


@pytest.fixture
def drive(runner: Runner, environment: dict[str, str]) -> Callable[..., Awaitable[Result]]:
    """Starts a command and hands its terminal to a function, in a thread, until that has ended the command."""

    async def start(arguments: list[str], steps: Callable[[Terminal], Result]) -> Result:
        def work() -> Result:
            with runner.start(arguments, environment) as terminal:
                return steps(terminal)

        return await asyncio.to_thread(work)

    return start


async def test_the_prompt_completes_names_and_runs_lines(drive: Callable[..., Awaitable[Result]]) -> None:
    def steps(terminal: Terminal) -> Result:
        terminal.until(lambda text: text.endswith("aioriak>"))
        terminal.type(b"get -t sib\t")
        terminal.until(lambda text: text.endswith("get -t siblings"))
        terminal.type(b" us\t")
        terminal.until(lambda text: text.endswith("get -t siblings users"))
        terminal.type(b" ada\r")
        terminal.until(lambda text: '"born": 1815' in text and text.endswith("aioriak>"))
        terminal.type(b"(await bucket('users', 'siblings').get('ada')).data['born'] + 1\r")
        terminal.until(lambda text: "\n1816\n" in text and text.endswith("aioriak>"))
        terminal.type(b"get -t nope users ada\r")
        terminal.until(lambda text: "BucketTypeNotFound" in text and text.endswith("aioriak>"))
        terminal.type(b"1 / 0\r")
        terminal.until(lambda text: "ZeroDivisionError" in text and text.endswith("aioriak>"))
        terminal.type(b"half a li\x03")  # Ctrl-C gives up the line
        terminal.until(lambda text: text.endswith("aioriak>") and "half a li" in text)
        terminal.type(b"\x1b[A")  # the history
        terminal.until(lambda text: text.endswith("aioriak> 1 / 0"))
        terminal.type(b"\x15\x04")
        return terminal.end()

    ended = await drive(["shell"], steps)
    assert ended.status == 0
    assert "Traceback" not in ended.text


async def test_a_prompt_without_a_server_says_so(drive: Callable[..., Awaitable[Result]]) -> None:
    ended = await drive(["--url", "riak://127.0.0.1:1", "--timeout", "1", "shell"], Terminal.end)
    check(ended, 4)


async def test_a_watched_status_is_refreshed_in_place(
    drive: Callable[..., Awaitable[Result]], server: RiakServer
) -> None:
    def steps(terminal: Terminal) -> Result:
        words = (server.address, "ADDRESS", "P50", "P95", "P99", "CONN", "members", "owners")
        terminal.until(lambda text: all(word in text for word in words))
        asked = server.requests["server info"]
        terminal.until(lambda text: server.requests["server info"] > asked + 2)
        assert terminal.text.count("ADDRESS") == 1
        assert max(map(len, terminal.lines)) <= COLUMNS
        terminal.type(b"\x03")
        return terminal.end()

    ended = await drive(["status", "--watch", "--interval", "0.1"], steps)
    assert ended.status == 130
    assert "Traceback" not in ended.text


async def test_a_server_in_a_terminal_ends_by_ctrl_c(drive: Callable[..., Awaitable[Result]]) -> None:
    def steps(terminal: Terminal) -> Result:
        terminal.until(lambda text: "ready on" in text)
        terminal.type(b"\x03")
        return terminal.end()

    check(await drive(["serve", "--port", "0"], steps), 0)
