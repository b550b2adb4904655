"""A model of the whole client: what each caller may see, whatever is cancelled, lost and restarted.

Every write has a value of its own that names its key.  A read may see a value that was written to that
key, unless the write was reported as not done or a later acknowledged write had replaced it before the
read began.  A counter lies between the increments that were acknowledged and those that may have
happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Any

from aioriak import RiakClient
from aioriak.cluster.balancer import TwoChoices
from aioriak.config import Backoff, HealthPolicy, HedgePolicy, RetryPolicy
from aioriak.datatypes import Counter, Set
from aioriak.error import OutcomeUnknown, RiakError
from aioriak.testing import RiakServer

KEYS = ("a", "b", "c")
MAX_SIZE = 3
TIMEOUT = 5.0


@dataclass(slots=True)
class Write:
    """One write: its value and when it began; ``ended`` once it is acknowledged or reported as not done."""

    value: str
    began: int
    ended: float = inf
    done: bool | None = None
    """Acknowledged, reported as not done, or (``None``) unknown: in flight, cancelled, or outcome unknown."""


class Model:
    """A cluster of three nodes, a client of it, and what is known of both."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hedge: HedgePolicy | None = None) -> None:
        self.loop = loop
        self.complaints: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda loop, context: self.complaints.append(context))
        self.server = RiakServer.cluster(3, chunk=2, random=Random(1), clock=loop.time)
        self.run(self.server.start())
        self.client = RiakClient(
            nodes=list(self.server.addresses), max_size=MAX_SIZE, max_in_flight=2, request_timeout=TIMEOUT,
            allow_listing="silent", balancer=TwoChoices(Random(2)), retry=RetryPolicy(backoff=Backoff(rng=Random(3))),
            health=HealthPolicy(backoff=Backoff(first=0.1, longest=10.0, rng=Random(4))), hedge=hedge,
        )  # fmt: skip
        self.moment = 0
        self.number = 0
        self.writes: dict[str, list[Write]] = {key: [] for key in KEYS}
        self.increments = [0, 0]  # acknowledged, and those that may have happened
        self.tasks: list[asyncio.Task[None]] = []
        self.failures: list[str] = []
        self.outcomes: dict[str, int] = {}

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run the loop until ``work`` is done."""
        return self.loop.run_until_complete(work)

    # -- what tasks do ---------------------------------------------------------------------------

    def begin(self, work: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> None:
        """Start a task."""
        self.tasks.append(self.loop.create_task(self._guarded(work, args)))

    async def _guarded(self, work: Callable[..., Coroutine[Any, Any, None]], args: tuple[Any, ...]) -> None:
        try:
            await work(*args)
        except asyncio.CancelledError:
            self._count("cancelled")
            raise
        except RiakError as error:
            self._count(type(error).__name__)
        except BaseException as error:
            self.failures.append(f"foreign exception {error!r}")
        else:
            self._count("answered")

    def _count(self, what: str) -> None:
        self.outcomes[what] = self.outcomes.get(what, 0) + 1

    def _tick(self) -> int:
        self.moment += 1
        return self.moment

    async def put(self, key: str) -> None:
        """Write a new value."""
        self.number += 1
        write = Write(f"{key}:{self.number}", self._tick())
        self.writes[key].append(write)
        try:
            await self.client.bucket("m", "lww").new_object(key, write.value).store(return_body=False)
        except OutcomeUnknown:
            raise
        except RiakError:
            write.done, write.ended = False, self._tick()
            raise
        write.done, write.ended = True, self._tick()

    async def get(self, key: str) -> None:
        """Read, and check what was seen."""
        began = self._tick()
        found = await self.client.bucket("m", "lww").get(key)
        self.check(key, found.data if found.exists else None, began)

    def check(self, key: str, seen: str | None, began: int) -> None:
        """Record a failure if a read that began then may not see this."""
        writes = self.writes[key]
        replaced = max((write.began for write in writes if write.done and write.ended < began), default=0)
        if seen is None:
            if replaced:
                self.failures.append(f"{key} is missing although it was stored")
            return
        for write in writes:
            if write.value == seen:
                if write.done is False:
                    self.failures.append(f"{seen} was reported as not done, and is there")
                elif write.done and write.ended < replaced:
                    self.failures.append(f"{seen} is there although it was replaced")
                return
        self.failures.append(f"a read of {key} got {seen!r}")

    async def increment(self) -> None:
        """Count up by one."""
        counter = Counter(self.client.bucket("m", "counters"), "n")
        counter.increment(1)
        self.increments[1] += 1
        try:
            await counter.store(return_body=False)
        except OutcomeUnknown:
            raise
        except RiakError:
            self.increments[1] -= 1
            raise
        self.increments[0] += 1

    async def add(self, member: str) -> None:
        """Add to a set, and read it."""
        members = Set(self.client.bucket("m", "sets"), "s")
        members.add(member)
        await members.store(return_body=True)
        if member not in members.value:
            self.failures.append(f"{member} is not in the set after it was added")

    async def keys(self, stop_after: int | None) -> None:
        """List keys, all or the first ones."""
        seen = 0
        async with self.client.bucket("m", "lww").stream_keys() as stream:
            async for key in stream:
                seen += 1
                if key not in KEYS:
                    self.failures.append(f"the listing has {key!r}")
                if seen == stop_after:
                    break

    def cancel(self, number: int) -> None:
        """Cancel a task that is in flight."""
        waiting = [task for task in self.tasks if not task.done()]
        if waiting:
            waiting[number % len(waiting)].cancel()

    # -- what happens to the cluster --------------------------------------------------------------

    def fault(self, kind: str, operation: str) -> None:
        """Order a fault for the next request of an operation."""
        faults = self.server.faults
        if kind == "garbage":
            faults.garbage(operation, times=1)
        elif kind == "error":
            faults.error(operation, "overload", times=1)
        elif kind == "delay":
            faults.delay(operation, 1.0, times=1)
        elif kind in ("hang", "refuse"):
            getattr(faults, kind)(operation, times=1)
        else:
            faults.cut(operation, when=kind, times=1)  # type: ignore[arg-type]

    def churn(self, number: int, what: str) -> None:
        """Kill, start, freeze, thaw or restart a node."""
        node = self.server.nodes[number]
        if what == "kill" and node.up:
            self.run(node.kill())
        elif what == "start" and not node.up:
            self.run(node.start())
        elif what == "freeze" and node.up:
            node.freeze()
        elif what == "thaw":
            node.thaw()
        elif what == "restart":
            self.run(node.restart())

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.run(asyncio.sleep(seconds))

    # -- what must hold ---------------------------------------------------------------------------

    def holds(self) -> None:
        """Check what must hold at every moment."""
        assert not self.failures, self.failures
        assert not self.complaints, self.complaints
        for node in self.client.stats().nodes:
            assert 0 <= node.connections <= MAX_SIZE, node
            assert node.in_flight >= 0, node

    def end(self) -> None:
        """Heal the cluster, let every task end, and check that nothing is left."""
        self.server.faults.clear()
        for node in self.server.nodes:
            node.thaw()
            if not node.up:
                self.run(node.start())
        self.run(self._settle())
        self.holds()
        before = self.loop.time()
        self.run(self.client.aclose())
        assert self.loop.time() - before < 30, "closing took too long"
        self.run(self.server.close())
        for _ in range(10):
            self.run(asyncio.sleep(0))
        left = asyncio.all_tasks(self.loop)
        assert not left, left
        assert not self.complaints, self.complaints

    async def _settle(self) -> None:
        if self.tasks:
            done, waiting = await asyncio.wait(self.tasks, timeout=4 * TIMEOUT)
            assert not waiting, f"{len(waiting)} tasks wait for ever"
            del done
        async with RiakClient(nodes=list(self.server.addresses)) as fresh:
            for key in KEYS:
                began = self._tick()
                found = await fresh.bucket("m", "lww").get(key)
                self.check(key, found.data if found.exists else None, began)
            counted = (await fresh.fetch_datatype(fresh.bucket("m", "counters"), "n")).value or 0
            least, most = self.increments
            assert least <= counted <= most, f"counted {counted}, may be {least} to {most}"
