"""The queue worker: messages a second from RabbitMQ into Riak, with this client and with the official one.

The development server answers unless a Riak is named, and it is slower than
either; the CPU that the worker takes for a message tells more then than the rate.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import re
import resource
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

from .contestant.case import document
from .session import PEERS

ROOT = pathlib.Path(__file__).parents[1]
SOURCES = 10
PATIENCE = 300


@contextlib.contextmanager
def server(nodes: str) -> Iterator[str]:
    """Serve the given Riak, or a development server in a process of its own."""
    if nodes:
        yield nodes
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "aioriak", "serve", "--port", "0", "--bucket-types", "standard"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = re.search(r"[\w.]+:(\d+)", process.stdout.readline())
        assert found is not None
        yield found[0]
    finally:
        process.terminate()
        process.wait(10)


def consume(python: pathlib.Path | str, client: str, queue: str, nodes: str, bucket: str) -> dict[str, Any]:
    """Run a worker until the queue is empty."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [str(python), "-m", "examples.queue_worker", "consume", "--client", client, "--queue", queue,
         "--riak", nodes, "--bucket", bucket, "--until-empty"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=PATIENCE, check=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = re.search(r"stored (\d+) \(([\d,]+) a second\), put back (\d+)", run.stdout)
    assert said is not None, run.stdout
    stored = int(said[1])
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "client": client,
        "messages": stored,
        "per_second": int(said[2].replace(",", "")),
        "put_back": int(said[3]),
        "cpu_us": used / max(stored, 1) * 1e6,
    }


def run(nodes: str, messages: int) -> list[dict[str, Any]]:
    """Measure and print."""
    import aio_pika

    from examples.queue_worker import broker
    from examples.queue_worker.documents import Document

    body = document(1024)
    clients: list[tuple[str, pathlib.Path | str]] = [("aioriak", sys.executable)]
    if (PEERS / "bin" / "python").exists():
        clients.append(("official", PEERS / "bin" / "python"))
    results = []
    print(f"\nqueue worker, {messages:,} messages of 1 KiB, five requests each")
    print(f"  {'':26}{'messages/s':>12}{'CPU µs/msg':>12}{'put back':>10}")
    with server(nodes) as where:
        for client, python in clients:
            name = f"bench-{uuid.uuid4().hex}"
            given = (Document(f"{name}-{n}", f"{name}-{n % SOURCES}", 1, body) for n in range(messages))

            async def clean(name: str = name) -> None:
                connection = await aio_pika.connect(broker.BROKER)
                async with connection:
                    await broker.delete(await connection.channel(), name)

            asyncio.run(broker.produce(broker.BROKER, name, given))
            try:
                row = consume(python, client, name, where, name)
            finally:
                asyncio.run(clean())
            results.append(row)
            label = {"aioriak": "aioriak", "official": "riak in an executor"}[client]
            print(f"  {label:26}{row['per_second']:>12,}{row['cpu_us']:>12,.0f}{row['put_back']:>10}")
    return results
