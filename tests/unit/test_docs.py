"""What the documentation shows works: its Python blocks run, page by page, against the development server.

The blocks of a page share their names, as in one session.  ``localhost`` port
8087 stands for the server, ``client`` for a client of it.  Where each ``print``
of a block has a comment behind it, that is what must be printed.  A block of
class ``sketch`` is only compiled.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import pathlib
import re
import textwrap
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any, NamedTuple

import pytest

from aioriak import RiakClient
from aioriak.testing import RiakServer

ROOT = pathlib.Path(__file__).parents[2]
PAGES = [ROOT / "README.rst", *sorted((ROOT / "docs").rglob("*.rst"))]

_BLOCK = re.compile(
    r"^(?P<indent> *)\.\. code-block:: python\n(?P<options>(?: +:.*\n)*)\n(?P<code>(?:(?P=indent) +.*\n|\s*\n)+)",
    re.MULTILINE,
)
_PRINTS = re.compile(r"^ *print\(.*\)  # (.*)$", re.MULTILINE)


def name(page: pathlib.Path) -> str:
    return str(page.relative_to(ROOT))


class Block(NamedTuple):
    line: int
    sketch: bool
    code: str


def blocks(page: pathlib.Path) -> Iterator[Block]:
    text = page.read_text()
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("code")) + 1
        yield Block(line, ":class: sketch" in found["options"], textwrap.dedent(found["code"]))


def compiled(page: pathlib.Path, block: Block, code: str) -> Any:
    tree = ast.increment_lineno(ast.parse(code), block.line - 1)
    return compile(tree, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def run_page(page: pathlib.Path, host: str, port: int) -> int:
    """Run a page's blocks in a loop of their own; how many there were."""
    with asyncio.Runner() as runner:
        client = runner.run(_connect(host, port))
        names: dict[str, Any] = {"__name__": "__page__", "asyncio": asyncio, "client": client, "RiakClient": RiakClient}
        try:
            found = list(blocks(page))
            for block in found:
                run_block(page, block, names, runner, host, port)
        finally:
            runner.run(client.aclose())
    return len(found)


def run_block(
    page: pathlib.Path, block: Block, names: dict[str, Any], runner: asyncio.Runner, host: str, port: int
) -> None:
    code = block.code.replace('"localhost", 8087', f'"{host}", {port}').replace("localhost:8087", f"{host}:{port}")
    code = code.replace('RiakClient("localhost")', f'RiakClient("{host}", {port})')
    program = compiled(page, block, code)
    if block.sketch:
        return
    printed = StringIO()
    with redirect_stdout(printed):
        if program.co_flags & inspect.CO_COROUTINE:
            runner.run(_awaited(program, names))
        else:
            exec(program, names)
    promised = _PRINTS.findall(code)
    if promised and len(promised) == code.count("print("):
        assert printed.getvalue().splitlines() == promised, f"{page.name}:{block.line}"


async def _connect(host: str, port: int) -> RiakClient:
    return await RiakClient.create(host, port)


async def _awaited(program: Any, names: dict[str, Any]) -> None:
    await eval(program, names)


@pytest.mark.parametrize("page", [page for page in PAGES if list(blocks(page))], ids=name)
async def test_the_blocks_of_a_page_do_what_they_say(page: pathlib.Path, server: RiakServer) -> None:
    assert await asyncio.to_thread(run_page, page, server.host, server.port) > 0


def test_every_python_block_is_found() -> None:
    for page in PAGES:
        assert page.read_text().count(".. code-block:: python") == len(list(blocks(page))), page.name


async def test_a_wrong_promise_would_be_noticed(tmp_path: pathlib.Path, server: RiakServer) -> None:
    page = tmp_path / "page.rst"
    page.write_text("A sum:\n\n.. code-block:: python\n\n    print(1 + 1)  # 3\n")
    with pytest.raises(AssertionError, match=r"page\.rst:5"):
        await asyncio.to_thread(run_page, page, server.host, server.port)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_name_of_the_package_exists(page: pathlib.Path) -> None:
    named = re.compile(r"(?::(?:class|meth|mod|func):`~?|auto(?:class|module):: )(aioriak[\w.]*)")
    for name in named.findall(page.read_text()):
        module, _, attributes = name.partition(".")
        found = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            module += f".{attribute}"
            if not hasattr(found, attribute):
                importlib.import_module(module)
            found = getattr(found, attribute)
