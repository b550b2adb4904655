"""What a name stands for."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from aioriak.cluster.discovery import resolve
from aioriak.config import Address


class FakeLoop:
    def __init__(self, *found: tuple[int, str]) -> None:
        self.found = found

    async def getaddrinfo(self, host: str, port: int, **options: Any) -> list[Any]:
        if not self.found:
            raise socket.gaierror(f"{host} is unknown")
        return [(family, socket.SOCK_STREAM, 6, "", (ip, port)) for family, ip in self.found]


async def resolved(address: Address, *found: tuple[int, str]) -> list[Address]:
    loop: Any = FakeLoop(*found)
    return await resolve(loop, address)


async def test_a_name_with_several_addresses_stands_for_them_all() -> None:
    v4 = socket.AF_INET
    addresses = await resolved(Address("riak.example", 99), (v4, "10.0.0.1"), (v4, "10.0.0.2"), (v4, "10.0.0.1"))
    assert addresses == [Address("10.0.0.1", 99), Address("10.0.0.2", 99)]
    assert {address.server_name for address in addresses} == {"riak.example"}


async def test_a_name_of_both_families_stands_for_its_ipv4_addresses() -> None:
    found = [(socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")]
    assert await resolved(Address("localhost"), *found) == [Address("localhost")]


async def test_a_name_of_ipv6_alone_stands_for_those() -> None:
    found = [(socket.AF_INET6, "fd00::1"), (socket.AF_INET6, "fd00::2")]
    assert await resolved(Address("six"), *found) == [Address("fd00::1"), Address("fd00::2")]


async def test_an_unknown_name_is_left_for_connecting_to_complain_about() -> None:
    assert await resolved(Address("nowhere")) == [Address("nowhere")]


async def test_an_ip_address_is_not_looked_up() -> None:
    assert await resolve(asyncio.get_running_loop(), Address("::1")) == [Address("::1")]
