"""The project's default is the session's loop."""


async def test_one(riak_client):
    assert await riak_client.ping()
