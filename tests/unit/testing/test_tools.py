"""What tests do to a server besides asking it: look at requests, fill, copy and empty it, move its clock."""

from __future__ import annotations

import gzip

import pytest

from aioriak.testing import RiakServer
from aioriak.testing.clock import Clock
from aioriak.testing.dumps import BadLine
from aioriak.testing.requests import RequestLog
from aioriak.wire.operation import DELETE, DT_FETCH, DT_UPDATE, GET, LIST_KEYS, PING, PUT, SET_BUCKET

THING = {"bucket": b"users", "key": b"ada"}


async def put(peer, value=b"1", **where):
    await peer.ask(PUT, **{**THING, **where}, content={"value": value})


# -- requests -------------------------------------------------------------------


async def test_requests_are_logged_in_order_and_counted(server, peer):
    await put(peer)
    await peer.ask(GET, **THING)
    await peer.ask(PING)
    assert [str(request) for request in server.requests] == ["put default/users/ada", "get default/users/ada", "ping"]
    assert (server.requests["get"], server.requests["delete"], len(server.requests)) == (1, 0, 3)
    assert server.requests[-2].key == "ada"


async def test_requests_are_filtered_by_what_they_ask_for(connect):
    async with RiakServer.cluster(2) as server:
        one, two = [await connect(node) for node in server.nodes]
        await put(one, type=b"siblings")
        await put(one, key=b"bob")
        await one.ask(GET, **THING)
        await two.ask(GET, **THING)
        found = server.requests.filter
        assert len(found("get")) == 2
        assert [request.key for request in found("put", bucket="users")] == ["ada", "bob"]
        assert [request.key for request in found(bucket_type="siblings")] == ["ada"]
        assert [request.operation for request in found(key="bob")] == ["put"]
        assert [request.node for request in found("get", node=server.nodes[1])] == [server.nodes[1]]
        assert len(found(where=lambda message: message.HasField("type"))) == 1


async def test_only_the_last_requests_are_kept_and_all_are_counted(connect):
    async with RiakServer(keep_requests=3) as server:
        peer = await connect(server)
        for number in range(5):
            await peer.ask(GET, bucket=b"b", key=b"%d" % number)
        assert [request.key for request in server.requests] == ["2", "3", "4"]
        assert server.requests["get"] == server.requests.counts["get"] == 5


async def test_the_log_of_requests_can_be_emptied(server, peer):
    await peer.ask(PING)
    server.requests.clear()
    assert (server.requests["ping"], list(server.requests)) == (0, [])


def test_an_operation_that_does_not_exist_was_never_asked_for():
    for ask in (lambda: RequestLog()["gte"], lambda: RequestLog().filter("gte")):
        with pytest.raises(ValueError, match="no operation is called 'gte'"):
            ask()


# -- content --------------------------------------------------------------------


async def test_a_snapshot_brings_back_what_was_there(server, peer):
    await put(peer, b"before")
    await peer.ask(SET_BUCKET, bucket=b"users", props={"n_val": 2})
    snapshot = server.snapshot()
    await put(peer, b"after")
    await put(peer, key=b"bob")
    await peer.ask(SET_BUCKET, bucket=b"users", props={"n_val": 1})
    server.restore(snapshot)
    assert (await peer.ask(GET, **THING)).content[0].value == b"before"
    assert not (await peer.ask(GET, bucket=b"users", key=b"bob")).content
    assert server.database.properties(b"default", b"users").n_val == 2


async def test_a_snapshot_can_be_restored_again(server, peer):
    await put(peer, b"before")
    snapshot = server.snapshot()
    for _ in range(2):
        await put(peer, b"after")
        await peer.ask(DELETE, **THING)
        server.restore(snapshot)
        assert (await peer.ask(GET, **THING)).content[0].value == b"before"


async def test_a_restored_snapshot_is_in_the_data_file_too(connect, tmp_path):
    path = tmp_path / "riak.db"
    async with RiakServer(data=path) as server:
        peer = await connect(server)
        await put(peer, b"before")
        snapshot = server.snapshot()
        await put(peer, b"after")
        await put(peer, key=b"bob")
        await peer.ask(SET_BUCKET, bucket=b"users", props={"n_val": 1})
        server.restore(snapshot)
    async with RiakServer(data=path) as server:
        assert server.database.keys(b"default", b"users") == [b"ada"]
        assert server.database.get(b"default", b"users", b"ada").contents[0].value == b"before"
        assert server.database.properties(b"default", b"users").n_val == 3


