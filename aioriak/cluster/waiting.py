"""The deadlines of requests that wait in a pool."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from aioriak.transport.exchange import AnyExchange


class Deadlines:
    """A heap of deadlines, from which requests that do not wait any more drop out by themselves.

    ``waits`` says whether a request still waits.  Neither adding nor expiring looks at all requests;
    the heap is rebuilt when most of its entries are out of date, so it does not outgrow the queue.
    """

    __slots__ = ("_entries", "_number", "_waits")

    def __init__(self, waits: Callable[[AnyExchange], bool]) -> None:
        self._waits = waits
        self._entries: list[tuple[float, int, AnyExchange]] = []
        self._number = 0  # a tie-breaker that keeps requests with equal deadlines in order

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, exchange: AnyExchange, waiting: int) -> None:
        """Add a request that has a deadline; ``waiting`` is how many wait now."""
        assert exchange.deadline is not None
        if len(self._entries) > 2 * waiting + 64:
            self._entries = [entry for entry in self._entries if self._waits(entry[2])]
            heapify(self._entries)
        self._number += 1
        heappush(self._entries, (exchange.deadline, self._number, exchange))

    def expired(self, now: float) -> list[AnyExchange]:
        """Remove and return the requests whose deadlines have passed."""
        found = []
        while self._entries and self._entries[0][0] <= now:
            exchange = heappop(self._entries)[2]
            if self._waits(exchange):
                found.append(exchange)
        return found

    @property
    def next(self) -> float | None:
        """The earliest deadline."""
        while self._entries and not self._waits(self._entries[0][2]):
            heappop(self._entries)
        return self._entries[0][0] if self._entries else None

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
