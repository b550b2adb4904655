"""The options of a bucket handle: every request that takes them has them, unless it is given its own."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from aioriak import Bucket, BucketType, RiakClient, RiakObject
from aioriak.datatypes import Counter, Map
from aioriak.error import InvalidRequest, RequestTimeout
from aioriak.operations.defaults import BucketOptions
from aioriak.operations.options import DELETE, QUORUMS, READ, WRITE
from aioriak.resolver import first_resolver
from aioriak.testing import RiakServer

ALL: BucketOptions = {
    "r": 1, "pr": 0, "w": 2, "dw": 1, "pw": 0, "rw": "quorum", "basic_quorum": True, "notfound_ok": False, "n_val": 3,
    "sloppy_quorum": True, "node_confirms": 1, "sync_on_write": "backend", "return_body": True, "timeout": 9000,
}  # fmt: skip
READS = {"r": 1, "pr": 0, "basic_quorum": True, "notfound_ok": False, "n_val": 3, "sloppy_quorum": True,
         "node_confirms": 1}  # fmt: skip
WRITES = {"w": 2, "dw": 1, "pw": 0, "n_val": 3, "sloppy_quorum": True, "node_confirms": 1,
          "return_body": True}  # fmt: skip
DELETES = {"rw": QUORUMS["quorum"], "r": 1, "pr": 0, "w": 2, "dw": 1, "pw": 0, "n_val": 3,
           "sloppy_quorum": True}  # fmt: skip
CLIENTS = 60_000
"""The timeout of the client's own requests, in milliseconds."""


@dataclass
class User:
    name: str


def sent(server: RiakServer, operation: str) -> list[dict[str, Any]]:
    """Return the options in the requests of an operation; ``timed`` stands for a timeout shorter than the client's."""
    found = []
    for request in server.requests.filter(operation):
        fields = {field.name: value for field, value in request.message.ListFields() if field.name in ALL}
        if fields.pop("timeout", CLIENTS) <= 9000:
            fields["timed"] = True
        found.append(fields)
    return found


async def no_more(found: Any) -> None:
    async for item in found:
        assert not isinstance(item[1], Exception), item


# each makes one request of the operation that the case is about
OBJECTS: dict[str, tuple[str, Callable[[Bucket], Any], dict[str, Any]]] = {
    "get": ("get", lambda bucket: bucket.get("k"), READS),
    "reload": ("get", lambda bucket: bucket.new_object("k").reload(), READS),
    "client.get": ("get", lambda bucket: bucket.client.get(RiakObject(bucket.client, bucket, "k")), READS),
    "get_many": ("get", lambda bucket: no_more(bucket.get_many(["k"])), READS),
    "client.get_many": ("get", lambda bucket: no_more(bucket.client.get_many([(bucket, "k")])), READS),
    "multiget": ("get", lambda bucket: bucket.multiget(["k"]), READS),
    "of": ("get", lambda bucket: bucket.of(User).get("k"), READS),
    "store": ("put", lambda bucket: bucket.new_object("k", 1).store(), {**WRITES, "sync_on_write": b"backend"}),
    "client.put": (
        "put", lambda bucket: bucket.client.put(bucket.new_object("k", 1)), {**WRITES, "sync_on_write": b"backend"}
    ),
    "put_many": (
        "put", lambda bucket: no_more(bucket.put_many([bucket.new_object("k", 1)])),
        {**WRITES, "sync_on_write": b"backend"},
    ),
    "store of an instance": (
        "put", lambda bucket: bucket.of(User).new(User("ada"), "k").store(), {**WRITES, "sync_on_write": b"backend"}
    ),
    "delete": ("delete", lambda bucket: bucket.delete("k"), DELETES),
    "delete of an object": ("delete", lambda bucket: bucket.new_object("k").delete(), DELETES),
    "delete of an instance": ("delete", lambda bucket: bucket.of(User).delete("k"), DELETES),
    "get_index": ("index query", lambda bucket: bucket.get_index("n_int", 1), {}),
    "stream_index": ("index query", lambda bucket: no_more(bucket.stream_index("n_int", 1)), {}),
    "query": ("index query", lambda bucket: bucket.query("n_int", 1).all(), {}),
}  # fmt: skip


