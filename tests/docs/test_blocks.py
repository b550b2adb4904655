"""What the documentation shows works: its blocks run as a reader would paste them, and print what they say."""

from __future__ import annotations

import asyncio
import importlib
import pathlib
import re
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import pytest

from aioriak import RiakClient, RiakObject
from aioriak.testing import RiakServer
from aioriak.testing.security import Grant, Security, Source
from tests.certificates import Authority
from tests.docs.blocks import PAGES, ROOT, Reader, Wrong, blocks, with_includes

WITH_BLOCKS = [page for page in PAGES if list(blocks(page))]
LANGUAGES = {"python", "console", "text", "toml", "ini", "yaml"}


def name(page: pathlib.Path) -> str:
    return str(page.relative_to(ROOT))


@contextmanager
def running(**options: Any) -> Iterator[list[int]]:
    """Run a server of three nodes in a thread of its own; give its ports."""
    ports: list[int] = []
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with RiakServer("standard", nodes=3, **options) as server:
            ports.extend(node.port for node in server.nodes)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield ports
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def needs_security(page: pathlib.Path) -> bool:
    """Whether the page expects a server with security enabled."""
    return name(page) == "docs/howto/tls.rst"


@contextmanager
def circumstances(page: pathlib.Path, folder: pathlib.Path) -> Iterator[tuple[list[int], dict[str, str]]]:
    """Run the server that a page expects; give its ports, and what stands for the names on the page."""
    if not needs_security(page):
        with running() as ports:
            yield ports, {}
        return
    authority = Authority(folder / "certificates")
    security = Security(
        certificate=authority.server("localhost", "127.0.0.1"),
        ca=authority.file,
        users={"ann": "correct horse", "bob": None},
        sources=[Source(method="certificate", users="bob"), Source(method="password", users="ann")],
        grants=[Grant(permissions=("riak_kv.get", "riak_kv.put", "riak_kv.delete", "riak_core.get_bucket"))],
        refusal_delay=0.0,
    )
    with running(security=security) as ports:
        yield ports, {"/etc/riak/ca.pem": authority.file, "/etc/riak/bob.pem": authority.user("bob")}


@pytest.fixture(scope="module")
def one_server() -> Iterator[list[int]]:
    with running() as ports:
        yield ports


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name)
def test_the_blocks_of_a_page_do_what_they_say(page: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with circumstances(page, tmp_path) as (ports, replaced):
        assert Reader(tmp_path, ports, replaced).read(page) > 0


@pytest.mark.parametrize("page", [page for page in WITH_BLOCKS if not needs_security(page)], ids=name)
def test_a_page_can_be_read_twice_and_after_the_others(
    page: pathlib.Path, one_server: list[int], tmp_path: pathlib.Path
) -> None:
    reader = Reader(tmp_path, one_server, processes=False)
    reader.read(page)
    reader.read(page)


@pytest.mark.parametrize("page", [page for page in WITH_BLOCKS if needs_security(page)], ids=name)
def test_a_page_about_security_can_be_read_twice(page: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with circumstances(page, tmp_path) as (ports, replaced):
        reader = Reader(tmp_path, ports, replaced, processes=False)
        reader.read(page)
        reader.read(page)


def test_every_block_is_found_and_none_is_hidden() -> None:
    for page in PAGES:
        text = with_includes(page.read_text())
        found = list(blocks(page))
        assert len(found) == len(re.findall(r"^ *\.\. code-block::", text, re.MULTILINE)), name(page)
        assert {block.language for block in found} <= LANGUAGES, name(page)
        assert ":class: sketch" not in text, name(page)


def test_the_first_example_of_the_readme_is_short() -> None:
    first = next(block for block in blocks(ROOT / "README.rst") if block.language == "python")
    assert len([line for line in first.code.splitlines() if line.strip()]) <= 10


Write = Callable[[str], pathlib.Path]


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Write:
    def written(text: str) -> pathlib.Path:
        page = tmp_path / "page.rst"
        page.write_text(text)
        return page

    return written


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (".. code-block:: python\n\n    print(1 + 1)  # 3\n", r"page\.rst:3 prints\n2\nand not\n3"),
        (".. code-block:: python\n\n    print(1 + 1)\n", "does not say what the print in line 3 prints"),
        (".. code-block:: python\n\n    for _ in 'a':\n        print(1)\n    # 2\n", "prints\n1\nand not\n2"),
        (".. code-block:: python\n\n    1 / 0\n", "ZeroDivisionError"),
        (".. code-block:: python\n\n    client\n", "NameError"),
        (".. code-block:: python\n\n    def f():\n        x = 1\n\n        return x\n", "refuses line 6"),
        (".. code-block:: python\n    :caption: a.py\n\n    x = 1\n", r"nothing on the page runs or imports a\.py"),
        (".. code-block:: console\n\n    $ echo one\n    two\n", "prints\none\nand not\ntwo"),
        (".. code-block:: console\n\n    $ false\n", "ended with status 1"),
        (".. code-block:: console\n\n    $ pip install aioriak[nothing]\n", "no extra nothing"),
        (".. code-block:: console\n\n    $ make nothing\n", "no make target nothing"),
        (
            ".. code-block:: python\n\n    import asyncio\n    async def main():\n        print(1)  # 2\n"
            "    asyncio.run(main())\n",
            "prints\n1\nand not\n2",
        ),
    ],
)
def test_a_wrong_page_is_noticed(write: Write, tmp_path: pathlib.Path, text: str, complaint: str) -> None:
    with pytest.raises(Wrong, match=complaint):
        Reader(tmp_path, [1]).read(write(text))


def test_a_page_can_save_a_program_and_run_it(write: Write, tmp_path: pathlib.Path) -> None:
    page = write(
        ".. code-block:: python\n    :caption: a.py\n\n    X = 6\n\n"
        ".. code-block:: python\n    :caption: b.py\n\n    from a import X\n    print(X * 7)\n\n"
        ".. code-block:: console\n\n    $ python b.py\n    42\n    $ echo any text\n    an...xt\n"
    )
    assert Reader(tmp_path, [1]).read(page) == 3


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_name_of_the_package_exists(page: pathlib.Path) -> None:
    named = re.compile(r"(?::(?:class|meth|mod|func|attr|exc):`~?|auto(?:class|module|exception):: )(aioriak[\w.]*)")
    for found in named.findall(page.read_text()):
        module, _, attributes = found.partition(".")
        value: Any = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            module += f".{attribute}"
            if not hasattr(value, attribute):
                importlib.import_module(module)
            value = getattr(value, attribute)


@pytest.mark.parametrize("clients", [1, 5])
async def test_tasks_that_run_the_readme_s_update_lose_none(server: RiakServer, clients: int) -> None:
    block = next(block for block in blocks(ROOT / "README.rst") if "guests.update" in block.code)
    lines = block.code.splitlines()
    first = next(number for number, line in enumerate(lines) if "def visit" in line)
    last = next(number for number, line in enumerate(lines) if "guests.update" in line)
    names: dict[str, Any] = {"RiakObject": RiakObject}
    pasted = textwrap.dedent("\n".join(lines[first : last + 1]))
    exec(f"async def task(guests):\n{textwrap.indent(pasted, '    ')}", names)
    async with AsyncExitStack() as stack:
        guests = [
            (await stack.enter_async_context(RiakClient(server.host, server.port))).bucket("guests")
            for _ in range(clients)
        ]
        await asyncio.gather(*(names["task"](guests[number % clients]) for number in range(20)))
        stored = await guests[0].get("ada")
    assert (stored.data["visits"], len(stored.siblings)) == (20, 1)
