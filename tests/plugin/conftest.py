"""Small projects of users, each run by pytest in a process of its own, with the plugins that it names and no others."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.protobuf_warning import IGNORE_IT

PROJECTS = pathlib.Path(__file__).parent / "projects"
collect_ignore = ["projects"]

Run = Callable[..., str]


@pytest.fixture
def run_project(tmp_path: pathlib.Path) -> Run:
    """Copies a project to a folder of its own, runs its tests and returns what pytest printed."""

    def run(name: str, *options: str, plugins: tuple[str, ...] = ()) -> str:
        folder = shutil.copytree(PROJECTS / name, tmp_path / name)
        loaded = [part for plugin in (*plugins, "aioriak.pytest_plugin") for part in ("-p", plugin)]
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("PYTEST_ADDOPTS", None)
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider",
             "-W", IGNORE_IT,
             *loaded, *options],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        return ran.stdout + ran.stderr

    return run
