"""Handles: settings belong to a name and hold for all its handles; handles can be made without a client."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from aioriak import Bucket, BucketType, RiakClient, RiakObject
from aioriak.datatypes import Counter
from aioriak.error import ConflictError, InvalidRequest, InvalidType
from aioriak.resolver import default_resolver, first_resolver, last_written_resolver
from aioriak.testing import RiakServer


def shout(value: Any) -> bytes:
    return str(value).upper().encode()


def whisper(value: bytes) -> str:
    return value.decode().lower()


@pytest.fixture
def offline() -> RiakClient:
    """A client that is never connected."""
    return RiakClient("nowhere")


# -- the resolver of a name ------------------------------------------------------------------


def test_a_resolver_set_on_a_dropped_handle_holds_for_later_handles(offline: RiakClient) -> None:
    offline.bucket("notes").resolver = first_resolver
    gc.collect()
    assert offline.bucket("notes").resolver is first_resolver
    assert offline.bucket("other").resolver is default_resolver
    assert offline.bucket("notes", "siblings").resolver is default_resolver


def test_a_resolver_holds_for_handles_made_before_it_was_set(offline: RiakClient) -> None:
    default = offline.bucket_type("default")
    before = [offline.bucket("notes"), offline.bucket(b"notes"), Bucket(offline, "notes", default)]
    offline.bucket("notes").resolver = first_resolver
    assert [bucket.resolver for bucket in before] == [first_resolver] * 3


def test_a_resolver_of_a_bucket_type_holds_for_all_its_buckets(offline: RiakClient) -> None:
    notes = offline.bucket("notes", "siblings")
    offline.bucket_type("siblings").resolver = first_resolver
    gc.collect()
    assert offline.bucket_type("siblings").resolver is first_resolver
    assert notes.resolver is offline.bucket("other", "siblings").resolver is first_resolver
    assert offline.bucket("notes").resolver is default_resolver


def test_the_nearest_resolver_counts(offline: RiakClient) -> None:
    notes = offline.bucket("notes", "siblings")
    offline.resolver = last_written_resolver
    assert notes.resolver is last_written_resolver
    notes.bucket_type.resolver = first_resolver
    assert notes.resolver is first_resolver
    notes.resolver = default_resolver
    assert notes.resolver is default_resolver
    notes.resolver = None
    assert notes.resolver is first_resolver
    notes.bucket_type.resolver = None
    assert notes.resolver is last_written_resolver
    offline.resolver = None
    assert notes.resolver is default_resolver


async def test_copies_of_a_client_share_resolvers_and_encoders(client: RiakClient) -> None:
    copy = client.with_options(request_timeout=5)
    copy.bucket("notes").resolver = first_resolver
    assert client.bucket("notes").resolver is first_resolver
    client.resolver = last_written_resolver
    assert copy.resolver is copy.bucket("other").resolver is last_written_resolver
    client.bucket("notes").set_encoder("text/loud", shout)
    assert copy.bucket("notes").get_encoder("text/loud") is shout


async def test_two_clients_share_nothing(offline: RiakClient) -> None:
    offline.bucket("notes").resolver = first_resolver
    assert RiakClient("nowhere").bucket("notes").resolver is default_resolver


async def test_a_resolver_of_a_dropped_handle_resolves_a_conflict(client: RiakClient, bucket_name: str) -> None:
    for value in (1, 2):
        await client.bucket(bucket_name, "siblings").new_object("k", value).store(return_body=False)
    with pytest.raises(ConflictError):
        (await client.bucket(bucket_name, "siblings").get("k")).data  # noqa: B018
    client.bucket(bucket_name, "siblings").resolver = first_resolver
    gc.collect()
    assert (await client.bucket(bucket_name, "siblings").get("k")).data in (1, 2)


@pytest.mark.parametrize("bad", [5, "first", object()])
def test_a_resolver_that_cannot_be_called_is_refused(offline: RiakClient, bad: Any) -> None:
    for handle in (offline, offline.bucket_type("siblings"), offline.bucket("notes")):
        with pytest.raises(InvalidRequest, match="resolver"):
            handle.resolver = bad
        assert handle.resolver is default_resolver


# -- the encoders and decoders of a name -----------------------------------------------------


async def test_an_encoder_set_on_a_dropped_handle_holds_for_later_and_earlier_handles(
    client: RiakClient, bucket_name: str
) -> None:
    early = client.bucket(b"".join([bucket_name.encode()]))
    client.bucket(bucket_name).set_encoder("text/loud", shout).set_decoder("text/loud", whisper)
    gc.collect()
    await early.new_object("k", "Hello", "text/loud").store(return_body=False)
    found = await client.bucket(bucket_name).get("k")
    assert found.encoded_data == b"HELLO"
    assert found.data == "hello"
    assert client.bucket("other").get_encoder("text/loud") is None


async def test_an_object_read_before_a_decoder_was_set_is_decoded_by_it(client: RiakClient, bucket_name: str) -> None:
    await client.bucket(bucket_name).new_object("k", encoded_data=b"HI", content_type="text/loud").store()
    found = await client.bucket(bucket_name).get("k")
    client.bucket(bucket_name).set_decoder("text/loud", whisper)
    assert found.data == "hi"


def test_a_bucket_falls_back_to_its_type_and_then_to_the_client(offline: RiakClient) -> None:
    notes = offline.bucket("notes", "siblings")
    notes.set_encoder("text/other", str)  # its own codecs exist before those of its type are given anything
    offline.bucket_type("siblings").set_encoder("text/loud", shout)
    assert notes.get_encoder("text/loud") is shout
    assert offline.bucket("more", "siblings").get_encoder("text/loud") is shout
    assert offline.bucket("notes").get_encoder("text/loud") is None
    offline.set_encoder("text/loud", str)
    assert offline.bucket("notes").get_encoder("text/loud") is str
    assert notes.get_encoder("text/loud") is shout
    notes.set_encoder("text/loud", repr)
    assert notes.get_encoder("text/loud") is repr
    assert offline.bucket_type("siblings").get_encoder("text/loud") is shout
    assert offline.get_encoder("text/loud") is str


def test_a_decoder_that_cannot_be_called_is_refused(offline: RiakClient) -> None:
    broken: Any = "upper"
    for handle in (offline.bucket_type("siblings"), offline.bucket("notes")):
        with pytest.raises(InvalidRequest):
            handle.set_decoder("text/loud", broken)
        with pytest.raises(InvalidRequest):
            handle.set_encoder("text/loud", broken)


# -- memory ---------------------------------------------------------------------------------


def test_handles_without_settings_are_not_kept(offline: RiakClient) -> None:
    def make(count: int) -> None:
        for number in range(count):
            bucket = offline.bucket(f"bucket {number}", f"type {number}")
            assert bucket.resolver is default_resolver
            assert bucket.get_encoder("text/plain") is not None

    make(100)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        make(20_000)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000  # bytes; one kept for each handle would be more
    assert not offline._buckets
    assert not offline._bucket_types


def test_a_setting_that_was_removed_takes_no_memory(offline: RiakClient) -> None:
    for number in range(10):
        bucket = offline.bucket(f"bucket {number}")
        bucket.resolver = first_resolver
        bucket.resolver = None
    assert not offline._runtime.preferences.resolvers


# -- handles without a client -----------------------------------------------------------------


async def test_handles_without_a_client_can_be_made_and_compared() -> None:
    bucket = Bucket(None, "b", BucketType(None, "t"))
    assert bucket.name == "b"
    assert bucket.bucket_type.name == "t"
    assert bucket.client is None
    assert bucket == BucketType(None, "t").bucket("b")
    assert bucket != Bucket(None, "c", BucketType(None, "t"))
    assert repr(bucket) == "<Bucket t/b>"
    assert bucket != RiakClient("nowhere").bucket("b", "t")


def test_handles_without_a_client_keep_what_is_set_on_them() -> None:
    bucket = Bucket(None, "b", BucketType(None, "t"))
    bucket.resolver = first_resolver
    bucket.set_encoder("text/loud", shout)
    assert bucket.resolver is bucket.bucket_type.bucket("b").resolver is first_resolver
    assert Bucket(None, "b", BucketType(None, "t")).resolver is default_resolver
    robject = RiakObject(None, bucket, "k")
    robject.data, robject.content_type = "hello", "text/loud"
    assert robject.encoded_data == b"HELLO"
    assert bucket.new_object("k", "hello", "text/loud").encoded_data == b"HELLO"


REQUESTS: dict[str, Callable[[Bucket], Any]] = {
    "get": lambda bucket: bucket.get("k"),
    "new": lambda bucket: bucket.new("k"),
    "delete": lambda bucket: bucket.delete("k"),
    "get_keys": lambda bucket: bucket.get_keys(),
    "get_properties": lambda bucket: bucket.get_properties(),
    "get_datatype": lambda bucket: bucket.bucket_type.get_datatype(),
    "get_buckets": lambda bucket: bucket.bucket_type.get_buckets(),
    "get_index": lambda bucket: bucket.get_index("age_int", 1),
    "query": lambda bucket: bucket.query("age_int", 1).all(),
    "update": lambda bucket: bucket.update("k", lambda obj: None),
    "store": lambda bucket: bucket.new_object("k", 1).store(),
    "reload": lambda bucket: RiakObject(None, bucket, "k").reload(),
    "map": lambda bucket: RiakObject(None, bucket, "k").map(["m", "f"]).run(),
    "counter": lambda bucket: Counter(bucket, "k").reload(),
}


@pytest.mark.filterwarnings("ignore::aioriak.error.ListingWarning")
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=list(REQUESTS))
async def test_a_request_without_a_client_says_what_to_do(request_: Callable[[Bucket], Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"without a client.*client\.bucket\(name\)"):
        await request_(Bucket(None, "b", BucketType(None, "t")))


async def test_many_requests_without_a_client_fail_one_by_one() -> None:
    bucket = Bucket(None, "b", BucketType(None, "default"))
    found = [error async for _, error in bucket.put_many([bucket.new_object("k", 1)])]
    found += [error async for _, error in bucket.get_many(["k"])]
    assert [type(error) for error in found] == [InvalidRequest] * 2


async def test_a_bucket_without_a_client_has_that_of_its_type(server: RiakServer, client: RiakClient) -> None:
    bucket = Bucket(None, "b", client.bucket_type("siblings"))
    assert bucket.client is client
    assert not (await bucket.get("k")).exists
    assert not (await RiakObject(None, bucket, "k").reload()).exists


# -- names of a wrong type ----------------------------------------------------------------------

NAMES: dict[str, Callable[[RiakClient, Any], Any]] = {
    "client.bucket": lambda client, bad: client.bucket(bad),
    "client.bucket, its type": lambda client, bad: client.bucket("b", bad),
    "client.bucket_type": lambda client, bad: client.bucket_type(bad),
    "bucket_type.bucket": lambda client, bad: client.bucket_type("t").bucket(bad),
    "Bucket": lambda client, bad: Bucket(client, bad, client.bucket_type("t")),
    "Bucket, its type": lambda client, bad: Bucket(client, "b", bad),
    "BucketType": lambda client, bad: BucketType(client, bad),
}


@pytest.mark.parametrize("bad", [12345, True, None, {}, [], ("b",), bytearray(b"b"), 1.5])
@pytest.mark.parametrize("make", NAMES.values(), ids=list(NAMES))
def test_a_name_of_a_wrong_type_is_a_type_error(
    offline: RiakClient, make: Callable[[RiakClient, Any], Any], bad: Any
) -> None:
    with pytest.raises(InvalidType) as caught:
        make(offline, bad)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, InvalidRequest)


KEYS: dict[str, Callable[[Bucket, Any], Any]] = {
    "get": lambda bucket, bad: bucket.get(bad),
    "delete": lambda bucket, bad: bucket.delete(bad),
    "update": lambda bucket, bad: bucket.update(bad, lambda obj: None),
    "edit": lambda bucket, bad: bucket.edit(bad).__aenter__(),
    "get_preflist": lambda bucket, bad: bucket.get_preflist(bad),
    "get_counter": lambda bucket, bad: bucket.get_counter(bad),
    "update_counter": lambda bucket, bad: bucket.update_counter(bad, 1),
    "fetch_datatype": lambda bucket, bad: bucket.client.fetch_datatype(bucket, bad),
    "reload": lambda bucket, bad: with_key(bucket, bad).reload(),
    "client.get": lambda bucket, bad: bucket.client.get(with_key(bucket, bad)),
    "delete of an object": lambda bucket, bad: with_key(bucket, bad).delete(),
    "reload of a data type": lambda bucket, bad: counter_with_key(bucket, bad).reload(),
    "delete of a data type": lambda bucket, bad: counter_with_key(bucket, bad).delete(),
}


def with_key(bucket: Bucket, key: Any) -> RiakObject:
    robject = bucket.new_object()
    robject.key = key
    return robject


def counter_with_key(bucket: Bucket, key: Any) -> Counter:
    counter = Counter(bucket)
    counter.key = key
    return counter


@pytest.mark.parametrize("bad", [12345, None, {}, [], bytearray(b"k")])
@pytest.mark.parametrize("ask", KEYS.values(), ids=list(KEYS))
async def test_a_key_of_a_wrong_type_is_a_type_error(
    client: RiakClient, ask: Callable[[Bucket, Any], Any], bad: Any
) -> None:
    with pytest.raises(InvalidType) as caught:
        await ask(client.bucket("b"), bad)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("bad", [12345, {}, [], bytearray(b"k")])
async def test_a_new_key_of_a_wrong_type_is_a_type_error(client: RiakClient, bad: Any) -> None:
    bucket = client.bucket("b")
    for make in (bucket.new_object, lambda key: Counter(bucket, key), lambda key: RiakObject(client, bucket, key)):
        with pytest.raises(InvalidType):
            make(bad)
    with pytest.raises(InvalidType):
        await with_key(bucket, bad).store()


async def test_a_wrong_key_among_many_is_an_error_of_its_own(client: RiakClient) -> None:
    keys: list[Any] = ["a", 5, None, "b"]
    found = {repr(key): result async for key, result in client.bucket("b").get_many(keys)}
    assert [isinstance(found[repr(key)], InvalidType) for key in keys] == [False, True, True, False]
