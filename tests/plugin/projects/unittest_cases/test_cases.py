import asyncio
import unittest

from aioriak import RiakClient
from aioriak.testing import RiakServer


class InTheLoop(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = await self.enterAsyncContext(RiakServer())
        self.client = await self.enterAsyncContext(RiakClient(self.server.host, self.server.port))

    async def test_a_user_is_stored(self):
        await self.client.bucket("users").new_object("ada", 1).store()
        assert self.server.requests["put"] == 1

    async def test_each_test_has_a_server(self):
        assert not (await self.client.bucket("users").get("ada")).exists


class InAThread(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(RiakServer.in_thread())

    def setUp(self):
        self.server.reset()

    def keys(self):
        async def listed():
            async with RiakClient(self.server.host, self.server.port, allow_listing="silent") as client:
                return await client.bucket("users").get_keys()

        return asyncio.run(listed())

    def test_one(self):
        self.server.siblings("users", "ada", 1)
        assert self.keys() == ["ada"]

    def test_two(self):
        assert self.keys() == []
