# pyright: strict
"""Buckets with options for all of their requests."""

from __future__ import annotations

from datetime import timedelta
from typing import reveal_type

from aioriak import Bucket, RiakClient, RiakObject
from aioriak.datatypes import Counter


async def careful(client: RiakClient) -> None:
    """Make handles with options."""
    users = client.bucket("users", r="quorum", w=2, timeout=timedelta(seconds=2))
    reveal_type(users)  # revealed: Bucket[RiakObject[Any]]
    reveal_type(users.with_options(pr=1, timeout=None))  # revealed: Bucket[RiakObject[Any]]
    reveal_type(client.bucket("users", "siblings", dw="all"))  # revealed: Bucket[Any]
    kind = client.bucket_type("counters").with_options(return_body=False)
    counters = kind.bucket("visits", w="all").of(Counter)
    visits = await counters.get("home")
    reveal_type(visits)  # revealed: Counter
    user = await users.get("ada", r=None)
    await user.store(w=None, timeout=500)


def mistakes(client: RiakClient) -> Bucket[RiakObject]:
    """Give options that do not exist, and values of wrong types."""
    client.bucket("users", q=1)  # expect-error: call-overload, reportCallIssue
    client.bucket("users", r="most")  # expect-error: call-overload, reportArgumentType
    client.bucket("users").with_options(timout=1)  # expect-error: call-arg, reportCallIssue
    client.bucket("users").with_options(timeout=1.5)  # expect-error: arg-type, reportArgumentType
    client.bucket("users").with_options(if_none_match=True)  # expect-error: call-arg, reportCallIssue
    return client.bucket("users", return_body=True)
