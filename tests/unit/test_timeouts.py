"""The timeout of a request: the same forms for every method that takes one."""

from __future__ import annotations

import base64
import inspect
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from aioriak import Bucket, BucketType, Query, RiakClient, RiakMapReduce, RiakObject
from aioriak.admin.aae import Folds
from aioriak.admin.replication import Replication, ReplicationQueue
from aioriak.cluster.dispatcher import Dispatcher
from aioriak.compat.client import CompatClient
from aioriak.datatypes import Counter, Datatype
from aioriak.error import InvalidRequest, InvalidType, RiakError
from aioriak.operations.indexes import IndexRow
from aioriak.queries.index import IndexPage
from aioriak.queries.mapreduce import MapReduce
from aioriak.queries.search import Search
from aioriak.testing.erlang import encode_term

PHASES = [{"map": {"language": "erlang", "module": "riak_kv_mapreduce", "function": "map_identity"}}]

CALLS: dict[str, Callable[..., Any]] = {
    "Bucket.delete": lambda bucket, **o: bucket.delete("k", **o),
    "Bucket.edit": lambda bucket, **o: bucket.client.bucket("b", "counters").edit("k", **o).__aenter__(),
    "Bucket.fold": lambda bucket, **o: bucket.fold(**o),
    "Bucket.get": lambda bucket, **o: bucket.get("k", **o),
    "Bucket.get_index": lambda bucket, **o: bucket.get_index("n_int", 1, **o),
    "Bucket.get_keys": lambda bucket, **o: bucket.get_keys(**o),
    "Bucket.get_many": lambda bucket, **o: _first(bucket.get_many(["k"], **o)),
    "Bucket.multiget": lambda bucket, **o: _raise_first(bucket.multiget(["k"], **o)),
    "Bucket.paginate_index": lambda bucket, **o: bucket.paginate_index("n_int", 1, **o),
    "Bucket.paginate_stream_index": lambda bucket, **o: _nested(bucket.paginate_stream_index("n_int", 1, **o)),
    "Bucket.put_many": lambda bucket, **o: _first(bucket.put_many([bucket.new_object("k", 1)], **o)),
    "Bucket.query": lambda bucket, **o: bucket.query("n_int", 1, **o),
    "Bucket.search": lambda bucket, **o: bucket.search("q", **o),
    "Bucket.stream_index": lambda bucket, **o: bucket.stream_index("n_int", 1, **o),
    "Bucket.stream_keys": lambda bucket, **o: bucket.stream_keys(**o),
    "Bucket.update": lambda bucket, **o: bucket.update("k", lambda robject: None, **o),
    "Bucket.with_options": lambda bucket, **o: bucket.with_options(**o).get("k"),
    "BucketType.bucket": lambda bucket, **o: bucket.bucket_type.bucket("b", **o).get("k"),
    "BucketType.with_options": lambda bucket, **o: bucket.bucket_type.with_options(**o).bucket("b").get("k"),
    "BucketType.get_buckets": lambda bucket, **o: bucket.bucket_type.get_buckets(**o),
    "BucketType.stream_buckets": lambda bucket, **o: bucket.bucket_type.stream_buckets(**o),
    "Datatype.delete": lambda bucket, **o: Counter(bucket, "k").delete(**o),
    "Datatype.fetch_context": lambda bucket, **o: Counter(bucket, "k").fetch_context(**o),
    "Datatype.reload": lambda bucket, **o: Counter(bucket, "k").reload(**o),
    "Datatype.store": lambda bucket, **o: _incremented(bucket).store(**o),
    "Datatype.update": lambda bucket, **o: _incremented(bucket).update(**o),
    "Folds.count_keys": lambda bucket, **o: bucket.client.aae.count_keys(bucket, **o),
    "Folds.count_tombstones": lambda bucket, **o: bucket.client.aae.count_tombstones(bucket, **o),
    "Folds.erase_keys": lambda bucket, **o: bucket.client.aae.erase_keys(bucket, **o),
    "Folds.fetch_clocks": lambda bucket, **o: bucket.client.aae.fetch_clocks([1], **o),
    "Folds.fetch_clocks_range": lambda bucket, **o: bucket.client.aae.fetch_clocks_range(bucket, **o),
    "Folds.find_large": lambda bucket, **o: bucket.client.aae.find_large(bucket, 1, **o),
    "Folds.find_siblings": lambda bucket, **o: bucket.client.aae.find_siblings(bucket, **o),
    "Folds.find_tombstones": lambda bucket, **o: bucket.client.aae.find_tombstones(bucket, **o),
    "Folds.list_buckets": lambda bucket, **o: bucket.client.aae.list_buckets(**o),
    "Folds.merge_branches": lambda bucket, **o: bucket.client.aae.merge_branches([1], **o),
    "Folds.merge_root": lambda bucket, **o: bucket.client.aae.merge_root(**o),
    "Folds.merge_trees": lambda bucket, **o: bucket.client.aae.merge_trees(bucket, **o),
    "Folds.object_stats": lambda bucket, **o: bucket.client.aae.object_stats(bucket, **o),
    "Folds.reap_tombstones": lambda bucket, **o: bucket.client.aae.reap_tombstones(bucket, **o),
    "Folds.repair_keys": lambda bucket, **o: bucket.client.aae.repair_keys(bucket, **o),
    "Folds.replicate_keys": lambda bucket, **o: bucket.client.aae.replicate_keys(bucket, "q", **o),
    "IndexPage.next_page": lambda bucket, **o: _page(bucket).next_page(**o),
    "MapReduce.run": lambda bucket, **o: bucket.client.mapreduce.run([["b", "k"]], PHASES, **o),
    "MapReduce.stream": lambda bucket, **o: bucket.client.mapreduce.stream([["b", "k"]], PHASES, **o),
    "Query.objects": lambda bucket, **o: _object_of_a_row(bucket, o),
    "Replication.enqueue": lambda bucket, **o: bucket.client.replication.enqueue(bucket.new_object("k", 1), **o),
    "ReplicationQueue.drain": lambda bucket, **o: bucket.client.replication.queue("q").drain(**o),
    "ReplicationQueue.fetch": lambda bucket, **o: bucket.client.replication.queue("q").fetch(**o),
    "ReplicationQueue.push": lambda bucket, **o: bucket.client.replication.queue("q").push([], **o),
    "RiakClient.bucket": lambda bucket, **o: bucket.client.bucket("b", **o).get("k"),
    "RiakClient.get_many": lambda bucket, **o: _first(bucket.client.get_many([(bucket, "k")], **o)),
    "RiakClient.put_many": lambda bucket, **o: _first(bucket.client.put_many([bucket.new_object("k", 1)], **o)),
    "RiakMapReduce.run": lambda bucket, **o: bucket.client.mapreduce.job().add("b", "k").map_identity().run(**o),
    "RiakMapReduce.stream": lambda bucket, **o: bucket.client.mapreduce.job().add("b", "k").map_identity().stream(**o),
    "RiakObject.delete": lambda bucket, **o: bucket.new_object("k", 1).delete(**o),
    "RiakObject.reload": lambda bucket, **o: bucket.new_object("k", 1).reload(**o),
    "RiakObject.store": lambda bucket, **o: bucket.new_object("k", 1).store(**o),
    "Search.create_index": lambda bucket, **o: bucket.client.search.create_index("i", **o),
    "Search.query": lambda bucket, **o: bucket.client.search.query("i", "q", **o),
}  # fmt: skip
"""Each method that takes a timeout, called in a bucket."""


