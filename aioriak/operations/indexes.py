"""Secondary index queries.

Requests that make the server hang up, or never answer, are refused here: a bad index
name, a term that is no number, a made-up continuation, a query without a timeout.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar

from aioriak.cluster.dispatcher import Dispatcher, MessageStream
from aioriak.error import InvalidRequest, InvalidType, ProtocolError
from aioriak.operations.names import Name, decimal, show, text, texts, to_bytes
from aioriak.operations.options import Timeout, flag, milliseconds, octets, positive, unknown_option
from aioriak.riak_pb import kv
from aioriak.wire.operation import INDEX

T = TypeVar("T")
Term = int | Name
"""An index term: a number for ``_int``, else text, or bytes where it is not UTF-8."""

LONGEST = 3_600_000
"""The most milliseconds that a query waits: without any limit, a missing bucket type is never answered."""


_EQ, _RANGE = int(kv.RpbIndexReq.eq), int(kv.RpbIndexReq.range)


class IndexRow(NamedTuple):
    """One match: a key, and its term as far as it is known (``$bucket`` queries have none)."""

    key: Name
    term: Term | None


class IndexAnswer(NamedTuple, Generic[T]):
    """Some matches, and the continuation that fetches the next ones."""

    matches: list[T]
    continuation: bytes | None


Result = Any
"""A key, or with ``return_terms`` a tuple of term and key."""


class MoreIndexOptions(TypedDict, total=False):
    """Options of an index query that are seldom used; see :class:`IndexOptions`."""

    pagination_sort: bool | None
    return_body: bool | None
    cover_context: bytes | None


class IndexOptions(MoreIndexOptions, total=False):
    """Options of an index query.

    ``return_terms``: terms come with the keys of a range query.  ``max_results``: at most so many,
    sorted, with a continuation.  ``continuation``: go on behind the page that gave it.
    ``term_regex``: only terms that match (not for ``_int``).  ``pagination_sort``: sorted although
    not paged.  ``timeout``: a ``timedelta``, or milliseconds, for the server and for the whole
    call; ``0`` is an hour, the longest.  ``return_body``, ``cover_context``: for servers that know
    them; Riak 3 ignores both.

    Riak's documentation: "Using Secondary Indexes", "Protocol Buffers Client API: Secondary Indexes".
    """

    return_terms: bool | None
    max_results: int | None
    continuation: Name | None
    term_regex: Name | None
    timeout: Timeout | None


class IndexQuery:
    """A query that was checked; sent as it is, or page by page.

    ``end`` of ``None`` asks for one term, ``start``; else for all terms between the two, both included.

    Raises :class:`~aioriak.error.InvalidRequest` for a query that would crash the server's process.
    """

    __slots__ = ("fields", "index", "is_equality", "numeric", "term", "timeout")

    def __init__(
        self,
        kind: bytes | None,
        bucket: bytes,
        index: Name,
        start: Term | None,
        end: Term | None,
        options: Mapping[str, Any],
    ) -> None:
        self.index: bytes = _name(index)
        self.numeric: bool = self.index.endswith(b"_int")
        self.is_equality: bool = end is None
        self.term: Term | None = None
        """The term of every match, where it is known."""
        self.timeout: float | None = None
        """Seconds that the caller allows; ``None``: what the client allows."""
        fields: dict[str, Any] = {"bucket": bucket, "index": self.index}
        self.fields: dict[str, Any] = fields
        """Those of the request that are set, by their names."""
        if kind is not None:
            fields["type"] = kind
        if self.index == b"$bucket" and start is None:
            start = bucket
        if end is None:
            fields["qtype"] = _EQ
            term = fields["key"] = self._term("the term", start)
            if self.index != b"$bucket":
                self.term = int(term) if self.numeric else text(term)
        else:
            fields["qtype"] = _RANGE
            first = fields["range_min"] = self._term("the first term", start)
            last = fields["range_max"] = self._term("the last term", end)
            if (int(first) > int(last)) if self.numeric else (first > last):
                raise InvalidRequest(
                    f"the range of {show(self.index)} is reversed: {start!r} comes after {end!r}; give the lesser first"
                )
        self._apply(options)

    @property
    def request(self) -> kv.RpbIndexReq:
        """The request, without a timeout."""
        return kv.RpbIndexReq(**self.fields)

    def _term(self, what: str, value: Term | None) -> bytes:
        if type(value) is int:
            return decimal(what, value)
        if self.numeric:
            number = value
            if isinstance(number, (str, bytes)):
                try:
                    number = int(number)
                except ValueError:
                    number = None
            if isinstance(number, bool) or not isinstance(number, int):
                raise InvalidType(f"{what} of {show(self.index)} is a whole number, not {value!r:.80}")
            return decimal(what, number)
        if isinstance(value, int) and not isinstance(value, bool):
            return decimal(what, value)
        return to_bytes(f"{what} of {show(self.index)}", value)  # type: ignore[arg-type]  # it raises for others

    def _apply(self, options: Mapping[str, Any]) -> None:
        for name, value in options.items():
            if value is None:
                continue
            check = _CHECKS.get(name)
            if check is None:
                raise unknown_option(name, _CHECKS)
            checked = check(name, value)
            if name == "timeout":
                self.timeout = (checked or LONGEST) / 1000
                continue
            if name == "term_regex" and self.numeric:
                raise InvalidRequest("term_regex does not work on numbers")
            if name == "continuation":
                self._check_continuation(checked)
            self.fields[name] = checked

    def _check_continuation(self, continuation: bytes) -> None:
        paired = not self.is_equality and self.index not in (b"$key", b"$bucket")
        if not is_continuation(continuation, paired=paired, numeric=self.numeric):
            raise InvalidRequest("not a continuation of such a query: take the one that came with the page before")

    def after(self, continuation: bytes) -> None:
        """Continue after a page of this query."""
        self.fields["continuation"] = continuation

    def limited(self, default: float | None) -> tuple[kv.RpbIndexReq, float]:
        """Return the request with the server's timeout, and the caller's, in seconds.

        ``default`` is the client's own limit, in seconds.
        """
        limit = default if self.timeout is None else self.timeout
        granted = LONGEST if limit is None else max(1, min(int(limit * 1000), LONGEST))
        return kv.RpbIndexReq(**self.fields, timeout=granted), granted / 1000

    def rows(self, message: kv.RpbIndexResp) -> list[IndexRow]:
        """Return the matches in a message."""
        if message.results:
            if self.numeric:
                return [IndexRow(text(pair.value), _number(pair.key)) for pair in message.results]
            return [IndexRow(text(pair.value), text(pair.key)) for pair in message.results]
        if self.index == b"$key":
            return [IndexRow(key, key) for key in map(text, message.keys)]
        term = self.term
        return [IndexRow(key, term) for key in texts(message.keys)]

    def results(self, message: kv.RpbIndexResp) -> list[Result]:
        """Return the matches in a message in the older shape: keys, or with terms, pairs of term and key."""
        if self.fields.get("return_terms") and (message.results or self.term is not None):
            return [(term, key) for key, term in self.rows(message)]
        return texts(message.keys) or [text(pair.value) for pair in message.results]


class IndexStream:
    """A query whose matches come as a stream of messages; ``results`` reads them and keeps the continuation."""

    __slots__ = ("_query", "continuation", "messages")

    def __init__(self, dispatcher: Dispatcher, query: IndexQuery) -> None:
        self.continuation: bytes | None = None
        query.fields["stream"] = True
        request, limit = query.limited(dispatcher.request_timeout)
        self.messages: MessageStream[kv.RpbIndexResp] = dispatcher.stream(INDEX, request, limit)
        self._query = query

    def results(self, message: kv.RpbIndexResp) -> list[Result]:
        """Return the matches in a message."""
        if message.continuation:
            self.continuation = message.continuation
        return self._query.results(message)


async def run(dispatcher: Dispatcher, query: IndexQuery) -> IndexAnswer[IndexRow]:
    """Run a query: all matches, or with ``max_results`` a page of them."""
    reply = await dispatcher.call(INDEX, *query.limited(dispatcher.request_timeout))
    return IndexAnswer(query.rows(reply), reply.continuation or None)


async def get(dispatcher: Dispatcher, query: IndexQuery) -> IndexAnswer[Result]:
    """Fetch matches in the older shape: keys, or with ``return_terms`` pairs of term and key."""
    reply = await dispatcher.call(INDEX, *query.limited(dispatcher.request_timeout))
    return IndexAnswer(query.results(reply), reply.continuation or None)


def _number(term: bytes) -> int:
    try:
        return int(term)
    except ValueError:
        raise ProtocolError(f"the server's reply has {term[:40]!r} as a term of an integer index") from None


def _name(index: Name) -> bytes:
    name = to_bytes("an index name", index)
    if name in (b"$key", b"$bucket"):
        return name
    if len(name) > 4 and name.endswith((b"_int", b"_bin")):
        return name
    raise InvalidRequest(f"an index name ends in _int or _bin, or is $key or $bucket; not like {index!r}")


def is_continuation(continuation: bytes, *, paired: bool, numeric: bool) -> bool:
    """Whether bytes may be a continuation: the external term format of a key, or of a term and a key, in base 64."""
    try:
        term = base64.b64decode(continuation, validate=True)
    except binascii.Error:
        return False
    if not term.startswith(b"\x83"):
        return False
    at = 1
    if paired:
        if term[1:3] != b"h\x02":
            return False
        at = _skip_number(term, 3) if numeric else _skip_binary(term, 3)
    return at > 0 and _skip_binary(term, at) == len(term)


def _skip_binary(term: bytes, at: int) -> int:
    if term[at : at + 1] != b"m" or at + 5 > len(term):
        return -1
    return at + 5 + int.from_bytes(term[at + 1 : at + 5], "big")


def _skip_number(term: bytes, at: int) -> int:
    kind = term[at : at + 1]
    if kind == b"a":
        return at + 2
    if kind == b"b":
        return at + 5
    if kind == b"n" and at + 2 <= len(term):
        return at + 3 + term[at + 1]
    if kind == b"o" and at + 5 <= len(term):
        return at + 6 + int.from_bytes(term[at + 1 : at + 5], "big")
    return -1


def _words(name: str, value: Any) -> bytes:
    if not isinstance(value, (str, bytes)) or not value:
        raise InvalidRequest(f"{name} is str or bytes and not empty, not {value!r}")
    return to_bytes(name, value)


def _timeout(name: str, value: Any) -> int:
    return milliseconds(name, value, least=0)


_CHECKS: dict[str, Any] = {
    "return_terms": flag, "max_results": positive, "continuation": _words, "term_regex": _words,
    "pagination_sort": flag, "timeout": _timeout, "return_body": flag, "cover_context": octets,
}  # fmt: skip
