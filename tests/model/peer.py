"""The other side of the model: nodes that accept, and transports that carry what a rule says."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aioriak.riak_pb import base, kv
from aioriak.wire.framing import FrameReader, encode_frame
from aioriak.wire.operation import DELETE, GET, LIST_KEYS, PING, PUT, SERVER_INFO, SET_CLIENT_ID, Operation

if TYPE_CHECKING:
    from tests.model.model import Model

FOLD = Operation("fold", 215, kv.RpbGetReq, 222, kv.RpbGetResp, idempotent=True, alone=True)
"""Needs a connection of its own, and is answered by one message."""

BUFFER = 1000
"""Bytes that a blocked transport takes before it pauses its protocol."""


class Socket:
    """A socket that is readable once its peer has hung up unnoticed."""

    def __init__(self) -> None:
        self.dead = False

    def fileno(self) -> int:
        return _DESCRIPTORS[self.dead]

    def setsockopt(self, *option: Any) -> None:
        pass


_quiet = os.pipe()
_DESCRIPTORS = {False: _quiet[0], True: os.open(os.devnull, os.O_RDONLY)}


class Received:
    """A request that arrived at a peer; ``messages`` is how many a stream was answered with so far."""

    __slots__ = ("code", "copy", "messages", "name")

    def __init__(self, code: int, name: str, copy: int) -> None:
        self.code = code
        self.name = name
        self.copy = copy
        self.messages = 0

    def __repr__(self) -> str:
        return f"{self.code}:{self.name}"

    @property
    def streams(self) -> bool:
        return self.code == LIST_KEYS.request_code


def _name(code: int, body: bytes) -> str:
    """The name of the request in a frame: it is the key, or the bucket of those without one."""
    if code in (GET.request_code, FOLD.request_code):
        return kv.RpbGetReq.FromString(body).key.decode()
    if code == PUT.request_code:
        return kv.RpbPutReq.FromString(body).key.decode()
    if code == DELETE.request_code:
        return kv.RpbDelReq.FromString(body).key.decode()
    if code == LIST_KEYS.request_code:
        return kv.RpbListKeysReq.FromString(body).bucket.decode()
    return ""


def _answer(received: Received) -> bytes:
    name = received.name.encode()
    if received.code in (GET.request_code, FOLD.request_code):
        code = GET.reply_code if received.code == GET.request_code else FOLD.reply_code
        return encode_frame(code, kv.RpbGetResp(vclock=name).SerializeToString())
    if received.code == PUT.request_code:
        return encode_frame(PUT.reply_code, kv.RpbPutResp(vclock=name).SerializeToString())
    if received.code == SERVER_INFO.request_code:
        return encode_frame(8, base.RpbGetServerInfoResp(node=b"riak@model").SerializeToString())
    operation = next(one for one in (PING, DELETE, SET_CLIENT_ID) if one.request_code == received.code)
    return encode_frame(operation.reply_code)


class Wire(asyncio.Transport):
    """A transport: what is written arrives at once unless it is blocked, and replies go out by the byte."""

    def __init__(self, peer: Peer, protocol: Any) -> None:
        super().__init__()
        self.peer = peer
        self.model = peer.model
        self.protocol = protocol
        self.socket = Socket()
        self.closing = False
        self.aborted = False
        self.lost = False
        self.reading = True
        self.blocked = False
        self.paused = False
        self.poisoned = False
        """Garbage was delivered: the connection must close."""
        self.queue: deque[Received] = deque()
        """The requests that are not answered, oldest first."""
        self.outbox = bytearray()
        """Bytes of replies on their way."""
        self._held = bytearray()
        self._frames = FrameReader()
        self._answering = False

    # -- called by the protocol ---------------------------------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"socket": self.socket, "peername": self.peer.address}.get(name, default)

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        if not self.reading:
            self.reading = True
            self.model.loop.call_soon(self.deliver)

    def write(self, data: Any) -> None:
        if self.closing:
            self.model.fail("written after the transport was closed")
            return
        if bytes(data) == b"\r\n\r\n":
            return  # a health check looks for a server of another protocol
        self.model.check_written(self, [_name(code, bytes(body)) for code, body in FrameReader().feed(bytes(data))])
        if not self.blocked:
            self._arrive(bytes(data))
            return
        self._held += data
        if len(self._held) > BUFFER and not self.paused:
            self.paused = True
            self.protocol.pause_writing()

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            if not self._held:
                self.model.loop.call_soon(self._lose, None)

    def abort(self) -> None:
        self.aborted = True
        self._held.clear()
        if not self.lost:
            self.closing = True
            self.model.loop.call_soon(self._lose, None)

    def _lose(self, error: Exception | None) -> None:
        if not self.lost:
            self.lost = True
            self.outbox.clear()
            self.protocol.connection_lost(error)

    # -- called by the model --------------------------------------------------------------------

    def lose(self, error: Exception | None) -> None:
        """End the connection from the other side."""
        self.closing = True
        self._held.clear()
        self._lose(error)

    def unblock(self) -> None:
        """Take what was held back."""
        self.blocked = False
        held = bytes(self._held)
        self._held.clear()
        if held:
            self._arrive(held)
        if self.closing:
            self.model.loop.call_soon(self._lose, None)
        elif self.paused:
            self.paused = False
            self.protocol.resume_writing()

    def _arrive(self, data: bytes) -> None:
        for code, body in self._frames.feed(data):
            name = _name(code, bytes(body))
            self.queue.append(Received(code, name, self.model.arrived(name, self)))
        if self.peer.answers and not self._answering:
            self._answering = True
            self.model.loop.call_soon(self.answer_all)

    def answer_all(self) -> None:
        """Answer everything; a stream by its end."""
        self._answering = False
        while self.queue and not self.lost:
            self.answer(done=True)
        self.deliver()

    def answer(self, *, done: bool = True, error: str | None = None) -> None:
        """Put the answer to the oldest request on its way: a stream's next message, or its end."""
        if not self.queue:
            return
        received = self.queue[0]
        if error is not None:
            self.model.refused(received)
            text = f"{error} {received.name}" if error == "trouble" else error
            self.outbox += encode_frame(0, base.RpbErrorResp(errmsg=text.encode(), errcode=0).SerializeToString())
        elif received.streams:
            key = f"{received.name}/{received.copy}/{received.messages}".encode()
            received.messages += 1
            self.outbox += encode_frame(18, kv.RpbListKeysResp(keys=[key], done=done).SerializeToString())
            if not done:
                return
        else:
            self.outbox += _answer(received)
        self.queue.popleft()
        self.model.answered(received, error)

    def deliver(self, count: int | None = None) -> None:
        """Let the protocol read so many bytes of what is on its way, all by default."""
        left = len(self.outbox) if count is None else min(count, len(self.outbox))
        while left and self.reading and not self.closing:
            room = self.protocol.get_buffer(left)
            size = min(len(room), left)
            room[:size] = self.outbox[:size]
            room = None
            del self.outbox[:size]
            left -= size
            self.protocol.buffer_updated(size)


