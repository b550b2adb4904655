"""However a query is cut into pages, its rows are those of one long answer, in order."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aioriak.operations.indexes import IndexQuery
from aioriak.riak_pb import kv
from aioriak.testing import RiakServer
from aioriak.testing.context import Context
from aioriak.testing.handlers import indexes
from aioriak.testing.robject import Content, RiakObj
from aioriak.testing.vclock import VClock

KEYS = st.sampled_from([b"a", b"b", b"c", b"d", b"\xff"])
NUMBERS = st.integers(-3, 3) | st.sampled_from([-(10**30), 10**30])
WORDS = st.sampled_from([b"", b"a", b"aa", b"b", b"\xff"])


def _ask(context: Context, query: IndexQuery) -> tuple[list[Any], bytes | None]:
    reply: Any = indexes.index(context, query.request)
    assert isinstance(reply, kv.RpbIndexResp)
    return query.rows(reply), reply.continuation or None


@settings(deadline=None)
@given(
    st.dictionaries(KEYS, st.tuples(st.sets(NUMBERS, max_size=3), st.sets(WORDS, max_size=3)), max_size=5),
    st.sampled_from(["n_int", "w_bin", "$key"]),
    st.booleans(),
    st.data(),
)
def test_pages_add_up(
    stored: dict[bytes, tuple[set[int], set[bytes]]], index: str, one_term: bool, data: st.DataObject
) -> None:
    server = RiakServer()
    server.nodes[0].state = "up"
    for key, (numbers, words) in stored.items():
        entries = tuple([(b"n_int", b"%d" % number) for number in numbers] + [(b"w_bin", word) for word in words])
        server.database.put(b"default", b"b", key, RiakObj([Content(b"v", indexes=entries)], VClock({b"x": (1, 0)})))
    context = Context(server.nodes[0].cluster, server.nodes[0])
    terms = {"n_int": NUMBERS, "w_bin": WORDS, "$key": KEYS}[index]
    start = data.draw(terms)
    end = None if one_term else data.draw(terms)
    if end is not None and (start > end):
        start, end = end, start
    whole, _ = _ask(context, IndexQuery(None, b"b", index, start, end, {"pagination_sort": True, "return_terms": True}))
    size = data.draw(st.integers(1, 4))
    query = IndexQuery(None, b"b", index, start, end, {"max_results": size, "return_terms": True})
    paged: list[Any] = []
    continuation: bytes | None = b""
    while continuation is not None:
        rows, continuation = _ask(context, query)
        assert len(rows) <= size
        paged += rows
        if continuation is not None:
            # what the server gives is what the client takes
            options = {"max_results": size, "return_terms": True, "continuation": continuation}
            query = IndexQuery(None, b"b", index, start, end, options)
    assert paged == whole
