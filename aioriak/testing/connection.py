"""The server's end of a connection: it answers requests one at a time and in order.

Riak has one process for each connection.  The process reads once, answers every
complete request of that read, and reads again (Riak KV documentation, "Protocol
Buffers Client API").  Streams continue between reads: a request that arrives in
a later read is refused while a stream is running; a request of the same read is
answered inside the stream.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol, cast

from google.protobuf.message import DecodeError, Message

from aioriak.error import ProtocolError
from aioriak.riak_pb.riak_pb2 import RpbErrorResp
from aioriak.testing.commits import GroupCommit
from aioriak.testing.context import Context, Handler
from aioriak.testing.errors import HangUp, Later, Never, Refusal
from aioriak.testing.faults import CONNECT, Fault, Faults
from aioriak.testing.handlers.kv import check_condition
from aioriak.testing.security import common_name
from aioriak.wire.framing import Body, Frame, FrameReader, encode_frame
from aioriak.wire.operation import OPERATIONS, START_TLS, Operation

logger: logging.Logger = logging.getLogger("aioriak.testing")

_LARGEST_BATCH = 256 * 1024
_BUSY = b"Cannot send another request while one is in progress"


class Owner(Protocol):
    """The node that accepted a connection."""

    latency: float

    @property
    def listening(self) -> bool:
        """Whether the node accepts connections."""

    def opened(self, connection: Connection) -> None:
        """Register a new connection."""

    def closed(self, connection: Connection) -> None:
        """Forget a connection that is closed."""

    def handler(self, context: Context, operation: Operation[Any, Any] | None) -> Handler | None:
        """Return the handler of an operation; ``None`` if it is unknown."""

    def received(self, operation: Operation[Any, Any], request: Any) -> None:
        """Count a request."""


class Connection(asyncio.Protocol):
    """The server's end of one connection.

    It works only while it has no reason to hold: a delay, a client that does not
    read, a frozen node.
    """

    def __init__(self, owner: Owner, context: Context, faults: Faults, commits: GroupCommit) -> None:
        self.owner = owner
        self.context = context
        self._faults = faults
        self._commits = commits
        self._security = context.cluster.security
        self.transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        self._chunks: deque[bytes] = deque()  # reads that arrived while the connection was held
        self._frames: deque[Frame] = deque()  # the unanswered frames of the current read
        self._next: Callable[[], None] | None = None  # runs before the next frame is answered
        self._stream: Iterator[Message] | None = None
        self._stream_of: Operation[Any, Any] | None = None
        self._stream_fault: Fault | None = None
        self._streamed = 0
        self._pump_due = False
        self._holds: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._out: list[bytes] = []
        self._out_size = 0
        self._committing = False
        self._closing = False
        self._tls: asyncio.Task[None] | None = None

    # -- asyncio ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the connection, unless a fault applies to it."""
        if not self.owner.listening:  # it was accepted just before the node went down
            cast(asyncio.Transport, transport).abort()
            return
        self.transport = cast(asyncio.Transport, transport)
        peername = transport.get_extra_info("peername")
        if peername:
            self.context.peer.address = peername[:2]
        self.owner.opened(self)
        if self._faults:
            seconds, fault = self._faults.striking(CONNECT, None, self.context.node)
            if fault is not None and fault.kind != "hang":
                self.abort()
            elif fault is not None:
                self.hold("hang")
            elif seconds:
                self._wait(seconds, lambda: None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Discard everything; the client or the server closed the connection."""
        if self.transport is None:
            return
        self._closing = True
        self.owner.closed(self)
        if self._timer is not None:
            self._timer.cancel()
        self._end_stream()
        self._frames.clear()
        self._chunks.clear()
        self._next = None
        self.transport = None

    def data_received(self, data: bytes) -> None:
        """Answer the requests of one read, or keep them while the connection is held."""
        if self._holds:
            self._chunks.append(data)
            return
        if self._closing:
            return
        if self._stream is not None:
            self._hang_up(_BUSY)
            return
        try:
            self._frames.extend(self._reader.feed(data))
        except ProtocolError:
            self._hang_up(None)
            return
        self._work()

    def pause_writing(self) -> None:
        """Hold while the client does not read: read no more requests and make no more replies."""
        self.hold("writing")

    def resume_writing(self) -> None:
        """Continue: the client reads again."""
        self.release("writing")

    @property
    def holds(self) -> frozenset[str]:
        """The reasons to hold: ``writing`` (the client does not read), ``delay``, ``hang``, ``frozen``, ``race``."""
        return frozenset(self._holds)

    # -- holding and releasing ----------------------------------------------

    def hold(self, reason: str) -> None:
        """Stop reading and answering until this reason is released."""
        if not self._holds and self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()
        self._holds.add(reason)

    def release(self, reason: str) -> None:
        """Drop a reason to hold, and continue if it was the last."""
        if reason not in self._holds:
            return
        self._holds.discard(reason)
        if self._holds or self._closing or self.transport is None:
            return
        self._work()
        while self._chunks and not self._holds and not self._closing:
            self.data_received(self._chunks.popleft())
        if not self._holds and not self.transport.is_closing():
            self.transport.resume_reading()

    def abort(self) -> None:
        """Close the connection at once; replies that were not sent are lost."""
        self._closing = True
        if self.transport is not None:
            self.transport.abort()
        if self._tls is not None:
            self._tls.cancel()

    def close(self) -> None:
        """Close the connection once the replies so far are sent."""
        if self._tls is not None and not self._tls.done():
            self.abort()
        elif not self._closing:
            self._hang_up(None)

    async def _start_tls(self) -> None:
        """Switch to TLS; nothing more is sent unencrypted."""
        assert self.transport is not None
        assert self._security is not None
        self._frames.clear()
        self._chunks.clear()
        self._reader = FrameReader()
        # the end of the handshake and the first request may arrive in one read: no reply before TLS is established
        self._holds.add("handshake")
        try:
            transport = await self._loop.start_tls(
                self.transport, self, self._security.context, server_side=True
            )
        except OSError as error:
            logger.info("no TLS with %s: %s", self.context.peer.address[0], error)
            transport = None
        except asyncio.CancelledError:
            transport = None
        if transport is None:
            # some event loops do not call connection_lost when a connection ends during the handshake
            self.abort()
            self.connection_lost(None)
            return
        self.transport = transport
        self.context.peer.common_name = common_name(transport.get_extra_info("ssl_object"))
        self.release("handshake")
        if self._holds:
            transport.pause_reading()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._next = then
        self.hold("delay")
        self._timer = self._loop.call_later(seconds, self.release, "delay")

    # -- requests -----------------------------------------------------------

    def _work(self) -> None:
        """Answer the requests of the current read until something holds the connection."""
        while not self._holds and not self._closing:
            if self._next is not None:
                then, self._next = self._next, None
                then()
            elif self.context.peer.encrypted and self._tls is None:
                break  # a handshake message sent before the STARTTLS reply is lost, as in Riak
            elif self._frames:
                self._answer(*self._frames.popleft())
            else:
                break
            if self._out_size > _LARGEST_BATCH:
                self._flush()
        self._flush()
        if self.context.peer.encrypted and self._tls is None and not self._closing and not self._holds:
            self._tls = self._loop.create_task(self._start_tls())
        elif self._stream is not None and not self._pump_due and not self._holds:
            self._pump_due = True
            self._loop.call_soon(self._pump)

    def _answer(self, code: int, body: Body) -> None:
        operation = OPERATIONS.get(code)
        try:
            handler = self.owner.handler(self.context, operation)
        except Refusal as refusal:
            self._error(refusal.text)
            return
        if operation is None or handler is None:
            if operation is START_TLS:
                self._error(b"Security not enabled; STARTTLS not allowed.")
            else:
                self._error(b"Unknown message code: %d" % code)
            return
        try:
            request = operation.request.FromString(body) if operation.request is not None else None
        except DecodeError:
            self._hang_up(HangUp.crash(f"error:{{gpb_error,{{decoding_failure,{operation.name}}}}}").text)
            return
        self.owner.received(operation, request)
        seconds = self.owner.latency
        fault = None
        if self._faults:
            delay, fault = self._faults.striking(operation.name, request, self.context.node)
            seconds += delay
        if seconds:
            self._wait(seconds, lambda: self._carry_out(operation, handler, request, fault))
        else:
            self._carry_out(operation, handler, request, fault)

    def _carry_out(self, operation: Operation[Any, Any], handler: Handler, request: Any, fault: Fault | None) -> None:
        if fault is not None and self._prevented(fault):
            return
        try:
            if self._security is not None and self.context.peer.user is not None:
                self._security.check(self.context.peer.user, operation, request)
            if fault is not None and fault.kind == "race":
                check_condition(self.context, request)
                self._race(operation, handler, request, fault)
                return
            answer = handler(self.context, request)
        except Refusal as refusal:
            self._reply(encode_frame(0, _error_body(refusal.text)), fault)
        except HangUp as hang_up:
            self._hang_up(hang_up.text)
        except Never:
            self.hold("hang")
        except Later as later:
            then = later.then
            self._wait(later.seconds, lambda: self._outcome(then))
        except Exception as error:
            logger.exception("the handler of %s failed", operation.name)
            self._hang_up(HangUp.crash(f"error:{error!r}").text)
        else:
            if answer is None:
                self._reply(encode_frame(operation.reply_code), fault)
            elif isinstance(answer, Message):
                self._reply(encode_frame(operation.reply_code, answer.SerializePartialToString()), fault)
            elif self._stream is not None:
                # two streams in one read: Riak's process crashes on the messages of the first
                self._hang_up(b"Error processing stream message: error:function_clause:[]")
            else:
                self._stream, self._stream_of, self._stream_fault = answer, operation, fault
                self._streamed = 0

    def _outcome(self, then: Refusal | HangUp) -> None:
        if isinstance(then, Refusal):
            self._error(then.text)
        else:
            self._hang_up(then.text)

    # -- streams ------------------------------------------------------------

    def _pump(self) -> None:
        """Send the next message of the stream: one for each iteration of the loop, so that reads happen in between."""
        self._pump_due = False
        if self._stream is None or self._holds or self._closing:
            return
        assert self._stream_of is not None
        fault = self._stream_fault
        try:
            message = next(self._stream)
        except StopIteration:
            self._end_stream()
        except Refusal as refusal:
            self._end_stream()
            self._error(refusal.text)
        except HangUp as hang_up:
            self._hang_up(hang_up.text)
        except Exception as error:
            logger.exception("a stream of %s failed", self._stream_of.name)
            self._hang_up(f"Error processing stream message: error:{error!r}".encode())
        else:
            frame = encode_frame(self._stream_of.reply_code, message.SerializePartialToString())
            self._streamed += 1
            done = bool(getattr(message, "done", False))
            if fault is not None and self._streamed > fault.after:
                self._end_stream()
                if fault.kind == "error":
                    self._error(fault.text)
                else:
                    self._reply(frame, fault)
            else:
                self._put_out(frame)
                if done:
                    self._end_stream()
        self._work()

    def _end_stream(self) -> None:
        stream, self._stream, self._stream_fault = self._stream, None, None
        close = getattr(stream, "close", None)
        if close is not None:
            close()

    # -- faults -------------------------------------------------------------

    def _prevented(self, fault: Fault) -> bool:
        """Apply a fault that prevents the request; return whether it was one."""
        if fault.kind == "refuse":
            self._hang_up(None)
        elif fault.kind == "hang":
            self.hold("hang")
        elif fault.kind == "error" and not fault.carried_out and not fault.after:
            self._error(fault.text)
        else:
            return False
        return True

    def _race(self, operation: Operation[Any, Any], handler: Handler, request: Any, fault: Fault) -> None:
        """Hold a conditional put whose condition was met until its rivals have passed their check, then write."""
        request.ClearField("if_none_match")
        request.ClearField("if_not_modified")
        timer = self._loop.call_later(fault.seconds, self.release, "race")

        def write() -> None:
            timer.cancel()
            self._carry_out(operation, handler, request, None)

        self._next = write
        self._timer = timer
        self.hold("race")
        key = (request.type, request.bucket, request.key)
        for release in fault.meet(key, lambda: self.release("race")):
            self._loop.call_soon(release)

    def _reply(self, frame: bytes, fault: Fault | None) -> None:
        """Send a reply, or what a fault replaces it with."""
        if fault is None or fault.kind == "race":
            self._out.append(frame)
            self._out_size += len(frame)
        elif fault.kind == "error":
            self._error(fault.text)
        elif fault.kind == "garbage":
            self._put_out(self.context.random.randbytes(64) if fault.data is None else fault.data)
        elif fault.kind == "cut":
            if fault.when != "before":
                self._put_out(frame if fault.when == "after" else frame[: max(len(frame) // 2, 1)])
            self._hang_up(None)

    # -- answers ------------------------------------------------------------

    def _error(self, text: bytes) -> None:
        self._put_out(encode_frame(0, _error_body(text)))

    def _hang_up(self, text: bytes | None) -> None:
        """Close once all replies so far, and this error if there is one, are sent."""
        if text is not None:
            self._error(text)
        self._closing = True
        self._end_stream()
        self._frames.clear()
        self._flush()

    def _put_out(self, data: bytes) -> None:
        self._out.append(data)
        self._out_size += len(data)

    def _flush(self) -> None:
        """Send the pending replies in one write, after a commit if something was stored."""
        if not self._out and not self._closing:
            return
        if self._commits.pending:
            if not self._committing:
                self._committing = True
                self._commits.then(self._write_out)
        elif not self._committing:
            self._write_out()

    def _write_out(self) -> None:
        """Pass all replies to the transport, and close it if the connection is closing."""
        self._committing = False
        if self.transport is None:
            return
        if self._out:
            out = self._out
            self._out = []
            self._out_size = 0
            self.transport.write(out[0] if len(out) == 1 else b"".join(out))
        if self._closing:
            self.transport.close()


def _error_body(text: bytes) -> bytes:
    return RpbErrorResp(errmsg=text, errcode=0).SerializeToString()
