"""The sessions in the documentation of the command are run, and print what the page shows."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import textwrap
from pathlib import Path

import pytest

from aioriak.testing import RiakServer

PAGE = Path(__file__).parents[2] / "docs" / "cli.rst"
_BLOCK = re.compile(r"^\.\. code-block:: console\n\n((?: {4}.*\n|\n)+)", re.MULTILINE)


def sessions() -> list[tuple[str, str]]:
    """Commands, each with what is shown below it."""
    found = []
    for block in _BLOCK.findall(PAGE.read_text()):
        for step in textwrap.dedent(block).strip("\n").split("$ aioriak ")[1:]:
            command, _, shown = step.partition("\n")
            found.append((f"aioriak {command}", shown.strip("\n")))
    return found


def matches(shown: str, printed: str) -> bool:
    pattern = ".*".join(map(re.escape, shown.split("…")))
    return re.fullmatch(pattern, printed.strip("\n")) is not None


async def test_the_sessions_print_what_the_page_shows(server: RiakServer, tmp_path: Path) -> None:
    pytest.importorskip("click")
    steps = sessions()
    assert len(steps) > 15
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIORIAK_")},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "AIORIAK_URL": f"riak://{server.address}", "XDG_CONFIG_HOME": str(tmp_path), "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    for command, shown in steps:
        process = await asyncio.create_subprocess_shell(
            command, env=environment, cwd=tmp_path, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        printed, _ = await process.communicate()
        assert matches(shown, printed.decode()), f"$ {command}\n{printed.decode()}"
