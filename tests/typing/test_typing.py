"""The types hold what they promise: mypy, strict, over what an application writes."""

from __future__ import annotations

import pathlib

import pytest

HERE = pathlib.Path(__file__).parent


def test_an_application_is_type_checked() -> None:
    api = pytest.importorskip("mypy.api")
    root = HERE.parents[1]
    options = ["--strict", "--explicit-package-bases", "--config-file", str(root / "pyproject.toml")]
    output, errors, status = api.run([*options, str(HERE / "usage.py")])
    assert status == 0, output + errors
