"""Supervision: background work survives what it did not expect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aioriak.config import Backoff

logger: logging.Logger = logging.getLogger("aioriak.cluster")

R = TypeVar("R")

_MOST = 100  # different exceptions remembered
_PAUSES = Backoff(first=0.1, longest=10.0)


class Complaints:
    """Logs an unexpected exception once, with its traceback."""

    def __init__(self) -> None:
        self._logged: set[tuple[str, type[BaseException], str]] = set()

    def log(self, what: str, error: Exception) -> None:
        """Log ``what`` happened and the exception, unless the same was logged before."""
        key = what, type(error), str(error)
        if key in self._logged:
            return
        if len(self._logged) >= _MOST:
            self._logged.clear()
        self._logged.add(key)
        logger.error("%s", what, exc_info=error)


async def supervise(work: Callable[[], Awaitable[R]], what: str, pauses: Backoff = _PAUSES) -> R:
    """Run ``work`` until it returns; after an unexpected exception log it, pause, and run ``work`` again."""
    loop = asyncio.get_running_loop()
    complaints = Complaints()
    failures = 0
    while True:
        started = loop.time()
        try:
            return await work()
        except Exception as error:
            complaints.log(f"{what} failed unexpectedly; it goes on after a pause", error)
        failures = 1 if loop.time() - started > pauses.longest else failures + 1
        await asyncio.sleep(pauses.delay(failures))
