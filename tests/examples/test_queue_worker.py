"""The queue worker, with a real RabbitMQ: whatever is killed in the middle, nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

aio_pika = pytest.importorskip("aio_pika")
from aio_pika.abc import AbstractChannel  # noqa: E402

from aioriak import RiakClient, RiakError  # noqa: E402
from aioriak.testing import RiakServer  # noqa: E402
from examples.queue_worker import broker  # noqa: E402
from examples.queue_worker.documents import Document, from_directory, from_feed  # noqa: E402
from examples.queue_worker.storage import Storage  # noqa: E402
from tests.proxy import Proxy  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
BROKER_HOST = os.environ.get("RABBITMQ_HOST", "localhost")
SOURCES = ("mail", "web", "scanner")
PATIENCE = 60.0

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


def documents(count: int, version: int = 1) -> list[Document]:
    return [
        Document(f"document-{number}", SOURCES[number % len(SOURCES)], version, {"number": number})
        for number in range(count)
    ]


@pytest.fixture
async def channel() -> AsyncIterator[AbstractChannel]:
    """A channel to the real RabbitMQ; only where there is none, and never in CI, the test is skipped."""
    try:
        connection = await aio_pika.connect(f"amqp://guest:guest@{BROKER_HOST}:5672/", timeout=10)
    except (OSError, aio_pika.exceptions.AMQPError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"there is no RabbitMQ at {BROKER_HOST}:5672: {error}")
    async with connection:
        yield await connection.channel()


@pytest.fixture
async def queue(channel: AbstractChannel) -> AsyncIterator[str]:
    """The name of a queue of this test's own."""
    name = f"test-{uuid.uuid4().hex}"
    await broker.declare(channel, name)
    yield name
    await broker.delete(channel, name)


@pytest.fixture
async def cluster() -> AsyncIterator[RiakServer]:
    """A Riak of three nodes."""
    async with RiakServer("standard", nodes=3) as running:
        yield running


@pytest.fixture
async def storage(cluster: RiakServer) -> AsyncIterator[Storage]:
    async with RiakClient(nodes=cluster.addresses) as client:
        yield Storage(client)


@pytest.fixture
async def start(cluster: RiakServer, queue: str) -> AsyncIterator[Start]:
    """Starts workers, each a process of its own; kills what a test leaves."""
    started: list[asyncio.subprocess.Process] = []

    async def begin(*options: str, broker_url: str = url()) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "examples.queue_worker", "consume", "--queue", queue, "--broker", broker_url,
            "--riak", ",".join(cluster.addresses), *options,
            cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


def url(host: str = BROKER_HOST, port: int = 5672) -> str:
    return f"amqp://guest:guest@{host}:{port}/"


async def until(process: asyncio.subprocess.Process, beginning: str) -> None:
    """Read a worker's output as far as a line that begins so."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while line := await process.stdout.readline():
            if line.decode().startswith(beginning):
                return
    raise AssertionError(f"the worker ended without {beginning!r}")


async def left(channel: AbstractChannel, name: str) -> int:
    """How many messages wait on a queue."""
    found = await channel.declare_queue(name, passive=True)
    count = found.declaration_result.message_count
    assert count is not None
    return count


async def assert_all_is_stored(storage: Storage, given: list[Document]) -> None:
    """Every document is there as it was sent, and its source counted it exactly once."""
    async for key, found in storage.documents.get_many([document.id for document in given]):
        assert not isinstance(found, RiakError), f"{key!r}: {found}"
        assert found.exists, key
    by_id = {document.id: document for document in given}
    for document in given:
        found = await storage.documents.get(document.id)
        assert found.data == by_id[document.id].stored()
    for source in {document.source for document in given}:
        ids = {document.id for document in given if document.source == source}
        known = await storage.report(source)
        assert known["ids"] == ids
        assert known["documents"] == len(ids)
        assert known["deliveries"] >= len(ids)


async def test_nothing_acknowledged_is_lost_when_a_node_and_the_worker_are_killed(
    channel: AbstractChannel, queue: str, cluster: RiakServer, storage: Storage, start: Start
) -> None:
    given = documents(600)
    assert await broker.produce(url(), queue, given) == len(given)
    first = await start("--progress", "50")
    await until(first, "stored 100 ")
    await cluster.nodes[1].kill()
    await until(first, "stored 200 ")
    first.kill()
    await first.wait()
    acknowledged = len(given) - await left_once_returned(channel, queue, len(given))
    assert 200 <= acknowledged < len(given)
    await cluster.nodes[1].start()
    second = await start("--until-empty")
    await until(second, f"stored {len(given) - acknowledged} ")
    assert await second.wait() == 0
    assert await left(channel, queue) == 0
    assert await left(channel, f"{queue}.dead") == 0
    await assert_all_is_stored(storage, given)


async def left_once_returned(channel: AbstractChannel, name: str, at_most: int) -> int:
    """How many messages wait once the broker has put back what a dead consumer held."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await channel.declare_queue(name, passive=True)
            if not found.declaration_result.consumer_count:
                return found.declaration_result.message_count or 0