@pytest.mark.parametrize("case", OBJECTS)
async def test_requests_for_objects_have_the_options_of_the_bucket(
    server: RiakServer, client: RiakClient, case: str
) -> None:
    operation, work, expected = OBJECTS[case]
    await work(client.bucket("b", **ALL))
    assert sent(server, operation) == [{**expected, "timed": True}]


async def test_an_update_has_the_options_of_the_bucket(server: RiakServer, client: RiakClient) -> None:
    def change(robject: RiakObject) -> None:
        robject.data = 1

    await client.bucket("b", **ALL).update("k", change)
    assert sent(server, "get") == [{**READS, "timed": True}]
    assert sent(server, "put") == [{**WRITES, "sync_on_write": b"backend", "timed": True}]


async def test_an_option_of_an_update_counts(server: RiakServer, client: RiakClient) -> None:
    def change(robject: RiakObject) -> None:
        robject.data = 1

    await client.bucket("b", r=1, w=1, return_body=False).update("k", change, r=2)
    assert sent(server, "get") == [{"r": 2}]
    assert sent(server, "put") == [{"w": 1, "return_body": True}]


def incremented(bucket: Bucket) -> Counter:
    counter = Counter(bucket, "k")
    counter.increment()
    return counter


async def edited(bucket: Bucket) -> None:
    async with bucket.edit("k") as counter:
        counter.increment()


async def edited_as_counter(bucket: Bucket) -> None:
    async with bucket.of(Counter).edit("k") as counter:
        counter.increment()


DATATYPES: dict[str, tuple[str, Callable[[Bucket], Any], dict[str, Any]]] = {
    "get": ("data type fetch", lambda bucket: bucket.get("k"), READS),
    "of": ("data type fetch", lambda bucket: bucket.of(Counter).get("k"), READS),
    "reload": ("data type fetch", lambda bucket: Counter(bucket, "k").reload(), READS),
    "edit fetches": ("data type fetch", edited, READS),
    "of().edit fetches": ("data type fetch", edited_as_counter, READS),
    "store": ("data type update", lambda bucket: incremented(bucket).store(), WRITES),
    "put_many": ("data type update", lambda bucket: no_more(bucket.put_many([incremented(bucket)])), WRITES),
    "edit stores": ("data type update", edited, WRITES),
    "of().edit stores": ("data type update", edited_as_counter, WRITES),
    "delete": ("delete", lambda bucket: Counter(bucket, "k").delete(), DELETES),
}


@pytest.mark.parametrize("case", DATATYPES)
async def test_requests_for_data_types_have_the_options_of_the_bucket(
    server: RiakServer, client: RiakClient, case: str
) -> None:
    operation, work, expected = DATATYPES[case]
    await work(client.bucket("b", "counters", **ALL))
    assert sent(server, operation) == [{**expected, "timed": True}]


async def test_counters_of_riak_1_4_have_the_options_that_they_take(server: RiakServer, client: RiakClient) -> None:
    await client.bucket("b").set_property("allow_mult", True)
    bucket = client.bucket("b", **ALL)
    await bucket.update_counter("k", 1)
    await bucket.get_counter("k")
    [update], [get] = sent(server, "counter update"), sent(server, "counter get")
    assert update == {"w": 2, "dw": 1, "pw": 0, "node_confirms": 1}
    assert get == {"r": 1, "pr": 0, "basic_quorum": True, "notfound_ok": False, "node_confirms": 1}


# -- what a request says itself --------------------------------------------------------------


