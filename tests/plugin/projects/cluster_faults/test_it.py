import asyncio

import pytest

from aioriak.error import NoneMatchFailed, QuorumUnsatisfied


async def test_a_node_may_die(riak_client, riak_cluster):
    users = riak_client.bucket("users")
    await users.new_object("ada", 1).store()
    await riak_cluster.nodes[0].kill()
    assert (await users.get("ada")).data == 1


async def test_a_quorum_needs_nodes(riak_client, riak_cluster):
    await riak_cluster.nodes[0].kill()
    await riak_cluster.nodes[1].kill()
    with pytest.raises(QuorumUnsatisfied):
        await riak_client.bucket("users").get("ada", pr=3)


async def test_one_key_is_slow_on_one_node(riak_client, riak_cluster, riak_faults):
    delay = riak_faults.delay("get", 0.01, keys=["ada"], node=riak_cluster.nodes[1])
    for _ in range(6):
        await riak_client.bucket("users").get("ada")
        await riak_client.bucket("users").get("bob")
    assert delay.hits == len(riak_cluster.requests.filter("get", key="ada", node=riak_cluster.nodes[1]))


async def test_two_writers_may_both_be_first(riak_client, riak_faults, riak_cluster):
    riak_faults.race(writers=2, times=2)
    locks = riak_client.bucket_type("siblings").bucket("locks")
    await asyncio.gather(*[locks.new_object("k", n).store(if_none_match=True) for n in range(2)])
    assert len((await locks.get("k")).siblings) == 2
    with pytest.raises(NoneMatchFailed):
        await locks.new_object("k", 3).store(if_none_match=True)


@pytest.mark.riak(nodes=5)
async def test_a_cluster_has_as_many_nodes_as_it_is_told(riak_cluster):
    assert len(riak_cluster.addresses) == 5
