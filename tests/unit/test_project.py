"""The project's own files agree with each other."""

from __future__ import annotations

import importlib.util
import io
import pathlib
import re
import subprocess
import sys
import tarfile
import tomllib
from importlib.metadata import version
from types import ModuleType
from typing import Any

import pytest

import aioriak

ROOT = pathlib.Path(__file__).parents[2]
HEADINGS = {"Breaking changes", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def release_check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release_check", ROOT / "tools" / "release_check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_version_is_stated_in_one_place(project: dict[str, Any], release_check: ModuleType) -> None:
    assert "version" in project["project"]["dynamic"]
    assert release_check.source_version() == aioriak.__version__ == version("aioriak")


def test_classifiers_tox_and_the_workflow_name_the_same_pythons(project: dict[str, Any]) -> None:
    named = "Programming Language :: Python :: "
    classified = {text.removeprefix(named) for text in project["project"]["classifiers"] if text.startswith(named)}
    pythons = {text for text in classified if re.fullmatch(r"3\.\d+", text)}
    tox = {f"3.{minor}" for minor in re.findall(r"\bpy3(\d+)\b(?!-)", (ROOT / "tox.ini").read_text())}
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text()
    matrix = re.search(r"python: \[(.*)\]", workflow)
    assert matrix
    assert pythons == tox == set(re.findall(r"3\.\d+", matrix[1]))
    assert min(pythons, key=lambda text: int(text[2:])) == project["project"]["requires-python"].removeprefix(">=")


def test_the_changelog_has_this_version_under_the_usual_headings(release_check: ModuleType) -> None:
    text = (ROOT / "CHANGELOG.rst").read_text()
    release_check.check_changelog(text, aioriak.__version__)
    assert set(re.findall(r"^(.+)\n~+$", text, re.MULTILINE)) <= HEADINGS


def test_warnings_are_not_printed_unless_the_program_configures_logging() -> None:
    program = "import logging, aioriak; logging.getLogger('aioriak.cluster').warning('a node is down')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr == ""


def test_a_release_without_a_date_in_the_changelog_is_refused(release_check: ModuleType) -> None:
    release_check.check_changelog("2.0.0 - unreleased\n", "2.0.0.dev1")
    release_check.check_changelog("2.0.0 - 2027-01-31\n", "2.0.0")
    for text in ("2.0.0 - unreleased\n", "1.9.0 - 2027-01-31\n"):
        with pytest.raises(release_check.Failed):
            release_check.check_changelog(text, "2.0.0")


def test_a_source_distribution_without_tests_is_refused(tmp_path: pathlib.Path, release_check: ModuleType) -> None:
    def made(names: list[str]) -> pathlib.Path:
        path = tmp_path / "aioriak-1.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name in names:
                archive.addfile(tarfile.TarInfo(f"aioriak-1/{name}"), io.BytesIO())
        return path

    complete = list(release_check.IN_THE_SOURCES)
    release_check.check_sources(made(complete))
    with pytest.raises(release_check.Failed, match=r"lacks tests/conftest\.py"):
        release_check.check_sources(made([name for name in complete if name != "tests/conftest.py"]))
    with pytest.raises(release_check.Failed, match="holds tests/__pycache__"):
        release_check.check_sources(made([*complete, "tests/__pycache__/conftest.pyc"]))


def test_workflows_and_forms_name_targets_and_files_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in (ROOT / ".github").rglob("*.*"):
        text = path.read_text()
        assert set(re.findall(r"(?:^- run: |`)make ([a-z-]+)", text, re.MULTILINE)) <= targets, path.name
        for named in re.findall(r"\b((?:tools|tests|docs)/[\w/.]+\w|[A-Z]{4,}\.rst)\b", text):
            assert (ROOT / named).exists() or named == "docs/_build/html", f"{path.name}: {named}"
