"""A thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """A thread that runs an event loop, and calls functions in it for other threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None

    def start_thread(self) -> None:
        """Start the thread and its loop; :class:`RuntimeError` if it runs already."""
        if self._thread is not None:
            raise RuntimeError("the server is running already")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
        self._thread.start()

    def stop_thread(self) -> None:
        """Stop the loop, wait for the thread and close the loop."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self.run(loop.shutdown_asyncgens())  # in that thread: the caller's may have a running loop
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        self._loop = self._thread = None

    def call(self, function: Callable[..., T], /, *arguments: Any, **options: Any) -> T:
        """Call a function in the loop and return its result."""

        async def called() -> T:
            return function(*arguments, **options)

        return self.run(called())

    def run(self, coroutine: Coroutine[Any, Any, T], /) -> T:
        """Run a coroutine in the loop and return its result."""
        if self._loop is None:
            coroutine.close()
            raise RuntimeError("the server is not running")
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("already in the server's thread: call the server itself")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
