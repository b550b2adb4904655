"""Contents between Riak's messages and what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from aioriak.riak_pb.riak_kv_pb2 import RpbContent, RpbLink
from aioriak.riak_pb.riak_pb2 import RpbPair
from aioriak.testing.erlang import print_term
from aioriak.testing.errors import Refusal
from aioriak.testing.robject import Content, Link, index_name
from aioriak.testing.vclock import Dot

_DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [bytes((first, second)) for first in _DIGITS for second in _DIGITS]


_COMMON = {each: each for each in (b"application/json", b"text/plain", b"application/octet-stream")}
"""Media types that are kept in memory once for all objects."""


def from_message(message: RpbContent, now: float, random: Random) -> Content:
    """Make the content to store from a client's message."""
    value = content_type = charset = encoding = None
    links: tuple[Link, ...] = ()
    usermeta: tuple[tuple[bytes, bytes | None], ...] = ()
    indexes: tuple[tuple[bytes, bytes], ...] = ()
    deleted = False
    for field, given in message.ListFields():
        name = field.name
        if name == "value":
            value = given
        elif name == "content_type":
            content_type = _COMMON.get(given, given)
        elif name == "charset":
            charset = given
        elif name == "content_encoding":
            encoding = given
        elif name == "links":
            links = tuple(_link(link) for link in given)
        elif name == "usermeta":
            # Erlang's "undefined", in words, is what a pair without a value becomes
            usermeta = tuple((pair.key, pair.value if pair.HasField("value") else b"undefined") for pair in given)
        elif name == "indexes":
            indexes = _indexes(given)
        elif name == "deleted":
            deleted = given
    second, micros = divmod(int(now * 1_000_000), 1_000_000)
    return Content(
        value or b"", content_type, charset, encoding, new_id(random), links, second, micros, usermeta, indexes, deleted
    )


def stored(message: RpbContent, dot: Dot | None) -> Content:
    """Make the content to store, with its dot, from a message that ``to_message`` made."""
    return Content(
        value=message.value,
        content_type=message.content_type if message.HasField("content_type") else None,
        charset=message.charset if message.HasField("charset") else None,
        content_encoding=message.content_encoding if message.HasField("content_encoding") else None,
        vtag=message.vtag,
        links=tuple(_link(link) for link in message.links),
        last_mod=message.last_mod,
        last_mod_usecs=message.last_mod_usecs,
        usermeta=tuple((pair.key, pair.value) for pair in message.usermeta),
        indexes=tuple((pair.key, pair.value) for pair in message.indexes),
        deleted=message.deleted,
        dot=dot,
    )


def to_message(content: Content, *, head: bool = False) -> RpbContent:
    """Encode a content for a client; with ``head`` without its value."""
    message = RpbContent(
        value=b"" if head else content.value,
        content_type=content.content_type,
        charset=content.charset,
        content_encoding=content.content_encoding,
        vtag=content.vtag,
        last_mod=content.last_mod,
        last_mod_usecs=content.last_mod_usecs,
    )
    if content.deleted:
        message.deleted = True
    if content.links:
        message.links.extend(RpbLink(bucket=link.bucket, key=link.key, tag=link.tag) for link in content.links)
    if content.usermeta:
        message.usermeta.extend(RpbPair(key=key, value=value) for key, value in content.usermeta)
    if content.indexes:
        message.indexes.extend(RpbPair(key=key, value=value) for key, value in content.indexes)
    return message


def to_messages(contents: Sequence[Content], *, head: bool = False) -> list[RpbContent]:
    """Encode all siblings for a client."""
    return [to_message(content, head=head) for content in contents]


def new_id(random: Random, bits: int = 128) -> bytes:
    """Return a random number in base 62, as Riak writes version tags (128 bits) and generated keys (160)."""
    number = random.getrandbits(bits)
    pairs = []
    while number:
        number, pair = divmod(number, 3844)
        pairs.append(_PAIRS[pair])
    pairs.reverse()
    return b"".join(pairs).lstrip(b"0")


def _link(message: RpbLink) -> Link:
    return Link(
        message.bucket if message.HasField("bucket") else None,
        message.key if message.HasField("key") else None,
        message.tag if message.HasField("tag") else None,
    )


def _indexes(pairs: Sequence[RpbPair]) -> tuple[tuple[bytes, bytes], ...]:
    """Index entries, each once and in order, whole numbers by value; :class:`Refusal` where one is impossible."""
    entries: set[tuple[bytes, int | bytes]] = set()
    wrong: set[tuple[str, bytes]] = set()
    for pair in pairs:
        if not pair.HasField("value"):
            raise Refusal("{precommit_fail,{hook_crashed,{riak_index,parse_object_hook,error,function_clause}}}")
        name, value = index_name(pair.key), pair.value
        if (name.endswith(b"_bin") and len(name) > 4) or name in (b"$bucket", b"$key"):
            entries.add((name, value))
        elif name.endswith(b"_int") and len(name) > 4:
            try:
                entries.add((name, _integer(value)))
            except ValueError:
                wrong.add(("field_parsing_failed", b"{%b,%b}" % (erlang(name), erlang(value))))
        else:
            wrong.add(("unknown_field_type", erlang(name)))
    if wrong:
        told = b",".join(b"{%b,%b}" % (reason.encode(), what) for reason, what in sorted(wrong))
        raise Refusal(b"{precommit_fail,[%b]}" % told)
    ordered = sorted(entries, key=lambda entry: (entry[0], isinstance(entry[1], bytes), entry[1]))
    return tuple((name, value if isinstance(value, bytes) else b"%d" % value) for name, value in ordered)


def _integer(value: bytes) -> int:
    digits = value[1:] if value[:1] in (b"-", b"+") else value
    if not digits.isdigit():
        raise ValueError(value)
    return int(value)


def erlang(value: bytes) -> bytes:
    """Format a binary as Riak prints it in an error."""
    return print_term(value).encode()
