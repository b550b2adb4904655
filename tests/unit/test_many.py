"""Many requests at once: bounded, as they come, and nothing left behind."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.error import ConflictError, ContentError, InvalidRequest, InvalidType, Overload, RiakError
from aioriak.many import each, each_begun
from aioriak.testing import RiakServer
from tests.wires import turn, until


class Work:
    """Work that ends when the test says so."""

    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[str]] = {}
        self.most = 0

    async def __call__(self, item: int) -> str:
        self.waiting[item] = asyncio.get_running_loop().create_future()
        self.most = max(self.most, len(self.waiting))
        try:
            return await self.waiting[item]
        finally:
            del self.waiting[item]


async def at_once(item: int) -> int:
    return item * 10


class Step:
    """The first step of a work: a future that is done when its coroutine waits no more."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.coroutine = coroutine
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def cancel(self) -> None:
        self.future.cancel()
        self.coroutine.close()


class ByCallback:
    """Work whose first step takes no task, and its last one neither."""

    def __init__(self, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> None:
        self.whole = work

    def begin(self, item: Any) -> Step | None:
        if item == 3:
            return None  # the whole work is done in a task
        if item == 5:
            raise LookupError("whole() raises its own error")
        step = Step(self.whole(item))
        asyncio.get_running_loop().call_soon(self._on, step)
        return step

    def _on(self, step: Step) -> None:
        if not step.future.done():
            step.future.set_result(None)

    def end(self, item: Any, step: Step) -> Any:
        """Let the coroutine run as far as it does without waiting, for those that wait for nothing."""
        if self.whole is not at_once:
            return None
        step.coroutine.close()
        return item * 10

    async def rest(self, item: Any, step: Step) -> Any:
        return await step.coroutine


def by_callback(work: Any, source: Iterable[Any], concurrency: int) -> AsyncIterator[Any]:
    return each_begun(ByCallback(work), source, concurrency)


@pytest.fixture(params=[each, by_callback])
def run(request: pytest.FixtureRequest) -> Any:
    """Both ways to do much work, of which the second has no task for most of it."""
    return request.param


async def test_each_item_comes_with_its_result(run: Any) -> None:
    assert sorted([pair async for pair in run(at_once, range(5), 2)]) == [(0, 0), (1, 10), (2, 20), (3, 30), (4, 40)]


async def test_no_items_are_no_pairs(run: Any) -> None:
    nothing: list[int] = []
    assert [pair async for pair in run(at_once, nothing, 2)] == []


async def test_results_come_in_the_order_in_which_they_are_ready(run: Any) -> None:
    work = Work()
    pairs = run(work, range(3), 3)
    step = asyncio.ensure_future(anext(pairs))
    await until(lambda: len(work.waiting) == 3)
    work.waiting[2].set_result("c")
    assert await step == (2, "c")
    work.waiting[0].set_result("a")
    assert await anext(pairs) == (0, "a")
    work.waiting[1].set_result("b")
    assert await anext(pairs) == (1, "b")
    with pytest.raises(StopAsyncIteration):
        await anext(pairs)


async def test_no_more_than_so_many_are_under_way(run: Any) -> None:
    work = Work()

    async def consume() -> list[Any]:
        return [pair async for pair in run(work, range(20), 4)]

    consuming = asyncio.create_task(consume())
    for _ in range(20):
        await until(lambda: work.waiting)
        next(iter(work.waiting.values())).set_result("")
        await turn()
    assert len(await consuming) == 20
    assert work.most == 4


async def test_a_few_items_do_not_cost_many_tasks(run: Any) -> None:
    before = len(asyncio.all_tasks())
    pairs = run(at_once, [1, 2], 1000)
    await anext(pairs)
    assert len(asyncio.all_tasks()) - before <= 3
    assert [pair async for pair in pairs] == [(2, 20)]


async def test_the_source_is_read_no_faster_than_results_are_taken(run: Any) -> None:
    read = 0

    def source() -> Any:
        nonlocal read
        for number in range(1000):
            read += 1
            yield number

    pairs = run(at_once, source(), 4)
    await anext(pairs)
    await turn(100)
    assert read <= 1 + 4 + 4 + 1
    for _ in range(9):
        await anext(pairs)
    await turn(100)
    assert read <= 10 + 4 + 4 + 1
    await pairs.aclose()  # type: ignore[attr-defined]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no eager tasks")
async def test_items_that_end_at_once_in_eager_tasks_all_come_back(run: Any) -> None:
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]
    work = at_once if run is each else lambda item: at_once(item)  # which ByCallback does in tasks
    found = [pair async for pair in run(work, [3] * 3000, 2000)]
    assert found == [(3, 30)] * 3000


