"""What the command imports before it answers: counted, because time depends on the machine.

``python -m benchmarks.startup`` measures the time.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
before = set(sys.modules)
from aioriak.__main__ import main
try:
    status = main({arguments!r})
except SystemExit as end:
    status = end.code
print(status, *set(sys.modules) - before, file=sys.stderr)
"""
HEAVY = (
    "rich", "prompt_toolkit", "pygments", "aioriak.testing", "aioriak.models", "sqlite3", "zstandard", "keyring",
    "opentelemetry", "uvloop", "pydantic", "msgspec",
)  # fmt: skip


def modules(*arguments: str) -> set[str]:
    """Return the modules that the command imports until it has answered, without those of the interpreter's start."""
    program = PROGRAM.format(arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    status, *names = done.stderr.split()
    assert status == "0", done.stderr
    assert "aioriak" in done.stdout
    return set(names)


def heavy(names: set[str]) -> set[str]:
    return {name for name in names if any(name == one or name.startswith(f"{one}.") for one in HEAVY)}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["-h"]], ids=" ".join)
def test_help_and_version_import_no_command(arguments: list[str]) -> None:
    names = modules(*arguments)
    assert heavy(names) == set()
    commands = {name for name in names if name.startswith("aioriak.cli.")} - {
        "aioriak.cli.app", "aioriak.cli.catalog", "aioriak.cli.exits", "aioriak.cli.notation", "aioriak.cli.output",
        "aioriak.cli.profiles", "aioriak.cli.session",
    }  # fmt: skip
    assert commands == set()
    assert len(names) < 350


@pytest.mark.parametrize("command", ["get", "keys", "dump", "serve", "status", "shell"])
def test_the_help_of_a_command_imports_that_command_alone(command: str) -> None:
    names = modules(command, "--help")
    allowed = {"serve": {"aioriak.testing", "sqlite3"}, "dump": {"sqlite3"}}.get(command, set())
    assert {name for name in heavy(names) if not any(name.startswith(one) for one in allowed)} == set()
