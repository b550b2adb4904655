"""The table of errors in the documentation, which says of every class what it means."""

from __future__ import annotations

import inspect
import pathlib
import re

import aioriak.error as errors
from aioriak.error import (
    ClientClosed,
    ConnectError,
    InvalidRequest,
    PoolTimeout,
    PreconditionFailed,
    RiakError,
    WrongEventLoop,
)

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "reference" / "errors.rst"
NEVER_SENT = (InvalidRequest, ClientClosed, WrongEventLoop, ConnectError, PoolTimeout)
ROW = re.compile(r"    \* - :class:`~aioriak\.error\.(\w+)`\n      - (.+)\n      - (.+)\n")


def was_done(kind: type[RiakError]) -> str:
    """Return what the error of this class says about a write."""
    if kind.outcome_unknown:
        return "unknown"
    if kind.written:
        return "done"
    if issubclass(kind, (*NEVER_SENT, PreconditionFailed)):
        return "not done"
    return "see the error" if kind is RiakError else "–"


def row(kind: type[RiakError]) -> tuple[str, str, str]:
    meaning = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
    return kind.__name__, meaning, was_done(kind)


def drawn() -> list[type[RiakError]]:
    """Return the classes in the order of the tree in the module's docstring."""
    names = re.findall(r"^    [ │├└─]*([A-Z]\w+)", (errors.__doc__ or "").split("::")[1], re.MULTILINE)
    return [getattr(errors, name) for name in names]


def table() -> str:
    """Return the table as the page must have it."""
    rows = ("    * - :class:`~aioriak.error.{}`\n      - {}\n      - {}\n".format(*row(kind)) for kind in drawn())
    return "".join(rows)


def test_the_page_has_a_row_for_every_error_in_the_words_of_its_docstring() -> None:
    assert ROW.findall(PAGE.read_text()) == [row(kind) for kind in drawn()]
