"""One sibling's content, from and to ``RpbContent``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, Protocol

from aioriak.error import InvalidRequest, InvalidType
from aioriak.operations.names import Name, decimal, sent, text, to_bytes, words
from aioriak.riak_pb import kv
from aioriak.wire.values import copy_message

Link = tuple[Name | None, Name | None, Name | None]
IndexEntry = tuple[Name, int | Name]
UserMeta = Mapping[Name, Name] | Mapping[str, Name] | Mapping[bytes, Name]
"""Metadata as it is given.  A ``dict[str, str]`` is no ``Mapping[Name, Name]`` for type checkers."""


class WireContent(Protocol):
    """A content as it came; opaque above this layer but for these."""

    @property
    def value(self) -> bytes: ...
    @property
    def content_type(self) -> bytes: ...
    @property
    def charset(self) -> bytes: ...
    @property
    def deleted(self) -> bool: ...


class Metadata(NamedTuple):
    """All of a content but its value."""

    content_type: str | None
    charset: str | None
    content_encoding: str | None
    etag: str | None
    last_modified: float | None
    usermeta: dict[Name, Name]
    links: list[Link]
    indexes: set[IndexEntry]
    deleted: bool


class Outgoing(NamedTuple):
    """A content to be stored, as it was when it was sent: its value, encoded, and the metadata that goes along."""

    value: bytes
    content_type: str | None = None
    charset: str | None = None
    content_encoding: str | None = None
    usermeta: Mapping[Any, Any] = {}
    links: Sequence[Any] = ()
    indexes: AbstractSet[Any] = frozenset()


def metadata(content: Any) -> Metadata:
    """Return the metadata of a content of a reply."""
    has = content.HasField
    return Metadata(
        content_type=words(content.content_type) if has("content_type") else None,
        charset=words(content.charset) if has("charset") else None,
        content_encoding=words(content.content_encoding) if has("content_encoding") else None,
        etag=words(content.vtag) if has("vtag") else None,
        last_modified=content.last_mod + content.last_mod_usecs / 1e6 if has("last_mod") else None,
        usermeta={text(pair.key): text(pair.value) for pair in content.usermeta},
        links=[
            (
                text(link.bucket) if link.HasField("bucket") else None,
                text(link.key) if link.HasField("key") else None,
                text(link.tag) if link.HasField("tag") else None,
            )
            for link in content.links
        ],
        indexes={index_entry(pair.key, pair.value) for pair in content.indexes},
        deleted=content.deleted,
    )


def index_entry(field: bytes, value: bytes) -> IndexEntry:
    """Decode an index entry; the value of an ``_int`` index is an integer."""
    if field.endswith(b"_int"):
        try:
            return text(field), int(value)
        except ValueError:
            pass
    return text(field), text(value)


def encode_index(field: Name, value: int | Name) -> tuple[bytes, bytes]:
    """Encode an index entry.

    Raises :class:`~aioriak.error.InvalidRequest` where the server would refuse it.
    """
    name = to_bytes("an index name", field)
    if name.endswith(b"_int"):
        if isinstance(value, (str, bytes)):
            try:
                value = int(value)
            except ValueError:
                raise InvalidRequest(f"the index {field!r} takes whole numbers, not {value!r:.80}") from None
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidType(f"the index {field!r} takes whole numbers, not {value!r}")
        return name, decimal(f"the value of the index {field!r}", value)
    if not name.endswith(b"_bin"):
        raise InvalidRequest(f"an index name ends in _int or _bin, not like {field!r}")
    if isinstance(value, int) and not isinstance(value, bool):
        return name, decimal(f"the value of the index {field!r}", value)
    if isinstance(value, bool):
        raise InvalidType(f"the index {field!r} takes str or bytes, not {value!r}")
    return name, to_bytes(f"the value of the index {field!r}", value)


def fill(target: Any, content: Outgoing) -> None:
    """Write a content to be stored into a request.

    Raises :class:`~aioriak.error.InvalidRequest` for metadata that cannot be sent.
    """
    target.value = content.value
    if content.content_type:
        target.content_type = _label("content_type", content.content_type)
    if content.charset:
        target.charset = _label("charset", content.charset)
    if content.content_encoding:
        target.content_encoding = _label("content_encoding", content.content_encoding)
    for name, said in content.usermeta.items():
        target.usermeta.add(key=to_bytes("a usermeta key", name), value=to_bytes(f"the usermeta of {name!r}", said))
    for link in content.links:
        if not isinstance(link, tuple) or len(link) != 3:
            raise InvalidRequest(f"a link is a bucket, a key and a tag, not {link!r}")
        target.links.add(**{
            part: to_bytes(f"a link's {part}", given)
            for part, given in zip(("bucket", "key", "tag"), link, strict=True)
            if given is not None
        })
    for entry in content.indexes:
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise InvalidRequest(f"an index entry is a name and a value, not {entry!r}")
        field, term = encode_index(*entry)
        target.indexes.add(key=field, value=term)


def _label(what: str, value: Any) -> bytes:
    if not isinstance(value, str):
        raise InvalidType(f"{what} is str, not {type(value).__name__}")
    return sent(what, value)


def essence(content: Any) -> tuple[object, ...]:
    """Return what a writer determines of a content, without what the server adds to it."""
    return (
        content.value,
        content.content_type,
        content.charset,
        content.content_encoding,
        sorted((pair.key, pair.value) for pair in content.usermeta),
        sorted((pair.key, pair.value) for pair in content.indexes),
        sorted((link.bucket, link.key, link.tag) for link in content.links),
    )


def new_content(modified: float) -> Any:
    """Return a content to be filled, as if it had been stored at a time in seconds since 1970."""
    seconds = int(modified)
    return kv.RpbContent(last_mod=seconds, last_mod_usecs=int((modified - seconds) * 1e6))


def copy_content(source: Any, target: Any) -> None:
    """Copy what a writer determines of a content into a request."""
    copy_message(source, target)
    for name in ("vtag", "last_mod", "last_mod_usecs", "deleted"):
        target.ClearField(name)
