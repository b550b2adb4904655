"""Output: safe for terminals, exact for pipes, JSON for programs.

Nothing that was stored reaches a terminal without :func:`~aioriak.cli.notation.printable` or
:func:`~aioriak.cli.notation.show`: an escape sequence in a value must not act on the terminal.
"""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aioriak.cli.notation import printable, show
from aioriak.operations.names import Name, text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_BATCH = 64 * 1024  # characters that are written at once where nobody watches


def to_json(value: Any) -> Any:
    """Return a value in terms of JSON: bytes that are not UTF-8 become ``{"base64": …}``."""
    if isinstance(value, bytes):
        decoded = text(value)
        if isinstance(decoded, str):
            return decoded
        from base64 import b64encode

        return {"base64": b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {_key(name): to_json(one) for name, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((to_json(one) for one in value), key=str)
    if isinstance(value, (list, tuple)):
        return [to_json(one) for one in value]
    return value


def _key(name: Any) -> str:
    if isinstance(name, tuple):  # a field of a map: name and type, as Riak's HTTP interface writes it
        return "_".join(show(part) for part in name)
    return show(name) if isinstance(name, (str, bytes)) else str(name)


def dumps(value: Any, indent: int | None = None) -> str:
    """Return JSON in which every character prints."""
    encoded = json.dumps(to_json(value), ensure_ascii=False, indent=indent, default=str)
    if encoded.isprintable():
        return encoded
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
        for character in encoded
    )


def width() -> int:
    """Return the number of columns of the terminal."""
    import shutil

    return max(20, shutil.get_terminal_size((80, 24)).columns)


def is_terminal() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def console(*, err: bool = False) -> Console:
    """Return a console for stdout or stderr: colours on a terminal, none with ``NO_COLOR``."""
    from rich.console import Console

    return Console(stderr=err, highlight=False, markup=False, emoji=False)


class Output:
    """What a command prints with: lines for people, or with ``--json`` one JSON document a line."""

    def __init__(self) -> None:
        self.json = False
        self.null = False
        """End names with NUL instead of a newline."""
        self.ends_lines = False
        """End a value with a newline in a pipe too, because a prompt follows."""
        self._lines: list[str] = []
        self._size = 0

    def line(self, *parts: str, end: str = "\n") -> None:
        """Print text; what does not print is escaped."""
        written = printable(" ".join(parts), "\n\t")
        self._write((fold(written) if is_terminal() else written) + end)

    def names(self, names: Iterable[Name]) -> None:
        """Print names, one a line, or in JSON one document each."""
        for name in names:
            if self.json:
                self.document(name)
            else:
                self._write(show(name) + ("\0" if self.null else "\n"))

    def document(self, value: Any) -> None:
        """Print one JSON document on a line."""
        self._write(dumps(value) + "\n")

    def value(self, value: bytes, *, raw: bool = False) -> None:
        """Print a stored value: its bytes into a pipe, on a terminal text that is safe."""
        if raw or not is_terminal():
            self.flush()
            _binary().write(value + b"\n" if self.ends_lines and not value.endswith(b"\n") else value)
            _binary().flush()
            return
        decoded = printable(value.decode("utf-8", "surrogateescape"), "\n\t")
        self._write(decoded if decoded.endswith("\n") else decoded + "\n")

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
        """Print a table on a terminal, lines of tab-separated cells into a pipe.

        ``right``: the numbers of the columns that are aligned to the right.
        """
        if not is_terminal():
            for row in rows:
                self._write("\t".join(printable(cell) for cell in row) + "\n")
            return
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
        for number, title in enumerate(titles):
            table.add_column(title, justify="right" if number in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        self.render(table)

    def render(self, *parts: RenderableType) -> None:
        """Print with rich; the parts must be safe already."""
        self.flush()
        screen = console()
        for part in parts:
            screen.print(part)

    def _write(self, written: str) -> None:
        self._lines.append(written)
        self._size += len(written)
        if self._size >= _BATCH or is_terminal():
            self.flush()

    def flush(self) -> None:
        """Write out what was printed. Raises ``OSError``."""
        lines, self._lines, self._size = self._lines, [], 0
        if lines:
            sys.stdout.write("".join(lines))
        sys.stdout.flush()


def _binary() -> Any:
    return sys.stdout.buffer


def fold(written: str, indent: str = "") -> str:
    """Break the lines of a text so that none is wider than the terminal."""
    room = width()
    lines: list[str] = []
    for line in written.expandtabs().split("\n"):
        lines.append(line[:room])
        rest = line[room:]
        while rest:
            lines.append(indent + rest[: room - len(indent)])
            rest = rest[room - len(indent) :]
    return "\n".join(lines)


def complain(message: str) -> None:
    """Print an error or a warning on stderr, folded to the terminal's width there."""
    lines = [printable(line) for line in f"aioriak: {message}".split("\n")]
    try:
        if sys.stderr.isatty():
            columns = width()
            lines = [
                folded
                for line in lines
                for folded in textwrap.wrap(line, columns, subsequent_indent="  ", break_on_hyphens=False) or [""]
            ]
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # there is nobody to tell


def note(message: str) -> None:
    """Print a remark about what was done on stderr."""
    try:
        written = printable(message, "\n")
        sys.stderr.write((fold(written, "  ") if sys.stderr.isatty() else written) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def prepare_streams() -> None:
    """Make stdout and stderr take any text, whatever the locale."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def abandon_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush cannot fail."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError):
        pass
