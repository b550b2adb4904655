"""Objects: a key's siblings and their vclock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from aioriak.compat.object import CompatObject
from aioriak.content import UNSET, RiakContent
from aioriak.error import ConflictError, InvalidRequest, ProtocolError
from aioriak.operations import kv
from aioriak.operations.contents import IndexEntry, Link, WireContent
from aioriak.operations.names import Name, encode_key, show, text
from aioriak.operations.options import DeleteOptions, MoreWriteOptions, Quorum, ReadOptions, WriteOptions, written
from aioriak.resolver import Resolver, checked, resolve

if TYPE_CHECKING:
    from aioriak.bucket import Bucket
    from aioriak.client import RiakClient
    from aioriak.cluster.dispatcher import Dispatcher

_KEEP = 64 * 1024  # bytes; a larger value is taken out of the reply so that it is not held twice


class RiakObject(CompatObject):
    """What is stored under a key: one sibling, none, or several that are in conflict.

    The properties of a content (``data``, ``content_type``, ``indexes`` …) speak of the one sibling.
    With several they raise :class:`~aioriak.error.ConflictError`; with none they are ``None``, and
    setting one makes a new sibling.
    """

    __slots__ = (
        "__weakref__", "_came", "_data", "_resolver", "_siblings", "bucket", "client", "key", "unchanged", "vclock",
    )  # fmt: skip

    def __init__(self, client: RiakClient, bucket: Bucket, key: Name | None = None) -> None:
        if key is not None:
            encode_key(key)
        self.client = client
        self.bucket = bucket
        self.key = key
        """The key; made by the server at the first ``store()`` when it is ``None``."""
        self.vclock: bytes | None = None
        """The version that was read, opaque; kept from read to write."""
        self._came: WireContent | None = None  # the only content as it came, until more than its data is asked for
        self._data: Any  # of that content, once it is decoded
        self._siblings = [RiakContent(self)]
        self.unchanged = False
        """The last read with ``if_modified`` found nothing newer."""
        self._resolver: Resolver | None = None

    @classmethod
    def _absent(cls, client: RiakClient, bucket: Bucket, key: Name | None) -> RiakObject:
        """An object without siblings, about to be read or filled."""
        robject = cls.__new__(cls)
        robject.client = client
        robject.bucket = bucket
        robject.key = key
        robject.vclock = None
        robject._came = None
        robject._siblings = []
        robject.unchanged = False
        robject._resolver = None
        return robject

    @property
    def siblings(self) -> list[RiakContent]:
        """The contents: one, none where nothing is stored, several that are in conflict."""
        if self._came is not None:
            self._take_apart(self._came)
        return self._siblings

    @siblings.setter
    def siblings(self, value: list[RiakContent]) -> None:
        self._came = None
        self._data = UNSET  # it is held by the content from now on, or by nobody
        self._siblings = value

    def _show(self, contents: Sequence[WireContent], has_value: bool = True) -> bool:
        """Have these contents; a single one is taken apart only when it is looked at. Whether they are in conflict."""
        if len(contents) == 1 and has_value:
            self._came = contents[0]
            self._data = UNSET
            if self._siblings:
                self._siblings = []
            return False
        self.siblings = [RiakContent.from_reply(self, content, has_value) for content in contents]
        return len(contents) > 1

    def _take_apart(self, content: WireContent) -> None:
        self.siblings = [RiakContent.from_reply(self, content, data=self._data)]

    # -- the one sibling ------------------------------------------------------------------

    def _content(self) -> RiakContent:
        siblings = self.siblings
        if len(siblings) != 1:
            raise ConflictError(
                f"the object {self.bucket.path}/{show(self.key)} has {len(siblings)} siblings; "
                "resolve them first (resolver, siblings)"
            )
        return siblings[0]

    def _get(self, name: str) -> Any:
        return getattr(self._content(), name) if self.siblings else None

    def _set(self, name: str, value: Any) -> None:
        if not self.siblings:
            self.siblings = [RiakContent(self)]
        setattr(self._content(), name, value)

    @property
    def data(self) -> Any:
        """The value, decoded by its content type. See :attr:`RiakContent.data <aioriak.content.RiakContent.data>`."""
        content = self._came
        if content is None:
            return self._get("data")
        data = self._data
        if data is UNSET:
            encoded = content.value
            if not encoded:  # a tombstone, maybe
                return self._get("data")
            self._data = data = self.bucket.codecs.decode_sent(encoded, content.content_type, content.charset)
            if len(encoded) > _KEEP:
                self._take_apart(content)
        return data

    @data.setter
    def data(self, value: Any) -> None:
        self._set("data", value)

    @property
    def encoded_data(self) -> bytes | None:
        """The value as it is stored."""
        return self._get("encoded_data")  # type: ignore[no-any-return]

    @encoded_data.setter
    def encoded_data(self, value: bytes | str | None) -> None:
        self._set("encoded_data", value)

    @property
    def content_type(self) -> str | None:
        """The media type of the value."""
        return self._get("content_type")  # type: ignore[no-any-return]

    @content_type.setter
    def content_type(self, value: str | None) -> None:
        self._set("content_type", value)

    @property
    def charset(self) -> str | None:
        """The character set of a text."""
        return self._get("charset")  # type: ignore[no-any-return]

    @charset.setter
    def charset(self, value: str | None) -> None:
        self._set("charset", value)

    @property
    def content_encoding(self) -> str | None:
        """How the stored value is compressed, in words."""
        return self._get("content_encoding")  # type: ignore[no-any-return]

    @content_encoding.setter
    def content_encoding(self, value: str | None) -> None:
        self._set("content_encoding", value)

    @property
    def last_modified(self) -> float | None:
        """When it was written: seconds since 1970, by the server's clock."""
        return self._get("last_modified")  # type: ignore[no-any-return]

    @property
    def etag(self) -> str | None:
        """Riak's tag of this version."""
        return self._get("etag")  # type: ignore[no-any-return]

    @property
    def usermeta(self) -> dict[Name, Name]:
        """The application's own metadata."""
        return self._get("usermeta")  # type: ignore[no-any-return]

    @usermeta.setter
    def usermeta(self, value: dict[Name, Name]) -> None:
        self._set("usermeta", value)

    @property
    def links(self) -> list[Link]:
        """Links to other objects: tuples of bucket, key and tag."""
        return self._get("links")  # type: ignore[no-any-return]

    @links.setter
    def links(self, value: list[Link]) -> None:
        self._set("links", value)

    @property
    def indexes(self) -> set[IndexEntry]:
        """Secondary index entries: pairs of name and value."""
        return self._get("indexes")  # type: ignore[no-any-return]

    @indexes.setter
    def indexes(self, value: set[IndexEntry]) -> None:
        self._set("indexes", value)

    def add_index(self, field: Name, value: int | Name) -> RiakObject:
        """Add an index entry. See :meth:`RiakContent.add_index <aioriak.content.RiakContent.add_index>`."""
        return self._one().add_index(field, value)

    def remove_index(self, field: Name | None = None, value: int | Name | None = None) -> RiakObject:
        """Remove one index entry, those of a field, or all."""
        return self._one().remove_index(field, value)

    def set_index(self, field: Name, value: int | Name) -> RiakObject:
        """Make an index entry the only one of its field."""
        return self._one().set_index(field, value)

    def add_link(self, obj: RiakObject | Link, tag: Name | None = None) -> RiakObject:
        """Add a link to an object, or to a (bucket, key, tag)."""
        return self._one().add_link(obj, tag)

    def _one(self) -> RiakContent:
        if not self.siblings:
            self.siblings = [RiakContent(self)]
        return self._content()

    @property
    def exists(self) -> bool:
        """Whether something is stored: false when nothing was found, or a tombstone alone."""
        if self._came is not None:
            return not self._came.deleted
        siblings = self._siblings
        if len(siblings) == 1:
            return siblings[0].exists
        return bool(siblings) or self.unchanged

    @property
    def resolver(self) -> Resolver:
        """The conflict resolver: this object's own, or its bucket's, bucket type's or client's."""
        return self._resolver or self.bucket.resolver

    @resolver.setter
    def resolver(self, value: Resolver | None) -> None:
        self._resolver = checked(value)

    # -- requests -----------------------------------------------------------------------------

    async def reload(self, **options: Unpack[ReadOptions]) -> RiakObject:
        """Read the object again, and let the resolver settle a conflict; returns the object.

        Look at :attr:`exists`: nothing found is no error.  With ``if_modified=obj.vclock`` the object
        stays as it is, and :attr:`unchanged` is true, when nothing newer is there.  With ``head`` the
        values stay away, and siblings are left as they are: a resolver could not see what it decides on.

        Raises :class:`~aioriak.error.InvalidRequest`, :class:`~aioriak.error.ServerError` and its kinds,
        :class:`~aioriak.error.ResolverError`, and what can happen to any request: ``TimeoutError``
        and ``ConnectionError`` of :mod:`aioriak.error`.
        """
        return await self._reload(self.client._runtime.dispatcher, options)

    async def _reload(self, dispatcher: Dispatcher, options: ReadOptions) -> RiakObject:
        if self.key is None:
            raise InvalidRequest("an object without a key cannot be read")
        await self._read(dispatcher, encode_key(self.key), options)
        return self

    async def _read(self, dispatcher: Dispatcher, key: bytes, options: ReadOptions) -> None:
        bucket = self.bucket
        reply = await kv.get(dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, key, options)
        if self._take(reply, options):
            await resolve(self)

    def _take(self, fetched: kv.Fetched, options: ReadOptions) -> bool:
        """Become what a read brought; whether that is a conflict to be resolved."""
        contents = fetched.content
        self.unchanged = not contents and fetched.unchanged
        if self.unchanged:
            if self.vclock is None:
                known = options.get("if_modified")
                if known is None:
                    raise ProtocolError(f"the reply to a get of {self.bucket.path}/{show(self.key)} says that it is "
                                        "unchanged, which was not asked")
                self.vclock = known
            return False
        self.vclock = fetched.vclock or None
        if not options:
            return self._show(contents)
        has_value = not options.get("head")
        return self._show(contents, has_value) and has_value

    async def store(
        self,
        w: Quorum | None = None,
        dw: Quorum | None = None,
        pw: Quorum | None = None,
        return_body: bool = True,
        if_none_match: bool = False,
        timeout: int | None = None,
        **options: Unpack[MoreWriteOptions],
    ) -> RiakObject:
        """Write the object; returns it.

        The vclock that was read goes along, so that what was read is replaced and what was not is
        kept as a sibling.  With ``return_body`` the object is as the server has it afterwards, a
        conflict settled by the resolver; with ``return_head`` its metadata is, and siblings are left.
        ``timeout`` is in milliseconds.

        Raises :class:`~aioriak.error.ConflictError` unless there is exactly one sibling;
        :class:`~aioriak.error.InvalidRequest` and :class:`~aioriak.error.ContentError` before anything
        is sent; :class:`~aioriak.error.PreconditionFailed` for ``if_none_match`` and
        ``if_not_modified``; :class:`~aioriak.error.OutcomeUnknown` when the write was sent and its answer
        was lost.
        """
        write = written(options, w, dw, pw, return_body, if_none_match, timeout)
        if await self._write(self.client._runtime.dispatcher, write):
            await resolve(self, after_write=True)
        return self

    async def _write(self, dispatcher: Dispatcher, options: WriteOptions) -> bool:
        """Write it; whether what came back is a conflict to be resolved."""
        bucket = self.bucket
        content = self._content()
        stored = await kv.put(
            dispatcher,
            bucket.bucket_type.wire_name,
            bucket.wire_name,
            None if self.key is None else encode_key(self.key),
            self.vclock,
            content.fill,
            options,
        )
        if self.key is None and stored.key:
            self.key = text(stored.key)
        vclock, contents = stored.vclock, stored.content
        if vclock:
            self.vclock = vclock
        if options.get("return_head"):
            # the server sends no values, even where return_body is asked for too
            encoded = content.encoded_data
            self._show(contents, has_value=False)
            if len(self._siblings) == 1:
                self._siblings[0].encoded_data = encoded  # what was just stored
            return False
        if contents:
            return self._show(contents)
        content.exists = True
        return False

    async def delete(self, **options: Unpack[DeleteOptions]) -> RiakObject:
        """Delete the object and empty it; returns it.

        Its vclock goes along, so that a write it has not seen survives as a sibling.

        Raises as :meth:`store` does.
        """
        return await self._delete(self.client._runtime.dispatcher, options)

    async def _delete(self, dispatcher: Dispatcher, options: DeleteOptions) -> RiakObject:
        if self.key is None:
            raise InvalidRequest("an object without a key cannot be deleted")
        bucket = self.bucket
        await kv.delete(
            dispatcher,
            bucket.bucket_type.wire_name,
            bucket.wire_name,
            encode_key(self.key),
            self.vclock,
            options,
        )
        return self.clear()

    def clear(self) -> RiakObject:
        """Forget the siblings here; nothing is sent. Returns the object."""
        self.siblings = []
        return self

    # -- as a value -----------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RiakObject):
            return NotImplemented
        return (self.bucket, self.key, self.vclock) == (other.bucket, other.key, other.vclock)

    def __hash__(self) -> int:
        return hash((self.bucket, self.key))

    def __repr__(self) -> str:
        count = len(self.siblings)
        state = "unchanged" if self.unchanged and not count else "not found" if not count else f"{count} siblings"
        if count == 1:
            state = self.siblings[0].content_type or "no content type"
            if not self.siblings[0].exists:
                state += ", not stored" if self.vclock is None else ", tombstone"
        return f"<RiakObject {self.bucket.path}/{show(self.key)} {state}>"
