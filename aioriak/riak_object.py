"""Objects: a key's siblings and their vclock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Unpack, cast

from aioriak.compat.object import CompatObject
from aioriak.content import UNSET, RiakContent
from aioriak.error import ConflictError, ContentError, InvalidRequest, InvalidType, ProtocolError
from aioriak.operations import kv
from aioriak.operations.contents import IndexEntry, Link, UserMeta, WireContent
from aioriak.operations.names import Name, brief, encode_key, show, text
from aioriak.operations.options import (
    NOT_GIVEN,
    DeleteOptions,
    MoreWriteOptions,
    Quorum,
    ReadOptions,
    Timeout,
    WriteOptions,
    written,
)
from aioriak.resolver import Resolver, checked, resolve

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from aioriak.bucket import Bucket
    from aioriak.client import RiakClient
    from aioriak.cluster.dispatcher import Dispatcher

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")

_KEEP = 64 * 1024  # bytes; a larger value is taken out of the reply so that it is not held twice


class RiakObject(CompatObject, Generic[T]):
    """The object under a key: one sibling, none, or several that are in conflict.

    The properties of a content (``data``, ``content_type``, ``indexes`` …) are those of the only sibling.
    With several they raise :class:`~aioriak.error.ConflictError`.  With none, collections are empty and the
    others ``None``; setting one makes a new sibling.

    Objects are equal if bucket, key and version are.  One that was made without a key is equal only to
    itself, also after the server has given it a key.
    """

    __slots__ = (
        "__weakref__", "_data", "_draft", "_keyless", "_reply", "_resolver", "_siblings", "bucket", "client", "key",
        "unchanged", "vclock",
    )  # fmt: skip

    def __init__(self, client: RiakClient | None, bucket: Bucket[Any], key: Name | None = None) -> None:
        if key is not None:
            encode_key(key)
        self.client: RiakClient = bucket.client if client is None else client
        self.bucket: Bucket[Any] = bucket
        self.key = key
        """The key; made by the server at the first ``store()`` when it is ``None``."""
        self.vclock: bytes | None = None
        """The version that was read, opaque; kept from read to write."""
        self._keyless = key is None
        self._reply: WireContent | None = None  # the only content as received, until more than its data is read
        self._data: Any  # the decoded value of that content
        self._draft: RiakContent[T]  # set while there is no sibling and metadata has been read
        self._siblings: list[RiakContent[T]] = [RiakContent(self)]
        self.unchanged: bool = False
        """The last read with ``if_modified`` found nothing newer."""
        self._resolver: Resolver | None = None

    @classmethod
    def _absent(cls, client: RiakClient, bucket: Bucket[Any], key: Name | None) -> RiakObject[T]:
        """Make an object without siblings, to be read or filled."""
        robject = cls.__new__(cls)
        robject.client = client
        robject.bucket = bucket
        robject.key = key
        robject.vclock = None
        robject._keyless = key is None
        robject._reply = None
        robject._siblings = []
        robject.unchanged = False
        robject._resolver = None
        return robject

    @classmethod
    def _fetched(cls, client: RiakClient, bucket: Bucket[Any], key: Name, reply: kv.Fetched) -> RiakObject[T]:
        """Make an object of the reply to a get without options that has one content."""
        robject = cls.__new__(cls)
        robject.client = client
        robject.bucket = bucket
        robject.key = key
        robject.vclock = reply.vclock or None
        robject._keyless = False
        robject._reply = reply.content[0]
        robject._data = UNSET
        robject._siblings = []
        robject.unchanged = False
        robject._resolver = None
        return robject

    @property
    def siblings(self) -> list[RiakContent[T]]:
        """The contents: one, none where nothing is stored, several that are in conflict."""
        if self._reply is not None:
            self._take_apart(self._reply)
        return self._siblings

    @siblings.setter
    def siblings(self, value: list[RiakContent[T]]) -> None:
        self._reply = None
        self._data = UNSET  # the content holds it now
        self._siblings = value

    def _set_contents(self, contents: Sequence[WireContent], has_value: bool = True) -> bool:
        """Replace the contents and return whether they conflict; a single one is parsed when it is read."""
        if len(contents) == 1 and has_value:
            self._reply = contents[0]
            self._data = UNSET
            if self._siblings:
                self._siblings = []
            return False
        self.siblings = [RiakContent.from_reply(self, content, has_value) for content in contents]
        return len(contents) > 1

    def _take_apart(self, content: WireContent) -> None:
        self.siblings = [RiakContent.from_reply(self, content, data=self._data)]

    # -- the one sibling ------------------------------------------------------------------

    @property
    def path(self) -> str:
        """``type/bucket/key``, for messages."""
        return f"{self.bucket.path}/{'(no key yet)' if self.key is None else brief(self.key)}"

    def _content(self) -> RiakContent[T]:
        siblings = self.siblings
        if len(siblings) == 1:
            return siblings[0]
        if siblings:
            raise ConflictError(
                f"object {self.path} has {len(siblings)} siblings; set a resolver, or set obj.siblings to one of them"
            )
        raise ConflictError(f"object {self.path} has no value; set obj.data first")

    def _get(self, name: str) -> Any:
        return getattr(self._content(), name) if self.siblings else None

    def _set(self, name: str, value: Any) -> None:
        setattr(self._one(), name, value)

    def _collection(self, name: str) -> Any:
        if self.siblings:
            return getattr(self._content(), name)
        # kept, so that an entry added now is stored once the object has a value
        draft: RiakContent[T] | None = getattr(self, "_draft", None)
        if draft is None:
            self._draft = draft = RiakContent(self)
        return getattr(draft, name)

    @property
    def data(self) -> T:
        """The value, decoded by its content type. See :attr:`RiakContent.data <aioriak.content.RiakContent.data>`."""
        content = self._reply
        if content is None:
            return cast(T, self._get("data"))
        data = self._data
        if data is UNSET:
            encoded = content.value
            if not encoded:  # possibly a tombstone
                return cast(T, self._get("data"))
            bucket = self.bucket
            preferences = bucket._runtime.preferences
            # where no bucket has codecs of its own, reading them as an attribute saves a call
            codecs = bucket.codecs if preferences.own_codecs else preferences.codecs
            try:
                data = codecs.decode_sent(encoded, content.content_type, content.charset)
                if bucket._model is not None:
                    data = bucket._model.load(data, self.key)
            except ContentError as error:
                if error.operation is None:
                    error.operation = f"decoding of {self.path}"
                raise
            self._data = data
            if len(encoded) > _KEEP:
                self._take_apart(content)
        return cast(T, data)

    @data.setter
    def data(self, value: T) -> None:
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
        """The time of the write, in seconds since 1970 by the server's clock; see :attr:`modified_at`."""
        return self._get("last_modified")  # type: ignore[no-any-return]

    @property
    def modified_at(self) -> datetime | None:
        """The time of the write by the server's clock, as a ``datetime`` in UTC."""
        return self._get("modified_at")  # type: ignore[no-any-return]

    @property
    def etag(self) -> str | None:
        """Riak's tag of this version."""
        return self._get("etag")  # type: ignore[no-any-return]

    @property
    def usermeta(self) -> dict[Name, Name]:
        """The application's own metadata."""
        return self._collection("usermeta")  # type: ignore[no-any-return]

    @usermeta.setter
    def usermeta(self, value: UserMeta) -> None:
        self._set("usermeta", value)

    @property
    def links(self) -> list[Link]:
        """Links to other objects: tuples of bucket, key and tag."""
        return self._collection("links")  # type: ignore[no-any-return]

    @links.setter
    def links(self, value: Iterable[Link]) -> None:
        self._set("links", value)

    @property
    def indexes(self) -> set[IndexEntry]:
        """Secondary index entries: pairs of name and value."""
        return self._collection("indexes")  # type: ignore[no-any-return]

    @indexes.setter
    def indexes(self, value: Iterable[IndexEntry]) -> None:
        self._set("indexes", value)

    def add_index(self, field: Name, value: int | Name) -> RiakObject[T]:
        """Add an index entry. See :meth:`RiakContent.add_index <aioriak.content.RiakContent.add_index>`."""
        return self._one().add_index(field, value)

    def remove_index(self, field: Name | None = None, value: int | Name | None = None) -> RiakObject[T]:
        """Remove one index entry, those of a field, or all."""
        return self._one().remove_index(field, value)

    def set_index(self, field: Name, value: int | Name) -> RiakObject[T]:
        """Make an index entry the only one of its field."""
        return self._one().set_index(field, value)

    def add_link(self, obj: RiakObject[Any] | Link, tag: Name | None = None) -> RiakObject[T]:
        """Add a link to an object, or to a (bucket, key, tag)."""
        return self._one().add_link(obj, tag)

    def _one(self) -> RiakContent[T]:
        if not self.siblings:
            draft: RiakContent[T] | None = getattr(self, "_draft", None)
            self.siblings = [RiakContent(self) if draft is None else draft]
            if draft is not None:
                del self._draft
        return self._content()

    @property
    def exists(self) -> bool:
        """Whether the object is stored: false if the key is not found, or holds a tombstone alone."""
        if self._reply is not None:
            return not self._reply.deleted
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

    async def reload(self, **options: Unpack[ReadOptions]) -> RiakObject[T]:
        """Read the object again, and let the resolver settle a conflict; returns the object.

        Look at :attr:`exists`: nothing found is no error.  With ``if_modified=obj.vclock`` the object
        stays as it is, and :attr:`unchanged` is true, when nothing newer is there.  With ``head`` the
        values stay away, and siblings are left as they are: a resolver could not see what it decides on.

        Raises :class:`~aioriak.error.InvalidRequest`, :class:`~aioriak.error.ServerError` and its kinds,
        :class:`~aioriak.error.ResolverError`, and what can happen to any request: ``TimeoutError``
        and ``ConnectionError`` of :mod:`aioriak.error`.
        """
        return await self._reload((self.client or self.bucket)._runtime.dispatcher, options)

    async def _reload(self, dispatcher: Dispatcher, options: ReadOptions) -> RiakObject[T]:
        if self.key is None:
            raise InvalidType("an object without a key cannot be read")
        await self._read(dispatcher, encode_key(self.key), options)
        return self

    async def _read(self, dispatcher: Dispatcher, key: bytes, options: ReadOptions) -> None:
        bucket = self.bucket
        if bucket.defaults.read:
            options = cast(ReadOptions, {**bucket.defaults.read, **options})
        reply = await kv.get(dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, key, options)
        if self._take(reply, options):
            await resolve(self)

    def _take(self, fetched: kv.Fetched, options: ReadOptions) -> bool:
        """Take over the reply to a read; return whether it is a conflict to resolve."""
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
            if len(contents) == 1 and not self._siblings:  # the usual case, as in _set_contents
                self._reply = contents[0]
                self._data = UNSET
                return False
            return self._set_contents(contents)
        has_value = not options.get("head")
        return self._set_contents(contents, has_value) and has_value

    async def store(
        self,
        w: Quorum | None = NOT_GIVEN,
        dw: Quorum | None = NOT_GIVEN,
        pw: Quorum | None = NOT_GIVEN,
        return_body: bool = NOT_GIVEN,
        if_none_match: bool = False,
        timeout: Timeout | None = NOT_GIVEN,
        **options: Unpack[MoreWriteOptions],
    ) -> RiakObject[T]:
        """Write the object; returns it.

        The vclock that was read goes along, so that what was read is replaced and what was not is
        kept as a sibling.  With ``return_body`` the object is as the server has it afterwards, a
        conflict settled by the resolver; with ``return_head`` its metadata is, and siblings are left.
        ``timeout`` is a ``timedelta`` or milliseconds.  A parameter that is not given has the value of the bucket's
        options (:meth:`Bucket.with_options <aioriak.bucket.Bucket.with_options>`), or else ``None``, by which the
        server decides; ``return_body`` has ``True``.

        A value that the caller holds stays the object's value unless the server stored another one.

        Raises :class:`~aioriak.error.ConflictError` unless there is exactly one sibling;
        :class:`~aioriak.error.ResolverError`, with ``written`` true, when the write was done and the resolver
        failed on its outcome;
        :class:`~aioriak.error.InvalidRequest` and :class:`~aioriak.error.ContentError` before anything
        is sent; :class:`~aioriak.error.PreconditionFailed` for ``if_none_match`` and
        ``if_not_modified``; :class:`~aioriak.error.OutcomeUnknown` when the write was sent and its answer
        was lost.
        """
        write = written(self.bucket.defaults.write, options, w, dw, pw, return_body, if_none_match, timeout)
        if await self._write((self.client or self.bucket)._runtime.dispatcher, write):
            await resolve(self, after_write=True)
        return self

    async def _write(self, dispatcher: Dispatcher, options: WriteOptions) -> bool:
        """Store the object and return whether the reply is a conflict to be resolved."""
        bucket = self.bucket
        if bucket.defaults.write:
            options = cast(WriteOptions, {**bucket.defaults.write, **options})
        if bucket._model is not None:
            await bucket._require_objects()
        siblings = self._siblings if self._reply is None else self.siblings
        # the usual case in place: two calls fewer for each put
        content = siblings[0] if len(siblings) == 1 else self._content()
        try:
            key = None if self.key is None else encode_key(self.key)
            sent = content.outgoing()
            request = kv.put_content(dispatcher, bucket._puts, key, self.vclock, sent, options)
        except InvalidRequest as error:
            if error.operation is None:
                error.operation = f"put of {self.path}"
            raise
        stored = await request
        if self.key is None and stored.key:
            self.key = text(stored.key)
        vclock, contents = stored.vclock, stored.content
        if vclock:
            self.vclock = vclock
        if len(contents) == 1 and (options.get("return_head") or contents[0].value == sent.value):
            content.accept(contents[0], sent)
            self.siblings = [content]
            return False
        if contents:
            # with return_head the server sends no values, even if return_body is given too
            has_value = not options.get("return_head")
            return self._set_contents(contents, has_value) and has_value
        content.exists = True
        return False

    async def delete(self, **options: Unpack[DeleteOptions]) -> RiakObject[T]:
        """Delete the object and empty it; returns it.

        Its vclock goes along, so that a write it has not seen survives as a sibling.

        Raises as :meth:`store` does.
        """
        return await self._delete((self.client or self.bucket)._runtime.dispatcher, options)

    async def _delete(self, dispatcher: Dispatcher, options: DeleteOptions) -> RiakObject[T]:
        if self.key is None:
            raise InvalidType("an object without a key cannot be deleted")
        bucket = self.bucket
        if bucket.defaults.delete:
            options = cast(DeleteOptions, {**bucket.defaults.delete, **options})
        await kv.delete(
            dispatcher,
            bucket.bucket_type.wire_name,
            bucket.wire_name,
            encode_key(self.key),
            self.vclock,
            options,
        )
        return self.clear()

    def clear(self) -> RiakObject[T]:
        """Forget the siblings and return the object.  Nothing is sent."""
        self.siblings = []
        return self

    # -- as a value -----------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RiakObject):
            return NotImplemented
        if self._keyless or other._keyless:
            return self is other
        return (self.bucket, self.key, self.vclock) == (other.bucket, other.key, other.vclock)

    def __hash__(self) -> int:
        return object.__hash__(self) if self._keyless else hash((self.bucket, self.key))

    def __repr__(self) -> str:
        count = len(self.siblings)
        state = "unchanged" if self.unchanged and not count else "not found" if not count else f"{count} siblings"
        if count == 1:
            state = self.siblings[0].content_type or "no content type"
            if not self.siblings[0].exists:
                state += ", not stored" if self.vclock is None else ", tombstone"
        return f"<RiakObject {self.bucket.path}/{show(self.key)} {state}>"
