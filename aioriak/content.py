"""Contents: the siblings of an object, each a value and its metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, cast
from weakref import ref

from aioriak.compat.object import CompatContent
from aioriak.error import ContentError, InvalidRequest, InvalidType
from aioriak.operations.contents import IndexEntry, Link, Outgoing, UserMeta, WireContent, encode_index, metadata
from aioriak.operations.names import Name, brief, to_bytes

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from aioriak.riak_object import RiakObject

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")

UNSET: Any = object()
"""Marks a value that is not known yet; ``None`` is a value."""


# for contents without; they are compared, and never changed
_NO_USERMETA: dict[Name, Name] = {}
_NO_LINKS: list[Link] = []
_NO_INDEXES: set[IndexEntry] = set()


class RiakContent(CompatContent, Generic[T]):
    """One sibling of an object.

    ``data`` is the decoded value, ``encoded_data`` the bytes that Riak stores.  Each is made from the
    other when it is read, by the encoder or decoder of the content type.
    """

    __slots__ = (
        "_bucket", "_data", "_encoded", "_indexes", "_links", "_owner", "_usermeta", "charset",
        "content_encoding", "content_type", "etag", "exists", "has_value", "last_modified",
    )  # fmt: skip

    def __init__(
        self,
        robject: RiakObject[T],
        data: T | None = None,
        encoded_data: bytes | None = None,
        charset: str | None = None,
        content_type: str | None = "application/json",
        content_encoding: str | None = None,
        last_modified: float | None = None,
        etag: str | None = None,
        usermeta: UserMeta | None = None,
        links: Iterable[Link] | None = None,
        indexes: Iterable[IndexEntry] | None = None,
        exists: bool = False,
    ) -> None:
        # weak: an object and its contents holding each other would wait for the garbage collector
        self._owner = ref(robject)
        self._bucket = robject.bucket
        self._data: Any = UNSET if data is None else data
        self._encoded = None if encoded_data is None else _octets(encoded_data)
        self.has_value: bool = True
        self.charset: str | None = charset
        """The character set of a text."""
        self.content_type: str | None = content_type
        """The media type of the value, which chooses encoder and decoder."""
        self.content_encoding: str | None = content_encoding
        """The name of the compression of the stored value; the application compresses and decompresses it."""
        self.last_modified = last_modified
        """The time of the write, in seconds since 1970 by the server's clock; see :attr:`modified_at`."""
        self.etag = etag
        """Riak's tag of this version (vtag)."""
        self.exists: bool = exists
        """False for a tombstone, and for a content that has not been stored."""
        self._usermeta: dict[Name, Name] = dict(cast("Mapping[Name, Name]", usermeta)) if usermeta else {}
        self._links: list[Link] = list(links) if links else []
        self._indexes: set[IndexEntry] = set(indexes) if indexes else set()

    @classmethod
    def from_reply(
        cls, robject: RiakObject[T], source: WireContent, has_value: bool = True, data: Any = UNSET
    ) -> RiakContent[T]:
        """Make a content of the server's message; ``data`` is its value if that has been decoded already."""
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
    def data(self) -> T:
        """The decoded value; ``None`` for a tombstone, and if it was not fetched or not set.

        Raises :class:`~aioriak.error.ContentError` when its content type has no decoder or does not fit.
        """
        if self._data is UNSET:
            if self._encoded is None or not self.has_value or self.is_tombstone:
                return cast(T, None)
            model = self._bucket._model
            try:
                value = self._bucket.codecs.decode(self._encoded, self.content_type, self.charset)
                self._data = value if model is None else model.load(value, self._key())
            except ContentError as error:
                self._locate(error, "decoding")
                raise
            self._encoded = None
        return cast(T, self._data)

    @data.setter
    def data(self, value: T) -> None:
        self._data = value
        self._encoded = None
        self.has_value = True

    @property
    def encoded_data(self) -> bytes | None:
        """The bytes that Riak stores; ``None`` if the value was not fetched or not set.

        Raises :class:`~aioriak.error.ContentError` when there is no encoder for it.
        """
        if not self.has_value:
            return None
        value = self._data
        if value is not UNSET:
            bucket = self._bucket
            preferences = bucket._runtime.preferences
            # where no bucket has codecs of its own, reading them as an attribute saves a call
            codecs = bucket.codecs if preferences.own_codecs else preferences.codecs
            try:
                if bucket._model is not None:
                    value = bucket._model.dump(value, self._key())
                return codecs.encode(value, self.content_type, self.charset)
            except ContentError as error:
                self._locate(error, "encoding")
                raise
        encoded: bytes | None = self._encoded
        return encoded

    @encoded_data.setter
    def encoded_data(self, value: bytes | str | None) -> None:
        self._data = UNSET
        self._encoded = _octets(value)
        self.has_value = True

    @property
    def is_unset(self) -> bool:
        """Whether there is no value: none was fetched, and none has been set."""
        return self._data is UNSET and self._encoded is None

    @property
    def is_tombstone(self) -> bool:
        """Whether this sibling is a deletion, and no new value has been set."""
        # a new content does not exist either, but only the server gives a vtag
        return not self.exists and self.etag is not None and self._data is UNSET and not self._encoded

    @property
    def modified_at(self) -> datetime | None:
        """The time of the write by the server's clock, as a ``datetime`` in UTC."""
        return None if self.last_modified is None else datetime.fromtimestamp(self.last_modified, UTC)

    def _locate(self, error: ContentError, what: str) -> None:
        """Add the object's path to an error."""
        if error.operation is None:
            key = self._key()
            error.operation = f"{what} of {self._bucket.path}/{'(no key yet)' if key is None else brief(key)}"

    def _key(self) -> Name | None:
        owner = self._owner()
        return None if owner is None else owner.key

    # -- metadata ------------------------------------------------------------------------

    @property
    def usermeta(self) -> dict[Name, Name]:
        """The application's own metadata: text to text, bytes where it is not UTF-8."""
        return self._usermeta

    @usermeta.setter
    def usermeta(self, value: UserMeta) -> None:
        self._usermeta = dict(cast("Mapping[Name, Name]", value))

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

    def add_index(self, field: Name, value: int | Name) -> RiakObject[T]:
        """Add an index entry; returns the object.

        Raises :class:`~aioriak.error.InvalidRequest` unless the name ends in ``_int`` or ``_bin`` and
        the value fits it.
        """
        encode_index(field, value)
        self.indexes.add((field, value))
        return self._object()

    def remove_index(self, field: Name | None = None, value: int | Name | None = None) -> RiakObject[T]:
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

    def set_index(self, field: Name, value: int | Name) -> RiakObject[T]:
        """Make an entry the only one of its field; returns the object."""
        encode_index(field, value)
        self.remove_index(field)
        return self.add_index(field, value)

    def add_link(self, obj: RiakObject[Any] | Link, tag: Name | None = None) -> RiakObject[T]:
        """Add a link to an object, or to a (bucket, key, tag); returns the object."""
        self.links.append(obj if isinstance(obj, tuple) else (obj.bucket.name, obj.key, tag))
        return self._object()

    def _object(self) -> RiakObject[T]:
        return cast("RiakObject[T]", self._owner())  # None once the object has been garbage collected

    # -- as a whole --------------------------------------------------------------------------

    def copy(self) -> RiakContent[T]:
        """Return a content of the same object with the same metadata and value, to be changed on its own."""
        other: RiakContent[T] = RiakContent.__new__(RiakContent)
        for name in RiakContent.__slots__:
            setattr(other, name, getattr(self, name))
        other._usermeta, other._links, other._indexes = dict(self._usermeta), list(self._links), set(self._indexes)
        return other

    def outgoing(self) -> Outgoing:
        """Return this content as it is to be stored now.

        Raises :class:`~aioriak.error.InvalidRequest` if it cannot be stored.
        """
        if not self.exists and self.etag is not None and self.is_tombstone:
            raise InvalidRequest(
                "this content is a tombstone: call delete() to confirm the deletion, or set data to undo it"
            )
        model = self._bucket._model
        if model is not None and self.has_value:
            _ = self.data  # of a model, only what has passed it is stored
        encoded = self.encoded_data
        if model is not None and self._data is not UNSET:
            model.reindex(self._data, self._indexes)
        if not self.has_value:
            raise InvalidRequest("the value was not fetched (head); set data before storing")
        if encoded is None:
            raise InvalidRequest("there is no data to store; set data or encoded_data first")
        # tuple's own constructor takes a third of the time of NamedTuple's
        return tuple.__new__(Outgoing, (
            encoded,
            self.content_type,
            self.charset,
            self.content_encoding,
            dict(self._usermeta) if self._usermeta else _NO_USERMETA,
            list(self._links) if self._links else _NO_LINKS,
            set(self._indexes) if self._indexes else _NO_INDEXES,
        ))  # fmt: skip

    def accept(self, stored: WireContent, sent: Outgoing) -> None:
        """Take the metadata of the reply to a store of this content, whose value is the one that was sent.

        The value stays, and so does what the caller has changed since it was sent.
        """
        found = metadata(stored)
        self.etag, self.last_modified, self.exists = found.etag, found.last_modified, not found.deleted
        # in place, because the caller may hold these collections
        if self._usermeta == sent.usermeta != found.usermeta:
            self._usermeta.clear()
            self._usermeta.update(found.usermeta)
        if self._links == sent.links != found.links:
            self._links[:] = found.links
        if self._indexes == sent.indexes != found.indexes:
            self._indexes.clear()
            self._indexes.update(found.indexes)

    def __repr__(self) -> str:
        if self.is_tombstone:
            return "<RiakContent tombstone>"
        return f"<RiakContent {self.content_type} {self.etag or 'not stored'}>"


def _octets(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return to_bytes("encoded_data", value)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise InvalidType(f"encoded_data is bytes, not {type(value).__name__}")