async def test_a_cleared_server_is_as_new(server, peer):
    await put(peer)
    await peer.ask(SET_BUCKET, bucket=b"users", props={"n_val": 1})
    server.faults.error("get", "overload")
    server.nodes[0].slow(60)
    server.clock.advance(1000)
    server.clear()
    assert not (await peer.ask(GET, **THING)).content
    assert server.database.properties(b"default", b"users").n_val == 3
    assert server.requests.counts == {"get": 1}
    assert abs(server.clock() - Clock()()) < 100


async def test_a_reset_brings_nodes_up_again(connect):
    async with RiakServer.cluster(2) as server:
        port = server.nodes[0].port
        await server.nodes[0].kill()
        server.nodes[1].freeze()
        await server.reset()
        assert server.nodes[0].port == port
        for node in server.nodes:
            await (await connect(node)).ask(PING)


async def test_siblings_are_made_in_a_line(server, peer):
    server.siblings("users", "ada", {"age": 36}, b"\xff")
    contents = (await peer.ask(GET, **THING)).content
    assert {(each.value, each.content_type) for each in contents} == {
        (b'{"age": 36}', b"application/json"), (b"\xff", b"application/octet-stream")}  # fmt: skip


async def test_siblings_are_resolved_as_any_others(server, peer):
    server.siblings("users", "ada", 1, 2, bucket_type="siblings")
    here = {**THING, "type": b"siblings"}
    vclock = (await peer.ask(GET, **here)).vclock
    await peer.ask(PUT, **here, vclock=vclock, content={"value": b"3"})
    assert [content.value for content in (await peer.ask(GET, **here)).content] == [b"3"]


def test_siblings_need_values_and_a_bucket_type():
    with pytest.raises(ValueError, match="at least one value"):
        RiakServer().siblings("users", "ada")
    with pytest.raises(BadLine, match="no bucket type 'boats'"):
        RiakServer().siblings("users", "ada", 1, bucket_type="boats")


# -- dumps ----------------------------------------------------------------------

DUMP = """
{"dump": 1, "made_by": "a test"}
{"type": "default", "bucket": "users", "key": "ada", "siblings": [
{"value": "{}", "content_type": "application/json", "charset": "utf-8", "content_encoding": "gzip",
"last_modified": 7.25, "usermeta": [["a", "b"]], "links": [["users", "bob", "friend"], ["users", "eve", null]],
"indexes": [["age_int", "36"]]}, {"value": {"base64": "/w=="}}]}
{"bucket": "users", "key": "eve", "value": "x"}
{"type": "maps", "bucket": "carts", "key": "ada", "datatype": "map", "operation": {"update": [
["items", "set", {"add": ["tea"]}], ["paid", "flag", {"enable": true}],
["inner", "map", {"update": [["n", "counter", {"increment": -3}]]}]]}}
{"type": "counters", "bucket": "visits", "key": "home", "datatype": "counter", "operation": {"increment": 12}}
"""


def lines(text: str) -> list[str]:
    """One line for each object; those above are broken for a person to read."""
    return text.replace(",\n", ", ").replace("[\n", "[").splitlines()


async def test_a_dump_is_loaded(server, peer):
    assert server.load(lines(DUMP)) == 4
    one, two = (await peer.ask(GET, **THING)).content
    assert (one.value, one.content_type, one.charset, one.content_encoding) == (
        b"{}", b"application/json", b"utf-8", b"gzip")  # fmt: skip
    assert (one.last_mod, one.last_mod_usecs) == (7, 250_000)
    assert [(link.key, link.HasField("tag")) for link in one.links] == [(b"bob", True), (b"eve", False)]
    assert [(pair.key, pair.value) for pair in one.indexes] == [(b"age_int", b"36")]
    assert (two.value, two.HasField("content_type")) == (b"\xff", False)
    counted = await peer.ask(DT_FETCH, type=b"counters", bucket=b"visits", key=b"home")
    assert counted.value.counter_value == 12
    cart = await peer.ask(DT_FETCH, type=b"maps", bucket=b"carts", key=b"ada")
    assert {entry.field.name for entry in cart.value.map_value} == {b"items", b"paid", b"inner"}


