import pytest


@pytest.fixture
def riak_bucket_types():
    return {"carts": {"datatype": "map"}, "fast": {"n_val": 1}}