async def test_an_error_of_riak_is_a_result_and_the_rest_goes_on(run: Any) -> None:
    async def work(item: int) -> int:
        if item % 2:
            raise Overload("overload")
        return item

    pairs = dict([pair async for pair in run(work, range(4), 2)])
    assert (pairs[0], pairs[2]) == (0, 2)
    assert isinstance(pairs[1], Overload)
    assert isinstance(pairs[3], Overload)


@pytest.mark.parametrize(
    "raised", [LookupError("a mistake"), asyncio.CancelledError(), TimeoutError(), StopIteration()]
)
@pytest.mark.parametrize("concurrency", [1, 2, 6])
async def test_every_item_comes_back_whatever_its_work_raises(
    run: Any, raised: BaseException, concurrency: int
) -> None:
    tasks = asyncio.all_tasks()

    async def work(number: int) -> int:
        if number in (0, 3, 5):
            raise raised
        return number

    found = {item: result async for item, result in run(work, range(6), concurrency)}
    assert sorted(found) == [0, 1, 2, 3, 4, 5]
    for number in (0, 3, 5):
        error = found.pop(number)
        assert isinstance(error, RiakError)
        assert isinstance(error.__cause__, RuntimeError if isinstance(raised, StopIteration) else type(raised))
    assert all(item == result for item, result in found.items())
    assert asyncio.all_tasks() == tasks


async def test_work_that_awaits_a_cancelled_future_comes_back_as_an_error(run: Any) -> None:
    gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    gone.cancel()

    async def work(number: int) -> int:
        return await gone if number == 1 else number

    found = {item: result async for item, result in run(work, range(3), 1)}
    assert sorted(found) == [0, 1, 2]
    assert isinstance(found[1], RiakError)


async def test_items_in_progress_come_back_before_the_error_of_the_source() -> None:
    work = Work()
    found: list[Any] = []

    async def source() -> AsyncIterator[int]:
        yield 1
        yield 2
        raise OSError("no more")

    async def consume() -> None:
        async for pair in each(work, source(), 4):
            found.append(pair)

    consuming = asyncio.create_task(consume())
    await until(lambda: len(work.waiting) == 2)
    await turn()
    work.waiting[2].set_result("b")
    work.waiting[1].set_result("a")
    with pytest.raises(OSError, match="no more"):
        await consuming
    assert sorted(found) == [(1, "a"), (2, "b")]


async def test_a_cancelled_source_is_not_the_end() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        raise asyncio.CancelledError

    found: list[Any] = []

    async def consume() -> None:
        async for pair in each(at_once, source(), 2):
            found.append(pair)

    with pytest.raises(asyncio.CancelledError):
        await consume()
    assert found == [(1, 10)]


async def test_leaving_generators_within_generators_leaves_no_task() -> None:
    tasks = asyncio.all_tasks()

    async def numbers() -> AsyncIterator[int]:
        while True:
            await asyncio.sleep(0)
            yield 1

    async def inner() -> AsyncIterator[int]:
        async for _, result in each(at_once, numbers(), 3):
            assert not isinstance(result, RiakError)
            yield result

    async def outer() -> AsyncIterator[Any]:
        async for pair in each(at_once, inner(), 3):
            yield pair

    async for pair in outer():
        assert pair == (10, 100)
        break
    await until(lambda: asyncio.all_tasks() == tasks)


async def test_work_that_outlives_its_cancellation_does_not_hold_up_the_end(run: Any) -> None:
    tasks = asyncio.all_tasks()
    stubborn = 0

    async def work(number: int) -> int:
        nonlocal stubborn
        if number:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                stubborn += 1
        return number

    pairs = run(work, range(100), 4)
    await anext(pairs)
    await turn()
    await pairs.aclose()  # type: ignore[attr-defined]
    assert stubborn
    assert asyncio.all_tasks() == tasks


