from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer


def application(riak):
    async def count(request):
        visits = riak.bucket_type("counters").bucket("visits")
        page = await visits.get(request.match_info["page"])
        page.increment()
        await page.store(return_body=True)
        return web.json_response(page.value)

    app = web.Application()
    app.router.add_post("/{page}", count)
    return app


async def test_visits_are_counted(riak_client):
    async with TestClient(TestServer(application(riak_client))) as browser:
        for expected in (1, 2):
            async with browser.post("/home") as response:
                assert await response.json() == expected


async def test_no_visit_is_left_from_another_test(riak_client, riak_server):
    async with TestClient(TestServer(application(riak_client))) as browser:
        async with browser.post("/home") as response:
            assert await response.json() == 1
    assert riak_server.requests["data type update"] == 1
