"""A clock that tests can move."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """The time of a server, in seconds since the epoch: that of ``source``, moved or stopped.

    ::

        server.clock.advance(3.5)   # tombstones are reaped after 3 seconds
        server.clock.stop()
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0
        self._stopped: float | None = None

    def __call__(self) -> float:
        """Return the seconds since the epoch."""
        return self._source() + self._offset if self._stopped is None else self._stopped

    def advance(self, seconds: float) -> None:
        """Move the time forward, or with a negative number back."""
        if self._stopped is None:
            self._offset += seconds
        else:
            self._stopped += seconds

    def set(self, time: float) -> None:
        """Set the time to these seconds since the epoch."""
        self.advance(time - self())

    def stop(self) -> None:
        """Stop: from now on the time changes only by :meth:`advance` and :meth:`set`."""
        self._stopped = self()

    def reset(self) -> None:
        """Return to the time of the source."""
        self._offset, self._stopped = 0.0, None
