"""Updates of one key by one client: they are combined, and no caller disturbs another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from aioriak import Backoff, RetryPolicy, RiakClient, RiakObject
from aioriak.bucket import Bucket
from aioriak.error import (
    ClientClosed,
    ConflictError,
    ContentError,
    InvalidRequest,
    OutcomeUnknown,
    RequestTimeout,
    TooManyConflicts,
    WriteLost,
    WriteTimeout,
)
from aioriak.testing import RiakServer


@pytest.fixture
def bucket(client: RiakClient) -> Bucket:
    return client.bucket("b", "siblings")


def count(robject: RiakObject) -> None:
    robject.data = (robject.data or 0) + 1


def add(name: str) -> Callable[[RiakObject], None]:
    def change(robject: RiakObject) -> None:
        robject.data = [*(robject.data or []), name]

    return change


class Gate:
    """A change function that waits until it is opened, and adds a name to a list."""

    def __init__(self, name: str = "gate") -> None:
        self.name = name
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, robject: RiakObject) -> None:
        self.entered.set()
        await self.opened.wait()
        add(self.name)(robject)


def queued(client: RiakClient) -> int:
    return len(client._runtime.updates)


async def idle() -> None:
    """Let every task run that can run without the server."""
    for _ in range(20):
        await asyncio.sleep(0)


# -- combined -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["siblings", "default"])
async def test_a_hundred_tasks_count_to_a_hundred_in_a_few_requests(
    server: RiakServer, client: RiakClient, kind: str
) -> None:
    bucket = client.bucket("b", kind)
    await asyncio.gather(*(bucket.update("k", count) for _ in range(100)))
    assert (await bucket.get("k")).data == 100
    assert server.requests["put"] <= 2
    assert server.requests["get"] <= 3
    assert queued(client) == 0


async def test_what_comes_during_a_round_makes_up_the_next(server: RiakServer, bucket: Bucket) -> None:
    gate = Gate("first")
    first = asyncio.create_task(bucket.update("k", gate))
    await gate.entered.wait()
    others = [asyncio.create_task(bucket.update("k", add(str(number)))) for number in range(10)]
    await idle()
    gate.opened.set()
    assert (await first).data == ["first"]
    expected = ["first", *map(str, range(10))]
    assert [(await other).data for other in others] == [expected] * 10
    assert (server.requests["get"], server.requests["put"]) == (2, 2)


async def test_every_caller_has_an_object_of_its_own(bucket: Bucket) -> None:
    one, other = await asyncio.gather(bucket.update("k", add("a")), bucket.update("k", add("b")))
    assert one is not other
    assert one == other
    assert (one.data, one.etag, one.vclock) == (other.data, other.etag, other.vclock)
    one.data.append("mine")
    one.usermeta["mine"] = "yes"
    assert (other.data, other.usermeta) == (["a", "b"], {})
    await one.store()


async def test_the_object_returned_is_the_one_that_was_changed(bucket: Bucket) -> None:
    seen: list[RiakObject] = []
    updated = await bucket.update("k", lambda robject: seen.append(robject) or count(robject))
    assert seen == [updated]
    assert seen[0] is updated


async def test_a_value_that_one_caller_keeps_is_not_changed_by_another(bucket: Bucket) -> None:
    default = {"visits": 0}

    def start(robject: RiakObject) -> None:
        robject.data = default

    def visit(robject: RiakObject) -> None:
        robject.data["visits"] += 1

    await asyncio.gather(bucket.update("k", start), bucket.update("k", visit), bucket.update("k", visit))
    assert default == {"visits": 0}
    assert (await bucket.get("k")).data == {"visits": 2}


async def test_a_change_sees_what_the_one_before_made_as_if_it_were_stored(bucket: Bucket) -> None:
    seen: list[Any] = []

    def first(robject: RiakObject) -> None:
        robject.data, robject.content_type = "text", "text/plain"
        robject.charset = "utf-8"
        robject.usermeta = {"a": "b"}
        robject.add_index("n_int", 1).add_link(("b", "other", "tag"))

    def second(robject: RiakObject) -> None:
        seen.append((robject.exists, robject.data, robject.content_type, robject.charset, robject.usermeta))
        seen.append((robject.indexes, robject.links, robject.last_modified is not None))

    await asyncio.gather(bucket.update("k", first), bucket.update("k", second))
    assert seen == [(True, "text", "text/plain", "utf-8", {"a": "b"}), ({("n_int", 1)}, [("b", "other", "tag")], True)]
    read = await bucket.get("k")
    assert (read.data, read.usermeta, read.indexes) == ("text", {"a": "b"}, {("n_int", 1)})


async def test_copies_and_handles_of_a_client_share_the_queue(server: RiakServer, client: RiakClient) -> None:
    copies = [client, client.with_options(request_timeout=30), client.with_options(attempts=2)]
    buckets = [Bucket(copy, "b", copy.bucket_type("siblings")) for copy in copies for _ in range(5)]
    await asyncio.gather(*(bucket.update("k", count) for bucket in buckets))
    assert (await buckets[0].get("k")).data == 15
    assert server.requests["put"] == 3  # one for each set of options
    assert queued(client) == 0


async def test_only_updates_with_equal_options_are_combined(server: RiakServer, bucket: Bucket) -> None:
    options: list[dict[str, Any]] = [{}, {"r": 1}, {"pr": 1}, {"timeout": 9000}, {"if_not_modified": False}]
    await asyncio.gather(*(bucket.update("k", count, **each) for each in options * 4))
    assert (await bucket.get("k")).data == 20
    assert server.requests["put"] == len(options)
    gets = server.requests.filter("get")[: len(options)]
    assert [get.message.r for get in gets] == [0, 1, 0, 0, 0]
    assert [get.message.timeout <= 9000 for get in gets] == [False, False, False, True, False]


async def test_keys_do_not_wait_for_each_other(bucket: Bucket) -> None:
    gate = Gate()
    slow = asyncio.create_task(bucket.update("slow", gate))
    await gate.entered.wait()
    assert (await bucket.update("other", count)).data == 1
    gate.opened.set()
    await slow


# -- whose context ------------------------------------------------------------------------------


async def test_a_change_runs_in_the_task_and_the_context_of_its_caller(bucket: Bucket) -> None:
    name: ContextVar[str] = ContextVar("name")
    seen: dict[str, Any] = {}

    async def caller(own: str) -> None:
        name.set(own)

        async def change(robject: RiakObject) -> None:
            await asyncio.sleep(0)
            seen[own] = (name.get(), asyncio.current_task())
            name.set(f"{own} was here")
            add(own)(robject)

        await bucket.update("k", change)
        assert seen[own] == (own, asyncio.current_task())
        assert name.get() == f"{own} was here"

    await asyncio.gather(*(caller(own) for own in "abc"))
    assert sorted(seen) == ["a", "b", "c"]


# -- one that fails -----------------------------------------------------------------------------


async def test_a_change_that_raises_fails_alone_and_leaves_no_trace(server: RiakServer, bucket: Bucket) -> None:
    def spoil(robject: RiakObject) -> None:
        robject.data.append("trace")
        robject.usermeta["trace"] = "trace"
        robject.add_index("trace_int", 1).add_link(("b", "trace", None))
        robject.content_type = "text/plain"
        raise LookupError("a mistake")

    async def spoil_later(robject: RiakObject) -> None:
        await asyncio.sleep(0)
        spoil(robject)

    changes = [add("a"), spoil, add("b"), spoil_later, add("c")]
    results = await asyncio.gather(*(bucket.update("k", change) for change in changes), return_exceptions=True)
    assert [type(result) for result in results] == [RiakObject, LookupError, RiakObject, LookupError, RiakObject]
    read = await bucket.get("k")
    assert (read.data, read.usermeta, read.indexes, read.links) == (["a", "b", "c"], {}, set(), [])
    assert read.content_type == "application/json"
    assert server.requests["put"] == 1


async def test_a_value_that_cannot_be_encoded_fails_alone(bucket: Bucket) -> None:
    def unencodable(robject: RiakObject) -> None:
        robject.data = object()

    def bad_index(robject: RiakObject) -> None:
        robject.indexes = {("n", 1)}

    changes = [add("a"), unencodable, bad_index, add("b")]
    results = await asyncio.gather(*(bucket.update("k", change) for change in changes), return_exceptions=True)
    assert [type(result) for result in results] == [RiakObject, ContentError, InvalidRequest, RiakObject]
    assert "siblings/b/k" in str(results[1])
    assert "siblings/b/k" in str(results[2])
    assert (await bucket.get("k")).data == ["a", "b"]


async def test_nothing_is_stored_when_every_change_raises(server: RiakServer, bucket: Bucket) -> None:
    def wrong(robject: RiakObject) -> None:
        raise LookupError

    results = await asyncio.gather(*(bucket.update("k", wrong) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [LookupError] * 3
    assert (server.requests["get"], server.requests["put"]) == (1, 0)


async def test_a_change_that_raised_on_what_was_not_stored_is_called_again(client: RiakClient, bucket: Bucket) -> None:
    """The second caller finds an empty account, because the first has just emptied it; but that write is refused."""
    await bucket.new_object("account", 100).store()
    interfering = Bucket(client, "b", client.bucket_type("siblings"))
    seen: list[int] = []

    async def empty(robject: RiakObject) -> None:
        if robject.data == 100:
            theirs = await interfering.get("account")
            theirs.data = 500
            await theirs.store()
        robject.data -= 100

    def withdraw(robject: RiakObject) -> None:
        seen.append(robject.data)
        if robject.data < 300:
            raise LookupError("not enough")
        robject.data -= 300

    await asyncio.gather(bucket.update("account", empty), bucket.update("account", withdraw))
    assert seen == [0, 400]
    assert (await bucket.get("account")).data == 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda robject: None, "update() set no value for siblings/b/k: assign obj.data before returning"),
        (lambda robject: {"n": 1}, "what the function returns, a value of type dict, is not stored"),
        (lambda robject: robject.usermeta.update(a="b"), "set no value"),
        (lambda robject: robject.add_index("n_int", 1) and None, "set no value"),
        (lambda robject: robject.clear() and None, "set no value"),
    ],
)
async def test_a_function_that_leaves_no_value_is_told_what_to_do(
    server: RiakServer, bucket: Bucket, change: Callable[[RiakObject], Any], message: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await bucket.update("k", change)
    assert message in str(caught.value)
    assert server.requests["put"] == 0


async def test_a_function_that_leaves_a_tombstone_is_told_what_to_do(bucket: Bucket) -> None:
    await bucket.new_object("k", 1).store()
    await bucket.delete("k")
    with pytest.raises(InvalidRequest, match="set no value"):
        await bucket.update("k", lambda robject: None)


async def test_a_function_that_leaves_siblings_is_told_what_to_do(server: RiakServer, bucket: Bucket) -> None:
    for value in (1, 2):
        await bucket.new_object("k", value).store(return_body=False)
    with pytest.raises(ConflictError, match="left 2 siblings of siblings/b/k; set a resolver"):
        await bucket.update("k", lambda robject: None)

    def choose(robject: RiakObject) -> None:
        robject.siblings = [max(robject.siblings, key=lambda content: content.data)]

    assert (await bucket.update("k", choose)).data == 2
    assert server.requests["put"] == 3


@pytest.mark.parametrize("kind", ["counters", "sets", "maps", "hlls", "gsets"])
async def test_a_bucket_of_data_types_is_refused_with_the_way_to_take(client: RiakClient, kind: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"holds data types \({kind[:-1]}\).*async with bucket.edit"):
        await client.bucket("b", kind).update("k", count)
    assert queued(client) == 0


@pytest.mark.parametrize(
    "options", [{"head": True}, {"if_modified": b"v"}, {"attempts": 0}, {"attempts": True}, {"r": "most"}]
)
async def test_bad_options_are_refused_before_anything_is_sent(
    server: RiakServer, bucket: Bucket, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        await bucket.update("k", count, **options)
    with pytest.raises(TypeError, match="no option 'w'"):
        await bucket.update("k", count, w=1)  # type: ignore[call-arg]
    with pytest.raises(InvalidRequest, match="function of the object"):
        await bucket.update("k", {"n": 1})  # type: ignore[arg-type]
    assert server.requests["get"] == server.requests["put"] == 0
    assert queued(bucket.client) == 0


# -- one inside the other -----------------------------------------------------------------------


async def test_an_update_inside_the_change_of_the_same_key_is_refused(bucket: Bucket) -> None:
    async def nested(robject: RiakObject) -> None:
        await bucket.update("k", count)

    async def in_a_task(robject: RiakObject) -> None:
        await asyncio.create_task(bucket.update("k", count))

    for change in (nested, in_a_task):
        with pytest.raises(InvalidRequest, match=r"update\(\) of siblings/b/k was called inside a change function"):
            await bucket.update("k", change)
    assert (await bucket.update("k", count)).data == 1


async def test_an_update_of_another_key_inside_a_change_is_made(bucket: Bucket) -> None:
    async def nested(robject: RiakObject) -> None:
        robject.data = (await bucket.update("other", count)).data

    assert (await bucket.update("k", nested)).data == 1
    assert (await bucket.update("k", nested)).data == 2


async def test_updates_that_would_wait_for_each_other_are_refused(bucket: Bucket) -> None:
    entered = [asyncio.Event(), asyncio.Event()]

    def nested(own: int, other: str) -> Callable[[RiakObject], Any]:
        async def change(robject: RiakObject) -> None:
            entered[own].set()
            await entered[1 - own].wait()
            robject.data = (await bucket.update(other, count)).data

        return change

    results = await asyncio.gather(
        bucket.update("a", nested(0, "b")), bucket.update("b", nested(1, "a")), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["InvalidRequest", "RiakObject"]


# -- one that leaves ----------------------------------------------------------------------------


async def test_a_caller_cancelled_in_the_queue_changes_nothing(bucket: Bucket) -> None:
    gate = Gate("a")
    first = asyncio.create_task(bucket.update("k", gate))
    await gate.entered.wait()
    leaving, staying = (asyncio.create_task(bucket.update("k", add(name))) for name in "bc")
    await idle()
    leaving.cancel()
    await idle()
    assert leaving.cancelled()
    gate.opened.set()
    await first
    assert (await staying).data == ["a", "c"]


async def test_a_caller_cancelled_in_its_change_leaves_no_trace(bucket: Bucket) -> None:
    gate = Gate("b")

    async def change(robject: RiakObject) -> None:
        robject.data.append("trace")
        await gate(robject)

    first, leaving, last = (asyncio.create_task(bucket.update("k", each)) for each in (add("a"), change, add("c")))
    await gate.entered.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert (await first).data == (await last).data == ["a", "c"]


@pytest.mark.parametrize("leaving", [0, 1, 2])
@pytest.mark.parametrize("operation", ["get", "put"])
async def test_a_caller_cancelled_during_a_request_of_the_round_does_not_disturb_the_others(
    server: RiakServer, bucket: Bucket, leaving: int, operation: str
) -> None:
    arrived = asyncio.Event()
    server.faults.delay(operation, 0.05, times=1)
    server.requests.on_request = lambda request: arrived.set() if request.operation == operation else None
    tasks = [asyncio.create_task(bucket.update("k", add(name))) for name in "abc"]
    await arrived.wait()
    tasks[leaving].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [
        number == leaving for number in range(3)
    ]
    kept = [name for number, name in enumerate("abc") if operation == "put" or number != leaving]
    assert (await bucket.get("k")).data == kept
    assert queued(bucket.client) == 0


async def test_a_round_that_nobody_waits_for_is_given_up(server: RiakServer, client: RiakClient) -> None:
    bucket = client.bucket("b", "siblings")
    arrived = asyncio.Event()
    server.requests.on_request = lambda request: arrived.set()
    server.faults.delay("get", 0.05, times=1)
    tasks = [asyncio.create_task(bucket.update("k", count)) for _ in range(3)]
    await arrived.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await idle()
    assert queued(client) == 0
    assert [task for task in asyncio.all_tasks() if "aioriak updates" in task.get_name()] == []
    assert (await bucket.update("k", count)).data == 1


async def test_a_caller_cancelled_before_anything_was_sent_leaves_nothing(server: RiakServer, bucket: Bucket) -> None:
    task = asyncio.create_task(bucket.update("k", count))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await idle()
    assert queued(bucket.client) == 0
    assert (await bucket.update("k", count)).data == 1


async def test_a_deadline_in_the_queue_is_a_timeout_before_the_write(server: RiakServer, bucket: Bucket) -> None:
    gate = Gate("a")
    first = asyncio.create_task(bucket.update("k", gate))
    await gate.entered.wait()
    with pytest.raises(RequestTimeout, match="before anything was written") as caught:
        await bucket.update("k", add("b"), timeout=1)
    assert not isinstance(caught.value, OutcomeUnknown)
    gate.opened.set()
    assert (await first).data == ["a"]


async def test_a_deadline_ends_a_change_that_hangs(bucket: Bucket) -> None:
    with pytest.raises(RequestTimeout, match="before anything was written"):
        await bucket.update("k", Gate(), timeout=1)
    assert (await bucket.update("k", count)).data == 1


async def test_a_deadline_after_the_write_was_sent_leaves_the_outcome_unknown(
    server: RiakServer, bucket: Bucket
) -> None:
    server.faults.hang("put", times=1)
    with pytest.raises(WriteTimeout):
        await bucket.update("k", count, timeout=100)


async def test_a_timeout_of_the_caller_s_own_reaches_the_caller(bucket: Bucket) -> None:
    async def change(robject: RiakObject) -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError) as caught:
        await bucket.update("k", change)
    assert type(caught.value) is TimeoutError


# -- together -----------------------------------------------------------------------------------


async def test_all_callers_of_a_lost_write_are_told_that_its_outcome_is_unknown(
    server: RiakServer, bucket: Bucket
) -> None:
    await bucket.update("k", count)
    server.faults.cut("put", when="before", times=1)

    def wrong(robject: RiakObject) -> None:
        raise LookupError

    results = await asyncio.gather(
        *(bucket.update("k", change) for change in (count, count, wrong, count)), return_exceptions=True
    )
    assert [type(result) for result in results] == [WriteLost, WriteLost, LookupError, WriteLost]
    assert len({id(result) for result in results}) == 4
    assert all("siblings/b/k" in str(result) for result in results if isinstance(result, WriteLost))
    assert (await bucket.get("k")).data == 4  # once each, and never again


async def test_all_callers_of_a_failed_fetch_are_told(server: RiakServer, bucket: Bucket) -> None:
    server.faults.error("get", "{pr_val_unsatisfied,2,1}", times=1)
    results = await asyncio.gather(*(bucket.update("k", count) for _ in range(3)), return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["QuorumUnsatisfied"] * 3
    assert [getattr(result, "required", None) for result in results] == [2, 2, 2]
    assert server.requests["put"] == 0


async def test_a_refused_write_is_made_again_with_everybody_s_change(server: RiakServer, bucket: Bucket) -> None:
    await bucket.new_object("k", ["theirs"]).store()
    server.faults.error("put", "modified", times=2)
    results = await asyncio.gather(*(bucket.update("k", add(name)) for name in "abc"))
    assert [result.data for result in results] == [["theirs", "a", "b", "c"]] * 3
    assert server.requests["put"] == 4


async def test_an_update_gives_up_after_its_own_attempts(server: RiakServer, bucket: Bucket) -> None:
    server.faults.error("put", "match_found", times=3)
    few, many = await asyncio.gather(
        bucket.update("k", add("few"), attempts=2), bucket.update("k", add("many"), attempts=4), return_exceptions=True
    )
    assert isinstance(few, TooManyConflicts)
    assert "was not updated: another write came first 2 times" in str(few)
    assert not isinstance(many, BaseException)
    assert many.data == ["many"]


async def test_an_update_gives_up_when_its_time_ends(server: RiakServer) -> None:
    server.faults.error("put", "match_found")
    retry = RetryPolicy(backoff=Backoff(first=3600, longest=3600))
    async with RiakClient(server.host, server.port, retry=retry) as client:
        with pytest.raises(TooManyConflicts, match="another write came first once"):
            await client.bucket("b", "siblings").update("k", count)
        assert queued(client) == 0


# -- closing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "aclose"])
async def test_closing_the_client_ends_the_updates_that_wait(server: RiakServer, how: str) -> None:
    client = await RiakClient(server.host, server.port)
    bucket = client.bucket("b", "siblings")
    gate = Gate("a")
    changing = asyncio.create_task(bucket.update("k", gate))
    await gate.entered.wait()
    waiting = asyncio.create_task(bucket.update("k", count))
    await idle()
    if how == "aclose":
        await client.aclose()
    else:
        client.close()
    with pytest.raises(ClientClosed):
        await waiting
    gate.opened.set()
    with pytest.raises(ClientClosed):
        await changing
    await idle()
    assert queued(client) == 0
    assert server.requests["put"] == 0


async def test_closing_waits_for_a_write_in_flight(server: RiakServer) -> None:
    client = await RiakClient(server.host, server.port)
    bucket = client.bucket("b", "siblings")
    arrived = asyncio.Event()
    server.requests.on_request = lambda request: arrived.set() if request.operation == "put" else None
    server.faults.delay("put", 0.05, times=1)
    storing = asyncio.create_task(bucket.update("k", count))
    await arrived.wait()
    await client.aclose()
    assert (await storing).data == 1


async def test_updates_after_closing_are_refused(server: RiakServer) -> None:
    client = await RiakClient(server.host, server.port)
    await client.aclose()
    with pytest.raises(ClientClosed):
        await client.bucket("b").update("k", count)
    await idle()
    assert queued(client) == 0


async def test_a_loop_that_ends_in_the_middle_leaves_no_task(server: RiakServer) -> None:
    def other_program() -> None:
        async def main() -> None:
            client = RiakClient(server.host, server.port)
            bucket = client.bucket("b", "siblings")
            gate = Gate()
            tasks = [asyncio.create_task(bucket.update("k", change)) for change in (gate, count)]
            await gate.entered.wait()
            client.close()
            del tasks

        asyncio.run(main())

    await asyncio.to_thread(other_program)


async def test_the_options_of_a_bucket_handle_hold_for_its_updates() -> None:
    async with RiakServer() as server, RiakClient(server.host, server.port) as client:
        bucket = client.bucket("b", pr=1, dw=1)
        await bucket.update("k", lambda obj: setattr(obj, "data", 1))
        await bucket.update("k", lambda obj: setattr(obj, "data", 2), pr=2)
        gets = [request.message.pr for request in server.requests.filter("get")]
        puts = [request.message.dw for request in server.requests.filter("put")]
    assert (gets, puts) == ([1, 2], [1, 1])


async def test_calls_with_different_options_are_not_combined_and_lose_nothing() -> None:
    async with RiakServer() as server, RiakClient(server.host, server.port) as client:
        bucket = client.bucket("b")

        def count(obj: RiakObject) -> None:
            obj.data = (obj.data or 0) + 1

        await asyncio.gather(*(bucket.update("k", count, r=1 + number % 2) for number in range(10)))
        assert (await bucket.get("k")).data == 10
