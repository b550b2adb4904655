import asyncio

import pytest

SCOPES = ["function", "class", "module", "package", "session"]


async def used(client, server):
    assert await client.bucket("b").get_keys() == []
    await client.bucket("b").new_object("k", 1).store()
    assert (await client.bucket("b").get("k")).data == 1


@pytest.mark.asyncio(loop_scope="function")
async def test_function(riak_client, riak_server):
    await used(riak_client, riak_server)


@pytest.mark.asyncio(loop_scope="class")
class TestClass:
    async def test_one(self, riak_client, riak_server):
        await used(riak_client, riak_server)

    async def test_two(self, riak_client, riak_server):
        await used(riak_client, riak_server)


@pytest.mark.asyncio(loop_scope="module")
async def test_module(riak_client, riak_server):
    await used(riak_client, riak_server)


@pytest.mark.asyncio(loop_scope="package")
async def test_package(riak_client, riak_server):
    await used(riak_client, riak_server)


LOOPS = set()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("number", range(3))
async def test_session(number, riak_client, riak_shared_client, riak_shared_server):
    LOOPS.add(asyncio.get_running_loop())
    assert len(LOOPS) == 1
    await used(riak_client, None)
    await used(riak_shared_client, riak_shared_server)


@pytest.mark.asyncio
@pytest.mark.parametrize("number", range(3))
async def test_shared_nodes_are_whole(number, riak_shared_client, riak_shared_cluster, riak_shared_faults):
    await used(riak_shared_client, riak_shared_cluster)
    riak_shared_faults.error("*", "overload")
    riak_shared_cluster.run(riak_shared_cluster.nodes[0].kill())
