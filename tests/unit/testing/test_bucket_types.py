"""Bucket types that a development server is given, and the properties that they may have."""

from __future__ import annotations

import pytest

from aioriak.testing import BucketType, RiakServer, properties
from aioriak.testing.errors import Refusal
from aioriak.wire.operation import GET_BUCKET, GET_BUCKET_TYPE, SET_BUCKET, SET_BUCKET_TYPE


def test_a_bucket_type_differs_from_a_new_one_only_where_it_says_so():
    given = BucketType("fast", n_val=1, r="one", allow_mult=False, backend="memory")
    assert given.name == b"fast"
    assert given.properties.n_val == 1
    assert given.properties.r == properties.ONE
    assert given.properties.w == properties.QUORUM
    assert given.properties.backend == b"memory"
    assert not given.properties.allow_mult


def test_a_bucket_type_can_be_written_on_a_command_line():
    parsed = BucketType.parse("maps=datatype:map,n_val:5,r:all,notfound_ok:false")
    assert parsed.name == b"maps"
    assert (parsed.properties.datatype, parsed.properties.n_val) == (b"map", 5)
    assert parsed.properties.r == properties.ALL
    assert parsed.properties.notfound_ok is False
    assert BucketType.parse("plain").properties == properties.NEW_TYPE


@pytest.mark.parametrize("text", ["=n_val:1", "t=n_val", "t=no_such:1"])
def test_nonsense_on_a_command_line_is_an_error(text):
    with pytest.raises(ValueError):
        BucketType.parse(text)


@pytest.mark.parametrize(
    "given", [{"datatype": "tree"}, {"datatype": "map", "allow_mult": False}, {"n_val": 0}, {"w": 0}]
)
def test_properties_that_do_not_go_together_are_refused(given):
    with pytest.raises(Refusal, match="Invalid bucket properties"):
        BucketType("t", **given)


@pytest.mark.parametrize(
    "given",
    [
        {"maps": {"datatype": "map"}, "plain": {}},
        [BucketType("maps", datatype="map"), "plain"],
        ["maps=datatype:map", BucketType("plain")],
    ],
)
async def test_a_server_takes_bucket_types_in_several_forms(given):
    async with RiakServer(given) as server:
        assert set(server.database.bucket_types) == {b"default", b"maps", b"plain"}
        assert server.database.bucket_types[b"maps"].datatype == b"map"


async def test_a_change_of_a_type_reaches_its_buckets_but_not_those_with_properties_of_their_own(peer):
    await peer.ask(SET_BUCKET, type=b"siblings", bucket=b"own", props={"n_val": 2})
    await peer.ask(SET_BUCKET_TYPE, type=b"siblings", props={"r": 1})
    assert (await peer.ask(GET_BUCKET_TYPE, type=b"siblings")).props.r == 1
    assert (await peer.ask(GET_BUCKET, type=b"siblings", bucket=b"other")).props.r == 1
    own = (await peer.ask(GET_BUCKET, type=b"siblings", bucket=b"own")).props
    assert (own.n_val, own.r) == (2, properties.QUORUM)


@pytest.mark.parametrize(("version", "node_confirms"), [("3.2.3", 0), ("3.4.0", 1)])
async def test_newer_properties_are_ignored_by_older_releases_and_never_shown(connect, version, node_confirms):
    async with RiakServer(version=version) as server:
        peer = await connect(server)
        await peer.ask(SET_BUCKET, bucket=b"b", props={"node_confirms": 1, "n_val": 2})
        own = server.database.properties(b"default", b"b")
        assert (own.node_confirms, own.n_val) == (node_confirms, 2)
        shown = (await peer.ask(GET_BUCKET, bucket=b"b")).props
        assert not shown.HasField("node_confirms")


@pytest.mark.parametrize(
    ("type", "props"),
    [
        (b"siblings", {"datatype": b"set"}),
        (b"siblings", {"write_once": True}),
        (b"default", {"write_once": True}),
        (b"default", {"n_val": 3}),
        (b"writeonce", {"datatype": b"set"}),
        (b"hlls", {"hll_precision": 15}),
        (b"siblings", {"pr": properties.DEFAULT}),
    ],
)
async def test_what_may_not_change_does_not(server, peer, refused, type, props):
    before = server.database.bucket_types[type]
    with pytest.raises(refused, match="Invalid bucket properties: "):
        await peer.ask(SET_BUCKET_TYPE, type=type, props=props)
    assert server.database.bucket_types[type] == before


async def test_the_precision_of_hyperloglogs_can_be_lowered(server, peer):
    await peer.ask(SET_BUCKET_TYPE, type=b"hlls", props={"hll_precision": 10})
    assert server.database.bucket_types[b"hlls"].hll_precision == 10
