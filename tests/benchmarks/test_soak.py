"""The soak accounts for every write, and its figures are right."""

from __future__ import annotations

import pathlib

import pytest

from benchmarks.soak import WINDOWS, Latencies, slope, soak


def test_a_slope_is_that_of_a_line_and_its_error_zero() -> None:
    assert slope([(x, 3.0 * x + 1) for x in range(10)]) == pytest.approx((3.0, 0.0), abs=1e-9)
    assert slope([(0, 0.0), (1, 2.0), (2, 1.0), (3, 3.0)]) == pytest.approx((0.8, 0.4243), abs=1e-3)


def test_percentiles_are_right_within_five_per_cent() -> None:
    latencies = Latencies(0.0, float(WINDOWS))
    for number in range(1, 101):
        latencies.add(0.5, number / 1000)
    second, count, p50, p99, longest = latencies.rows()[0]
    assert (second, count) == (0.0, 100)
    assert (p50, p99, longest) == pytest.approx((50, 99, 100), rel=0.05)


async def test_a_short_soak_loses_nothing(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await soak(1.0, [], 5, 1, tmp_path / "latencies.svg") == 0
    assert "0 wrong, 0 tasks left" in capsys.readouterr().out
    assert (tmp_path / "latencies.svg").read_text().startswith("<svg")
