import pytest


@pytest.mark.parametrize("time", range(2))
async def test_a_bucket_is_the_tests_own(time, riak_client):
    users = riak_client.bucket("users")
    assert await users.get_keys() == []
    await users.new_object("ada", 1).store()
    await users.set_properties({"n_val": 1})
    assert await users.get_keys() == ["ada"]
    assert await riak_client.bucket("users").get_keys() == ["ada"]


async def test_types_and_data_types(riak_client):
    cart = await riak_client.bucket_type("maps").bucket("carts").get("ada")
    cart.sets["items"].add("tea")
    await cart.store()


async def test_faults_need_the_development_server(riak_client, riak_faults):
    riak_faults.error("get", "overload")


async def test_so_does_the_log_of_requests(riak_server):
    assert riak_server.address
    assert riak_server.requests["get"] == 0


@pytest.mark.riak(bucket_types={"boats": {"n_val": 2, "allow_mult": False}})
async def test_a_bucket_type_that_the_nodes_may_lack(riak_client):
    await riak_client.bucket_type("boats").bucket("b").get("k")


def test_without_a_loop(riak_server_thread):
    assert riak_server_thread.port
