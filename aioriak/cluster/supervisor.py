"""Supervision: background work survives unexpected exceptions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aioriak.config import Backoff
from aioriak.observability.complaints import Complaints

logger: logging.Logger = logging.getLogger("aioriak.cluster")

R = TypeVar("R")

_PAUSES = Backoff(first=0.1, longest=10.0)


async def supervise(work: Callable[[], Awaitable[R]], what: str, pauses: Backoff = _PAUSES) -> R:
    """Run ``work`` until it returns; after an unexpected exception log it, pause, and run ``work`` again."""
    loop = asyncio.get_running_loop()
    complaints = Complaints(logger)
    failures = 0
    while True:
        started = loop.time()
        try:
            return await work()
        except Exception as error:
            complaints.log(f"{what} failed unexpectedly; it goes on after a pause", error)
        failures = 1 if loop.time() - started > pauses.longest else failures + 1
        await asyncio.sleep(pauses.delay(failures))
