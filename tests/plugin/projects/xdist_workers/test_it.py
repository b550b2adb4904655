import pytest


@pytest.mark.parametrize("number", range(12))
async def test_workers_do_not_meet(number, riak_shared_client, riak_client):
    for client in (riak_shared_client, riak_client):
        bucket = client.bucket("b")
        assert await bucket.get_keys() == []
        await bucket.new_object("k", number).store()
        assert (await bucket.get("k")).data == number