async def test_sigterm_ends_a_worker_cleanly(
    channel: AbstractChannel, queue: str, storage: Storage, start: Start
) -> None:
    given = documents(400)
    await broker.produce(url(), queue, given)
    first = await start("--progress", "50")
    await until(first, "stored 100 ")
    first.send_signal(signal.SIGTERM)
    output, _ = await asyncio.wait_for(first.communicate(), PATIENCE)
    assert first.returncode == 0
    stored = int(output.decode().splitlines()[-1].split()[1])
    assert await left_once_returned(channel, queue, len(given)) == len(given) - stored
    second = await start("--until-empty")
    assert await asyncio.wait_for(second.wait(), PATIENCE) == 0
    await assert_all_is_stored(storage, given)
    deliveries = sum([(await storage.report(source))["deliveries"] for source in SOURCES])
    assert deliveries == len(given)  # nothing was done twice


async def test_nothing_is_lost_when_the_broker_goes_away(
    channel: AbstractChannel, queue: str, storage: Storage, start: Start
) -> None:
    given = documents(400)
    await broker.produce(url(), queue, given)
    async with Proxy(BROKER_HOST, 5672) as proxy:
        working = await start("--progress", "50", "--until-empty", broker_url=url(proxy.host, proxy.port))
        await until(working, "stored 100 ")
        await proxy.refuse()
        proxy.cut_all(reset=True)
        proxy.listen()
        assert working.stdout is not None
        await asyncio.wait_for(working.stdout.read(), PATIENCE)
        assert await working.wait() == 0
    assert await left(channel, queue) == 0
    await assert_all_is_stored(storage, given)


async def test_a_failed_document_goes_back_to_the_queue_and_is_stored_later(
    channel: AbstractChannel, queue: str, cluster: RiakServer, storage: Storage
) -> None:
    given = documents(20)
    await broker.produce(url(), queue, given)
    cluster.faults.error("put", "timeout", times=10)  # a write is not tried again by itself after that
    worker = broker.Worker(storage.store, (RiakError,), until_empty=True)
    counts = await asyncio.wait_for(worker.run(url(), queue), PATIENCE)
    assert (counts.stored, counts.put_back) == (len(given), 10)
    await assert_all_is_stored(storage, given)


async def test_what_is_no_document_is_set_aside(channel: AbstractChannel, queue: str, storage: Storage) -> None:
    await broker.produce(url(), queue, documents(3))
    for body in (b"{", b'{"id": 7}', b'{"id": "", "source": "s", "version": 1, "body": null}'):
        await channel.default_exchange.publish(aio_pika.Message(body), routing_key=queue)
    worker = broker.Worker(storage.store, (RiakError,), until_empty=True)
    counts = await asyncio.wait_for(worker.run(url(), queue), PATIENCE)
    assert (counts.stored, counts.refused) == (3, 3)
    assert await left(channel, f"{queue}.dead") == 3


async def test_a_document_that_comes_twice_is_counted_once(
    channel: AbstractChannel, queue: str, storage: Storage
) -> None:
    given = documents(30)
    for _ in range(2):
        await broker.produce(url(), queue, given)
        worker = broker.Worker(storage.store, (RiakError,), until_empty=True)
        await asyncio.wait_for(worker.run(url(), queue), PATIENCE)
    await assert_all_is_stored(storage, given)
    assert sum([(await storage.report(source))["deliveries"] for source in SOURCES]) == 60


async def test_the_newer_of_two_versions_wins_in_any_order_and_as_siblings(storage: Storage) -> None:
    old, new = documents(1, version=1)[0], documents(1, version=2)[0]
    await asyncio.gather(*(storage.store(document) for document in (new, old)))
    await storage.store(old)
    blind = storage.documents.new_object(old.id, old.stored())  # has not seen what is there: a sibling
    await blind.store(return_body=False)
    assert (await storage.documents.get(old.id)).data == new.stored()


async def test_documents_can_be_found_by_source(storage: Storage) -> None:
    for document in documents(6):
        await storage.store(document)
    keys, _ = await storage.documents.get_index("source_bin", "web")
    assert sorted(keys) == ["document-1", "document-4"]


def test_a_directory_gives_a_document_for_each_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "a.txt").write_text("héllo")
    (tmp_path / "b.bin").write_bytes(b"\xff\x00")
    found = {document.id: document for document in from_directory(tmp_path)}
    assert set(found) == {"mail/a.txt", "b.bin"}
    assert (found["mail/a.txt"].source, found["b.bin"].source) == ("mail", ".")
    assert found["mail/a.txt"].body["text"] == "héllo"
    assert all(Document.unpack(document.pack()) == document for document in found.values())


def test_a_feed_gives_a_document_for_each_line(tmp_path: pathlib.Path) -> None:
    feed = tmp_path / "orders.jsonl"
    feed.write_text(json.dumps({"id": "a", "source": "shop", "version": 7}) + "\n\n" + json.dumps([1, 2]) + "\n")
    named, nameless = from_feed(feed)
    assert (named.id, named.source, named.version) == ("a", "shop", 7)
    assert (nameless.source, nameless.body) == ("orders", [1, 2])
    assert nameless.id == list(from_feed(feed))[1].id


async def test_both_parts_of_a_document_end_before_an_error_is_raised() -> None:
    async with RiakServer() as server, RiakClient(server.host, server.port) as client:
        storage = Storage(client)
        server.faults.error("put", "the disk is full")
        (document,) = documents(1)
        with pytest.raises(RiakError, match="the disk is full"):
            await storage.store(document)
        assert server.requests["data type update"] == 1
        server.faults.clear()
        await storage.store(document)
        assert (await storage.documents.get(document.id)).exists
        report = await storage.report(document.source)
        assert (report["documents"], report["deliveries"]) == (1, 1)
