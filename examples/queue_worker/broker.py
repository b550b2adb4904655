"""RabbitMQ's side: a durable queue, confirmed publishing, and consuming with an acknowledgement for each message."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

from .documents import BadDocument, Document

logger = logging.getLogger("queue_worker")

BROKER = "amqp://guest:guest@localhost:5672/"
QUEUE = "documents"
LOST = (aio_pika.exceptions.AMQPError, ConnectionError, RuntimeError, TimeoutError)
"""What aio-pika raises while the broker, or the channel, is away."""

ANSWER = 5.0  # seconds; a connection that is lost at the wrong moment never says that it did not send
RECONNECT = 1.0  # seconds between attempts to reach a broker that is away
PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds before a message that failed is put back


async def declare(channel: AbstractChannel, name: str) -> AbstractQueue:
    """Declare the durable queue; messages that can never be stored go to ``NAME.dead``."""
    await channel.declare_queue(f"{name}.dead", durable=True)
    arguments: dict[str, Any] = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{name}.dead"}
    return await channel.declare_queue(name, durable=True, arguments=arguments)


async def delete(channel: AbstractChannel, name: str) -> None:
    """Remove the queue and its dead letters."""
    await channel.queue_delete(name)
    await channel.queue_delete(f"{name}.dead")


class Line:
    """A channel to the broker, made again when it was lost; ``async with`` closes it."""

    def __init__(self, url: str, name: str, *, prefetch: int = 0) -> None:
        self._url = url
        self._name = name
        self._prefetch = prefetch
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._opening = asyncio.Lock()
        self.lost = asyncio.Event()
        """Set when the channel is gone; :meth:`channel` makes another."""

    async def __aenter__(self) -> Line:
        await self.channel()
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def channel(self) -> AbstractChannel:
        """Return the channel.  Raises one of :data:`LOST` while the broker cannot be reached."""
        async with self._opening:
            if self._channel is None or self._channel.is_closed or self.lost.is_set():
                if self._connection is not None:
                    await self._connection.close()
                self._connection = await aio_pika.connect(self._url, timeout=10)
                channel = await self._connection.channel(publisher_confirms=True)
                await channel.set_qos(prefetch_count=self._prefetch)
                await declare(channel, self._name)
                self.lost.clear()
                self._connection.close_callbacks.add(self._gone)
                channel.close_callbacks.add(self._gone)
                self._channel = channel
            return self._channel

    def _gone(self, what: object, error: BaseException | None = None) -> None:
        if what in (self._connection, self._channel):
            self.lost.set()


async def produce(url: str, name: str, documents: Iterable[Document], *, in_flight: int = 200) -> int:
    """Put documents on the queue; returns how many, all confirmed by the broker to be on disk.

    While the broker is away this waits and publishes again, so a document may be there twice.
    """
    room = asyncio.Semaphore(in_flight)
    count = 0
    async with Line(url, name) as line:

        async def publish(document: Document) -> None:
            message = aio_pika.Message(
                document.pack(),
                message_id=document.id,
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            try:
                while True:
                    try:
                        channel = await line.channel()
                        await channel.default_exchange.publish(message, routing_key=name, timeout=30)
                        return
                    except LOST as error:
                        logger.warning("%s was not confirmed, once more: %r", document.id, error)
                        await asyncio.sleep(RECONNECT)
            finally:
                room.release()

        async with asyncio.TaskGroup() as publishing:
            for document in documents:
                await room.acquire()
                publishing.create_task(publish(document))
                count += 1
    return count


@dataclass
class Counts:
    """What a worker did."""

    stored: int = 0
    put_back: int = 0
    refused: int = 0
    began: float = 0.0
    ended: float = 0.0

    def __str__(self) -> str:
        took = max(self.ended - self.began, 1e-9)
        return (
            f"stored {self.stored} ({self.stored / took:,.0f} a second), "
            f"put back {self.put_back}, refused {self.refused}"
        )


class Worker:
    """Takes messages, has them stored, and acknowledges what was.

    ``store(document)`` returns when the document is stored and raises one of ``failures`` when it
    may not be; the message then goes back to the queue.  ``concurrency`` messages are held at once.
    ``progress`` is called after each acknowledgement.
    """

    def __init__(
        self,
        store: Callable[[Document], Awaitable[None]],
        failures: tuple[type[Exception], ...],
        *,
        concurrency: int = 64,
        until_empty: bool = False,
        grace: float = 30.0,
        progress: Callable[[Counts], None] | None = None,
    ) -> None:
        self.counts = Counts()
        self._progress = progress
        self._store = store
        self._failures = failures
        self._concurrency = concurrency
        self._until_empty = until_empty
        self._grace = grace
        self._stopping = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._failing = 0  # in a row

    def stop(self) -> None:
        """Take no more messages, finish those at hand, return from :meth:`run`."""
        self._stopping.set()

    async def run(self, url: str, name: str) -> Counts:
        """Work until stopped, or until the queue is empty if requested."""
        async with Line(url, name, prefetch=self._concurrency) as line:
            while not self._stopping.is_set():
                try:
                    channel = await line.channel()
                    queue = await channel.get_queue(name)
                    tag = await queue.consume(self._take)
                    await self._wait(line, queue)
                    await queue.cancel(tag)
                except LOST as error:
                    logger.warning("the broker is away: %r", error)
                    await asyncio.sleep(RECONNECT)
                else:
                    if not line.lost.is_set():
                        break
            await self._finish()
        # what was not acknowledged is on the queue again now that the connection is closed
        return self.counts

    async def _wait(self, line: Line, queue: AbstractQueue) -> None:
        """Wait until stopped, until the broker is lost, or until the queue is empty."""
        ends = [asyncio.create_task(event.wait()) for event in (self._stopping, line.lost)]
        try:
            while not any(end.done() for end in ends):
                await asyncio.wait(ends, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
                if self._until_empty and not self._under_way:
                    left = (await queue.declare()).message_count
                    if not left and not self._under_way:
                        return
        finally:
            for end in ends:
                end.cancel()

    async def _finish(self) -> None:
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=self._grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        task = asyncio.create_task(self._handle(message))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        self.counts.began = self.counts.began or time.monotonic()
        try:
            if await self._stored(message):
                await _told(message.ack())
                self.counts.stored += 1
                self._failing = 0
                if self._progress is not None:
                    self._progress(self.counts)
        except LOST as error:
            # it is stored but the broker does not know: it comes again, and is stored again
            logger.info("not acknowledged, it will be delivered again: %r", error)
        self.counts.ended = time.monotonic()

    async def _stored(self, message: AbstractIncomingMessage) -> bool:
        try:
            await self._store(Document.unpack(message.body))
        except BadDocument as error:
            logger.warning("refused: %s", error)
            self.counts.refused += 1
            await _told(message.reject(requeue=False))
            return False
        except self._failures as error:
            self._failing += 1
            logger.warning("put back: %s: %s", type(error).__name__, error)
            # while nothing works, do not spin
            await asyncio.sleep(min(PAUSE * self._failing, LONGEST_PAUSE))
            await _told(message.reject(requeue=True))
            self.counts.put_back += 1
            return False
        return True


async def _told(telling: Awaitable[None]) -> None:
    """Tell the broker something; raises one of :data:`LOST` when it cannot be told."""
    async with asyncio.timeout(ANSWER):
        await telling
