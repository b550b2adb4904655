"""The basic commands, on a development server."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from aioriak import RiakClient

Run = Callable[..., Coroutine[Any, Any, Any]]


async def stored(client: RiakClient, key: str, bucket_type: str = "siblings") -> Any:
    return await client.bucket("users", bucket_type).get(key)


async def store(client: RiakClient, key: str, data: Any, bucket_type: str = "siblings", **more: Any) -> None:
    await (await client.bucket("users", bucket_type).new(key, data, **more)).store()


async def test_ping_says_how_long_it_took(run: Run) -> None:
    result = await run("ping")
    assert result.status == 0
    assert result.out.startswith("answered in ")


async def test_info_names_the_node_and_its_release(run: Run) -> None:
    assert (await run("info")).out == "riak@127.0.0.1 Riak 3.2.3\n"


async def test_what_is_put_is_got_back(run: Run, client: RiakClient) -> None:
    result = await run("put", "-t", "siblings", "users", "ada", '{"born": 1815}')
    assert (result.status, result.out) == (0, "")
    assert (await stored(client, "ada")).data == {"born": 1815}
    assert (await run("get", "-t", "siblings", "users", "ada")).out == '{"born": 1815}'


@pytest.mark.parametrize(
    ("value", "content_type"),
    [('"text"', "application/json"), ("12", "application/json"), ("not json", "text/plain")],
)
async def test_the_content_type_is_told_from_the_value(
    run: Run, client: RiakClient, value: str, content_type: str
) -> None:
    await run("put", "-t", "siblings", "users", "k", value)
    assert (await stored(client, "k")).content_type == content_type


async def test_a_given_content_type_counts(run: Run, client: RiakClient) -> None:
    await run("put", "-t", "siblings", "-c", "text/csv", "users", "k", "1,2")
    assert (await stored(client, "k")).content_type == "text/csv"


async def test_bytes_pass_unchanged_from_input_to_output(run: Run, client: RiakClient) -> None:
    octets = bytes(range(256))
    await run("put", "users", "k", "--file", "-", given=octets)
    assert (await stored(client, "k", "default")).content_type == "application/octet-stream"
    assert (await run("get", "users", "k")).octets == octets


async def test_put_replaces_what_is_there_and_leaves_no_sibling(run: Run, client: RiakClient) -> None:
    for value in ("1", "2"):
        assert (await run("put", "-t", "siblings", "users", "k", value)).status == 0
    assert [content.data for content in (await stored(client, "k")).siblings] == [2]


async def test_put_keeps_the_metadata(run: Run, client: RiakClient) -> None:
    robject = await client.bucket("users", "siblings").new("k", 1)
    robject.usermeta["who"] = "ada"
    await robject.store()
    await run("put", "-t", "siblings", "users", "k", "2")
    assert (await stored(client, "k")).usermeta == {"who": "ada"}


async def test_put_only_new_does_not_touch_what_is_there(run: Run, client: RiakClient) -> None:
    await store(client, "k", 1)
    result = await run("put", "-t", "siblings", "--only-new", "users", "k", "2")
    assert result.status == 1
    assert "siblings/users/k is there already" in result.err
    assert (await stored(client, "k")).data == 1


@pytest.mark.parametrize("arguments", [["users", "k"], ["users", "k", "v", "--file", "-"]])
async def test_put_wants_one_value(run: Run, arguments: list[str]) -> None:
    result = await run("put", *arguments)
    assert result.status == 2
    assert "give either a VALUE or --file" in result.err


async def test_put_does_not_store_objects_among_data_types(run: Run) -> None:
    result = await run("put", "-t", "maps", "users", "k", "1")
    assert result.status == 2
    assert "the type maps hold data types" in result.err


async def test_what_is_not_found_is_status_1(run: Run) -> None:
    for command in ("get", "delete"):
        result = await run(command, "users", "nobody")
        assert (result.status, result.out) == (1, "")
        assert "default/users/nobody was not found" in result.err


async def test_a_conflict_is_shown_whole_and_is_status_3(run: Run, client: RiakClient) -> None:
    for value in ("one", "other"):
        await store(client, "k", value, content_type="text/plain")
    result = await run("get", "-t", "siblings", "users", "k")
    assert result.status == 3
    assert sorted(result.out.split()) == ["one", "other"]
    assert "has 2 siblings" in result.err


async def test_metadata_goes_to_the_error_output(run: Run, client: RiakClient) -> None:
    robject = await client.bucket("users", "siblings").new("k", 1)
    robject.usermeta["who"] = "ada"
    robject.add_index("age_int", 36)
    robject.add_link(("b", "other", "friend"))
    await robject.store()
    result = await run("get", "-t", "siblings", "--meta", "users", "k")
    assert result.out == "1"
    rows = {tuple(line.rsplit(maxsplit=1)) for line in result.err.splitlines()}
    assert {("content type", "application/json"), ("meta who", "ada"), ("index age_int", "36"),
            ("link friend", "b/other")} <= rows  # fmt: skip


async def test_a_data_type_is_printed_as_json(run: Run, client: RiakClient) -> None:
    counter = await client.bucket("users", "counters").new("visits")
    counter.increment(3)
    await counter.store()
    tags = await client.bucket("users", "sets").new("tags")
    tags.add("b")
    tags.add("a")
    await tags.store()
    cart = await client.bucket("users", "maps").new("cart")
    cart.registers["name"].assign("Ada")
    cart.counters["items"].increment(2)
    await cart.store()
    assert json.loads((await run("get", "-t", "counters", "users", "visits")).out) == 3
    assert json.loads((await run("get", "-t", "sets", "users", "tags")).out) == ["a", "b"]
    assert json.loads((await run("get", "-t", "maps", "users", "cart")).out) == {
        "name_register": "Ada", "items_counter": 2,
    }  # fmt: skip


async def test_what_is_deleted_is_gone(run: Run, client: RiakClient) -> None:
    await store(client, "k", 1)
    assert (await run("delete", "-t", "siblings", "users", "k")).status == 0
    assert not (await stored(client, "k")).exists


async def test_keys_and_buckets_are_listed_one_a_line(run: Run, client: RiakClient) -> None:
    for key in ("a", "b", "c"):
        await store(client, key, 1)
    assert sorted((await run("keys", "-t", "siblings", "users")).out.splitlines()) == ["a", "b", "c"]
    assert (await run("buckets", "-t", "siblings")).out == "users\n"
    assert (await run("keys", "empty")).out == ""


async def test_properties_are_shown_and_set_and_reset(run: Run) -> None:
    assert "n_val=3\n" in (await run("props", "users")).out
    changed = (await run("props", "users", "n_val=2", "allow_mult=true", "r=one")).out
    assert {"n_val=2", "allow_mult=true", 'r="one"'} <= set(changed.splitlines())
    assert "n_val=2\n" in (await run("props", "users")).out
    assert "n_val=3\n" in (await run("props", "--reset", "users")).out


async def test_properties_of_a_bucket_type_are_shown_and_set(run: Run, client: RiakClient) -> None:
    assert 'datatype="map"\n' in (await run("props", "-t", "maps")).out
    await run("props", "-t", "siblings", "-", "n_val=1")
    assert await client.bucket_type("siblings").get_property("n_val") == 1


async def test_a_change_that_is_none_is_refused(run: Run) -> None:
    assert (await run("props", "users", "n_val")).status == 2


