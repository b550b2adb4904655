import asyncio

from worker import work


def filled(*numbers):
    queue = asyncio.Queue()
    for number in numbers:
        queue.put_nowait(number)
    return queue


async def test_results_are_kept(riak_client):
    results = riak_client.bucket("results")
    await work(filled(2, 3), results)
    assert [(await results.get(key)).data for key in ("2", "3")] == [4, 9]


async def test_a_lost_write_is_made_again(riak_client, riak_faults, riak_server):
    cut = riak_faults.cut("put", times=1)
    results = riak_client.bucket("results")
    await work(filled(2), results)
    assert cut.hits == 1
    assert (await results.get("2")).data == 4
    assert len(riak_server.requests.filter("put", bucket="results", key="2")) == 2


async def test_two_workers_share_a_queue(riak_client):
    queue = filled(*range(20))
    results = riak_client.bucket("results")
    await asyncio.gather(work(queue, results), work(queue, results))
    assert len(await results.get_keys()) == 20


async def test_old_results_are_there(riak_client, riak_server, tmp_path):
    dump = tmp_path / "results.jsonl"
    value = '{"value": "49", "content_type": "application/json"}'
    dump.write_text(f'{{"bucket": "results", "key": "7", "siblings": [{value}]}}')
    riak_server.load(dump)
    assert (await riak_client.bucket("results").get("7")).data == 49
