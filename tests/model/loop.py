"""An event loop that runs one iteration at a time, and whose clock the test advances."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.simulation.loop import VirtualLoop

Connect = Callable[[Callable[[], Any], str, int], Awaitable[Any]]


class SteppedLoop(VirtualLoop):
    """A virtual loop that connects by a function of the test, and that never advances by itself."""

    def __init__(self, connect: Connect) -> None:
        super().__init__()
        self._connect = connect

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:  # type: ignore[override]
        return await self._connect(protocol_factory, host, port)

    @property
    def quiet(self) -> bool:
        """Whether no callback is ready."""
        return not self._ready  # type: ignore[attr-defined]

    def turn(self, times: int = 1) -> None:
        """Run so many iterations."""
        for _ in range(times):
            self.call_soon(self.stop)
            self.run_forever()

    def settle(self, most: int = 500) -> None:
        """Run until no callback is ready; the time stands still."""
        for _ in range(most):
            if self.quiet:
                return
            self.turn()
        raise AssertionError("the loop does not come to rest")

    def wait(self, seconds: float) -> None:
        """Let time pass: timers are run in order, each at its time, and what they cause is run first."""
        until = self.time() + seconds
        self.settle()
        while True:
            due = min((timer.when() for timer in self.timers), default=until)
            if due >= until:
                break
            self.advance(max(0.0, due - self.time()))
            self.turn()
            self.settle()
        self.advance(max(0.0, until - self.time()))
        self.turn()
        self.settle()

    def let(self, work: Awaitable[Any], seconds: float) -> None:
        """Run something that must end within so many seconds."""
        task: asyncio.Future[Any] = asyncio.ensure_future(work, loop=self)
        until = self.time() + seconds
        while not task.done() and self.time() < until:
            self.settle()
            if not task.done():
                due = min((timer.when() for timer in self.timers), default=until)
                self.wait(max(0.0, min(due, until) - self.time()))
        assert task.done(), f"{work} did not end within {seconds} s"
        task.result()