async def test_an_option_of_the_request_counts_and_none_leaves_it_to_the_server(
    server: RiakServer, client: RiakClient
) -> None:
    bucket = client.bucket("b", r=1, w=1, dw=1, pw=1, rw=1, return_body=False, timeout=9000)
    await bucket.get("k", r=2)
    await bucket.get("k", r=None, timeout=None)
    assert sent(server, "get") == [{"r": 2, "timed": True}, {}]
    await bucket.new_object("k", 1).store(2, None, None, True, timeout=None)
    await bucket.new_object("k", 1).store(w=None, dw=2, pw=2)
    await bucket.new_object("k", 1).store(return_body=False)
    assert sent(server, "put") == [
        {"w": 2, "return_body": True},
        {"dw": 2, "pw": 2, "return_body": False, "timed": True},
        {"w": 1, "dw": 1, "pw": 1, "timed": True},
    ]
    await bucket.delete("k", rw=None, r=None)
    assert sent(server, "delete") == [{"w": 1, "dw": 1, "pw": 1, "timed": True}]
    await bucket.get_index("n_int", 1, timeout=None)
    assert sent(server, "index query") == [{}]


async def test_a_store_without_options_returns_the_body_unless_the_bucket_says_otherwise(
    server: RiakServer, client: RiakClient
) -> None:
    stored = client.bucket("b").new_object("k", 1)
    await stored.store()
    assert stored.vclock is not None
    quiet = client.bucket("b", return_body=False).new_object("k2", 1)
    await quiet.store()
    assert quiet.vclock is None
    await quiet.store(return_body=True)
    assert quiet.vclock is not None
    counter = incremented(client.bucket("b", "counters", return_body=False))
    await counter.store()
    assert counter.stale


async def test_a_timeout_of_the_bucket_bounds_the_call(server: RiakServer, client: RiakClient) -> None:
    bucket = client.bucket("b", timeout=timedelta(milliseconds=50))
    server.faults.hang("get")
    with pytest.raises(RequestTimeout):
        await bucket.get("k")
    server.faults.clear()
    server.faults.hang("index query")
    for query in (bucket.get_index("n_int", 1), bucket.query("n_int", 1).all()):
        with pytest.raises(RequestTimeout):
            await query


async def test_a_page_after_the_first_has_the_timeout_too(server: RiakServer, client: RiakClient) -> None:
    bucket = client.bucket("b", timeout=9000)
    for number in range(3):
        robject = bucket.new_object(f"k{number}", 1)
        robject.add_index("n_int", number)
        await robject.store()
    page = await bucket.get_index("n_int", 0, 9, max_results=2)
    await page.next_page()
    assert sent(server, "index query") == [{"timed": True}] * 2


# -- handles of their own ---------------------------------------------------------------------


async def test_options_make_a_handle_of_their_own(server: RiakServer, client: RiakClient) -> None:
    plain = client.bucket("b")
    own = client.bucket("b", r=1)
    assert own is not plain
    assert own == plain
    assert client.bucket("b") is plain
    assert client.bucket("b", r=1) is not own
    del own
    gc.collect()
    await client.bucket("b").get("k")
    await plain.get("k")
    assert sent(server, "get") == [{}, {}]


async def test_with_options_leaves_the_handle_as_it_is(server: RiakServer, client: RiakClient) -> None:
    first = client.bucket("b").with_options(r=1, pr=1)
    second = first.with_options(pr=None, w=2)
    assert isinstance(second, Bucket)
    assert (second.name, second.client, second.bucket_type) == ("b", client, first.bucket_type)
    await first.get("k")
    await second.get("k")
    await client.bucket("b").get("k")
    assert sent(server, "get") == [{"r": 1, "pr": 1}, {"r": 1}, {}]
    assert repr(second) == "<Bucket b with r=1, w=2>"
    assert repr(client.bucket("b", "siblings", w="all")) == "<Bucket siblings/b with w='all'>"


async def test_objects_keep_the_options_of_the_handle_that_read_them(server: RiakServer, client: RiakClient) -> None:
    robject = await client.bucket("b", r=1, w=1, rw=1).get("k")
    robject.data = 5
    await robject.store()
    await robject.reload()
    await robject.delete()
    assert sent(server, "get") == [{"r": 1}, {"r": 1}]
    assert sent(server, "put") == [{"w": 1, "return_body": True}]
    assert sent(server, "delete") == [{"r": 1, "w": 1, "rw": 1}]


