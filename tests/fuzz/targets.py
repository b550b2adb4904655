"""What is fuzzed: each target takes any bytes and returns, or raises where there is a fault.

A documented error is no fault.  Anything else is: another exception, a handler of the development server
that failed, a loop that does not end, memory out of proportion to the input.
"""

from __future__ import annotations

import asyncio
import json
import logging
import pathlib
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from struct import unpack_from
from typing import Any

from aioriak.codec import Codecs
from aioriak.config import parse_url
from aioriak.error import ContentError, InvalidRequest, ProtocolError
from aioriak.testing import RiakServer, dumps, erlang, keyfilters, lucene, mapreduce, pcre
from aioriak.testing.bucket_types import BucketType
from aioriak.testing.errors import Refusal
from aioriak.testing.security import Security
from aioriak.testing.vclock import InvalidClock, VClock
from aioriak.wire.framing import FrameReader, encode_frame
from tests.fuzz.replies import NAMES, Calls
from tests.simulation.loop import VirtualLoop

RECORDINGS = pathlib.Path(__file__).parent.parent / "data" / "riak-3.2.3.json"


@dataclass(frozen=True, slots=True)
class Target:
    """``run`` takes the input; ``seeds`` are inputs to begin with."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


@lru_cache
def recorded() -> tuple[list[bytes], list[tuple[int, bytes]]]:
    """Every recorded request frame, and every recorded reply."""
    requests: dict[bytes, None] = {}
    replies: dict[tuple[int, bytes], None] = {}
    for steps in json.loads(RECORDINGS.read_text()).values():
        for step in steps:
            requests[bytes.fromhex(step["send"])] = None
            for code, body in step["recv"]:
                if len(body) < 4000:
                    replies[code, bytes.fromhex(body)] = None
    return list(requests), list(replies)


# -- the client ----------------------------------------------------------------------------------


def frames(data: bytes) -> None:
    """Cut a byte stream into frames; the first byte says how large the reads are."""
    size, stream = (data[0] if data else 0) + 1, data[1:]
    expected: list[tuple[int, bytes]] = []
    ends: list[int] = []
    at, bad = 0, False
    while at + 4 <= len(stream):
        (length,) = unpack_from("!I", stream, at)
        if not length or length > 4096:
            bad = bool(not length or at + 5 <= len(stream))
            break
        if at + 4 + length > len(stream):
            break
        expected.append((stream[at + 4], stream[at + 5 : at + 4 + length]))
        at += 4 + length
        ends.append(at)
    reader = FrameReader(max_frame=4096)
    found: list[tuple[int, bytes]] = []
    refused = False
    for start in range(0, len(stream), size):
        try:
            found += [(code, bytes(body)) for code, body in reader.feed(stream[start : start + size])]
        except ProtocolError:
            refused = True  # nothing in this read is trusted; the frames of earlier reads were
            expected = [frame for frame, end in zip(expected, ends, strict=True) if end <= start]
            break
    assert found == expected, (found, expected)
    assert refused == bad


_calls: Calls | None = None


def replies(data: bytes) -> None:
    """Answer a call with a body: the first byte says which call, the second how the answer is framed."""
    global _calls
    if len(data) < 2:
        return
    code = None if data[1] & 3 else data[1]
    try:
        if _calls is None:
            _calls = Calls()
        _calls.make(NAMES[data[0] % len(NAMES)], data[2:], code, 1 + (data[1] >> 7))
    except BaseException:
        _calls = None
        raise


def _reply_seeds() -> list[bytes]:
    bodies = [body for _, body in recorded()[1]]
    return [bytes([number % len(NAMES), 1]) + body for number, body in enumerate(bodies + bodies[::3] + bodies[::5])]


def url(data: bytes) -> None:
    """Parse a client's URL."""
    try:
        parse_url(data.decode("utf-8", "surrogateescape"))
    except InvalidRequest as error:
        leaked = "hunter2" in str(error)
    else:
        leaked = False
    # an address that lacks its @ is all that is left of a URL's host, and is shown
    if leaked and data.startswith(b"riak://") and b"@" in data:
        raise AssertionError("an error has the password of a URL")


