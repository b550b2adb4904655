"""Repeating a put whose outcome is unknown (``retry_writes``).

A put that is repeated although the first one was done can fail its own condition, become a sibling of itself, or be
stored under a second key.  It is repeated only where that cannot happen:

==========================================  ==============================================================
put                                         after an unknown outcome
==========================================  ==============================================================
with ``if_none_match``, ``if_not_modified``  not repeated
with a key that the server generates        not repeated
with a vclock                               the object is read: the put was done if its content is there,
                                            and is repeated if the object is as it was before
without a vclock                            repeated if the bucket keeps no siblings
==========================================  ==============================================================
"""

from __future__ import annotations

import asyncio

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.cluster.retry import attempts_of, conclude
from aioriak.error import OutcomeUnknown, RiakError
from aioriak.operations.contents import essence
from aioriak.riak_pb import base, kv
from aioriak.wire.operation import GET, GET_BUCKET, PUT
from aioriak.wire.values import copy_message


async def put(dispatcher: Dispatcher, request: kv.RpbPutReq, timeout: float | None) -> kv.RpbPutResp:
    """Store an object; repeat the put where that is safe.  ``timeout`` in seconds, for everything together."""
    loop = asyncio.get_running_loop()
    limit = dispatcher.request_timeout if timeout is None else timeout
    deadline = None if limit is None else loop.time() + limit
    policy = dispatcher.retry
    failed: list[RiakError] = []
    while True:
        left = None if deadline is None else max(deadline - loop.time(), 0.001)
        try:
            return await dispatcher.call(PUT, request, left)
        except OutcomeUnknown as error:
            unknown = error
        except RiakError as error:
            raise conclude(error, failed) from error.__cause__
        failed.append(unknown)
        wait = policy.backoff.delay(len(failed))
        late = deadline is not None and loop.time() + wait >= deadline
        if late or len(failed) >= attempts_of(policy) or not _can_be_checked(request):
            raise conclude(unknown, failed[:-1]) from unknown.__cause__
        await asyncio.sleep(wait)
        left = None if deadline is None else max(deadline - loop.time(), 0.001)
        try:
            done = await _find_out(dispatcher, request, left)
        except RiakError as error:
            raise conclude(unknown, failed[:-1]) from error
        if done is not None:
            return done


def _can_be_checked(request: kv.RpbPutReq) -> bool:
    return bool(request.key) and not (request.if_none_match or request.if_not_modified)


async def _find_out(dispatcher: Dispatcher, request: kv.RpbPutReq, timeout: float | None) -> kv.RpbPutResp | None:
    """Return the reply of the put if it was done, and ``None`` if it may be repeated.

    Raises :class:`~aioriak.error.RiakError` if neither can be found out.
    """
    if not request.HasField("vclock"):
        question = base.RpbGetBucketReq(bucket=request.bucket)
        if request.HasField("type"):
            question.type = request.type
        props = (await dispatcher.call(GET_BUCKET, question, timeout)).props
        if props.allow_mult and not props.last_write_wins:
            raise OutcomeUnknown("a put without a vclock would become a sibling of itself")
        return None
    read = kv.RpbGetReq(bucket=request.bucket, key=request.key, deletedvclock=True)
    if request.HasField("type"):
        read.type = request.type
    found = await dispatcher.call(GET, read, timeout)
    if found.vclock == request.vclock:
        return None
    wanted = essence(request.content)
    if not any(essence(content) == wanted for content in found.content):
        raise OutcomeUnknown("the object was changed in the meantime")
    reply = kv.RpbPutResp()
    if request.return_body or request.return_head:
        reply.vclock = found.vclock
        for content in found.content:
            copy_message(content, reply.content.add())
        if request.return_head:
            for content in reply.content:
                content.value = b""
    return reply