async def test_an_error_of_the_source_ends_it_all() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        raise OSError("no more")

    found: list[Any] = []

    async def consume() -> None:
        async for pair in each(at_once, source(), 4):
            found.append(pair)

    with pytest.raises(OSError, match="no more"):
        await consume()
    assert found == [(1, 10)]


async def test_the_source_may_be_asynchronous() -> None:
    async def source() -> AsyncIterator[int]:
        for number in range(10):
            await asyncio.sleep(0)
            yield number

    assert len([pair async for pair in each(at_once, source(), 3)]) == 10


async def test_leaving_early_leaves_no_task_and_no_open_source() -> None:
    tasks = asyncio.all_tasks()
    closed = False

    async def source() -> AsyncIterator[int]:
        nonlocal closed
        try:
            while True:
                yield 1
        finally:
            closed = True

    numbers = source()
    pairs = each(at_once, numbers, 3)
    await anext(pairs)
    await pairs.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == tasks
    await numbers.aclose()  # type: ignore[attr-defined]
    assert closed


async def test_cancelling_the_consumer_cancels_the_work(run: Any) -> None:
    work = Work()

    async def consume() -> None:
        async for _ in run(work, range(100), 5):
            pass

    consuming = asyncio.create_task(consume())
    await until(lambda: len(work.waiting) == 5)
    consuming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consuming
    assert work.waiting == {}


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, "4", None])
async def test_concurrency_is_a_whole_number_from_1_up(run: Any, concurrency: Any) -> None:
    with pytest.raises(InvalidRequest, match="concurrency"):
        async for _ in run(at_once, [1], concurrency):
            pass


# -- a bad object among good ones ---------------------------------------------------------------

LONE = "caf\udce9"  # the name of a file that is not UTF-8, as os.listdir gives it
HUGE = 10**5000  # more digits than Python writes

