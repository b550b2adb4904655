"""Key/value: get, put, delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from aioriak.cluster.dispatcher import Begun, Dispatcher
from aioriak.error import InvalidRequest, InvalidType
from aioriak.operations import repeat
from aioriak.operations.contents import Outgoing, WireContent, fill
from aioriak.operations.encoding import GetEncoder as GetEncoder
from aioriak.operations.encoding import PutEncoder as PutEncoder
from aioriak.operations.encoding import is_plain
from aioriak.operations.options import DELETE as DELETE_CHECKS
from aioriak.operations.options import READ, WRITE, ReadOptions, apply
from aioriak.riak_pb import kv
from aioriak.wire.operation import DELETE, GET, PUT


class Brought(Protocol):
    """A reply with contents."""

    @property
    def content(self) -> Sequence[WireContent]: ...
    @property
    def vclock(self) -> bytes: ...


class Fetched(Brought, Protocol):
    """The reply to a get; without contents and vclock if nothing is stored."""

    @property
    def unchanged(self) -> bool: ...


class Stored(Brought, Protocol):
    """The reply to a put: contents only with ``return_body`` or ``return_head``, a key if the server generated one."""

    @property
    def key(self) -> bytes: ...


def get(
    dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, key: bytes, options: ReadOptions
) -> Awaitable[Fetched]:
    """Fetch an object.

    ``options`` are those of :class:`~aioriak.operations.options.ReadOptions`; see :func:`get_plain` for none.
    """
    request = kv.RpbGetReq()
    request.bucket = bucket
    request.key = key
    if kind is not None:
        request.type = kind
    request.deletedvclock = True
    timeout = None
    if options:
        if "head_only" in options:
            options["head"] = options.pop("head_only")  # the official client's name
        timeout = apply(request, options, READ)
    return dispatcher.call(GET, request, timeout)  # not awaited here: each coroutine in between costs every read


def get_plain(dispatcher: Dispatcher, encoder: GetEncoder, key: bytes) -> Awaitable[Fetched]:
    """Fetch an object of the encoder's bucket, without options."""
    return dispatcher.call(GET, encoder.request(key), None, encoder.frame(key, dispatcher.usual_timeout))


def begin_get(dispatcher: Dispatcher, encoder: GetEncoder, key: bytes) -> Begun | None:
    """Send what :func:`get_plain` sends, without waiting for the reply; see :meth:`Dispatcher.begin`."""
    return dispatcher.begin(GET, encoder.request(key), encoder.frame(key, dispatcher.usual_timeout))


def go_on_with_get(dispatcher: Dispatcher, encoder: GetEncoder, key: bytes, begun: Begun) -> Awaitable[Fetched]:
    """Go on with a get that was begun."""
    return dispatcher.call(GET, encoder.request(key), None, encoder.frame(key, dispatcher.usual_timeout), begun)


def put(
    dispatcher: Dispatcher,
    kind: bytes | None,
    bucket: bytes,
    key: bytes | None,
    vclock: bytes | None,
    write: Callable[[kv.RpbContent], None],
    options: Mapping[str, Any],
) -> Awaitable[Stored]:
    """Store an object whose content ``write`` writes.

    ``options`` are those of ``WriteOptions``.
    """
    request = kv.RpbPutReq()
    request.bucket = bucket
    if key is not None:
        request.key = key
    if kind is not None:
        request.type = kind
    if vclock is not None:
        request.vclock = vclock
    timeout = apply(request, options, WRITE)
    if vclock is None and options.get("if_not_modified"):
        raise InvalidRequest("if_not_modified needs the vclock of an object that was fetched")
    write(request.content)
    if dispatcher.retry.retry_writes:
        return repeat.put(dispatcher, request, timeout)
    return dispatcher.call(PUT, request, timeout)


def put_content(
    dispatcher: Dispatcher,
    encoder: PutEncoder,
    key: bytes | None,
    vclock: bytes | None,
    content: Outgoing,
    options: Mapping[str, Any],
) -> Awaitable[Stored]:
    """Store an object in the encoder's bucket; ``options`` as for :func:`put`."""
    if vclock is not None and type(vclock) is not bytes:
        raise _bad_vclock(vclock)
    return_body = options.get("return_body")
    usual = (return_body is None or return_body is True) and len(options) == ("return_body" in options)
    if usual and key is not None and not dispatcher.retry.retry_writes and is_plain(content):
        plain = encoder.request(key, vclock, content, return_body)
        return dispatcher.call(PUT, plain, None, encoder.frame(plain, dispatcher.usual_timeout))
    kind = encoder.type or None
    return put(dispatcher, kind, encoder.bucket, key, vclock, lambda target: fill(target, content), options)


def _bad_vclock(vclock: object) -> InvalidType:
    return InvalidType(f"a vclock is bytes, not {type(vclock).__name__}; set the bytes of a fetched object's vclock")


async def delete(
    dispatcher: Dispatcher,
    kind: bytes | None,
    bucket: bytes,
    key: bytes,
    vclock: bytes | None,
    options: Mapping[str, Any],
) -> None:
    """Delete an object; ``options`` are those of ``DeleteOptions``."""
    if vclock is not None and type(vclock) is not bytes:
        raise _bad_vclock(vclock)
    request = kv.RpbDelReq()
    request.bucket = bucket
    request.key = key
    if kind is not None:
        request.type = kind
    if vclock is not None:
        request.vclock = vclock
    timeout = apply(request, options, DELETE_CHECKS)
    await dispatcher.call(DELETE, request, timeout)
