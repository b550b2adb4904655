"""One client's connection: requests in, strictly one at a time and in order; answers out.

Riak has one process a connection.  It reads once, answers every whole request
in what it read, and reads again (Riak KV documentation, "Protocol Buffers
Client API").  Streams go on between reads: what comes in a later read while one
is going is refused, what came in the same read is answered inside the stream.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.message import DecodeError, Message

from aioriak.error import ProtocolError
from aioriak.riak_pb.riak_pb2 import RpbErrorResp
from aioriak.testing.context import Context, Handler, Peer
from aioriak.testing.errors import HangUp, Later, Never, Refusal
from aioriak.testing.faults import CONNECT, Fault
from aioriak.testing.security import common_name
from aioriak.wire.framing import Body, Frame, FrameReader, encode_frame
from aioriak.wire.operation import OPERATIONS, START_TLS, Operation

if TYPE_CHECKING:
    from aioriak.testing.node import Node

logger = logging.getLogger("aioriak.testing")

_LARGEST_BATCH = 256 * 1024
_BUSY = b"Cannot send another request while one is in progress"


class Connection(asyncio.Protocol):
    """The server's end of one connection.

    It goes on only while nothing holds it: a delay, a client that does not
    read, a frozen node.
    """

    def __init__(self, node: Node) -> None:
        server = node.server
        self.node = node
        self.server = server
        self.context = Context(server, node, server.database, Peer(), server.random, server.clock)
        self.transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        self._chunks: deque[bytes] = deque()  # reads that came while held
        self._frames: deque[Frame] = deque()  # what is left of the current read
        self._next: Callable[[], None] | None = None  # goes before the frames that are left
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
        """A client came."""
        if not self.node.listening:  # it was accepted just before the node went down
            cast(asyncio.Transport, transport).abort()
            return
        self.transport = cast(asyncio.Transport, transport)
        peername = transport.get_extra_info("peername")
        if peername:
            self.context.peer.address = peername[:2]
        self.node.joined(self)
        if self.server.faults:
            seconds, fault = self.server.faults.striking(CONNECT, None, self.node)
            if fault is not None and fault.kind != "hang":
                self.abort()
            elif fault is not None:
                self.hold("hang")
            elif seconds:
                self._wait(seconds, lambda: None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client went, or was sent away."""
        if self.transport is None:
            return
        self._closing = True
        self.node.left(self)
        if self._timer is not None:
            self._timer.cancel()
        self._end_stream()
        self._frames.clear()
        self._chunks.clear()
        self._next = None
        self.transport = None

    def data_received(self, data: bytes) -> None:
        """One read."""
        if self._holds:
            self._chunks.append(data)
        else:
            self._read(data)

    def pause_writing(self) -> None:
        """The client does not read: neither do we, nor make more for it to read."""
        self.hold("writing")

    def resume_writing(self) -> None:
        """The client reads again."""
        self.release("writing")

    @property
    def holds(self) -> frozenset[str]:
        """Why it does not go on: ``writing`` (the client does not read), ``delay``, ``hang``, ``frozen``."""
        return frozenset(self._holds)

    # -- holding and going on -----------------------------------------------

    def hold(self, reason: str) -> None:
        """Stop reading and answering, for this reason."""
        if not self._holds and self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()
        self._holds.add(reason)

    def release(self, reason: str) -> None:
        """Go on, unless there is another reason not to."""
        if reason not in self._holds:
            return
        self._holds.discard(reason)
        if self._holds or self._closing or self.transport is None:
            return
        self._work()
        while self._chunks and not self._holds and not self._closing:
            self._read(self._chunks.popleft())
        if not self._holds and not self.transport.is_closing():
            self.transport.resume_reading()

    def abort(self) -> None:
        """Cut the connection off, with whatever was not sent yet."""
        self._closing = True
        if self.transport is not None:
            self.transport.abort()
        if self._tls is not None:
            self._tls.cancel()

    def close(self) -> None:
        """Close the connection once what was answered is out."""
        if self._tls is not None and not self._tls.done():
            self.abort()
        elif not self._closing:
            self._hang_up(None)

    async def _start_tls(self) -> None:
        """Go on under TLS; nothing more is sent in the clear."""
        assert self.transport is not None
        assert self.server.security is not None
        self._frames.clear()
        self._chunks.clear()
        self._reader = FrameReader()
        # the end of the handshake and the first request may come in one read: no answer before TLS stands
        self._holds.add("handshake")
        try:
            transport = await self._loop.start_tls(
                self.transport, self, self.server.security.context, server_side=True
            )
        except OSError as error:
            logger.info("no TLS with %s: %s", self.context.peer.address[0], error)
            transport = None
        except asyncio.CancelledError:
            transport = None
        if transport is None:
            # some event loops do not tell us of a connection that ends in mid-handshake
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

    def _read(self, data: bytes) -> None:
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

    def _work(self) -> None:
        """Answer what came in the current read, for as long as nothing holds us."""
        while not self._holds and not self._closing:
            if self._next is not None:
                then, self._next = self._next, None
                then()
            elif self.context.peer.encrypted and self._tls is None:
                break  # a handshake that came before we said so is lost, and its client waits in vain
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
            handler = self.node.handler(self.context, operation)
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
        self.node.requests[operation.name] += 1
        seconds = self.node.latency
        fault = None
        if self.server.faults:
            delay, fault = self.server.faults.striking(operation.name, request, self.node)
            seconds += delay
        if seconds:
            self._wait(seconds, lambda: self._carry_out(operation, handler, request, fault))
        else:
            self._carry_out(operation, handler, request, fault)

    def _carry_out(self, operation: Operation[Any, Any], handler: Handler, request: Any, fault: Fault | None) -> None:
        if fault is not None and self._struck_before(operation, fault):
            return
        try:
            if self.server.security is not None and self.context.peer.user is not None:
                self.server.security.check(self.context.peer.user, operation, request)
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
                # a second stream came in the same read: Riak's process dies of the first one's messages
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
        """Send the next message of the stream; one a turn of the loop, so that reads come between."""
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

    def _struck_before(self, operation: Operation[Any, Any], fault: Fault) -> bool:
        """Let the fault happen that keeps the request from being carried out; whether there was one."""
        if fault.kind == "refuse":
            self._hang_up(None)
        elif fault.kind == "hang":
            self.hold("hang")
        elif fault.kind == "error" and not fault.carried_out and not fault.after:
            self._error(fault.text)
        else:
            return False
        return True

    def _reply(self, frame: bytes, fault: Fault | None) -> None:
        """Send a reply, or what a fault makes of it."""
        if fault is None:
            self._out.append(frame)
            self._out_size += len(frame)
        elif fault.kind == "error":
            self._error(fault.text)
        elif fault.kind == "garbage":
            self._put_out(self.server.random.randbytes(64) if fault.data is None else fault.data)
        elif fault.kind == "cut":
            if fault.when != "before":
                self._put_out(frame if fault.when == "after" else frame[: max(len(frame) // 2, 1)])
            self._hang_up(None)

    # -- answers ------------------------------------------------------------

    def _error(self, text: bytes) -> None:
        self._put_out(encode_frame(0, _error_body(text)))

    def _hang_up(self, text: bytes | None) -> None:
        """Close once everything so far, and this error if there is one, is out."""
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
        """Send what is ready, in one piece; what was written to storage is made to last first."""
        if not self._out and not self._closing:
            return
        if self.server.unsaved:
            if not self._committing:
                self._committing = True
                self.server.commit_soon(self)
        elif not self._committing:
            self.write_out()

    def write_out(self) -> None:
        """Hand everything to the transport, and close it if that was the last."""
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
