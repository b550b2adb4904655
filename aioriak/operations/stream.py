"""Streams as users hold them: one item at a time, or in the batches that the server sent."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, TypeVar

from aioriak.cluster.dispatcher import MessageStream

T = TypeVar("T")


class Stream(Generic[T]):
    """An async iterator over the items of a streamed reply.

    ``async for item in stream`` gives items, ``async for batch in stream.chunks()`` lists of them as
    they came.  The server is asked at the first step.  Left early, by ``break`` and dropping it, by
    ``aclose()``, or at the end of ``async with``, its connection is closed at once.

    Steps raise whatever ends the stream: :class:`~aioriak.error.ConnectionLost`,
    :class:`~aioriak.error.RequestTimeout` when the next message takes too long, or the server's error.
    """

    def __init__(self, messages: MessageStream[Any], items: Callable[[Any], list[T]]) -> None:
        self._messages = messages
        self._items = items
        self._batch: list[T] = []
        self._at = 0

    @property
    def buffered(self) -> int:
        """Bytes that came and were not asked for yet; reading pauses when they are too many."""
        return self._messages.buffered

    def __aiter__(self) -> Stream[T]:
        return self

    async def __anext__(self) -> T:
        while self._at >= len(self._batch):
            self._batch = self._items(await self._messages.__anext__())
            self._at = 0
        item = self._batch[self._at]
        self._at += 1
        return item

    def chunks(self) -> Chunks[T]:
        """Iterate over the stream in batches, as the server sent them; no batch is empty."""
        return Chunks(self)

    async def next_chunk(self) -> list[T]:
        """Return the next batch.  Raises ``StopAsyncIteration`` at the end."""
        rest, self._batch = self._batch[self._at :], []
        self._at = 0
        while not rest:
            rest = self._items(await self._messages.__anext__())
        return rest

    async def aclose(self) -> None:
        """End the stream now."""
        self._batch, self._at = [], 0
        await self._messages.aclose()

    async def __aenter__(self) -> Stream[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


class Chunks(Generic[T]):
    """A stream's batches."""

    def __init__(self, stream: Stream[T]) -> None:
        self._stream = stream

    def __aiter__(self) -> Chunks[T]:
        return self

    async def __anext__(self) -> list[T]:
        return await self._stream.next_chunk()

    async def aclose(self) -> None:
        """End the stream now."""
        await self._stream.aclose()
