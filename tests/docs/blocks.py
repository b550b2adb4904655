"""Find the code blocks of a documentation page, and run them as a reader would paste them.

A Python block is one of three:

* With ``:caption: name.py`` the reader saves it under that name.  A console block
  of the page runs it, or another file imports it.
* With a call of ``asyncio.run`` it is a complete program, run by itself.
* Any other block is pasted into ``python -m asyncio``, or another prompt that
  knows ``await``.  The blocks of a page that are pasted share one session, and
  nothing else: a page says itself what it imports and how it opens its client.

Each ``print`` says what it prints, in a comment behind it, or in comment lines below
the statement that prints it.  ``...`` stands for any text.

A console block holds commands after ``$``, and what they print.  Commands that
install or change a machine (:data:`CHECKED`) are checked but not run.  ``pytest`` runs
the tests that the page has saved so far, or the files that the command names.

A command that runs a saved program with ``run_app`` starts a service, which runs
until the page has been read.

``localhost:8087`` stands for the server that the blocks run against, and ports 8088
and 8089 for its further nodes.  Services listen on free ports in place of 8080 and 8081.
"""

from __future__ import annotations

import ast
import asyncio
import codeop
import inspect
import json
import os
import pathlib
import re
import runpy
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
import tomllib
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from fnmatch import fnmatch
from io import StringIO
from typing import Any, NamedTuple

from aioriak import RiakClient
from tests.protobuf_warning import IGNORE_IT

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"
OTHERS = {DOCS / "cli.rst"}  # tested where its subject is
PAGES = [ROOT / "README.rst", *sorted(set(DOCS.rglob("*.rst")) - OTHERS)]

_DIRECTIVE = re.compile(
    r"^(?P<indent> *)\.\. code-block:: (?P<language>\w+)\n(?P<options>(?: +:.*\n)*)\n"
    r"(?P<code>(?:(?P=indent) +.*\n|\s*\n)+)",
    re.MULTILINE,
)
_SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


class Block(NamedTuple):
    """A code block of a page."""

    page: pathlib.Path
    line: int
    language: str
    caption: str
    code: str

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.page.name}:{self.line}"

    @property
    def is_program(self) -> bool:
        """Whether it runs by itself."""
        return "asyncio.run(" in self.code


class Wrong(AssertionError):
    """A block does not do what its page says."""


def blocks(page: pathlib.Path) -> Iterator[Block]:
    """Return the blocks of a page, in order."""
    text = with_includes(page.read_text())
    for found in _DIRECTIVE.finditer(text):
        caption = re.search(r":caption: (.*)", found["options"])
        line = text.count("\n", 0, found.start("code")) + 1
        code = textwrap.dedent(found["code"]).rstrip() + "\n"
        yield Block(page, line, found["language"], caption[1] if caption else "", code)


def with_includes(text: str) -> str:
    """Put in the files that a page includes from the documentation."""
    return re.sub(r"^\.\. include:: /(.*)\n", lambda found: (DOCS / found[1]).read_text(), text, flags=re.MULTILINE)


