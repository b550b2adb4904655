"""Hedging: a read that takes unusually long is sent to a second node as well, and the first answer wins.

What is unusual follows from the recent latencies of the same operation.  A budget limits how many requests are
doubled, so that an overloaded cluster is not overloaded more.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from typing import Any, Protocol

from aioriak.cluster.cluster import Cluster
from aioriak.cluster.node import Node
from aioriak.cluster.retry import is_final
from aioriak.config import HedgePolicy
from aioriak.error import RiakError
from aioriak.transport.exchange import Exchange, new_exchange
from aioriak.wire.operation import Operation

_PERIOD = 10.0  # the minimum length of a window in seconds
_LEAST = 100  # the minimum number of requests in a window
_BOUNDS = [0.00025 * 2 ** (step / 4) for step in range(76)]  # seconds; each bound is 19 % above the previous one


class Latencies:
    """The latencies of one operation in this window and the one before.

    ``delay`` is how long, in seconds, a request may take before it is sent again; ``None`` without any latency.
    """

    __slots__ = ("_counts", "_policy", "_since", "_total", "_total_before", "delay")

    def __init__(self, policy: HedgePolicy) -> None:
        self.delay: float | None = None
        self._policy = policy
        self._counts = ([0] * (len(_BOUNDS) + 1), [0] * (len(_BOUNDS) + 1))
        self._total = self._total_before = 0
        self._since = 0.0

    def add(self, seconds: float, now: float) -> None:
        """Count a request that took so many seconds."""
        self._counts[0][bisect_left(_BOUNDS, seconds)] += 1
        self._total += 1
        if self._total % 32 and self._total > 32:
            return
        if self._total >= _LEAST and now - self._since >= _PERIOD:
            self._counts = ([0] * (len(_BOUNDS) + 1), self._counts[0])
            self._total, self._total_before = 0, self._total
            self._since = now
        self.delay = max(self._policy.at_least, self._quantile())

    def _quantile(self) -> float:
        wanted = self._policy.percentile * (self._total + self._total_before)
        seen = 0
        for bound, recent, before in zip(_BOUNDS, *self._counts, strict=False):
            seen += recent + before
            if seen >= wanted:
                return bound
        return _BOUNDS[-1]


class Budget:
    """Limits doubled requests to ``part`` of the requests in this window and the previous one, or to one request."""

    __slots__ = ("_before", "_doubled", "_doubled_before", "_part", "_requests", "_since")

    def __init__(self, part: float) -> None:
        self._part = part
        self._requests = self._doubled = self._before = self._doubled_before = 0
        self._since = 0.0

    def count(self, now: float) -> None:
        """Count a request that may be doubled."""
        if self._requests >= _LEAST and now - self._since >= _PERIOD:
            self._before, self._doubled_before = self._requests, self._doubled
            self._requests = self._doubled = 0
            self._since = now
        self._requests += 1

    def take(self) -> bool:
        """Return whether one more request may be doubled, and count it if so."""
        most = max(1.0, self._part * (self._requests + self._before))
        if self._doubled + self._doubled_before + 1 > most:
            return False
        self._doubled += 1
        return True


class Hedging:
    """The hedging policy of clients that share connections, with the latencies of their requests."""

    def __init__(self, policy: HedgePolicy) -> None:
        self.policy: HedgePolicy = policy
        self.budget: Budget = Budget(policy.budget)
        self._latencies: dict[Operation[Any, Any], Latencies] = {}

    def of(self, operation: Operation[Any, Any]) -> Latencies:
        """Return the latencies of an operation."""
        found = self._latencies.get(operation)
        if found is None:
            found = self._latencies[operation] = Latencies(self.policy)
        return found


class Sender(Protocol):
    """What a race needs of the dispatcher."""

    @property
    def cluster(self) -> Cluster: ...

    def second_deadline(self, operation: Operation[Any, Any], deadline: float | None) -> float | None:
        """Return the loop time at which the second request is given up."""

    def hedged(self, node: Node, second: Node) -> None:
        """Note that a request to ``node`` was sent to ``second`` as well."""


class Race:
    """One attempt at a request, which may be sent to a second node, and to another one where the second fails.

    ``node`` is the one whose answer or error counts.  ``failed`` has the others that failed before, with their errors.
    The caller waits for the future of ``first`` alone: a second answer is put into it.
    """

    __slots__ = (
        "_deadline", "_delay", "_first", "_frame", "_hedging", "_operation", "_other", "_request", "_second",
        "_sender", "failed", "node",
    )  # fmt: skip

    def __init__(
        self,
        sender: Sender,
        hedging: Hedging,
        operation: Operation[Any, Any],
        request: Any,
        frame: bytes,
        first: Exchange,
        node: Node,
        deadline: float | None,
    ) -> None:
        self.node: Node = node
        self.failed: list[tuple[Node, RiakError]] = []
        self._sender = sender
        self._hedging = hedging
        self._operation = operation
        self._request = request
        self._frame = frame
        self._first = first
        self._deadline = deadline
        self._delay: float | None = None
        self._second: Exchange | None = None
        self._other: Node | None = None

    async def run(self) -> None:
        """Wait until the first exchange has an answer, of whichever node.

        Raises the error that counts.  Whoever cancels this cancels the first exchange as well.
        """
        first, hedging = self._first, self._hedging
        loop = self._sender.cluster.loop
        latencies = hedging.of(self._operation)
        hedging.budget.count(first.started)
        delay = self._delay = latencies.delay
        timer = None if delay is None else loop.call_at(first.started + delay, self._send_second)
        asked = self.node
        try:
            await first.future
        except RiakError as error:
            second = self._second
            if second is None or second.done() or is_final(error) or self.node is not asked:
                raise
            assert self._other is not None
            self._fail(asked, error)
            self.node = self._other
            await second.future
            asked.hedge_wins += 1
            first.reply = second.reply
            second.reply = None
        finally:
            if timer is not None:
                timer.cancel()
            if self._second is not None and not self._second.done():
                self._second.cancel()
        now = self.node.pool.replied_at
        latencies.add(now - first.started if self.node is asked or delay is None else delay, now)

    def _send_second(self) -> None:
        first, cluster = self._first, self._sender.cluster
        if first.done() or cluster.closed:
            return
        asked = [self.node, *(node for node, _ in self.failed)]
        other = cluster.pick(self._request, asked)
        if other is None or other in asked or not self._hedging.budget.take():
            return
        until = self._sender.second_deadline(self._operation, self._deadline)
        second = self._second = new_exchange(cluster.loop, self._operation, self._frame, cluster.loop.time(), until)
        self._other = other
        self.node.hedged += 1
        other.pool.submit(second)
        second.future.add_done_callback(self._second_ended)
        self._sender.hedged(self.node, other)

    def _second_ended(self, future: asyncio.Future[None]) -> None:
        first, second, other = self._first, self._second, self._other
        if future.cancelled():
            return
        error = future.exception()
        if first.done():
            return  # the first request was answered, or run() awaits the second
        assert second is not None
        assert other is not None
        if isinstance(error, RiakError) and not is_final(error):
            self._fail(other, error)
            self._send_second()  # a node that hangs answers neither of them
            return
        before, self.node = self.node, other
        if error is None:
            before.hedge_wins += 1
            first.reply = second.reply
            second.reply = None
            first.future.set_result(None)
        else:
            first.future.set_exception(error)
        if first.carrier is not None:
            first.carrier.abandoned(first)

    def _fail(self, node: Node, error: RiakError) -> None:
        self.failed.append((node, error))
        self._sender.cluster.report(node, error, self._first.started)
