"""``docs/reference/messages.rst`` names every message, and says the truth about it."""

from __future__ import annotations

import csv
import importlib
import pathlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from aioriak.riak_pb import MESSAGES
from aioriak.testing import RiakServer
from aioriak.wire.operation import OPERATIONS

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "reference" / "messages.rst"
OPTIONS = {"search": True, "coverage": True, "real_time_enqueue": True}
OUTSIDE_THE_TABLE = {253, 255}  # the server's connections themselves answer these


class Row(NamedTuple):
    code: int
    message: str
    client: str
    server: str
    recorded: str


def rows() -> Iterator[Row]:
    lines = [line.strip() for line in PAGE.read_text().splitlines() if re.match(r"   \d+, ``Rpb|   \d+, ``Dt", line)]
    for code, message, *rest in csv.reader(lines, skipinitialspace=True):
        yield Row(int(code), message.strip("`"), *rest)


ROWS = {row.code: row for row in rows()}


def test_every_message_has_one_row() -> None:
    assert {code: row.message for code, row in ROWS.items()} == {code: name for code, (name, _) in MESSAGES.items()}
    assert len(list(rows())) == len(MESSAGES)


@pytest.mark.parametrize("code", OPERATIONS)
def test_every_request_has_a_method_that_exists(code: int) -> None:
    named = re.findall(r":(?:meth|class):`~(aioriak[\w.]+)`", ROWS[code].client)
    assert named
    for name in named:
        module, _, attributes = re.fullmatch(r"([a-z_.]+)(\.)([A-Z].*)", name).groups()  # type: ignore[union-attr]
        found: Any = importlib.import_module(module)
        for attribute in attributes.split("."):
            found = getattr(found, attribute)
        assert callable(found)


def test_every_reply_names_its_requests() -> None:
    for code in MESSAGES.keys() - OPERATIONS.keys() - {0}:
        asking = [str(each.request_code) for each in OPERATIONS.values() if each.reply_code == code]
        assert ROWS[code].client == (f"reply to {', '.join(asking)}" if asking else "none")


@pytest.mark.parametrize("code", OPERATIONS.keys() - OUTSIDE_THE_TABLE)
def test_the_development_server_answers_what_the_page_says(code: int) -> None:
    said = re.fullmatch(r"yes|with ``(\w+)``", ROWS[code].server)
    assert said
    assert (OPERATIONS[code] in RiakServer().handlers) == (said[1] is None)
    assert OPERATIONS[code] in RiakServer(**({said[1]: True} if said[1] else {})).handlers


def test_no_option_is_left_out() -> None:
    assert set(OPTIONS) | {"security"} == {
        option for row in ROWS.values() for option in re.findall(r"with ``(\w+)``", row.server)
    }


@pytest.mark.parametrize("code", MESSAGES)
def test_what_is_recorded_is_what_the_page_says(code: int, recorded: dict[str, list[dict[str, Any]]]) -> None:
    name = MESSAGES[code][0]
    steps = [step for steps in recorded.values() for step in steps]
    if code in OPERATIONS:
        asked = [step for step in steps if bytes.fromhex(step["send"])[4] == code]
        replies = {reply for step in asked for reply, _ in step["recv"]}
        told = "yes" if OPERATIONS[code].reply_code in replies else "refusal" if replies else "no"
    else:
        told = "yes" if any(reply == code for step in steps for reply, _ in step["recv"]) else "no"
    assert ROWS[code].recorded == told, name