class Reader:
    """Works through a page in a folder of its own, in one session, against one server.

    ``replaced`` says what stands for addresses and files that a page names. With
    ``processes=False`` commands that need a process of their own are left out.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        ports: Sequence[int],
        replaced: Mapping[str, str] | None = None,
        *,
        processes: bool = True,
    ) -> None:
        self._folder = folder
        self._processes = processes
        self._ports = ports
        self._replaced = replaced or {}
        self._names: dict[str, Any] = {}
        self._saved: dict[str, Block] = {}
        self._used: set[str] = set()
        self._services: list[subprocess.Popen[str]] = []
        self._service_ports = _free_ports(2)

    def read(self, page: pathlib.Path) -> int:
        """Run the blocks of a page; return how many there are.  Raise :class:`Wrong` at the first that errs."""
        count = 0
        self._names, self._saved, self._used = {"__name__": "__main__", "asyncio": asyncio}, {}, set()
        with asyncio.Runner() as runner, _in_folder(self._folder):
            try:
                for count, block in enumerate(blocks(page), 1):  # noqa: B007
                    self._run(block, runner)
            finally:
                self._stop_services()
                for value in self._names.values():
                    if isinstance(value, RiakClient):
                        runner.run(value.aclose())
        for name, block in self._saved.items():
            if name not in self._used:
                raise Wrong(f"{block.place}: nothing on the page runs or imports {name}")
        return count

    def _run(self, block: Block, runner: asyncio.Runner) -> None:
        if block.language == "python":
            if block.caption:
                self._save(block)
            elif block.is_program:
                _expect(block, _promised(block), _printed(block, lambda: self._run_program(block)))
            else:
                self._used |= {name for name in self._saved if _uses(block.code, name)}
                _expect(block, _promised(block), _printed(block, lambda: self._paste(block, runner)))
        elif block.language == "console":
            for command, output in commands(block):
                self._command(block, command, output)
        elif block.caption:
            self._save(block)

    def _save(self, block: Block) -> None:
        (self._folder / block.caption).write_text(self._here(block.code))
        self._saved[block.caption] = block
        self._used |= {name for name in self._saved if _uses(block.code, name)}

    def _run_program(self, block: Block) -> None:
        tree = ast.increment_lineno(ast.parse(self._here(block.code)), block.line - 1)
        exec(compile(tree, str(block.page), "exec", dont_inherit=True), {"__name__": "__main__"})

    def _paste(self, block: Block, runner: asyncio.Runner) -> None:
        for number, source in statements(block, self._here(block.code)):
            tree = ast.increment_lineno(ast.parse(source), block.line + number - 1)
            # without the __future__ imports of this module, which a prompt does not have
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            code = compile(tree, str(block.page), "exec", flags=flags, dont_inherit=True)
            if code.co_flags & inspect.CO_COROUTINE:
                runner.run(_awaited(code, self._names))
            else:
                exec(code, self._names)

    def _command(self, block: Block, command: str, output: str) -> None:
        words = shlex.split(command, comments=True)
        for checked, check in CHECKED.items():
            if words[: len(checked)] == list(checked):
                check(block, command, words)
                return
        self._used |= {name for name in self._saved if name in words or _module(name) in re.split(r"[\s:]", command)}
        if words[:1] == ["pytest"]:
            self._used |= {name for name in self._saved if name in ("pyproject.toml", "conftest.py")}
            self._used |= {name for name in self._saved if fnmatch(name, "test_*.py") and not _named_tests(words)}
        if words[:1] == ["python"] and words[1] in self._saved and "run_app(" in self._saved[words[1]].code:
            self._start_service(block, command, output)
            return
        if words[:1] == ["python"] and len(words) == 2 and words[1] in self._saved:
            # In this process: a new one would take most of the time of these tests.
            printed = _printed(block, lambda: runpy.run_path(words[1], run_name="__main__"))
        elif not self._processes:
            return
        elif "serve" in words and words[0] in ("aioriak", "python"):
            self._serve(block, words)
            return
        else:
            printed = self._subprocess(block, command, words)
        _expect(block, output.splitlines(), printed)

    def _subprocess(self, block: Block, command: str, words: Sequence[str]) -> str:
        done = subprocess.run(
            self._here(command), shell=True, cwd=self._folder, env=self._environment(), text=True, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if done.returncode and "exit status" not in command:
            raise Wrong(f"{block.place}: {command} ended with status {done.returncode}:\n{done.stdout}")
        return done.stdout

    def _serve(self, block: Block, words: Sequence[str]) -> None:
        """Start a server as the page says, at another port, see it ready, and stop it."""
        words = [*words, "--port", "0"]  # the last one counts
        if words[0] == "python":
            words[0] = sys.executable
        serving = subprocess.Popen(
            words, cwd=self._folder, env=self._environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            assert serving.stdout is not None
            said = serving.stdout.readline()
        finally:
            serving.terminate()
            said += serving.communicate(timeout=30)[0]
        if "ready" not in said.partition("\n")[0]:
            raise Wrong(f"{block.place}: {shlex.join(words)}: {said}")

    def _start_service(self, block: Block, command: str, output: str) -> None:
        """Start a service of the page, and wait until it has printed what the page shows."""
        words = [sys.executable, "-u", *shlex.split(self._here(command))[1:]]
        service = subprocess.Popen(
            words, cwd=self._folder, env=self._environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._services.append(service)
        assert service.stdout is not None
        promised = self._here(output).splitlines()
        _expect(block, promised, "".join(service.stdout.readline() for _ in promised))

    def _stop_services(self) -> None:
        """Interrupt the services, as Ctrl-C does; they must end by themselves."""
        services, self._services = self._services, []
        for service in services:
            service.send_signal(signal.SIGINT)
        for service in services:
            said = service.communicate(timeout=30)[0]
            if "Traceback" in said:
                raise Wrong(f"{shlex.join(map(str, service.args))}: {said}")

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")])
        return os.environ | {
            "PATH": path, "AIORIAK_URL": f"riak://127.0.0.1:{self._ports[0]}", "COLUMNS": "80", "NO_COLOR": "1",
            "PYTHONPATH": str(ROOT), "HOME": str(self._folder),
            "PYTEST_ADDOPTS": shlex.join(["-W", IGNORE_IT]),
        }  # fmt: skip

    def _here(self, code: str) -> str:
        for told, here in self._replaced.items():
            code = code.replace(told, here)
        for told, port in zip((8087, 8088, 8089), self._ports, strict=False):
            code = code.replace(f'"localhost", {told}', f'"127.0.0.1", {port}')
            code = code.replace(f"localhost:{told}", f"127.0.0.1:{port}")
        for told, port in zip((8080, 8081), self._service_ports, strict=True):
            code = re.sub(rf"\b{told}\b", str(port), code)
        return re.sub(r'(RiakClient(?:\.create)?\()"localhost"', rf'\1"127.0.0.1", {self._ports[0]}', code)


def statements(block: Block, code: str) -> Iterator[tuple[int, str]]:
    """Cut a block as the prompt of ``python -m asyncio`` does when it is pasted, with the line of each part."""
    compiler = codeop.CommandCompiler()
    compiler.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    lines: list[str] = []
    for number, line in enumerate([*code.splitlines(), ""]):
        lines.append(line)
        source = "\n".join(lines)
        try:
            complete = compiler(source, str(block.page), "single")
        except SyntaxError as error:
            raise Wrong(f"{block.place}: the prompt refuses line {block.line + number}: {error}") from error
        if complete is not None:
            if source.strip():
                yield number - len(lines) + 1, source + "\n"
            lines = []
    if any(lines):
        raise Wrong(f"{block.place}: the block is not complete")


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Return the commands of a console block, each with the output shown below it."""
    if not block.code.startswith("$ "):
        raise Wrong(f"{block.place}: a console block begins with a command")
    for part in re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        command = [lines.pop(0)]
        while command[-1].endswith("\\"):
            command.append(lines.pop(0))
        yield "\n".join(command), "\n".join(lines)


