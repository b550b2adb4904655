"""The deadlines of requests that wait in a pool."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import inf

from aioriak.transport.exchange import AnyExchange


class Deadlines:
    """Deadlines, from which requests that do not wait any more drop out by themselves.

    Most requests have the client's own timeout, so their deadlines come in order and are kept in a queue; the others
    are kept in a heap.  ``waits`` says whether a request still waits.  Neither adding nor expiring looks at all
    requests; both collections are made anew when most of their entries are out of date, so they do not outgrow
    the queue of requests.
    """

    __slots__ = ("_in_order", "_latest", "_number", "_others", "_waits")

    def __init__(self, waits: Callable[[AnyExchange], bool]) -> None:
        self._waits = waits
        self._in_order: deque[AnyExchange] = deque()
        self._latest = -inf  # no deadline in order is later
        self._others: list[tuple[float, int, AnyExchange]] = []
        self._number = 0  # a tie-breaker that keeps requests with equal deadlines in order

    def __len__(self) -> int:
        return len(self._in_order) + len(self._others)

    def add(self, exchange: AnyExchange, waiting: int) -> None:
        """Add a request that has a deadline; ``waiting`` is how many wait now."""
        deadline = exchange.deadline
        assert deadline is not None
        if len(self._in_order) + len(self._others) > 2 * waiting + 64:
            self._in_order = deque([one for one in self._in_order if self._waits(one)])
            self._others = [entry for entry in self._others if self._waits(entry[2])]
            heapify(self._others)
        if deadline >= self._latest:
            self._latest = deadline
            self._in_order.append(exchange)
        else:
            self._number += 1
            heappush(self._others, (deadline, self._number, exchange))

    def expired(self, now: float) -> list[AnyExchange]:
        """Remove and return the requests whose deadlines have passed, the earliest first."""
        found = []
        while (following := self.next) is not None and following <= now:
            if self._in_order and self._in_order[0].deadline == following:
                found.append(self._in_order.popleft())
            else:
                found.append(heappop(self._others)[2])
        return found

    @property
    def next(self) -> float | None:
        """The earliest deadline."""
        in_order, others = self._in_order, self._others
        while in_order and not self._waits(in_order[0]):
            in_order.popleft()
        while others and not self._waits(others[0][2]):
            heappop(others)
        if not others:
            return in_order[0].deadline if in_order else None
        earliest = others[0][0]
        first = in_order[0].deadline if in_order else None
        return earliest if first is None else min(earliest, first)

    def clear(self) -> None:
        """Forget all."""
        self._in_order.clear()
        self._others.clear()
