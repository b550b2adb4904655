"""Running the type checkers over programs, and what the programs expect of them.

Two comments state an expectation of their line:

``# revealed: TYPE``
    the type that ``reveal_type`` reports, with class names alone
``# expect-error: CODE, RULE, RULE``
    an error: mypy's code and then pyright's rules, ``-`` where that checker has none

``# needs: LIBRARY`` names a library without which a program is not checked.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).parents[2]
PROGRAMS = pathlib.Path(__file__).parent / "programs"

_REVEALED = re.compile(r"# revealed: (.+)$")
_ERROR = re.compile(r"# expect-error: (.+)$")
_NEEDED = re.compile(r"^# needs: (\w+)$", re.MULTILINE)
_MODULE = re.compile(r"\b(?:\w+\.)+(?=\w)")
_TYPED_DICT = re.compile(r"TypedDict\((\w+), \{[^{}]*\}\)")


@dataclass
class Reports:
    """What is reported for one program, or expected of it: by line."""

    revealed: dict[int, str] = field(default_factory=dict)
    errors: dict[int, set[str]] = field(default_factory=dict)

    def add_error(self, line: int, code: str) -> None:
        """Add an error of a line."""
        self.errors.setdefault(line, set()).add(code)


def needed(source: str) -> list[str]:
    """Return the libraries that a program needs."""
    return _NEEDED.findall(source)


def expected(source: str, checker: str) -> Reports:
    """Return what the comments of a program expect of ``mypy`` or ``pyright``."""
    reports = Reports()
    for line, text in enumerate(source.splitlines(), 1):
        if found := _REVEALED.search(text):
            reports.revealed[line] = found[1]
        if found := _ERROR.search(text):
            first, *rest = (code.strip() for code in found[1].split(","))
            for code in [first] if checker == "mypy" else rest:
                if code != "-":
                    reports.add_error(line, code)
    return reports


def differences(wanted: Reports, found: Reports) -> list[str]:
    """Return the differences between what was expected and what was reported, in words."""
    found_out: list[str] = []
    for line in sorted(wanted.revealed.keys() | found.revealed.keys()):
        here, there = wanted.revealed.get(line), found.revealed.get(line)
        if here != there:
            found_out.append(f"line {line}: revealed {there}, expected {here}")
    for line in sorted(wanted.errors.keys() | found.errors.keys()):
        codes, reported = wanted.errors.get(line, set()), found.errors.get(line, set())
        if codes != reported:
            found_out.append(f"line {line}: errors {sorted(reported)}, expected {sorted(codes)}")
    return found_out


def run_mypy(paths: list[pathlib.Path]) -> dict[pathlib.Path, Reports]:
    """Check programs with ``mypy --strict``, in one process."""
    options = ["--strict", "--explicit-package-bases", "--no-error-summary", "--output", "json"]
    command = [sys.executable, "-m", "mypy", *options, "--config-file", str(ROOT / "pyproject.toml")]
    done = subprocess.run([*command, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        raise AssertionError(f"mypy failed: {done.stdout}{done.stderr}")
    reports = {path: Reports() for path in paths}
    for line in done.stdout.splitlines():
        found = json.loads(line)
        report = reports.setdefault((ROOT / found["file"]).resolve(), Reports())
        if found["message"].startswith("Revealed type is "):
            report.revealed[found["line"]] = _names(found["message"].removeprefix("Revealed type is "))
        elif found["severity"] == "error":
            report.add_error(found["line"], found["code"])
    return reports


def run_pyright(paths: list[pathlib.Path]) -> dict[pathlib.Path, Reports]:
    """Check programs with pyright, in one process."""
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"]
    quiet = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}  # it would look for a newer release
    done = subprocess.run(
        [*command, *map(str, paths)], cwd=ROOT, env=quiet, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise AssertionError(f"pyright failed: {done.stdout}{done.stderr}")
    answer = json.loads(done.stdout[done.stdout.index("{") :])
    reports = {path: Reports() for path in paths}
    for found in answer["generalDiagnostics"]:
        report = reports.setdefault(pathlib.Path(found["file"]).resolve(), Reports())
        line = found["range"]["start"]["line"] + 1
        if found["severity"] == "information":
            report.revealed[line] = _names(found["message"].rpartition(" is ")[2])
        else:
            report.add_error(line, found.get("rule", "syntax"))
    for report in reports.values():
        for codes in report.errors.values():
            unknown = {code for code in codes if code.startswith("reportUnknown")}
            if codes > unknown:  # they follow from the other errors
                codes -= unknown
    return reports


def _names(revealed: str) -> str:
    """Return a revealed type by the names of classes alone."""
    return _TYPED_DICT.sub(r"\1", _MODULE.sub("", revealed.strip('"')))
