"""What ``make contract`` does besides running the tests: it reports what a server supports, and cleans up."""

from __future__ import annotations

from aioriak import RiakClient
from tests.contract import support


async def test_the_standard_bucket_types_are_there(client: RiakClient) -> None:
    assert await support.missing_types(client) == []


async def test_every_feature_has_an_answer(client: RiakClient, bucket_name: str) -> None:
    found = dict(await support.supported(client, client.bucket(bucket_name, "nosiblings")))
    assert len(found) == len(support.FEATURES)
    assert found["secondary indexes"] == found["key preflists"] == "yes"
    assert not [name for name, answer in found.items() if answer.startswith("unknown")]


async def test_a_run_removes_what_it_stored_and_nothing_else(client: RiakClient, bucket_name: str) -> None:
    kept = client.bucket(f"kept-{bucket_name}")
    await kept.new_object("k", 1).store()
    for kind in ("default", "siblings", "nosiblings"):
        await client.bucket(f"{bucket_name}-{kind}", kind).new_object("k", 1).store()
    async with client.bucket(bucket_name, "sets").edit("k") as members:
        members.add("member")
    assert await support.remove(client, bucket_name) == (4, 0)
    assert (await kept.get("k")).exists
    await kept.delete("k")
