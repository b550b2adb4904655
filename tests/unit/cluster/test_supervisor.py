"""Background work goes on after what it did not expect."""

from __future__ import annotations

import asyncio

import pytest

from aioriak.cluster.supervisor import supervise
from aioriak.config import Backoff

AT_ONCE = Backoff(first=0.0, longest=0.0)


async def test_work_goes_on_after_an_unexpected_exception_which_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    runs = 0

    async def work() -> str:
        nonlocal runs
        runs += 1
        if runs < 5:
            raise LookupError("odd")
        return "done"

    assert await supervise(work, "the work", AT_ONCE) == "done"
    assert runs == 5
    (record,) = caplog.records
    assert "the work" in record.message
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)


async def test_a_cancellation_ends_supervised_work() -> None:
    supervised = asyncio.create_task(supervise(asyncio.Event().wait, "the work", AT_ONCE))
    await asyncio.sleep(0)
    supervised.cancel()
    with pytest.raises(asyncio.CancelledError):
        await supervised
