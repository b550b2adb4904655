"""Requests go to a node that owns their key."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from aioriak import Backoff, RiakClient
from aioriak.cluster.ring import first_partition, key_hash
from aioriak.config import HealthPolicy
from aioriak.riak_pb import kv
from aioriak.testing import RiakServer

HEALTH = HealthPolicy(backoff=Backoff(first=0.01, longest=0.05), ramp=0.1)


@pytest.mark.parametrize("ring_size", [8, 64, 256])
async def test_a_primary_is_picked_for_random_keys_of_any_type(ring_size: int) -> None:
    rng = Random(ring_size)
    async with RiakServer.cluster(5, ring_size=ring_size) as server:
        async with await RiakClient.create(nodes=server.addresses, key_aware=True) as client:
            cluster = client._cluster
            assert cluster.router is not None
            await cluster.router.learn()
            assert cluster.router.ring_size == ring_size
            assert len(cluster.router.owners) == ring_size
            by_name = {node.riak_name: node for node in cluster.nodes.values()}
            for _ in range(10_000):
                kind = rng.choice([None, b"siblings", b"maps"])
                request = kv.RpbGetReq(bucket=rng.randbytes(5), key=rng.randbytes(9), type=kind)
                picked = cluster.pick(request)
                primaries = server.ring.primaries(kind or b"default", request.bucket, request.key, 1)
                assert picked is by_name[primaries[0].node.name.decode()]


def test_the_formula_agrees_with_a_real_riak(recorded: dict[str, list[dict[str, Any]]]) -> None:
    for step in recorded["cluster/preflist"][:2]:
        request = kv.RpbGetBucketKeyPreflistReq.FromString(bytes.fromhex(step["send"])[5:])
        ((_, body),) = step["recv"]
        reply = kv.RpbGetBucketKeyPreflistResp.FromString(bytes.fromhex(body))
        position = key_hash(request.type or None, request.bucket, request.key)
        assert reply.preflist[0].partition == first_partition(position, 8)


async def test_it_falls_back_when_the_owner_is_down_and_learns_the_ring_anew() -> None:
    async with RiakServer.cluster(3, ring_size=16) as server:
        async with await RiakClient.create(nodes=server.addresses, key_aware=True, health=HEALTH) as client:
            router = client._cluster.router
            assert router is not None
            await router.learn()
            await server.nodes[0].kill()
            bucket = client.bucket("b")
            for count in range(100):
                await bucket.new_object(f"{count}", count).store()
            await server.nodes[0].restart()
            fourth = await server.add_node()
            await client.add_node(fourth.address)
            await router.learn()
            assert set(router.owners.values()) == {node.name.decode() for node in server.nodes}
            for count in range(100):
                assert (await bucket.get(f"{count}")).data == count


async def test_the_ring_is_learned_anew_when_a_node_joins() -> None:
    async with RiakServer.cluster(2, ring_size=16) as server:
        async with await RiakClient.create(nodes=server.addresses, key_aware=True, health=HEALTH) as client:
            router = client._cluster.router
            assert router is not None
            await router.learn()
            third = await server.add_node()
            await client.add_node(third.address)
            async with asyncio.timeout(10):
                while third.name.decode() not in router.owners.values():
                    await client.bucket("b").get("k")
