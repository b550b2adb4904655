"""What a real Riak was asked, asked again: the development server says the same.

The recorded requests are sent as they were, except that what the recorded
server gave out (clocks, contexts, continuations) is replaced by what this one
gave out in the same place.
"""

from __future__ import annotations

import pytest

from aioriak.testing import RiakServer
from aioriak.testing.compare import Replay
from aioriak.testing.exchanges import OPAQUE, Recording, load
from tests.conftest import DATA

FAMILIES = {
    "server": ("server/",),
    "key/value": ("kv/",),
    "siblings and listings": ("siblings/", "list/"),
    "properties": ("props/",),
    "data types": ("dt/", "counter/"),
    "secondary indexes": ("2i/",),
    "map/reduce": ("mr/",),
    "cluster": ("cluster/", "repl/"),
    "folds, which see everything": ("",),
}
"""Scenarios that build on each other go together, on one server."""


@pytest.fixture(scope="module")
def recording() -> Recording:
    return load(DATA / "riak-3.2.3.json")


@pytest.mark.parametrize("family", FAMILIES)
async def test_the_server_answers_as_riak_did(family, recording, clock):
    async def pause(seconds: float) -> None:
        clock.advance(seconds)

    differences = []
    # the recorded server's ring had eight partitions, and its node the same address
    async with RiakServer("standard", clock=clock, ring_size=8) as server:
        replay = Replay(server.host, server.port, pause=pause, opaque=OPAQUE)
        for name, steps in recording.items():
            if name.startswith(FAMILIES[family]):
                differences += await replay.scenario(name, steps)
    assert replay.requests
    assert differences == [], "\n".join(map(str, differences))