def _incremented(bucket: Bucket) -> Counter:
    counter = Counter(bucket, "k")
    counter.increment()
    return counter


def _page(bucket: Bucket) -> IndexPage:
    page = IndexPage(([], base64.b64encode(encode_term(b"k"))))
    page._bucket, page._query = bucket, ("$key", "a", "z", {})
    return page


async def _first(results: AsyncIterator[tuple[Any, Any]]) -> Any:
    """Raise the error that comes with the first item."""
    async for _, error in results:
        raise error
    raise AssertionError("no item came")


async def _raise_first(results: Awaitable[list[Any]]) -> Any:
    raise (await results)[0][-1]


async def _nested(streams: AsyncIterator[AsyncIterator[Any]]) -> None:
    async for stream in streams:
        async for _ in stream:
            pass


async def _object_of_a_row(bucket: Bucket, options: dict[str, Any]) -> None:
    class OneRow(Query):
        async def pages(self) -> AsyncIterator[list[IndexRow]]:
            yield [IndexRow("k", 1)]

    async for _ in OneRow(bucket, "n_int", 1).objects(**options):
        pass


class Stopped(RiakError):
    """Raised where a request would be sent."""


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """The time limits, in seconds, of the requests that were about to be sent."""
    found: list[float | None] = []

    def stop(dispatcher: Dispatcher, operation: Any, request: Any, timeout: float | None = None) -> Any:
        found.append(timeout)
        raise Stopped("nothing is sent")

    monkeypatch.setattr(Dispatcher, "call", stop)
    monkeypatch.setattr(Dispatcher, "stream", stop)
    return found