BAD: dict[str, tuple[dict[str, Any], type[RiakError], str]] = {
    "a usermeta value": ({"usermeta": {"a": LONE}}, InvalidRequest, "usermeta of 'a'"),
    "a usermeta name": ({"usermeta": {LONE: "a"}}, InvalidRequest, "usermeta key"),
    "usermeta of a wrong type": ({"usermeta": {"a": HUGE}}, InvalidType, "usermeta of 'a'"),
    "an index value": ({"indexes": {("a_bin", LONE)}}, InvalidRequest, "index 'a_bin'"),
    "an index name": ({"indexes": {(LONE + "_bin", "a")}}, InvalidRequest, "index name"),
    "an index without a kind": ({"indexes": {("age", 5)}}, InvalidRequest, "ends in _int or _bin"),
    "a word in a number's index": ({"indexes": {("age_int", "old")}}, InvalidRequest, "index 'age_int'"),
    "a huge index value": ({"indexes": {("age_int", HUGE)}}, InvalidRequest, "index 'age_int'"),
    "an index that is no pair": ({"indexes": {("age_int",)}}, InvalidRequest, "a name and a value"),
    "a link's key": ({"links": [("b", LONE, None)]}, InvalidRequest, "link's key"),
    "a link's bucket": ({"links": [(5, "k", None)]}, InvalidType, "link's bucket"),
    "a link's tag": ({"links": [("b", "k", 5)]}, InvalidType, "link's tag"),
    "a link that is no triple": ({"links": [("b", "k")]}, InvalidRequest, "a bucket, a key and a tag"),
    "a key": ({"key": LONE}, InvalidRequest, "a key"),
    "a key of a wrong type": ({"key": 5}, InvalidType, "a key"),
    "an empty key": ({"key": ""}, InvalidRequest, "a key"),
    "a long key": ({"key": "k" * 70_000}, InvalidRequest, "65536"),
    "a content type": ({"content_type": 5}, InvalidType, "content_type"),
    "a charset": ({"charset": 5}, InvalidType, "charset"),
    "an unknown charset": (
        {"charset": "morse", "content_type": "text/plain", "data": "a"}, ContentError, "unknown encoding: morse"
    ),
    "a content encoding": ({"content_encoding": 5}, InvalidType, "content_encoding"),
    "a content type without an encoder": ({"content_type": "application/x-mine"}, ContentError, "set_encoder"),
    "data that is no JSON": ({"data": {1, 2}}, ContentError, "application/json"),
    "a huge number": ({"data": [HUGE]}, ContentError, "digits"),
    "not a number": ({"data": float("nan")}, ContentError, "application/json"),
    "bytes as JSON": ({"data": b"{}"}, ContentError, "encoded_data"),
    "no data": ({"siblings": []}, ConflictError, "set obj.data"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
async def test_one_bad_object_fails_alone_and_names_the_field(
    server: RiakServer, client: RiakClient, case: str
) -> None:
    changes, kind, words = BAD[case]
    bucket = client.bucket("b")
    objects = [bucket.new_object(f"k{number}", number) for number in range(5)]
    bad = objects[2]
    for name, value in changes.items():
        setattr(bad, name, value)
    errors = {id(robject): error async for robject, error in bucket.put_many(objects, concurrency=2)}
    error = errors.pop(id(bad))
    assert type(error) is kind
    assert words in str(error)
    assert "default/b/" in str(error)
    assert len(str(error)) < 1000
    assert list(errors.values()) == [None] * 4
    assert server.requests["put"] == 4


@pytest.mark.parametrize("item", [None, 5, "k", {"name": "Ada"}, ("b", "k")])
async def test_an_item_that_cannot_be_stored_fails_alone(client: RiakClient, item: Any) -> None:
    good = client.bucket("b").new_object("k", 1)
    found = {id(one): error async for one, error in client.put_many([item, good])}
    assert isinstance(found[id(item)], InvalidType)
    assert found[id(good)] is None


async def test_an_object_that_was_not_awaited_says_so(client: RiakClient) -> None:
    forgotten = client.bucket("b").new("k", 1)
    [(_, error)] = [pair async for pair in client.put_many([forgotten])]
    assert "await bucket.new" in str(error)
    forgotten.close()


@pytest.mark.parametrize("stage", [
    lambda sets: sets.add(LONE), lambda sets: sets.add(HUGE), lambda sets: sets.discard(5),
])  # fmt: skip
async def test_a_bad_change_of_a_data_type_fails_when_it_is_staged(client: RiakClient, stage: Any) -> None:
    tags = await client.bucket("b", "sets").new("k")
    with pytest.raises(InvalidRequest, match="a member"):
        stage(tags)
    assert not tags.modified


async def test_a_bad_data_type_fails_alone(client: RiakClient) -> None:
    bucket = client.bucket("b", "sets")
    good, empty, odd = await bucket.new("good"), await bucket.new("empty"), await bucket.new("odd")
    for tags in (good, odd):
        tags.add("x")
    odd.key = LONE
    errors = {id(tags): error async for tags, error in bucket.put_many([good, empty, odd])}
    assert errors[id(good)] is None
    assert "nothing to store" in str(errors[id(empty)])
    assert "a key" in str(errors[id(odd)])


# -- mistakes that a newcomer makes ----------------------------------------------------------------


@pytest.mark.parametrize(("start", "end"), [(30, 18), ("30", "18")])
async def test_a_reversed_range_says_what_to_do(client: RiakClient, start: Any, end: Any) -> None:
    bucket = client.bucket("b")
    index = "age_int" if isinstance(start, int) else "age_bin"
    with pytest.raises(InvalidRequest, match=rf"{index} is reversed: .*30.* comes after .*18.*lesser first"):
        bucket.query(index, start, end)
    with pytest.raises(InvalidRequest, match="lesser first"):
        await bucket.get_index(index, start, end)


async def test_data_for_a_new_data_type_says_what_to_do(client: RiakClient) -> None:
    for kind in ("counters", "sets", "maps", "hlls", "gsets"):
        with pytest.raises(InvalidRequest, match=r"make it with new\(key\), change it with its methods, and store\(\)"):
            await client.bucket("b", kind).new("k", 5)
        with pytest.raises(InvalidRequest, match=r"make it with new\(key\)"):
            await client.bucket("b", kind).new("k", encoded_data=b"5")


async def test_an_attribute_of_a_map_says_what_to_do(client: RiakClient) -> None:
    person = await client.bucket("b", "maps").new("k")
    with pytest.raises(AttributeError, match=r"m\.registers\['name'\]\.assign"):
        person.name = "Ada"
    with pytest.raises(AttributeError):
        person.name  # noqa: B018
