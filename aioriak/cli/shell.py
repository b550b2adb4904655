"""``shell``: a prompt with ``await``, and with the commands as they are on the command line."""

from __future__ import annotations

import ast
import asyncio
import inspect
import shlex
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aioriak.cli.catalog import COMMANDS
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
    while True:
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

    class Names(Completer):
        """Completes commands, and the buckets and types that were used in this session."""

        def get_completions(self, document: Any, complete_event: Any) -> Iterable[Completion]:
            """Return the words that begin like the one at the cursor."""
            word = document.get_word_before_cursor(WORD=True)
            for name in shell.words():
                if name.startswith(word) and word:
                    yield Completion(name, start_position=-len(word))

    history: History = InMemoryHistory()
    path = Path.home() / ".local" / "state" / "aioriak" / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        history = FileHistory(str(path))
    except OSError:
        pass  # a prompt without a history is better than none
    prompt: PromptSession[str] = PromptSession(history=history, completer=Names())

    async def from_terminal() -> str:
        return str(await prompt.prompt_async("aioriak> "))

    return from_terminal


class Shell:
    """Runs lines of Python and of commands."""

    def __init__(self, session: Session, client: RiakClient) -> None:
        self._session = session
        session.output.ends_lines = True
        self._used: set[str] = set()
        self.names: dict[str, Any] = {"client": client, "bucket": client.bucket, "asyncio": asyncio}

    def words(self) -> list[str]:
        """Return what a word may be completed to."""
        return sorted({*COMMANDS, *self.names, *self._used} - set(_NOT_HERE))

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