async def _run(call: Callable[..., Any], bucket: Bucket, timeout: Any) -> None:
    outcome = call(bucket, timeout=timeout)
    if inspect.isawaitable(outcome):
        outcome = await outcome
    if hasattr(outcome, "__aiter__"):
        async for _ in outcome:
            pass


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    client = RiakClient(allow_listing="silent")
    client._runtime.datatypes[b"counters"] = "counter"
    yield client.bucket("b")
    client.close()


@pytest.mark.parametrize("call", CALLS)
async def test_a_timeout_is_a_timedelta_or_milliseconds(
    call: str, bucket: Bucket, limits: list[float | None]
) -> None:
    for timeout in (timedelta(seconds=2.5), 2500):
        with pytest.raises(Stopped):
            await _run(CALLS[call], bucket, timeout)
    # an update sends the time that is left
    assert [limit is not None and 0.5 < limit <= 2.5 for limit in limits] == [True, True]


@pytest.mark.parametrize("call", CALLS)
async def test_another_timeout_is_refused_before_anything_is_sent(
    call: str, bucket: Bucket, limits: list[float | None]
) -> None:
    wrong: Any
    for wrong in (2.5, True, "5", b"5"):
        with pytest.raises(InvalidType, match="timeout is a timedelta or a whole number of milliseconds") as caught:
            await _run(CALLS[call], bucket, wrong)
        assert ("use timedelta(seconds=2.5)" in str(caught.value)) is (wrong == 2.5)
    for wrong in (timedelta(seconds=-1), -1, timedelta(days=50), 2**32):
        with pytest.raises(InvalidRequest, match=r"milliseconds from \d to 4294967295"):
            await _run(CALLS[call], bucket, wrong)
    assert limits == []


def test_every_method_that_takes_a_timeout_is_in_the_table() -> None:
    kinds: list[type] = [
        Bucket, BucketType, Datatype, Folds, IndexPage, MapReduce, Query, Replication, ReplicationQueue, RiakClient,
        RiakMapReduce, RiakObject, Search,
    ]  # fmt: skip
    found = {
        f"{kind.__name__}.{name}"
        for kind in kinds
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and _takes_timeout(method)
        and (kind is not RiakClient or name not in vars(CompatClient))
    }
    assert found == set(CALLS)


def _takes_timeout(method: Any) -> bool:
    parameters = inspect.signature(method).parameters
    if "timeout" in parameters:
        return True
    for parameter in parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD and "Unpack[" in str(parameter.annotation):
            name = str(parameter.annotation)[len("Unpack[") : -1]
            options = getattr(inspect.getmodule(method), name)
            return "timeout" in typing.get_type_hints(options)
    return False
