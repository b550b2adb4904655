"""Group commit: all writes of one iteration of the event loop are committed together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aioriak.testing.database import Storage


class GroupCommit:
    """Delays replies to writes until the storage has committed them.

    ``storage`` is ``None`` for a server that keeps nothing.
    """

    def __init__(self) -> None:
        self.storage: Storage | None = None
        self._waiting: list[Callable[[], None]] = []

    @property
    def pending(self) -> bool:
        """Whether there are uncommitted writes."""
        return self.storage is not None and self.storage.dirty

    def then(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once everything written in this iteration of the loop is committed."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._commit)
        self._waiting.append(callback)

    def _commit(self) -> None:
        if self.storage is not None:
            self.storage.commit()
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback()
