import pytest

pytestmark = pytest.mark.anyio


async def test_a_user_is_stored(riak_client, riak_server, riak_faults):
    riak_faults.error("get", "overload", times=1)
    await riak_client.bucket("users").new_object("ada", 1).store()
    assert (await riak_client.bucket("users").get("ada")).data == 1
    assert riak_server.requests["put"] == 1


async def test_the_shared_server_too(riak_shared_client, riak_shared_server):
    await riak_shared_client.bucket("users").new_object("ada", 1).store()
    assert riak_shared_server.counts["put"] == 1
