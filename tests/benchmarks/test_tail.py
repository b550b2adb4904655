"""The tail benchmark runs its phases and judges their figures."""

from __future__ import annotations

import pytest

from benchmarks.tail import Phase, measure, report


async def test_a_short_run_has_every_phase_and_no_failed_read() -> None:
    phases = await measure(True, 0.2, 0.2, lambda phase: None)
    assert [phase.name for phase in phases] == [
        "before", "frozen", "thawed", "killed", "restarted", "delayed", "after",
    ]  # fmt: skip
    for phase in phases:
        assert phase.seconds
        assert phase.failed == 0


def test_figures_are_percentiles_and_what_was_sent_beyond_one_a_read() -> None:
    phase = Phase("frozen", [number / 1000 for number in range(1, 1001)], failed=1, sent=1030)
    figures = phase.figures()
    assert (figures["p50"], figures["p99"], figures["longest"]) == pytest.approx((0.501, 0.991, 1.0))
    assert figures["more"] == pytest.approx(0.03)


@pytest.mark.parametrize(("longest", "met"), [(0.2, True), (3.0, False)])
def test_a_bar_is_met_or_not(longest: float, met: bool, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("before", "frozen", "killed", "delayed")
    found = {hedged: [Phase(name, [0.01, longest], sent=2) for name in names] for hedged in (False, True)}
    assert report(found) is met
    assert ("NOT met" in capsys.readouterr().out) is not met
