"""``python -m examples.queue_worker``: put documents on a RabbitMQ queue, and store them in Riak.

produce   put the files of a directory, or the lines of a feed, on the queue
consume   take documents from the queue and store them, until SIGTERM or SIGINT
demo      both at once, with a Riak of its own unless --riak names one
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aio_pika

from . import broker
from .documents import Document, from_directory, from_feed
from .naming import Types, addresses


def documents(options: argparse.Namespace) -> Iterator[Document]:
    """Return the documents given on the command line."""
    if options.feed is not None:
        return from_feed(options.feed)
    return from_directory(options.directory)


@contextlib.asynccontextmanager
async def worker(options: argparse.Namespace) -> AsyncIterator[broker.Worker]:
    """Return a worker with the client given on the command line."""
    types = Types(options.documents_type, options.maps_type, options.counters_type)

    def progress(counts: broker.Counts) -> None:
        if options.progress and counts.stored % options.progress == 0:
            print(counts, flush=True)

    how = {"concurrency": options.concurrency, "until_empty": options.until_empty, "progress": progress}
    if options.client == "official":
        from . import official

        old = official.Storage(addresses(options.riak), options.bucket, types, options.concurrency)
        with contextlib.closing(old):
            yield broker.Worker(old.store, official.FAILURES, **how)
    else:
        from aioriak import RiakClient, RiakError

        from .storage import Storage

        async with RiakClient(nodes=addresses(options.riak), request_timeout=10.0) as client:
            yield broker.Worker(Storage(client, options.bucket, types).store, (RiakError,), **how)


async def consume(options: argparse.Namespace) -> broker.Counts:
    """Work until SIGTERM or SIGINT: messages in hand are stored, no new ones are taken."""
    async with worker(options) as working:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, working.stop)
        print("working", flush=True)
        try:
            return await working.run(options.broker, options.queue)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)


async def demo(options: argparse.Namespace) -> None:
    """Run everything on a queue of its own, which is deleted afterwards."""
    from aioriak import RiakClient
    from aioriak.testing import RiakServer

    from .storage import Storage

    options.queue, options.until_empty = f"demo-{uuid.uuid4().hex[:12]}", True
    async with contextlib.AsyncExitStack() as stack:
        if options.riak is None:
            server = await stack.enter_async_context(RiakServer("standard", nodes=3))
            options.riak = ",".join(server.addresses)
            print(f"a development server of three nodes: {options.riak}")
        given = list(documents(options))
        try:
            print(f"put {await broker.produce(options.broker, options.queue, given)} documents on {options.queue}")
            print(await consume(options))
        finally:
            connection = await aio_pika.connect(options.broker)
            async with connection:
                await broker.delete(await connection.channel(), options.queue)
        async with RiakClient(nodes=addresses(options.riak)) as client:
            storage = Storage(client, options.bucket)
            for source in sorted({document.source for document in given}):
                known = await storage.report(source)
                print(f"  {source:30} {known['documents']:6} documents {known['deliveries']:6} deliveries")


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.queue_worker",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["produce", "consume", "demo"])
    parser.add_argument("--broker", default=broker.BROKER, help="RabbitMQ (default: %(default)s)")
    parser.add_argument("--queue", default=broker.QUEUE, help="the queue (default: %(default)s)")
    parser.add_argument("--riak", metavar="HOST:PORT,…", help="Riak's nodes (default: 127.0.0.1:8087)")
    parser.add_argument("--bucket", default="documents", help="the bucket (default: %(default)s)")
    parser.add_argument("--directory", type=Path, default=Path("."), help="files to put on the queue (default: here)")
    parser.add_argument("--feed", type=Path, help="a file with a JSON document in each line, instead")
    parser.add_argument("--client", choices=["aioriak", "official"], default="aioriak",
                        help="what stores: this client, or riak 2.7.0 in an executor")  # fmt: skip
    parser.add_argument("--concurrency", type=int, default=64, help="messages at a time (default: %(default)s)")
    parser.add_argument("--until-empty", action="store_true", help="end when the queue is empty")
    parser.add_argument("--progress", type=int, metavar="N", help="say how it goes after every N documents")
    parser.add_argument("--documents-type", default=Types.documents, help="a bucket type (default: %(default)s)")
    parser.add_argument("--maps-type", default=Types.maps, help="a bucket type of maps (default: %(default)s)")
    parser.add_argument("--counters-type", default=Types.counters, help="one of counters (default: %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="say what fails and is done again")
    return parser.parse_args(given)


def main() -> int:
    options = arguments()
    logging.basicConfig(level=logging.WARNING if options.verbose else logging.ERROR, format="%(name)s: %(message)s")
    logging.getLogger("queue_worker").setLevel(logging.INFO if options.verbose else logging.ERROR)
    if options.what == "demo":
        asyncio.run(demo(options))
        return 0
    options.riak = options.riak or "127.0.0.1:8087"
    if options.what == "produce":
        count = asyncio.run(broker.produce(options.broker, options.queue, documents(options)))
        print(f"put {count} documents on {options.queue}")
    else:
        print(asyncio.run(consume(options)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
