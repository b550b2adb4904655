"""The tail benchmark runs its phases and judges their figures."""

from __future__ import annotations

import asyncio
import pathlib
import sys

import pytest

from aioriak.testing import RiakServer
from benchmarks.tail import Nodes, Phase, measure, report


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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
async def test_on_a_riak_one_node_is_frozen_and_let_go_again() -> None:
    """The process that is named here serves nothing: what counts is what happens to it."""
    async with RiakServer.cluster(3) as server:
        process = await asyncio.create_subprocess_exec("sleep", "60")
        states: list[tuple[str, str]] = []

        def say(phase: str) -> None:
            states.append((phase, pathlib.Path(f"/proc/{process.pid}/stat").read_text().split()[2]))

        try:
            nodes = Nodes(list(server.addresses), process.pid)
            phases = await measure(False, 0.2, 0.2, say, nodes)
            say("end")
        finally:
            process.kill()
            await process.wait()
    assert states == [("before", "S"), ("frozen", "S"), ("thawed", "T"), ("end", "S")]
    assert [phase.failed for phase in phases] == [0, 0, 0]


@pytest.mark.parametrize(("longest", "met"), [(0.2, True), (3.0, False)])
def test_a_bar_is_met_or_not(longest: float, met: bool, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("before", "frozen", "killed", "delayed")
    found = {hedged: [Phase(name, [0.01, longest], sent=2) for name in names] for hedged in (False, True)}
    assert report(found) is met
    assert ("NOT met" in capsys.readouterr().out) is not met