async def test_buckets_of_a_bucket_type_have_its_options(server: RiakServer, client: RiakClient) -> None:
    kind = client.bucket_type("siblings").with_options(r=1)
    assert isinstance(kind, BucketType)
    assert kind == client.bucket_type("siblings")
    await kind.bucket("b").get("k")
    await client.bucket("b", kind, pr=1).get("k")
    await kind.bucket("b", r=2).get("k")
    await client.bucket("b", "siblings").get("k")
    assert sent(server, "get") == [{"r": 1}, {"r": 1, "pr": 1}, {"r": 2}, {}]
    assert repr(kind) == "<BucketType siblings with r=1>"


async def test_what_is_set_on_a_handle_with_options_holds_for_its_name(client: RiakClient) -> None:
    client.bucket("b", r=1).resolver = first_resolver
    assert client.bucket("b").resolver is first_resolver
    assert client.bucket("b").with_options(w=1).resolver is first_resolver


async def test_views_of_a_handle_have_its_options(server: RiakServer, client: RiakClient) -> None:
    maps = client.bucket("b", "maps", r=1, w=1).of(Map)
    found = await maps.get("k")
    found.counters["n"].increment()
    await found.store()
    assert sent(server, "data type fetch") == [{"r": 1}]
    assert sent(server, "data type update") == [{"w": 1, "return_body": True}]


async def test_a_handle_without_a_client_takes_options_too() -> None:
    bucket = BucketType(None, "t").bucket("b", r=1)
    assert bucket.with_options(w=1).defaults.given == {"r": 1, "w": 1}


async def test_listings_and_properties_take_no_options(client: RiakClient) -> None:
    bucket = client.bucket("b", timeout=1, r=9)
    assert await bucket.get_keys() == []
    assert (await bucket.get_properties())["n_val"] == 3


# -- checks -----------------------------------------------------------------------------------

SETTERS: list[Callable[[RiakClient, Any], Any]] = [
    lambda client, options: client.bucket("b", **options),
    lambda client, options: client.bucket("b").with_options(**options),
    lambda client, options: client.bucket_type("t").with_options(**options),
    lambda client, options: client.bucket_type("t").bucket("b", **options),
]


@pytest.mark.parametrize("setter", SETTERS)
@pytest.mark.parametrize(
    "bad",
    [
        {"r": "most"}, {"r": -1}, {"w": True}, {"w": 1.5}, {"n_val": 0}, {"timeout": 1.5}, {"timeout": "1"},
        {"timeout": -1}, {"basic_quorum": 1}, {"sync_on_write": "disk"}, {"return_body": "yes"},
        {"node_confirms": "quorum"},
    ],
    ids=str,
)  # fmt: skip
def test_a_bad_value_is_refused_when_it_is_set(setter: Callable[[RiakClient, Any], Any], bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(bad))):
        setter(RiakClient("nowhere"), bad)


@pytest.mark.parametrize("setter", SETTERS)
def test_an_unknown_option_is_refused_with_those_there_are(setter: Callable[[RiakClient, Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"no option tiemout; did you mean timeout.*basic_quorum, dw, n_val"):
        setter(RiakClient("nowhere"), {"tiemout": 1})


OF_ONE_REQUEST = sorted(({*READ, *WRITE, *DELETE, "head_only", "include_context", "returnvalue"}) - set(ALL))


@pytest.mark.parametrize("option", OF_ONE_REQUEST)
def test_an_option_of_a_single_request_is_no_option_of_a_bucket(option: str) -> None:
    client: Any = RiakClient("nowhere")
    with pytest.raises(TypeError, match=f"{option} is an option of a single request"):
        client.bucket("b", **{option: True})


def test_every_option_of_a_bucket_is_in_the_table() -> None:
    assert set(ALL) == BucketOptions.__optional_keys__