class Peer:
    """A node: it accepts, refuses, or leaves connections waiting."""

    def __init__(self, model: Model, address: tuple[str, int]) -> None:
        self.model = model
        self.address = address
        self.accepts: bool | None = True
        """``None``: neither accepts nor refuses."""
        self.answers = False
        """It answers everything at once."""
        self.calls: list[asyncio.Future[Exception | None]] = []
        """Connections that are being made."""
        self.asked_at = 0.0
        """When it was asked for a connection last."""
        self.wires: list[Wire] = []

    @property
    def live(self) -> list[Wire]:
        """The transports whose end the client has not seen."""
        self.wires = [wire for wire in self.wires if not wire.lost]
        return self.wires

    @property
    def open(self) -> list[Wire]:
        return [wire for wire in self.wires if not wire.closing]

    async def connect(self, factory: Callable[[], Any]) -> tuple[Wire, Any]:
        call: asyncio.Future[Exception | None] = self.model.loop.create_future()
        self.calls.append(call)
        self.asked_at = self.model.loop.time()
        self.model.check_size(self)
        if self.accepts is not None:
            self.model.loop.call_soon(self.settle, call, self.accepts)
        try:
            error = await call
        finally:
            self.calls.remove(call)
        if error is not None:
            raise error
        protocol = factory()
        wire = Wire(self, protocol)
        self.wires.append(wire)
        protocol.connection_made(wire)
        try:
            await asyncio.sleep(0)
        except BaseException:
            wire.close()
            raise
        return wire, protocol

    def settle(self, call: asyncio.Future[Exception | None], accepted: bool) -> None:
        """Accept or refuse a connection."""
        if not call.done():
            call.set_result(None if accepted else ConnectionRefusedError(111, "refused"))
