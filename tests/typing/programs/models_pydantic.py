# pyright: strict
# needs: pydantic
"""Users as pydantic models: stored, read, changed and queried."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, reveal_type

from pydantic import BaseModel

from aioriak import RiakClient, RiakError, RiakObject
from aioriak.models import Index, Key, ModelBucket, indexed
from aioriak.resolver import merge_resolver


class User(BaseModel):
    """A user."""

    id: Annotated[str, Key]
    age: Annotated[int, Index]
    email: Annotated[str, Index("mail_bin")] | None = None
    born: Annotated[date | None, Index(kind="bin")] = None
    tags: Annotated[list[str], Index] = []

    @property
    @indexed
    def domain(self) -> str | None:
        """The host of the address."""
        return None if self.email is None else self.email.partition("@")[2]

    @indexed("initial_bin")
    def initial(self) -> str:
        """The first letter."""
        return self.id[:1]


def newest(versions: list[User]) -> User:
    """Choose among the values of siblings."""
    return max(versions, key=lambda user: user.age)


def users_of(client: RiakClient) -> ModelBucket[User]:
    """Return the typed bucket."""
    users = client.bucket("users").of(User)
    reveal_type(users)  # revealed: ModelBucket[User]
    return client.bucket("users", "siblings").of(User, resolver=merge_resolver(newest))


async def register(client: RiakClient, name: str, age: int) -> RiakObject[User]:
    """Store a new user."""
    users = users_of(client)
    user = await users.put(User(id=name, age=age), if_none_match=True, timeout=timedelta(seconds=1))
    reveal_type(user)  # revealed: RiakObject[User]
    reveal_type(user.data)  # revealed: User
    reveal_type(user.data.tags)  # revealed: list[str]
    return user


async def birthday(client: RiakClient, name: str) -> int:
    """Make a user a year older."""

    def older(user: RiakObject[User]) -> None:
        user.data.age += 1

    user = await users_of(client).update(name, older)
    reveal_type(user.data.age)  # revealed: int
    return user.data.age


async def adults(client: RiakClient) -> list[User]:
    """Find users by their age, and fetch others by their keys."""
    users = users_of(client)
    found = users.query("age", 18, 30, page_size=100)
    reveal_type(found)  # revealed: ModelQuery[User]
    async for user in found:
        reveal_type(user)  # revealed: RiakObject[User]
    async for page in found.pages():
        reveal_type(page)  # revealed: list[RiakObject[User]]
    async for key, one in users.get_many(["ada", "bob"], r="one"):
        reveal_type(one)  # revealed: RiakObject[User] | RiakError
        if isinstance(one, RiakError):
            print(key, one.operation)
        else:
            print(one.data.age)
    async for item, error in users.put_many([User(id="eve", age=20)], concurrency=8):
        reveal_type(item)  # revealed: User | RiakObject[User]
        print(error)
    async for user in users.fold():
        reveal_type(user.data)  # revealed: User
    return [user.data for user in await found.all()]


async def mistakes(client: RiakClient) -> None:
    """Mistakes that an editor underlines."""
    users = users_of(client)
    user = await users.get("ada")
    print(user.data.nmae)  # expect-error: attr-defined, reportAttributeAccessIssue
    user.data.age = "36"  # expect-error: assignment, reportAttributeAccessIssue
    user.data = {"age": 36}  # expect-error: assignment, reportAttributeAccessIssue
    await users.put({"age": 36})  # expect-error: arg-type, reportArgumentType
    await users.put(user.data, "ada", return_bdoy=True)  # expect-error: call-arg, reportCallIssue
    users.new(User(id="ada", age=36)).stor()  # expect-error: attr-defined, reportAttributeAccessIssue
    users.query("age", 18, pagesize=3)  # expect-error: call-arg, reportCallIssue
    client.bucket("users").of(User, upgrad=None)  # expect-error: call-overload, reportCallIssue
