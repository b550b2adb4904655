"""The benchmark of one hot key: no way of updating it loses a count."""

from __future__ import annotations

import pytest

from aioriak.testing import RiakServer
from benchmarks import hot_key


async def test_every_way_counts_each_update_once(server: RiakServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert await hot_key.run(server.address, tasks=4, seconds=0.1) == 0
    printed = capsys.readouterr().out
    assert printed.count("once each") == len(hot_key.WAYS)