def _promised(block: Block) -> list[str]:
    """Return the lines that a Python block says it prints."""
    lines = block.code.splitlines()
    found: list[str] = []
    tree = compile(block.code, str(block.page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
    assert isinstance(tree, ast.Module)
    pending: list[ast.Call] = []
    for node in tree.body:
        calls = [each for each in ast.walk(node) if isinstance(each, ast.Call) and ast.unparse(each.func) == "print"]
        below = node.end_lineno or 0
        for call in sorted(calls, key=lambda each: each.lineno):
            comment = re.search(r"\)  # (.*)$", lines[(call.end_lineno or 0) - 1])
            if comment:
                found.append(comment[1])
            else:
                pending.append(call)
        if pending:
            start = len(found)
            while below < len(lines) and not lines[below].strip():
                below += 1
            while below < len(lines) and lines[below].startswith("#"):
                found.append(lines[below].removeprefix("#").removeprefix(" "))
                below += 1
            if len(found) > start:
                pending = []
    if pending:
        line = block.line + pending[0].lineno - 1
        raise Wrong(f"{block.place}: does not say what the print in line {line} prints")
    return found


def _printed(block: Block, run: Callable[[], object]) -> str:
    printed = StringIO()
    try:
        with redirect_stdout(printed):
            run()
    except Wrong:
        raise
    except (Exception, SystemExit) as error:
        raise Wrong(f"{block.place}: {''.join(traceback.format_exception(error))}") from error
    return printed.getvalue()


def _expect(block: Block, promised: Sequence[str], printed: str) -> None:
    pattern = re.escape("\n".join(line.rstrip() for line in promised).strip()).replace(r"\.\.\.", ".*")
    said = "\n".join(line.rstrip() for line in printed.splitlines()).strip()
    if not re.fullmatch(pattern, said, re.DOTALL):
        raise Wrong(f"{block.place} prints\n{said}\nand not\n" + "\n".join(promised))


def _uses(code: str, name: str) -> bool:
    return bool(re.search(rf"\b(?:import|from) {re.escape(_module(name))}\b|[\"']{re.escape(name)}[\"']", code))


def _module(name: str) -> str:
    return name.removesuffix(".py").replace("/", ".")


def _named_tests(words: Sequence[str]) -> bool:
    return any(word.endswith(".py") for word in words)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


async def _awaited(code: Any, names: dict[str, Any]) -> None:
    await eval(code, names)


@contextmanager
def _in_folder(folder: pathlib.Path) -> Iterator[None]:
    """Work in a folder, and import from it; forget what was imported from it afterwards."""
    before, modules = pathlib.Path.cwd(), set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        os.chdir(before)
        for name in set(sys.modules) - modules:
            if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


# -- commands that are checked, not run ---------------------------------------------


def _check_pip(block: Block, command: str, words: Sequence[str]) -> None:
    extras = _SETTINGS["project"]["optional-dependencies"]
    for named in re.findall(r"\[([\w,]+)\]", command):
        for extra in named.split(","):
            if extra not in extras:
                raise Wrong(f"{block.place}: there is no extra {extra}")


def _check_make(block: Block, command: str, words: Sequence[str]) -> None:
    target = next((word for word in words[1:] if "=" not in word), None)
    if target is not None and target not in _TARGETS:
        raise Wrong(f"{block.place}: there is no make target {target}")


def _check_riak_admin(block: Block, command: str, words: Sequence[str]) -> None:
    if words[2:4] == ["bucket-type", "create"] and "props" not in json.loads(words[5]):
        raise Wrong(f"{block.place}: {words[5]} has no props")


def _accept(block: Block, command: str, words: Sequence[str]) -> None:
    """There is nothing to check."""


CHECKED: dict[tuple[str, ...], Callable[[Block, str, Sequence[str]], None]] = {
    ("pip",): _check_pip,
    ("make",): _check_make,
    ("riak", "admin"): _check_riak_admin,
    ("git", "clone"): _accept,
    ("cd",): _accept,
    ("python", "-m", "venv"): _accept,
    (".",): _accept,
    ("docker", "compose"): _accept,
    ("python", "-m", "asyncio"): _accept,
    ("python", "-m", "aioriak.testing.record"): _accept,  # it runs until it is interrupted
}
