"""Secondary indexes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aioriak import Bucket, RiakClient
from aioriak.error import BucketTypeNotFound, InvalidRequest, QuorumTooLarge, ServerError, ServerTimeout
from aioriak.queries.index import IndexPage

AGES = {"ann": 28, "bob": 30, "cyd": 30, "dee": 41, "eve": -3}


@pytest.fixture
async def people(client: RiakClient, bucket_name: str) -> AsyncIterator[Bucket]:
    """A bucket with five people in it, indexed by age and by name."""
    bucket = client.bucket(bucket_name)
    for name, age in AGES.items():
        person = await bucket.new(name, {"age": age})
        person.add_index("age_int", age).add_index("name_bin", name)
        await person.store()
    yield bucket
    for name in AGES:
        await bucket.delete(name)


async def test_a_query_iterates_over_keys_and_terms_in_order(people: Bucket) -> None:
    rows = [(row.term, row.key) async for row in people.query("age_int", -10, 30)]
    assert rows == [(-3, "eve"), (28, "ann"), (30, "bob"), (30, "cyd")]


@pytest.mark.parametrize("page_size", [1, 2, 4, 5, 6])
async def test_a_query_misses_nothing_however_long_its_pages_are(people: Bucket, page_size: int) -> None:
    query = people.query("age_int", -10, 100, page_size=page_size)
    assert [row.key for row in await query.all()] == ["eve", "ann", "bob", "cyd", "dee"]
    assert all([len(page) <= page_size async for page in query.pages()])


async def test_a_query_can_be_asked_again_and_be_limited(people: Bucket) -> None:
    query = people.query("age_int", 0, 100, page_size=2, limit=3)
    assert [row.key async for row in query] == [row.key async for row in query] == ["ann", "bob", "cyd"]


async def test_a_query_for_one_term_knows_the_term_of_its_rows(people: Bucket) -> None:
    assert [(row.key, row.term) for row in await people.query("age_int", 30).all()] == [("bob", 30), ("cyd", 30)]
    assert [(row.key, row.term) for row in await people.query("name_bin", "ann").all()] == [("ann", "ann")]


async def test_zero_is_a_term_like_any_other(people: Bucket) -> None:
    newborn = await people.new("zoe", {})
    newborn.add_index("age_int", 0)
    await newborn.store()
    assert [row.key for row in await people.query("age_int", 0).all()] == ["zoe"]
    assert (await people.get_index("age_int", 0))[0] == ["zoe"]
    assert [row.key for row in await people.query("age_int", -5, 0).all()] == ["eve", "zoe"]
    await newborn.delete()


async def test_objects_come_in_the_order_of_the_query(people: Bucket) -> None:
    found = [(person.key, person.data["age"]) async for person in people.query("age_int", 0, 50).objects(concurrency=2)]
    assert found == [("ann", 28), ("bob", 30), ("cyd", 30), ("dee", 41)]


async def test_objects_that_are_gone_are_left_out(people: Bucket) -> None:
    await people.delete("bob")
    keys = [person.key async for person in people.query("$key", "a", "c~").objects()]
    assert keys == ["ann", "cyd"]


async def test_keys_are_an_index_too(people: Bucket) -> None:
    assert [row.key for row in await people.query("$key", "b", "d").all()] == ["bob", "cyd"]
    assert sorted(row.key for row in await people.query("$bucket").all()) == sorted(AGES)


async def test_a_regular_expression_picks_terms(people: Bucket) -> None:
    assert [row.key for row in await people.query("name_bin", "a", "z", term_regex="^.e.$").all()] == ["dee"]


async def test_get_index_unpacks_into_results_and_a_continuation(people: Bucket, client: RiakClient) -> None:
    results, continuation = await client.get_index(people, "age_int", 0, 30)
    assert sorted(results) == ["ann", "bob", "cyd"]
    assert continuation is None
    results, continuation = await people.get_index("age_int", 0, 50, return_terms=True, max_results=2)
    assert results == [(28, "ann"), (30, "bob")]
    results, _ = await people.get_index("age_int", 0, 50, return_terms=True, continuation=continuation, max_results=9)
    assert results == [(30, "cyd"), (41, "dee")]


async def test_a_page_knows_the_next_one(people: Bucket) -> None:
    page = await people.get_index("age_int", -9, 99, max_results=3)
    assert isinstance(page, IndexPage)
    assert page.results == ["eve", "ann", "bob"]
    assert page.has_next_page()
    page = await page.next_page()
    assert page.results == ["cyd", "dee"]
    assert not page.has_next_page()
    with pytest.raises(ValueError, match="last page"):
        await page.next_page()


async def test_a_full_last_page_is_followed_by_an_empty_one(people: Bucket, client: RiakClient) -> None:
    pages = [page.results async for page in client.paginate_index(people, "age_int", -9, 99, max_results=5)]
    assert pages == [["eve", "ann", "bob", "cyd", "dee"], []]


async def test_a_stream_brings_results_and_then_its_continuation(people: Bucket) -> None:
    stream = people.stream_index("age_int", -9, 99, return_terms=True, max_results=2)
    assert [result async for result in stream] == [(-3, "eve"), (28, "ann")]
    assert stream.continuation is not None
    rest = people.stream_index("age_int", -9, 99, continuation=stream.continuation, max_results=99)
    assert [key async for key in rest] == ["bob", "cyd", "dee"]
    assert rest.continuation is None


async def test_streamed_pages_follow_each_other(people: Bucket, client: RiakClient) -> None:
    pages = [[key async for key in page] async for page in client.paginate_stream_index(
        people, "age_int", -9, 99, max_results=3)]  # fmt: skip
    assert pages == [["eve", "ann", "bob"], ["cyd", "dee"]]


async def test_names_that_are_not_utf8_come_back_as_bytes(client: RiakClient, bucket_name: str) -> None:
    bucket = client.bucket(bucket_name)
    robject = await bucket.new(b"\xffkey", encoded_data=b"v", content_type="text/plain")
    robject.add_index("raw_bin", b"\xfe")
    await robject.store()
    assert await bucket.query("raw_bin", b"\x00", b"\xff").all() == [(b"\xffkey", b"\xfe")]
    await robject.delete()


async def test_all_siblings_are_indexed(client: RiakClient, bucket_name: str) -> None:
    bucket = client.bucket(bucket_name, "siblings")
    for term in ("one", "two"):
        robject = await bucket.new("k", encoded_data=b"v", content_type="text/plain")
        robject.add_index("t_bin", term)
        await robject.store(return_body=False)
    assert [row.key for row in await bucket.query("t_bin", "one", "two").all()] == ["k", "k"]
    await bucket.delete("k")


@pytest.mark.parametrize(
    ("index", "start", "end", "options"),
    [
        ("age", 1, None, {}),
        ("_int", 1, None, {}),
        (7, 1, None, {}),
        ("age_int", "old", None, {}),
        ("age_int", 1, "old", {}),
        ("age_int", None, None, {}),
        ("age_int", True, None, {}),
        ("age_int", 1.5, None, {}),
        ("name_bin", None, None, {}),
        ("age_int", 1, 2, {"term_regex": "1"}),
        ("name_bin", "a", "b", {"continuation": "garbage"}),
        ("name_bin", "a", "b", {"continuation": "g2gCYQFtAAAAAm8x"}),
        ("age_int", 1, 2, {"continuation": "g2gCbQAAAAN3MDNtAAAAAm8z"}),
        ("age_int", 1, 2, {"continuation": "g20AAAACbzQ="}),
        ("age_int", 1, 2, {"max_results": 0}),
        ("age_int", 1, 2, {"timeout": -1}),
    ],
)
async def test_what_the_server_would_hang_up_on_is_never_sent(
    client: RiakClient, index: Any, start: Any, end: Any, options: dict[str, Any]
) -> None:
    bucket = client.bucket("never-asked")
    with pytest.raises(InvalidRequest):
        await bucket.get_index(index, start, end, **options)
    with pytest.raises(InvalidRequest):
        bucket.stream_index(index, start, end, **options)


async def test_a_query_that_cannot_be_asked_is_refused_at_once(client: RiakClient) -> None:
    with pytest.raises(InvalidRequest):
        client.bucket("b").query("age", 1)
    with pytest.raises(InvalidRequest):
        client.bucket("b").query("age_int", 1, page_size=0)


async def test_a_bad_regular_expression_is_the_servers_error(people: Bucket) -> None:
    with pytest.raises(ServerError, match="Invalid term regular expression"):
        await people.get_index("name_bin", "a", "z", term_regex="w[")


async def test_a_bucket_type_that_does_not_exist_is_an_error_in_time(client: RiakClient) -> None:
    with pytest.raises((ServerTimeout, BucketTypeNotFound, TimeoutError)):
        await client.bucket("b", "absent").get_index("age_int", 1, timeout=200)
    assert await client.ping()


async def test_an_error_of_one_object_ends_the_objects(people: Bucket) -> None:
    objects = people.query("age_int", 0, 99).objects(r=9)
    with pytest.raises(QuorumTooLarge):
        await anext(objects)
    assert len(await people.query("age_int", 0, 99).all()) == 4
