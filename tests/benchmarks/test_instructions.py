"""The regression guard of the benchmarks: ratios of counted instructions."""

from __future__ import annotations

import json
import pathlib

import pytest

from benchmarks import instructions
from benchmarks.instructions import Row, accept, check, ratios


def rows(get: int, put: int) -> list[Row]:
    counted = [("floor", "get", 10_000), ("floor", "put", 10_000), ("aioriak", "get", get), ("aioriak", "put", put)]
    return [
        {"contestant": name, "loop": "asyncio", "workload": workload, "size": 1024, "instructions": count}
        for name, workload, count in counted
    ]


@pytest.fixture(autouse=True)
def baseline(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setattr(instructions, "BASELINE", tmp_path / "instructions.json")
    accept(rows(40_000, 50_000))
    return tmp_path / "instructions.json"


def test_a_get_is_compared_with_the_floor_and_a_put_with_a_get() -> None:
    assert ratios(rows(40_000, 50_000)) == {
        "get, 1024 B, asyncio: over the floor": 4.0, "put, 1024 B, asyncio: over a get": 1.25
    }  # fmt: skip


def test_what_was_accepted_passes_and_five_per_cent_more_do_too() -> None:
    assert check(rows(40_000, 50_000))
    assert check(rows(41_900, 52_300))


def test_a_ratio_that_has_grown_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert not check(rows(40_000, 53_000))
    assert "put, 1024 B, asyncio: over a get: 1.32, was 1.25" in capsys.readouterr().out


def test_a_ratio_without_a_baseline_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    new: Row = {"contestant": "aioriak", "loop": "asyncio", "workload": "2i page", "size": 1024, "instructions": 60_000}
    assert not check([*rows(40_000, 50_000), new])
    assert "2i page, 1024 B, asyncio: over a get: 1.50, without a baseline" in capsys.readouterr().out


def test_the_baseline_of_another_python_is_not_compared(baseline: pathlib.Path) -> None:
    baseline.write_text(json.dumps({**json.loads(baseline.read_text()), "python": "3.0"}))
    with pytest.raises(RuntimeError, match=r"of Python 3\.0"):
        check(rows(40_000, 50_000))


def test_the_accepted_ratios_are_of_every_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    kept = json.loads(instructions.BASELINE.read_text())["ratios"]
    for workload, _, size in instructions.CELLS:
        assert any(name.startswith(f"{workload}, {size} B, ") for name in kept)
