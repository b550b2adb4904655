"""The projects on the page about testing work as a reader writes them down."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import textwrap

import pytest

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "howto" / "testing.rst"
_BLOCK = re.compile(
    r"^\.\. code-block:: \w+\n    :caption: (?P<file>\S+)\n(?:    :.*\n)*\n(?P<text>(?: {4}.*\n|\s*\n)+)", re.MULTILINE
)


def test_the_files_of_the_page_are_a_project_whose_tests_pass(tmp_path: pathlib.Path) -> None:
    for package in ("fastapi", "httpx"):
        pytest.importorskip(package)
    files = {found["file"]: textwrap.dedent(found["text"]) for found in _BLOCK.finditer(PAGE.read_text())}
    assert {"pyproject.toml", "conftest.py", "test_users.py", "test_web.py", "test_case.py"} <= files.keys()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    tests = sum(text.count("def test_") for text in files.values())
    assert f"{tests} passed" in ran.stdout, ran.stdout + ran.stderr
