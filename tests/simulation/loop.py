"""An event loop in virtual time, over a network in memory.

Nothing waits: when no callback is ready, the clock advances to the next timer.  A program that can
never go on raises :class:`Stuck` at once, and one that goes on without end exceeds its virtual time.
Client and server code run unchanged: ``create_connection``, ``create_server`` and ``start_tls`` work.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.simulation.network import Listener, Network

T = TypeVar("T")

LIMIT = 100_000.0
"""Virtual seconds that :func:`run` lets pass at most."""


TURNS = 200_000
"""Iterations of the loop that may pass without a timer that is due."""


class Stuck(AssertionError):
    """Every task waits, and no timer is set: nothing will ever happen."""


class _Selector(selectors.DefaultSelector):
    """Selects without waiting: the loop's clock advances instead."""

    loop: VirtualLoop
    turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            self.turns += 1
            if self.turns > TURNS:
                self.turns = 0
                raise Stuck(f"{TURNS} iterations of the loop, and no time has passed")
            return events
        self.turns = 0
        if timeout is None:
            raise Stuck("every task waits, and no timer is set")
        self.loop.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock advances as soon as nothing else is to be done."""

    def __init__(self, network: Network | None = None) -> None:
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self
        self._now = 1000.0
        self.network = Network() if network is None else network
        self.complaints: list[dict[str, Any]] = []
        """What the exception handler was called with."""
        self.set_exception_handler(lambda loop, context: self.complaints.append(context))

    def time(self) -> float:
        """The virtual time in seconds; it starts at 1000."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self._now += seconds
        if self._now > 1000.0 + LIMIT:
            raise Stuck(f"the program goes on for more than {LIMIT:.0f} virtual seconds")

    @property
    def timers(self) -> list[asyncio.TimerHandle]:
        """The timers that are set."""
        return [handle for handle in self._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Run ``func`` at once, in this thread."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except BaseException as error:
            future.set_exception(error)
        return future

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> list[Any]:  # type: ignore[override]
        """Addresses from the network's table of names."""
        found = self.network.names.get(host, [host])
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0)) for address in found]

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:  # type: ignore[override]
        """Connect through the network in memory."""
        address = self.network.names.get(host, [host])
        if not address:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await self.network.connect(self, protocol_factory, (address[0], port))

    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:  # type: ignore[override]
        """Listen on the network in memory."""
        listener = Listener(self.network, protocol_factory, host or "127.0.0.1", port or 0)
        if options.get("start_serving", True):
            await listener.start_serving()
        return listener


def run(
    main: Callable[[], Coroutine[Any, Any, T]],
    *,
    debug: bool = False,
    eager: bool = False,
    loop: VirtualLoop | None = None,
) -> T:
    """Run a program to its end in virtual time; with ``eager``, tasks start at once (Python 3.12 or newer).

    Raises AssertionError where it leaves a task, a timer or a connection behind, or where the event
    loop's exception handler was called.
    """
    made = VirtualLoop() if loop is None else loop
    if eager:
        assert sys.version_info >= (3, 12)
        made.set_task_factory(asyncio.eager_task_factory)  # type: ignore[arg-type]
    with asyncio.Runner(debug=debug, loop_factory=lambda: made) as runner:
        return runner.run(_checked(main, made))


async def _checked(main: Callable[[], Coroutine[Any, Any, T]], loop: VirtualLoop) -> T:
    result = await main()
    for _ in range(10):  # transports close, and cancelled tasks end, within a few iterations
        await asyncio.sleep(0)
    assert not loop.complaints, f"the loop's exception handler was called: {loop.complaints}"
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks left: {left}"
    assert not loop.timers, f"timers left: {loop.timers}"
    assert not loop.network.open_links(), f"connections left: {loop.network.open_links()}"
    return result


def in_virtual_time(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test without fixtures in virtual time."""

    def runs() -> None:
        run(test)

    runs.__name__ = test.__name__
    return runs


async def timed(work: Coroutine[Any, Any, Any]) -> float:
    """Return the seconds that the work takes."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    await work
    return loop.time() - started