_CONTENT_TYPES = ("application/json", "text/plain", "application/octet-stream", "text/json", "application/x-own", "")
_CHARSETS = (None, "utf-8", "utf-16", "latin-1", "idna", "no-such", "zlib")


def values(data: bytes) -> None:
    """Decode a stored value by its content type and character set."""
    if len(data) < 2:
        return
    content_type = _CONTENT_TYPES[data[0] % len(_CONTENT_TYPES)]
    charset = _CHARSETS[data[1] % len(_CHARSETS)]
    codecs = Codecs()
    try:
        codecs.decode(data[2:], content_type, charset)
    except ContentError:
        pass


# -- the development server ------------------------------------------------------------------------


class _Failed(logging.Handler):
    """Collects what the development server logs as its own failure."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class _Sink:
    """The client's end of a connection to the server under test: it reads and forgets."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.received = 0
        self.lost = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += len(data)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True

    def pause_writing(self) -> None:
        pass

    def resume_writing(self) -> None:
        pass


class _Served:
    """A development server in a loop of its own."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.failures = _Failed()
        logger = logging.getLogger("aioriak.testing")
        logger.addHandler(self.failures)
        logger.propagate = False
        self.server = RiakServer("standard", search=True, coverage=True, real_time_enqueue=True)
        self.loop.run_until_complete(self.server.start())
        self.used = 0

    def feed(self, data: bytes, size: int) -> None:
        self.loop.run_until_complete(self._feed(data, size))
        self.used += 1
        if self.failures.records:
            record = self.failures.records.pop()
            self.failures.records.clear()
            error = record.exc_info[1] if record.exc_info else None
            raise AssertionError(f"the server failed: {record.getMessage()}: {error!r}") from error
        if self.loop.complaints:
            complaint = self.loop.complaints.pop()
            raise AssertionError(f"the server raised: {complaint}") from complaint.get("exception")

    async def _feed(self, data: bytes, size: int) -> None:
        transport, sink = await self.loop.create_connection(_Sink, self.server.host, self.server.port)
        await asyncio.sleep(0)
        for start in range(0, len(data), size):
            transport.write(data[start : start + size])
            await asyncio.sleep(0)
        await asyncio.sleep(1)
        transport.abort()
        await asyncio.sleep(0.1)
        assert sink.received <= 4_000_000 + 200 * len(data), f"{sink.received} bytes in answer to {len(data)}"


_served: _Served | None = None


def server(data: bytes) -> None:
    """Send a byte stream to the development server; the first byte says how large the reads are."""
    global _served
    if len(data) < 2:
        return
    try:
        if _served is None or _served.used > 500:  # what it stores would grow without end
            _served = _Served()
        _served.feed(data[1:], 1 + data[0] * 8)
    except BaseException:
        _served = None
        raise


def toml(data: bytes) -> None:
    """Read a file of users, sources and grants."""
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        try:
            Security.from_file(file.name)
        except (OSError, ValueError, TypeError):
            pass  # what "aioriak serve" reports


def properties(data: bytes) -> None:
    """Parse a bucket type as the command line gives it."""
    try:
        BucketType.parse(data.decode("utf-8", "replace"))
    except (ValueError, TypeError):
        pass


def job(data: bytes) -> None:
    """Parse a map/reduce job, in JSON and in the external term format."""
    for content_type in (mapreduce.JSON, mapreduce.ERLANG):
        try:
            mapreduce.parse(data, content_type)
        except Refusal:
            pass


def key_filters(data: bytes) -> None:
    """Compile key filters."""
    try:
        steps = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(steps, list):
        return
    try:
        keyfilters.compile_filters(steps)
    except (keyfilters.BadFilter, *_CRASHES):
        pass


_CRASHES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, re.error)
"""What the server answers as an error of the job, as Riak does with an Erlang crash."""


def search(data: bytes) -> None:
    """Parse a search query and match it with a document."""
    try:
        query = lucene.parse(data.decode("utf-8", "replace"))
    except (lucene.BadQuery, re.error):
        return
    if b"/" not in data:  # a regular expression may take exponential time
        query.score({"text": ["some words here"], "n_i": [5]}, lambda name: "number" if name == "n_i" else "text")


def regex(data: bytes) -> None:
    """Translate a regular expression."""
    try:
        pcre.compile_regex(data)
    except (pcre.BadRegex, Refusal):
        pass


def term(data: bytes) -> None:
    """Decode the external term format, and a vector clock."""
    try:
        erlang.print_term(erlang.decode_term(data))
    except erlang.BadTerm:
        pass
    try:
        VClock.decode(data)
    except InvalidClock:
        pass


def dump(data: bytes) -> None:
    """Decode a line of a dump."""
    try:
        dumps.decode_line(data)
    except dumps.BadLine:
        pass


def _bodies(code: int, field: str) -> list[bytes]:
    from aioriak.riak_pb import kv

    kind = {23: kv.RpbMapRedReq, 25: kv.RpbIndexReq}[code]
    found = [getattr(kind.FromString(frame[5:]), field) for frame in recorded()[0] if frame[4] == code]
    return [value for value in found if value]


def _filters() -> list[bytes]:
    listed = [
        [["ends_with", "3"]], [["or", [["eq", "a"]], [["not", [["starts_with", "b"]]]]]],
        [["tokenize", "-", 2], ["string_to_int"], ["between", 1, 5, False]], [["set_member", "a", "b"]],
        [["matches", "a+b"], ["similar_to", "abc", 2], ["to_upper"], ["urldecode"]],
    ]  # fmt: skip
    return [json.dumps(steps).encode() for steps in listed]


TARGETS: dict[str, Target] = {
    "frames": Target(
        frames,
        lambda: [b"\x07" + b"".join(encode_frame(*reply) for reply in recorded()[1][:5]), b"\x00\x00\x00\x00\x00"],
    ),
    "replies": Target(replies, _reply_seeds),
    "url": Target(
        url,
        lambda: [
            b"riak://ann:hunter2@a,b:8088/?max_size=4&tls=true", b"riak://[::1]:8087", b"riak://h%40st:1/?request_timeout=1.5",
        ],
    ),
    "values": Target(
        values, lambda: [b"\x00\x00" + body for body in (b'{"a":[1,2.5e3,null]}', b'"\xc3\xbc"', b"[[[]]]")]
    ),
    "server": Target(server, lambda: [b"\xff" + frame for frame in recorded()[0]]),
    "toml": Target(
        toml,
        lambda: [
            b'refusal_delay = 1.0\n[users]\nann = "x"\n[[sources]]\nmethod = "password"\nusers = "all"\n',
            b'[groups]\nr = ["ann"]\n[[grants]]\npermissions = ["riak_kv.get"]\non = "default/b"\nto = "r"\n',
        ],
    ),
    "properties": Target(
        properties, lambda: [b"maps=datatype:map", b"fast=n_val:1,allow_mult:false,r:quorum", b"x=write_once:true"]
    ),
    "map/reduce": Target(job, lambda: _bodies(23, "request")),
    "key filters": Target(key_filters, _filters),
    "search": Target(
        search,
        lambda: [
            b'text:some AND -n_i:[1 TO 5] OR "some words"~2^3', b"(a b~1) && !c*", b"/wo.*s/", b"*:* NOT x:{* TO 3}",
        ],
    ),
    "regex": Target(regex, lambda: [*_bodies(25, "term_regex"), b"(?<a>[[:alpha:]]+)\\z", b"\\h\\R(?=x)"]),
    "terms": Target(term, lambda: [erlang.encode_term((b"a", [1, 2**70, 1.5], erlang.Atom("x"))), VClock().encode()]),
    "dump": Target(dump, lambda: DUMP),
}

DUMP = [
    b'{"bucket":"b","key":"k","vclock":{"base64":"a85h"},"siblings":[{"value":"v","usermeta":[["a","b"]],'
    b'"links":[["b","k","t"]],"indexes":[["n_int","3"]],"last_modified":1.5,"content_type":"text/plain"}]}',
    b'{"type":"maps","bucket":{"base64":"/w=="},"key":"k","operation":{"map":{"update":[{"name":"s","type":"set",'
    b'"add":["a"]},{"name":"r","type":"register","assign":"x"},{"name":"n","type":"counter","increment":3}]}}}',
]
