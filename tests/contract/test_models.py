"""Objects whose values are instances of a class, written with each library."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from aioriak import Bucket, RiakClient, RiakObject
from aioriak.error import ContentError, InvalidRequest, RiakError
from aioriak.models import ModelBucket
from aioriak.resolver import merge_resolver
from tests.models.libraries import LIBRARIES, models

DOCUMENT = {"id": "ada", "age": 36, "email": "ada@example.org"}


@pytest.fixture(params=LIBRARIES)
def kinds(request: pytest.FixtureRequest) -> Any:
    """A module with the classes ``User``, ``Address`` and ``Color``."""
    return models(request.param)


@pytest.fixture
def bucket(client: RiakClient, bucket_name: str) -> Bucket:
    return client.bucket(bucket_name, "siblings")


@pytest.fixture
def users(bucket: Bucket, kinds: Any) -> ModelBucket[Any]:
    return bucket.of(kinds.User)


def full(kinds: Any) -> Any:
    return kinds.User(
        id="ada", age=36, email="ada@example.org", tags=["maths", "poetry"], color=kinds.Color.BLUE,
        born=date(1815, 12, 10), seen=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), token=UUID(int=7),
        balance=Decimal("12.50"), address=kinds.Address(city="London"),
    )  # fmt: skip


async def test_what_is_stored_is_read(users: ModelBucket[Any], kinds: Any, bucket: Bucket) -> None:
    stored = await users.put(full(kinds))
    assert stored.key == "ada"
    found = await users.get("ada")
    assert type(found.data) is kinds.User
    assert found.data == stored.data == full(kinds)
    assert found == stored
    document = (await bucket.get("ada")).data
    assert (document["id"], document["color"], document["balance"]) == ("ada", "blue", "12.50")
    assert document["address"] == {"city": "London", "zip_code": ""}
    assert not (await users.get("bob")).exists


async def test_indexes_follow_the_value_at_every_store(users: ModelBucket[Any], kinds: Any) -> None:
    ada = await users.put(full(kinds))
    assert ada.indexes == {
        ("age_int", 36), ("mail_bin", "ada@example.org"), ("tag_bin", "maths"), ("tag_bin", "poetry"),
        ("color_bin", "blue"), ("born_bin", "1815-12-10"), ("seen_bin", "2026-01-02T03:04:05.000000Z"),
        ("domain_bin", "example.org"),
    }  # fmt: skip
    ada.add_index("source_bin", "register")
    ada.data.age, ada.data.email, ada.data.tags, ada.data.born = 37, None, ["maths"], None
    await ada.store()
    found = await users.get("ada")
    assert found.indexes == {
        ("age_int", 37), ("tag_bin", "maths"), ("color_bin", "blue"), ("seen_bin", "2026-01-02T03:04:05.000000Z"),
        ("source_bin", "register"),
    }  # fmt: skip


async def test_objects_stored_without_indexes_get_them_when_they_are_stored(
    users: ModelBucket[Any], bucket: Bucket
) -> None:
    await bucket.new_object("ada", DOCUMENT).store()
    await (await users.get("ada")).store()
    assert ("age_int", 36) in (await bucket.get("ada")).indexes


async def test_queries_find_objects_by_field_page_by_page(users: ModelBucket[Any], kinds: Any) -> None:
    people = [kinds.User(id=f"u{age}", age=age, born=date(2000, 1, age)) for age in range(17, 25)]
    assert [error async for _, error in users.put_many(people)] == [None] * 8
    assert [user.data.age async for user in users.query("age", 18, 20)] == [18, 19, 20]
    assert [user.key for user in await users.query("age_int", 24).all()] == ["u24"]
    found = users.query("born", date(2000, 1, 20), date(2000, 1, 31), page_size=2)
    assert [[user.data.age for user in page] async for page in found.pages()] == [[20, 21], [22, 23], [24]]
    assert [row.term for row in await users.query("age", 18, 20).rows.all()] == [18, 19, 20]
    assert len(await users.query("color", kinds.Color.RED, limit=3).all()) == 3
    await users.delete("u19")
    assert [user.data.age async for user in users.query("age", 18, 20)] == [18, 20]


async def test_an_update_changes_the_instance(users: ModelBucket[Any], kinds: Any) -> None:
    def birthday(user: RiakObject[Any]) -> None:
        if user.exists:
            user.data.age += 1
        else:
            user.data = kinds.User(id="ada", age=1)

    for age in (1, 2, 3):
        assert (await users.update("ada", birthday)).data.age == age
    assert [user.data.age async for user in users.query("age", 3)] == [3]


async def test_updates_of_one_key_with_and_without_a_model_get_their_own_kind_of_value(
    users: ModelBucket[Any], bucket: Bucket, kinds: Any
) -> None:
    await users.put(kinds.User(id="ada", age=0))

    def older(user: RiakObject[Any]) -> None:
        assert type(user.data) is kinds.User
        user.data.age += 1

    def plain_older(user: RiakObject) -> None:
        assert type(user.data) is dict
        user.data["age"] += 1

    same = bucket.of(kinds.User)
    updates = [handle.update("ada", older, if_not_modified=True) for handle in (users, same) for _ in range(3)]
    updates += [bucket.update("ada", plain_older, if_not_modified=True) for _ in range(3)]
    done = await asyncio.gather(*updates)
    assert [type(user.data) for user in done] == [kinds.User] * 6 + [dict] * 3
    assert (await users.get("ada")).data.age == 9


async def test_siblings_are_instances_and_resolvers_get_them(bucket: Bucket, kinds: Any) -> None:
    def oldest(versions: list[Any]) -> Any:
        assert all(type(version) is kinds.User for version in versions)
        return max(versions, key=lambda user: user.age)

    plain = bucket.of(kinds.User)
    await plain.put(kinds.User(id="ada", age=36))
    await plain.put(kinds.User(id="ada", age=37))
    ada = await plain.get("ada")
    assert sorted(sibling.data.age for sibling in ada.siblings) == [36, 37]
    resolving = bucket.of(kinds.User, resolver=merge_resolver(oldest))
    found = await resolving.get("ada")
    assert found.data.age == 37
    await found.store()
    assert (await bucket.get("ada")).indexes == {("age_int", 37), ("color_bin", "red")}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"age": "old"}, r"age"),
        ({"agee": 1}, r"agee"),
        ({"address": {"town": "London"}}, r"address|city"),
        ({"address": {"city": "London", "town": "London"}}, r"town"),
        ({"born": "yesterday"}, r"born"),
        ({"color": "green"}, r"color"),
        ({"token": "7"}, r"token"),
        ({"id": "bob"}, r"User\.id is 'bob', which is not the key of the object, 'ada'"),
    ],
)
async def test_a_document_that_does_not_fit_is_a_content_error_with_its_path(
    users: ModelBucket[Any], bucket: Bucket, change: dict[str, Any], words: str
) -> None:
    await bucket.new_object("ada", DOCUMENT | change).store()
    found = await users.get("ada")
    with pytest.raises(ContentError, match=words) as caught:
        _ = found.data
    assert f"decoding of siblings/{bucket.name}/ada" in str(caught.value)
    assert found.encoded_data is not None
    with pytest.raises(ContentError, match=words):  # and so it cannot be stored again by mistake
        await found.store()


async def test_a_value_that_does_not_fit_is_not_stored(users: ModelBucket[Any], bucket: Bucket, kinds: Any) -> None:
    ada = users.new(kinds.User(id="ada", age=36))
    ada.data.age = "old"
    with pytest.raises(ContentError, match=rf"age.*encoding of siblings/{bucket.name}/ada|\$\.age"):
        await ada.store()
    ada.data = {"id": "ada", "age": 36}
    with pytest.raises(ContentError, match=r"[Ee]xpected .?User.?, got .?dict"):
        await ada.store()
    ada.data = None
    with pytest.raises(ContentError):
        await ada.store()
    ada.data = kinds.User(id="bob", age=36)
    with pytest.raises(ContentError, match="which is not the key of the object, 'ada'"):
        await ada.store()
    assert not (await bucket.get("ada")).exists


async def test_a_document_without_the_key_gets_it_from_the_object(users: ModelBucket[Any], bucket: Bucket) -> None:
    await bucket.new_object("ada", {"age": 36}).store()
    assert (await users.get("ada")).data.id == "ada"


async def test_older_documents_are_upgraded_when_they_are_read(bucket: Bucket, kinds: Any) -> None:
    def upgrade(document: dict[str, Any]) -> dict[str, Any]:
        if "years" in document:
            document["age"] = document.pop("years")
        return document

    await bucket.new_object("ada", {"years": 36}).store()
    users = bucket.of(kinds.User, upgrade=upgrade)
    ada = await users.get("ada")
    assert ada.data.age == 36
    await ada.store()
    assert (await bucket.get("ada")).data["age"] == 36
    assert (await users.get("ada")).data == ada.data
    broken = await bucket.of(kinds.User, upgrade=lambda document: document["absent"]).get("ada")
    with pytest.raises(ContentError, match=r"the upgrade of a User raised KeyError: 'absent'.*/ada"):
        _ = broken.data
    forgetful = await bucket.of(kinds.User, upgrade=lambda document: None).get("ada")
    with pytest.raises(ContentError, match="the upgrade of a User returned None, not a document"):
        _ = forgetful.data


async def test_many_objects_come_with_their_errors(users: ModelBucket[Any], kinds: Any) -> None:
    bob = users.new(kinds.User(id="bob", age=40))
    empty = kinds.User(id="", age=1)
    stored = [(item, error) async for item, error in users.put_many([kinds.User(id="ada", age=36), bob, empty])]
    assert sum(error is None for _, error in stored) == 2
    assert [type(error) for item, error in stored if item is empty] == [InvalidRequest]
    found = {key: one async for key, one in users.get_many(["ada", "bob", "eve"])}
    assert {key: one.data and one.data.age for key, one in found.items() if not isinstance(one, RiakError)} == {
        "ada": 36, "bob": 40, "eve": None,
    }  # fmt: skip


async def test_folds_have_typed_objects(users: ModelBucket[Any], kinds: Any) -> None:
    await users.put(kinds.User(id="ada", age=36))
    assert [user.data.age async for user in users.fold()] == [36]


async def test_a_bucket_type_with_data_types_holds_no_models(client: RiakClient, bucket_name: str, kinds: Any) -> None:
    users = client.bucket(bucket_name, "maps").of(kinds.User)
    ada = kinds.User(id="ada", age=36)
    refused = pytest.raises(InvalidRequest, match=r"maps/.* holds maps, not objects: use of\(Map\)")
    with refused:
        await users.get("ada")
    with refused:
        await users.put(ada)
    with refused:
        await users.new(ada).store()
    with pytest.raises(InvalidRequest):
        await users.update("ada", lambda user: None)
