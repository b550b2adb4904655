"""Which requests have an owner."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from aioriak.cluster.ring import KeyRouter
from aioriak.riak_pb import kv

NODE: Any = SimpleNamespace(riak_name="riak@one")


@pytest.fixture
async def router() -> KeyRouter:
    """A router that knows a ring of eight partitions, all of one node."""
    router = KeyRouter(list, 1.0)
    router.ring_size = 8
    router.owners = dict.fromkeys(range(8), "riak@one")
    return router


@pytest.mark.parametrize(
    ("request_", "owned"),
    [
        (kv.RpbGetReq(bucket=b"b", key=b"k"), True),
        (kv.RpbPutReq(bucket=b"b", key=b"k"), True),
        (kv.RpbPutReq(bucket=b"b"), False),
        (kv.RpbListKeysReq(bucket=b"b"), False),
        (kv.RpbIndexReq(bucket=b"b", index=b"n_int", qtype="eq", key=b"1"), False),
        (None, False),
    ],
)
async def test_a_request_for_a_key_has_an_owner_and_no_other(router: KeyRouter, request_: Any, owned: bool) -> None:
    assert router.owner(request_, [NODE]) is (NODE if owned else None)
