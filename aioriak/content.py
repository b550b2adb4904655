"""Contents: the siblings of an object, each a value and its metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

from aioriak.compat.object import CompatContent
from aioriak.error import InvalidRequest
from aioriak.operations.contents import IndexEntry, Link, WireContent, encode_index, fill, metadata
from aioriak.operations.names import Name

if TYPE_CHECKING:
    from aioriak.riak_object import RiakObject

UNSET: Any = object()
"""In place of a value that is not known yet; ``None`` is one."""


class RiakContent(CompatContent):
    """One sibling of an object.

    ``data`` is the value as Python knows it, ``encoded_data`` as Riak stores it; each is made from
    the other, by the encoder or decoder of the content type, when it is asked for.
    """

    __slots__ = (
        "_bucket", "_data", "_encoded", "_indexes", "_links", "_owner", "_usermeta", "charset", "content_encoding",
        "content_type", "etag", "exists", "has_value", "last_modified",
    )  # fmt: skip

    def __init__(
        self,
        robject: RiakObject,
        data: Any = None,
        encoded_data: bytes | None = None,
        charset: str | None = None,
        content_type: str | None = "application/json",
        content_encoding: str | None = None,
        last_modified: float | None = None,
        etag: str | None = None,
        usermeta: Mapping[Name, Name] | None = None,
        links: Iterable[Link] | None = None,
        indexes: Iterable[IndexEntry] | None = None,
        exists: bool = False,
    ) -> None:
        # weak: an object and its contents holding each other would wait for the garbage collector
        self._owner = ref(robject)
        self._bucket = robject.bucket
        self._data = UNSET if data is None else data
        self._encoded = None if encoded_data is None else _octets(encoded_data)
        self.has_value = True
        self.charset = charset
        """The character set of a text."""
        self.content_type = content_type
        """The media type of the value, which chooses encoder and decoder."""
        self.content_encoding = content_encoding
        """How the stored value is compressed, in words; compressing it is the application's business."""
        self.last_modified = last_modified
        """When it was written: seconds since 1970, by the server's clock."""
        self.etag = etag
        """Riak's tag of this version (vtag)."""
        self.exists = exists
        """False for a tombstone, and for what has not been stored."""
        self._usermeta: dict[Name, Name] = dict(usermeta) if usermeta else {}
        self._links: list[Link] = list(links) if links else []
        self._indexes: set[IndexEntry] = set(indexes) if indexes else set()

    @classmethod
    def from_reply(
        cls, robject: RiakObject, source: WireContent, has_value: bool = True, data: Any = UNSET
    ) -> RiakContent:
        """A content as the server sent it; ``data`` is its value where that has been decoded already."""
        found = metadata(source)
        content = cls(
            robject, None, source.value if data is UNSET else None, found.charset, found.content_type,
            found.content_encoding, found.last_modified, found.etag, exists=not found.deleted,
        )  # fmt: skip
        content._data = data
        content._usermeta, content._links, content._indexes = found.usermeta, found.links, found.indexes
        content.has_value = has_value
        return content

    # -- the value -------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The value, decoded; ``None`` for a tombstone, and where it was not fetched or not set.

        Raises :class:`~aioriak.error.ContentError` when its content type has no decoder or does not fit.
        """
        if self._data is UNSET:
            if self._encoded is None or not self.has_value or not self._alive:
                return None
            self._data = self._bucket.codecs.decode(self._encoded, self.content_type, self.charset)
            self._encoded = None
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        self._data = value
        self._encoded = None
        self.has_value = True

    @property
    def encoded_data(self) -> bytes | None:
        """The value as it is stored; ``None`` where it was not fetched or not set.

        Raises :class:`~aioriak.error.ContentError` when there is no encoder for it.
        """
        if not self.has_value:
            return None
        if self._data is not UNSET:
            return self._bucket.codecs.encode(self._data, self.content_type, self.charset)
        encoded: bytes | None = self._encoded
        return encoded

    @encoded_data.setter
    def encoded_data(self, value: bytes | str | None) -> None:
        self._data = UNSET
        self._encoded = _octets(value)
        self.has_value = True

    @property
    def _alive(self) -> bool:
        return self.exists or self.etag is None  # a tombstone has a vtag

    # -- metadata ------------------------------------------------------------------------

    @property
    def usermeta(self) -> dict[Name, Name]:
        """The application's own metadata: text to text, bytes where it is not UTF-8."""
        return self._usermeta

    @usermeta.setter
    def usermeta(self, value: Mapping[Name, Name]) -> None:
        self._usermeta = dict(value)

    @property
    def links(self) -> list[Link]:
        """Links to other objects: tuples of bucket, key and tag."""
        return self._links

    @links.setter
    def links(self, value: Iterable[Link]) -> None:
        self._links = list(value)

    @property
    def indexes(self) -> set[IndexEntry]:
        """Secondary index entries: pairs of name and value, a number for ``_int``."""
        return self._indexes

    @indexes.setter
    def indexes(self, value: Iterable[IndexEntry]) -> None:
        self._indexes = set(value)

    def add_index(self, field: Name, value: int | Name) -> RiakObject:
        """Add an index entry; returns the object.

        Raises :class:`~aioriak.error.InvalidRequest` unless the name ends in ``_int`` or ``_bin`` and
        the value fits it.
        """
        encode_index(field, value)
        self.indexes.add((field, value))
        return self._object()

    def remove_index(self, field: Name | None = None, value: int | Name | None = None) -> RiakObject:
        """Remove one entry, those of a field, or all; returns the object.

        Raises :class:`~aioriak.error.InvalidRequest` for a value without a field; ``KeyError`` for an
        entry that is not there.
        """
        if field is None:
            if value is not None:
                raise InvalidRequest("a value needs its field to be removed")
            self.indexes.clear()
        elif value is None:
            self.indexes.difference_update([entry for entry in self.indexes if entry[0] == field])
        else:
            self.indexes.remove((field, value))
        return self._object()

    def set_index(self, field: Name, value: int | Name) -> RiakObject:
        """Make an entry the only one of its field; returns the object."""
        encode_index(field, value)
        self.remove_index(field)
        return self.add_index(field, value)

    def add_link(self, obj: RiakObject | Link, tag: Name | None = None) -> RiakObject:
        """Add a link to an object, or to a (bucket, key, tag); returns the object."""
        self.links.append(obj if isinstance(obj, tuple) else (obj.bucket.name, obj.key, tag))
        return self._object()

    def _object(self) -> RiakObject:
        return cast("RiakObject", self._owner())  # ``None`` when nobody holds it any more

    # -- as a whole --------------------------------------------------------------------------

    def copy(self) -> RiakContent:
        """A content of the same object with the same metadata and value, to be changed apart."""
        other = RiakContent.__new__(RiakContent)
        for name in RiakContent.__slots__:
            setattr(other, name, getattr(self, name))
        other._usermeta, other._links, other._indexes = dict(self._usermeta), list(self._links), set(self._indexes)
        return other

    def fill(self, target: Any) -> None:
        """Write this content into a request."""
        encoded = self.encoded_data
        if not self.has_value:
            raise InvalidRequest("the value was not fetched (head); set data before storing")
        if encoded is None:
            raise InvalidRequest("there is no data to store; set data or encoded_data first")
        fill(
            target,
            encoded,
            content_type=self.content_type,
            charset=self.charset,
            content_encoding=self.content_encoding,
            usermeta=self._usermeta,
            links=self._links,
            indexes=self._indexes,
        )

    def __repr__(self) -> str:
        if not self.exists and self.etag is not None:
            return "<RiakContent tombstone>"
        return f"<RiakContent {self.content_type} {self.etag or 'not stored'}>"


def _octets(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise InvalidRequest(f"encoded_data is bytes, not {type(value).__name__}")
