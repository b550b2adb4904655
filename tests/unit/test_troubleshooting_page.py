"""The page of messages: each is worded as it is raised today."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

import aioriak
from aioriak.error import ServerError, from_server

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "howto" / "troubleshooting.rst"
HEAD = re.compile(r"^\*\*.+$", re.MULTILINE)
ENTRIES = [
    (message, re.findall(r"error\.(\w+)`", heading))
    for heading in HEAD.findall(PAGE.read_text())
    for message in re.findall(r"\*\*(.+?)\*\*", heading)
]
OF_PYTHON = {"object is not subscriptable", "object has no attribute", "ListingWarning"}
WHOLE = {
    "Security is enabled": "Security is enabled, please STARTTLS first",
    "Unknown message code": "Unknown message code: 27",
    "is not a supported type": "Bucket datatype `undefined` is not a supported type",
    "Operation type is … but bucket type is …": "Operation type is `set` but  bucket type is `counter`.",
}


def literals() -> str:
    """Return the strings of the package, a line each, with "…" for what is put into them."""
    found = []
    for path in pathlib.Path(aioriak.__file__).parent.rglob("*.py"):
        if "testing" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


LITERALS = literals()


def test_the_page_has_entries() -> None:
    assert len(ENTRIES) > 25


@pytest.mark.parametrize(("message", "kinds"), ENTRIES, ids=[message for message, _ in ENTRIES])
def test_a_message_of_the_page_is_worded_as_it_is_raised(message: str, kinds: list[str]) -> None:
    if message in OF_PYTHON:
        return
    text = WHOLE.get(message, message).replace("N}", "3}")
    error = from_server(text)
    if type(error) is ServerError:
        assert message in LITERALS
    else:
        assert {kind.__name__ for kind in type(error).__mro__} & set(kinds)
