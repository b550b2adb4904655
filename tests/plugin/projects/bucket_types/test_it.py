import pytest

from aioriak.error import BucketTypeNotFound


async def properties(client, name):
    return await client.bucket_type(name).get_properties()


async def test_the_projects_types_are_there_besides_the_standard_ones(riak_client, riak_shared_client):
    for client in (riak_client, riak_shared_client):
        assert (await properties(client, "fast"))["n_val"] == 1
        assert (await properties(client, "carts"))["datatype"] == "map"
        assert (await properties(client, "siblings"))["allow_mult"] is True


@pytest.mark.riak(bucket_types={"fast": {"n_val": 2}, "boats": {}})
async def test_a_test_may_have_more_and_others(riak_client, riak_shared_client):
    for client in (riak_client, riak_shared_client):
        assert (await properties(client, "fast"))["n_val"] == 2
        assert (await properties(client, "boats"))["allow_mult"] is True


async def test_another_tests_types_are_gone(riak_client, riak_shared_client):
    for client in (riak_client, riak_shared_client):
        with pytest.raises(BucketTypeNotFound):
            await properties(client, "boats")


class TestWithoutTheStandardTypes:
    @pytest.fixture
    def riak_standard_bucket_types(self):
        return False

    async def test_only_the_projects_types_are_there(self, riak_client):
        assert (await properties(riak_client, "fast"))["n_val"] == 1
        with pytest.raises(BucketTypeNotFound):
            await properties(riak_client, "siblings")


def test_a_server_in_a_thread_has_them_too(riak_server_thread):
    assert b"fast" in riak_server_thread.server.database.bucket_types