async def test_a_loaded_data_type_can_be_changed(server, peer):
    server.load(lines(DUMP))
    where = {"type": b"maps", "bucket": b"carts", "key": b"ada"}
    context = (await peer.ask(DT_FETCH, **where)).context
    removal = {"map_op": {"removes": [{"name": b"items", "type": "SET"}]}}
    await peer.ask(DT_UPDATE, **where, op=removal, context=context)
    cart = await peer.ask(DT_FETCH, **where)
    assert {entry.field.name for entry in cart.value.map_value} == {b"paid", b"inner"}


@pytest.mark.parametrize("name", ["all.jsonl", "all.jsonl.gz"])
async def test_what_a_server_dumps_another_loads(connect, tmp_path, name):
    async with RiakServer() as one, RiakServer() as two:
        one.load(lines(DUMP))
        peer = await connect(one)
        await peer.ask(DELETE, bucket=b"users", key=b"eve")
        assert one.dump(tmp_path / name) == 4
        assert two.load(tmp_path / name) == 4
        assert two.dump(tmp_path / "again.jsonl") == 4
        first = (tmp_path / name).read_bytes()
        first = gzip.decompress(first) if name.endswith("gz") else first
        assert _without_clocks(first) == _without_clocks((tmp_path / "again.jsonl").read_bytes())
        keys = await (await connect(two)).stream(LIST_KEYS, bucket=b"users")
        assert {key for message in keys for key in message.keys} == {b"ada", b"eve"}


def _without_clocks(dump: bytes) -> list[object]:
    import json

    found = [json.loads(line) for line in dump.splitlines()]
    for entry in found:
        entry.pop("vclock", None)
    return found


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"bucket": "b", "key": "k", "siblings": [{"valeu": ""}]}', "line 2: a sibling has no field 'valeu'"),
        ('{"type": "boats", "bucket": "b", "key": "k", "siblings": [{}]}', "line 2: the server has no bucket type"),
        ('{"type": "sets", "bucket": "b", "key": "k", "datatype": "counter", "operation": {"increment": 1}}',
         "line 2: Operation type is `counter` but  bucket type is `set`"),
        ('{"type": "hlls", "bucket": "b", "key": "k", "datatype": "hll", "operation": {"estimate": 1}}',
         "line 2: a HyperLogLog cannot be made from its estimate"),
        ('{"bucket": "b", "siblings": [{}]}', "line 2: key is missing"),
        ('{"bucket": "b", "key": "k", "vclock": "ä", "value": ""}', "line 2: vclock is not base 64"),
        ('{"bucket": "b", "key": "k", "datatype": "bag", "operation": {}}', "line 2: datatype must be one of"),
        ("[]", "line 2: a line must be a JSON object"),
        ("{", "line 2: not JSON"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_loaded_is_named(line, words):
    with pytest.raises(BadLine, match=words):
        RiakServer().load(["", line])


# -- the clock ------------------------------------------------------------------


async def test_time_passes_when_it_is_told_to(server, peer):
    await put(peer)
    await peer.ask(DELETE, **THING)
    assert (await peer.ask(GET, **THING, deletedvclock=True)).vclock
    server.clock.advance(3.1)
    assert not (await peer.ask(GET, **THING, deletedvclock=True)).vclock


async def test_a_write_is_dated_by_the_clock(server, peer):
    server.clock.set(1_000_000_000)
    server.clock.stop()
    server.clock.set(1_700_000_000.5)
    server.clock.advance(0.25)
    await put(peer)
    content = (await peer.ask(GET, **THING)).content[0]
    assert (content.last_mod, content.last_mod_usecs) == (1_700_000_000, 750_000)
    server.clock.reset()
    assert server.clock() != 1_700_000_000.75


def test_an_option_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="RiakServer has no option 'prot'"):
        RiakServer(prot=1)
    with pytest.raises(ValueError, match="nodes must be at least 1"):
        RiakServer(nodes=0)
