"""``shell``: a prompt with ``await``, and with the commands as they are on the command line."""

from __future__ import annotations

import ast
import asyncio
import inspect
import shlex
import sys
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.catalog import COMMANDS
from aioriak.cli.completion import FRESH, Names, read_names, suggestions
from aioriak.cli.exits import status_of
from aioriak.cli.notation import printable, show
from aioriak.cli.options import command
from aioriak.cli.output import complain, dumps
from aioriak.error import RiakError

if TYPE_CHECKING:
    from aioriak.cli.session import Session
    from aioriak.client import RiakClient

_NOT_HERE = ("serve", "shell")
_BANNER = "Python with await; client and bucket(name, type) are there. Commands work too: get users ada. Ctrl-D ends."


@command("shell")
def shell_command(session: Session) -> None:
    """Open a prompt: Python with "await" at the top level, and the commands of aioriak.

    "client" is a connected client, "bucket(name, type)" a bucket. A line that begins with a command's name,
    such as "get users ada", runs the command. History is kept in ~/.local/state/aioriak/history.
    """
    session.run(lambda client: _prompt(session, client))


async def _prompt(session: Session, client: RiakClient) -> None:
    shell = Shell(session, client)
    read = _reader(shell)
    if sys.stdin.isatty():
        session.output.line(_BANNER)
        session.output.flush()
    async with asyncio.TaskGroup() as tasks:
        while True:
            if sys.stdin.isatty():
                shell.learn_names(tasks)
            try:
                line = await read()
            except EOFError:
                return
            except KeyboardInterrupt:
                continue
            await shell.run(line)
            session.output.flush()


def _reader(shell: Shell) -> Callable[[], Awaitable[str]]:
    if not sys.stdin.isatty():

        async def from_pipe() -> str:
            line: str = await asyncio.to_thread(sys.stdin.readline)
            if not line:
                raise EOFError
            return line.rstrip("\n")

        return from_pipe
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory

    class Words(Completer):
        """Completes commands, bucket types, buckets, and the names that were used in this session."""

        async def get_completions_async(self, document: Any, complete_event: Any) -> AsyncGenerator[Completion, None]:
            """Wait for the names that the server was asked for, and yield what the word may become."""
            await shell.learned()
            for completion in self.get_completions(document, complete_event):
                yield completion

        def get_completions(self, document: Any, complete_event: Any) -> Iterable[Completion]:
            """Return what the word at the cursor may become."""
            found, length = shell.suggestions(document.text_before_cursor)
            for name in found:
                yield Completion(name, start_position=-length)

    history: History = InMemoryHistory()
    path = Path.home() / ".local" / "state" / "aioriak" / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        history = FileHistory(str(path))
    except OSError:
        pass  # a prompt without a history is better than none
    prompt: PromptSession[str] = PromptSession(history=history, completer=Words(), complete_while_typing=False)

    async def from_terminal() -> str:
        return str(await prompt.prompt_async("aioriak> "))

    return from_terminal


class Shell:
    """Runs lines of Python and of commands."""

    def __init__(self, session: Session, client: RiakClient) -> None:
        self._session = session
        session.output.ends_lines = True
        self._client = client
        self._used: set[str] = set()
        self._buckets = Names()
        self._due = 0.0
        self._learning: asyncio.Task[None] | None = None
        self.names: dict[str, Any] = {"client": client, "bucket": client.bucket, "asyncio": asyncio}

    def suggestions(self, before: str) -> tuple[list[str], int]:
        """Return what the word before the cursor may become, and the length of that word."""
        commands = sorted({*COMMANDS, *self.names} - set(_NOT_HERE))
        found, length = suggestions(before, commands, self._buckets)
        word = before[len(before) - length :]
        used = [name for name in sorted(self._used) if word and name.startswith(word) and name != word]
        return list(dict.fromkeys([*found, *used])), length

    def learn_names(self, tasks: asyncio.TaskGroup) -> None:
        """Ask the server for its bucket types and buckets, to complete them, unless that was done just now."""
        now = asyncio.get_running_loop().time()
        if now >= self._due:
            self._due = now + FRESH
            self._learning = tasks.create_task(self._read_names())

    async def learned(self) -> None:
        """Wait for the answer, which may come too late for the names to be known."""
        if self._learning is not None:
            await asyncio.wait({self._learning})

    async def _read_names(self) -> None:
        self._buckets = await read_names(self._client)

    async def run(self, line: str) -> None:
        """Run a line; errors are printed."""
        line = line.strip()
        if not line:
            return
        first = line.split(maxsplit=1)[0]
        if first in COMMANDS and first not in _NOT_HERE and not self._is_python(line):
            await asyncio.to_thread(self._run_command, line)
            return
        try:
            await self._evaluate(line)
        except RiakError as error:
            complain(f"{type(error).__name__}: {error} (status {status_of(error)})")
        except Exception as error:  # of what was typed
            complain("".join(traceback.format_exception_only(error)).strip())

    @staticmethod
    def _is_python(line: str) -> bool:
        try:
            tree = ast.parse(line)
        except SyntaxError:
            return False
        return not (isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Name))

    def _run_command(self, line: str) -> None:
        from aioriak.cli.app import cli

        try:
            words = shlex.split(line)
        except ValueError as error:
            complain(str(error))
            return
        self._used.update(word for word in words[1:] if not word.startswith("-"))
        with click.Context(cli, info_name="aioriak", obj=self._session) as parent:
            found = cli.get_command(parent, words[0])
            assert found is not None
            as_json, self._session.output.json = self._session.output.json, False
            try:
                with found.make_context(words[0], words[1:], parent=parent) as context:
                    found.invoke(context)
            except click.exceptions.Exit:
                pass
            except click.UsageError as error:
                complain(error.format_message())
            except click.ClickException as error:
                error.show()
            except RiakError as error:
                complain(f"{type(error).__name__}: {error}")
            finally:
                self._session.output.flush()
                self._session.output.json = as_json

    async def _evaluate(self, line: str) -> None:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        try:
            code = compile(line, "<shell>", "eval", flags)
        except SyntaxError:
            code = compile(line, "<shell>", "exec", flags)
        value = eval(code, self.names)
        if inspect.isawaitable(value):
            value = await value
        if value is not None:
            self.names["_"] = value
            self._session.output.line(pretty(value))


def pretty(value: Any) -> str:
    """Return an object, a conflict or a data type for people to read."""
    from aioriak.datatypes import Datatype
    from aioriak.riak_object import RiakObject

    if isinstance(value, RiakObject):
        from aioriak.cli.objects import metadata_rows
        from aioriak.cli.siblings import value_lines

        lines = [f"{value.bucket.path}/{show(value.key)}" + ("" if value.siblings else " (not found)")]
        for number, content in enumerate(value.siblings, 1):
            if len(value.siblings) > 1:
                lines.append(f"sibling {number} of {len(value.siblings)}")
            lines += [f"  {label}: {text}" for label, text in metadata_rows(content)]
            lines += [f"  {line}" for line in value_lines(content)]
        return "\n".join(lines)
    if isinstance(value, Datatype):
        return f"{value.type_name} {dumps(value.value, indent=2)}"
    return printable(repr(value), "\n")
