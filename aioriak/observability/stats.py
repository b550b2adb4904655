"""Statistics of a client at one moment, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

LATENCY_BOUNDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds; the upper bounds of a histogram's buckets, but for the last, which has none."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many answers took how long.

    ``counts`` has one entry more than ``bounds``: ``counts[i]`` answers took up to ``bounds[i]`` seconds
    and more than ``bounds[i - 1]``; the last took longer than any bound.
    """

    counts: tuple[int, ...]
    bounds: tuple[float, ...] = LATENCY_BOUNDS

    @property
    def count(self) -> int:
        """All answers."""
        return sum(self.counts)

    def quantile(self, part: float) -> float:
        """Return the latency, in seconds, below which this fraction of the replies arrived (the bucket's upper bound).

        ``nan`` when there were none, ``inf`` beyond the last bound.
        """
        wanted = part * self.count
        if not self.count:
            return float("nan")
        seen = 0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            seen += count
            if seen >= wanted:
                return bound
        return float("inf")

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram(tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)), self.bounds)


_EMPTY = Histogram((0,) * (len(LATENCY_BOUNDS) + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStats:
    """One node, as this client sees it."""

    node: str
    """``host:port``"""
    state: str
    """``up``, ``down`` or ``leaving``."""
    last_error: str | None
    """Why it is down."""
    connections: int
    """Open now."""
    idle: int
    """Those of them on which nothing is in flight."""
    in_flight: int
    """Requests sent whose answers have not come."""
    waiting: int
    """Requests that wait for a connection."""
    opened: int
    """Connections ever opened."""
    closed: int
    """Connections ever closed."""
    failed: int
    """Attempts to connect that failed."""
    retries: int
    """Attempts at requests that failed here and were made again, here or elsewhere."""
    hedged: int = 0
    """Requests sent here that were sent to a second node as well."""
    hedge_wins: int = 0
    """Those of them that the second node answered first."""
    latency: Histogram
    """How long the answers to single requests took, from the attempt's start; streams do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """A client's nodes at one moment; a node that left takes its figures with it."""

    nodes: tuple[NodeStats, ...]

    def _sum(self, name: str) -> int:
        return sum(getattr(node, name) for node in self.nodes)

    @property
    def connections(self) -> int:
        """Open now, to all nodes."""
        return self._sum("connections")

    @property
    def in_flight(self) -> int:
        """Requests sent whose answers have not come."""
        return self._sum("in_flight")

    @property
    def waiting(self) -> int:
        """Requests that wait for a connection."""
        return self._sum("waiting")

    @property
    def opened(self) -> int:
        """Connections ever opened."""
        return self._sum("opened")

    @property
    def closed(self) -> int:
        """Connections ever closed."""
        return self._sum("closed")

    @property
    def failed(self) -> int:
        """Attempts to connect that failed."""
        return self._sum("failed")

    @property
    def retries(self) -> int:
        """Attempts at requests that failed and were made again."""
        return self._sum("retries")

    @property
    def hedged(self) -> int:
        """Requests that were sent to a second node as well."""
        return self._sum("hedged")

    @property
    def hedge_wins(self) -> int:
        """Requests that the second node answered first."""
        return self._sum("hedge_wins")

    @property
    def latency(self) -> Histogram:
        """How long answers took, of all nodes."""
        return sum((node.latency for node in self.nodes), _EMPTY)
