# pyright: strict
"""A shopping cart as a map, and counters beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import reveal_type

from aioriak import RiakClient, RiakError
from aioriak.datatypes import Counter, Map, Set


async def add(client: RiakClient, user: str, article: str, count: int) -> int:
    """Put articles into a cart, and return how many of them are in it."""
    carts = client.bucket("carts", "maps").of(Map)
    reveal_type(carts)  # revealed: DatatypeBucket[Map]
    async with carts.edit(user, w="quorum", timeout=timedelta(seconds=1)) as cart:
        reveal_type(cart)  # revealed: Map
        cart.counters[article].increment(count)
        cart.registers["currency"].assign("EUR")
        cart.sets["seen"].add(article)
        cart.flags["paid"].disable()
        cart.maps["delivery"].registers["town"].assign("London")
    reveal_type(cart.counters[article].value)  # revealed: int
    reveal_type(cart.registers["currency"].value)  # revealed: str | bytes
    reveal_type(cart.sets["seen"].value)  # revealed: frozenset[str | bytes]
    reveal_type(cart.flags["paid"].value)  # revealed: bool
    return cart.counters[article].value


async def empty(client: RiakClient, user: str) -> None:
    """Remove a cart's articles."""
    carts = client.bucket("carts", "maps").of(Map)
    cart = await carts.get(user)
    for article in list(cart.counters):
        del cart.counters[article]
    stored = await cart.store(return_body=True)
    reveal_type(stored)  # revealed: Map


async def visits(client: RiakClient, pages: list[str]) -> dict[str, int]:
    """Count a visit of each page."""
    counts: dict[str, int] = {}
    counters = client.bucket("visits", "counters").of(Counter)
    for page in pages:
        counter = counters.new(page)
        counter.increment()
        await counter.store()
        counts[page] = counter.value
    async for key, found in counters.get_many(pages):
        reveal_type(found)  # revealed: Counter | RiakError
        if isinstance(found, RiakError):
            print(key, found.operation)
        else:
            print(key, found.value)
    return counts


async def untyped(client: RiakClient) -> None:
    """Use the handles of aioriak 0.2, whose values only the server knows."""
    carts = client.bucket("carts", "maps")
    reveal_type(carts)  # revealed: Bucket[Any]
    cart = await carts.get("ada")
    reveal_type(cart)  # revealed: Any
    cart.counters["tea"].increment()
    await cart.store()
    tags = Set(carts, "ada")
    tags.add("x")


async def mistakes(client: RiakClient) -> None:
    """Mistakes that an editor underlines."""
    carts = client.bucket("carts", "maps").of(Map)
    cart = await carts.get("ada")
    cart.data = {}  # expect-error: attr-defined, reportAttributeAccessIssue
    cart.tea = 1  # expect-error: attr-defined, reportAttributeAccessIssue
    cart.counters["tea"].add("x")  # expect-error: attr-defined, reportAttributeAccessIssue
    cart.counters["tea"].increment(1.5)  # expect-error: arg-type, reportArgumentType
    cart.counter["tea"]  # expect-error: attr-defined, reportAttributeAccessIssue
    await cart.store(head=True)  # expect-error: call-arg, reportCallIssue
    client.bucket("carts", "maps").of("Map")  # expect-error: call-overload, reportArgumentType, reportCallIssue
    async with client.bucket("carts").edit("ada") as wrong:  # expect-error: -, reportAttributeAccessIssue
        wrong.counters["tea"].increment()  # expect-error: attr-defined, reportUnknownMemberType
