"""Updates: fetch an object, change it, store it, as one step that loses nobody's change.

The calls of one client for one key are combined into rounds (:mod:`aioriak.update_queue`).  A round:

1. fetches the object, and resolves its conflict;
2. gives each call an object of its own, made of what the call before left, encoded as for the store.  So a change
   function that raises, or leaves a value that cannot be encoded, leaves no trace;
3. stores the last object on the condition that nothing has been written since the fetch.

A write that the server refused is made again in a later round.  Riak up to 3.2 checks and writes in two steps, so two
clients can both pass; their values become siblings then, and the reply of the second write shows it:

==============================================  =================================================================
the siblings                                    what is done
==============================================  =================================================================
no resolver is set                              :class:`~aioriak.error.StoredAsSibling`
the resolver made a new value of them           it is stored
the resolver chose one of them                  the changes are made again on what the other clients have stored,
                                                because the choice has dropped these changes or theirs
meanwhile another client resolved them          the changes are made again if they are missing;
                                                ``StoredAsSibling`` if that cannot be told
==============================================  =================================================================
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from aioriak.cluster.retry import ATTEMPTS
from aioriak.codec import Codecs
from aioriak.config import RetryPolicy
from aioriak.content import RiakContent
from aioriak.error import (
    ConflictError,
    ContentError,
    InvalidRequest,
    PreconditionFailed,
    RequestTimeout,
    ResolverErrorAfterWrite,
    RiakError,
    StoredAsSibling,
    WriteTimeout,
)
from aioriak.operations import kv
from aioriak.operations.contents import WireContent, copy_content, essence, fill, new_content
from aioriak.operations.names import Name, encode_key
from aioriak.operations.options import ReadOptions, WriteOptions, check_read, count
from aioriak.resolver import Resolver, default_resolver, resolve
from aioriak.riak_object import RiakObject
from aioriak.update_queue import Call, KeyQueue, Place

Change = Callable[[RiakObject], Any]
UpdateCall = Call[RiakObject, WireContent]


class Terms(NamedTuple):
    """What calls must agree on to be combined."""

    read: Mapping[str, Any]
    write: Mapping[str, Any]
    if_not_modified: bool
    resolver: Resolver
    codecs: Codecs
    model: object  # of which the values are instances; equal for the typed handles of one class
    request_timeout: float | None
    retry: RetryPolicy
    retry_attempts: int | None


class Version(NamedTuple):
    """What is stored under a key: its contents and their vclock."""

    contents: Sequence[WireContent]
    vclock: bytes | None


class Bound(NamedTuple):
    """The end of a round's time: its calls' latest deadline, and the most attempts of any."""

    deadline: float | None
    attempts: int | None


class Update:
    """One update of a key: how its change is made, and how a round is run if it is the first of it."""

    __slots__ = ("_change", "_deadline", "_dispatcher", "_loop", "_place", "_queue", "_robject", "_terms")

    def __init__(self, robject: RiakObject, change: Change, if_not_modified: bool, options: ReadOptions) -> None:
        if not callable(change):
            raise InvalidRequest(f"change is a function of the object, not {change!r}")
        for name in ("head", "head_only", "if_modified"):
            if options.get(name) is not None:
                raise InvalidRequest(f"update() needs the value that is stored; it takes no {name}")
        bucket = robject.bucket
        defaults = bucket.defaults
        if defaults.read:
            options = cast(ReadOptions, {**defaults.read, **options})
        timeout = check_read(options)
        place: Place = (bucket.bucket_type.wire_name, bucket.wire_name, encode_key(cast(Name, robject.key)))
        dispatcher = bucket._runtime.dispatcher
        dispatcher.cluster.check_loop()
        self._robject = robject
        self._place = place
        self._change = change
        self._dispatcher = dispatcher
        self._loop = dispatcher.cluster.loop
        self._terms = Terms(
            {name: value for name, value in options.items() if value is not None},
            {name: value for name, value in defaults.write.items() if name not in ("timeout", "return_body")},
            if_not_modified,
            bucket.resolver,
            bucket.codecs,
            bucket._model,
            dispatcher.request_timeout,
            dispatcher.retry,
            ATTEMPTS.get(),
        )
        limit = dispatcher.request_timeout if timeout is None else timeout
        self._deadline = None if limit is None else self._loop.time() + limit
        self._queue: KeyQueue  # known once the update is queued

    @property
    def path(self) -> str:
        """``type/bucket/key``, for messages."""
        return self._robject.path

    async def run(self, attempts: int | None) -> RiakObject:
        """Queue the update, and return its object as it was stored."""
        self._queue = self._robject.client._runtime.updates.get(self._place, self.path, self._loop)
        call: UpdateCall = Call(
            self._loop,
            self._terms,
            self._run_round,
            deadline=self._deadline,
            attempts=attempts,
            backoff=self._terms.retry.backoff,
        )
        try:
            async with asyncio.timeout_at(self._deadline) as limit:
                return await self._queue.submit(call, self._make)
        except TimeoutError as error:
            if not limit.expired() or isinstance(error, RiakError):
                raise
        operation = f"update of {self.path}"
        if call.sent:
            raise WriteTimeout("the deadline passed before the reply to the write came", operation=operation)
        raise RequestTimeout("the deadline passed before anything was written", operation=operation)

    # -- the change ------------------------------------------------------------------------

    async def _make(self, robject: RiakObject) -> WireContent:
        """Call the change function; return what it leaves, as it is sent."""
        returned = self._change(robject)
        if inspect.isawaitable(returned):
            returned = await returned
        if len(robject.siblings) == 1 and not _is_empty(robject.siblings[0]):
            return _encoded(robject)
        if len(robject.siblings) > 1:
            raise ConflictError(
                f"the change function of update() left {len(robject.siblings)} siblings of {self.path}; "
                "set a resolver, or set obj.siblings to one of them"
            )
        said = f"update() set no value for {self.path}: assign obj.data before returning"
        if returned is not None:
            said += f"; what the function returns, a value of type {type(returned).__name__}, is not stored"
        raise InvalidRequest(said)

    async def _apply(self, calls: Sequence[UpdateCall], version: Version) -> WireContent | None:
        """Give each call its turn; return what the last one left, or ``None`` if every change raised.

        A function that raised on what is stored has failed.  One that raised on what others have changed before
        it must wait until that is stored: otherwise it is called again.
        """
        made: WireContent | None = None
        contents = version.contents
        for call in calls:
            if not call.pending:
                continue
            content = await call.make(self._view(contents, version.vclock), self._queue)
            if content is not None:
                made = content
                contents = [content]
            elif made is None:
                call.finish()
        return made

    # -- a round -----------------------------------------------------------------------------

    async def _run_round(self, calls: Sequence[UpdateCall]) -> Sequence[UpdateCall]:
        """Make the changes of all calls with one fetch and one store; return the calls whose write was refused."""
        bound = _bound(calls)
        fetched = await self._fetch(bound)
        made = await self._apply(calls, await self._resolved(fetched))
        members = [call for call in calls if call.pending]
        if made is None or not members:
            return ()
        bound = _bound(members)
        for call in members:
            call.sent = True
        try:
            stored = await self._store(made, fetched, bound)
        except PreconditionFailed:
            return members
        if len(stored.contents) > 1:
            stored = await Settlement(self, members, bound).settle(made, stored)
        for call in members:
            call.value.vclock = stored.vclock
            call.value._set_contents(stored.contents)
            call.finish()
        return ()

    async def _fetch(self, bound: Bound) -> Version:
        options = cast(ReadOptions, dict(self._terms.read))
        if bound.deadline is not None:
            options["timeout"] = self._milliseconds(bound.deadline)
        reply = await kv.get(self._dispatcher, *self._place, options)
        return Version(reply.content, reply.vclock or None)

    async def _store(self, content: WireContent, replaced: Version, bound: Bound) -> Version:
        options = cast(WriteOptions, {**self._terms.write, "return_body": True})
        if self._terms.if_not_modified:
            # a tombstone alone has a vclock and no contents: the server then says that nothing is there
            options["if_not_modified" if replaced.contents else "if_none_match"] = True
        if bound.deadline is not None:
            options["timeout"] = self._milliseconds(bound.deadline)
        self._queue.storing = True
        try:
            reply = await kv.put(
                self._dispatcher,
                *self._place,
                replaced.vclock,
                lambda target: copy_content(content, target),
                options,
            )
        finally:
            self._queue.storing = False
        return Version(reply.content or [content], reply.vclock or replaced.vclock)

    def _milliseconds(self, deadline: float) -> int:
        return max(1, int((deadline - self._loop.time()) * 1000))

    async def _resolved(self, version: Version) -> Version:
        """Return a version without its conflict, if a resolver is set."""
        if len(version.contents) < 2 or self._terms.resolver is default_resolver:
            return version
        robject = self._view(version.contents, version.vclock)
        robject._resolver = self._terms.resolver
        await resolve(robject)
        return Version(_contents(robject), version.vclock)

    def _view(self, contents: Sequence[WireContent], vclock: bytes | None) -> RiakObject:
        """Return a new object with these contents."""
        robject: RiakObject = RiakObject._absent(self._robject.client, self._robject.bucket, self._robject.key)
        robject.vclock = vclock
        robject._set_contents(contents)
        return robject


class Settlement:
    """What a round does about the siblings of its own write."""

    def __init__(self, update: Update, calls: Sequence[UpdateCall], bound: Bound) -> None:
        self._update = update
        self._calls = calls
        self._bound = bound
        self._tries = 0
        self._siblings = 0
        self._base: WireContent | None = None  # what the last write was made of
        self._chosen = False  # the resolver chose one of the siblings, instead of merging them

    async def settle(self, made: WireContent, stored: Version) -> Version:
        """Store one value in place of siblings; return it.

        ``made`` is what was written, ``stored`` what the server has since then.

        Raises :class:`~aioriak.error.StoredAsSibling` if that is not possible, and
        :class:`~aioriak.error.ResolverErrorAfterWrite`.
        """
        self._siblings = len(stored.contents)
        try:
            return await self._settle(made, stored)
        except (StoredAsSibling, ResolverErrorAfterWrite):
            raise
        except RiakError as error:
            raise self._unsettled(f"resolving them failed: {error}") from error

    async def _settle(self, made: WireContent, stored: Version) -> Version:
        update = self._update
        if update._terms.resolver is default_resolver:
            raise self._unsettled("set a resolver, or store one of them with obj.siblings")
        replacement = await self._replacement(made, stored)
        while True:
            try:
                now = await update._store(replacement, stored, self._bound)
            except PreconditionFailed:
                if not await self._may_try_again():
                    return Version([replacement], stored.vclock)
                stored = await update._fetch(self._bound)
                if _index(made, stored.contents) is None:
                    replacement, stored = await self._after_others(made, stored)
                elif len(stored.contents) > 1:
                    replacement = await self._replacement(made, stored)
                    continue
                else:
                    return stored
                if replacement is stored.contents[0]:
                    return stored
            else:
                if len(now.contents) == 1:
                    return now
                made, stored = replacement, now
                self._siblings = len(stored.contents)
                replacement = await self._replacement(made, stored)
                # siblings that a resolver merges are merged by every reader
                if not self._chosen or not await self._may_try_again():
                    return Version([replacement], stored.vclock)

    async def _replacement(self, made: WireContent, stored: Version) -> WireContent:
        """Return the value that takes the place of siblings, of which ``made`` is one."""
        update = self._update
        robject = update._view(stored.contents, stored.vclock)
        given = list(robject.siblings)
        await resolve(robject, after_write=True)
        resolved = _contents(robject)
        # A resolver that chooses leaves a sibling as it is.  One that merges makes a content, or changes one; its value
        # may by chance be that of a sibling, and then has the changes of all the others all the same.
        left = robject.siblings[0]
        self._chosen = not resolved or any(
            left is content and _same_value(left, one) for content, one in zip(given, stored.contents, strict=True)
        )
        if not self._chosen:
            self._base = resolved[0]
            return resolved[0]
        index = _index(made, stored.contents)
        if index is None:
            raise self._unsettled("the server changed what was written, so it cannot be told apart from the others")
        others = [one for position, one in enumerate(stored.contents) if position != index]
        if self._base is not None:
            others.append(self._base)  # what was merged into the last write is stored nowhere else
        base = await update._resolved(Version(others, stored.vclock))
        self._base = base.contents[0] if base.contents else None
        again = await self._change_again(base)
        if again is not None:
            return again
        if not base.contents:
            raise self._unsettled("the change cannot be made on the others")
        return base.contents[0]

    async def _after_others(self, made: WireContent, stored: Version) -> tuple[WireContent, Version]:
        """Return what to store after another client has replaced ``made``: what is there, if the change is in it."""
        update = self._update
        base = await update._resolved(stored)
        if not base.contents:
            raise self._unsettled("another client has deleted the object since")
        current = base.contents[0]
        robject = update._view([current, made], stored.vclock)
        await resolve(robject, after_write=True)
        adds_nothing = _same_value(robject.siblings[0], current)
        if adds_nothing and not self._chosen:
            return current, base  # what is there has been merged with this change
        again = await self._change_again(base)
        if again is None or _is_same(update._view([again], None), current):
            return current, base
        if adds_nothing:
            # Another client chose one of them, this change or its own: made again, it may be in it twice.
            raise self._unsettled("another client has resolved them since; see in the object whether it has the change")
        return again, base

    async def _change_again(self, base: Version) -> WireContent | None:
        calls = [call for call in self._calls if call.pending]
        for call in calls:
            call.repeat()
        return await self._update._apply(calls, base)

    async def _may_try_again(self) -> bool:
        """Back off before another attempt, and return true; return false if there is none and none is needed."""
        self._tries += 1
        delay = self._update._terms.retry.backoff.delay(self._tries)
        late = self._bound.deadline is not None and self._update._loop.time() + delay >= self._bound.deadline
        if not late and self._tries != self._bound.attempts:
            await asyncio.sleep(delay)
            return True
        if self._chosen:
            raise self._unsettled(f"other clients wrote at each of {self._tries} attempts to resolve them")
        return False

    def _unsettled(self, reason: str) -> StoredAsSibling:
        error = StoredAsSibling(
            f"the update of {self._update.path} is stored as one of {self._siblings} siblings, "
            f"because another client wrote at the same moment; {reason}"
        )
        error.siblings = self._siblings
        return error


def _bound(calls: Sequence[UpdateCall]) -> Bound:
    deadlines = [call.deadline for call in calls if call.deadline is not None]
    attempts = [call.attempts for call in calls if call.attempts is not None]
    return Bound(
        max(deadlines) if len(deadlines) == len(calls) else None,
        max(attempts) if len(attempts) == len(calls) else None,
    )


def _is_empty(content: RiakContent) -> bool:
    """Return whether a content has no value to be stored: none was set, or it is a tombstone."""
    return content.is_unset or content.is_tombstone


def _encoded(robject: RiakObject) -> WireContent:
    """Return the only content of an object as it is sent."""
    content = robject.siblings[0]
    target: WireContent = new_content(time.time())  # the next change reads when this one was made
    try:
        fill(target, content.outgoing())
    except InvalidRequest as error:
        if error.operation is None:
            error.operation = f"put of {robject.path}"
        raise
    return target


def _contents(robject: RiakObject) -> Sequence[WireContent]:
    """Return the content of a resolved object as it is sent; none if it is a deletion."""
    return [] if _is_empty(robject.siblings[0]) else [_encoded(robject)]


def _index(content: WireContent, contents: Sequence[WireContent]) -> int | None:
    """Return the position of the content that was sent as ``content``."""
    sent = essence(content)
    return next((position for position, one in enumerate(contents) if essence(one) == sent), None)


def _is_same(robject: RiakObject, stored: WireContent) -> bool:
    """Return whether an object has the value and the metadata that are stored."""
    return _same_value(robject.siblings[0], stored) and essence(_encoded(robject))[1:] == essence(stored)[1:]


def _same_value(content: RiakContent, stored: WireContent) -> bool:
    """Return whether a content has the value that is stored, in these or other bytes."""
    if content.encoded_data == stored.value:
        return True
    other = content.copy()
    other.encoded_data = stored.value
    try:
        return bool(other.data == content.data)
    except ContentError:
        return False


async def update(
    robject: RiakObject,
    change: Change,
    *,
    if_not_modified: bool,
    attempts: int | None,
    options: ReadOptions,
) -> RiakObject:
    """Change the object that is stored under the key of ``robject``.

    See :meth:`Bucket.update <aioriak.bucket.Bucket.update>`.
    """
    bucket = robject.bucket
    one = Update(robject, change, if_not_modified, options)
    if attempts is not None:
        count("attempts", attempts, 1)
    datatype = await bucket.bucket_type.get_datatype()
    if datatype is not None:
        raise InvalidRequest(
            f"{bucket.path} holds data types ({datatype}), which update() cannot change: use "
            f"'async with bucket.edit(key) as {datatype}', or fetch one, call its methods, and store() it"
        )
    return await one.run(attempts)
