"""A client's copies with other options."""

from __future__ import annotations

import pytest

from aioriak import RiakClient
from aioriak.error import Overload
from aioriak.testing import RiakServer


async def test_an_object_is_read_and_written_with_the_options_of_the_client_that_is_asked(server: RiakServer) -> None:
    async with await RiakClient.create(server.host, server.port) as client:
        robject = client.bucket("b").new_object("k", 1)
        fault = server.faults.error("*", "overload")
        once = client.with_options(attempts=1)
        for call in (once.put, once.get, once.delete):
            with pytest.raises(Overload):
                await call(robject)
        assert fault.hits == 3
