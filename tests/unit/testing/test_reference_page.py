"""``docs/reference/testing.rst`` names everything that the development server and its fixtures take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aioriak import pytest_plugin
from aioriak.testing import Faults, Node, RiakServer
from aioriak.testing.bucket_types import STANDARD
from aioriak.testing.faults import Target
from aioriak.testing.options import ServerOptions
from aioriak.testing.serve import parser
from aioriak.wire.operation import OPERATIONS

TEXT = (Path(__file__).parents[3] / "docs" / "reference" / "testing.rst").read_text()
LITERALS = " ".join(re.findall(r"``(.+?)``", TEXT))
NODE_METHODS = {"start", "kill", "restart", "drain", "freeze", "thaw", "slow"}


def test_the_page_names_the_options_of_the_command() -> None:
    options = set(re.findall(r"--[a-z-]+", parser().format_help())) - {"--help"}
    assert options <= set(re.findall(r"--[a-z-]+", LITERALS))


@pytest.mark.parametrize(
    "names",
    [
        {"bucket_types", "nodes", *ServerOptions.__annotations__},
        set(Target.__annotations__),
        {name for name in vars(Faults) if not name.startswith("_")} - {"striking"},
        {name for name in vars(pytest_plugin) if name.startswith("riak_")},
        {kind.name.decode() for kind in STANDARD},
        NODE_METHODS,
    ],
    ids=["server", "target", "faults", "fixtures", "bucket types", "nodes"],
)
def test_the_page_names_every_one(names: set[str]) -> None:
    assert names <= set(re.findall(r"\w+", LITERALS))


def test_the_page_names_every_operation() -> None:
    assert {operation.name for operation in OPERATIONS.values()} <= set(re.findall(r"``(.+?)``", TEXT))


def test_what_the_page_names_exists() -> None:
    assert all(hasattr(Node, name) for name in NODE_METHODS)
    with RiakServer.in_thread() as server:
        assert server.run(server.server.add_node()) is server.nodes[1]
