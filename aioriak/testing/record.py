"""Record exchanges with a Riak node through a proxy: ``python -m aioriak.testing.record HOST:PORT FILE``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from aioriak.error import ProtocolError
from aioriak.riak_pb import base
from aioriak.testing import exchanges
from aioriak.testing.exchanges import SET_UP, Recording, Reply, Step
from aioriak.testing.thread import LoopThread
from aioriak.wire.framing import Frame, FrameReader, encode_frame
from aioriak.wire.operation import AUTHENTICATE, GET_BUCKET_TYPE, START_TLS

logger: logging.Logger = logging.getLogger("aioriak.testing")

_READ = 1 << 16
_HIDDEN = b"********"


class Link:
    """One connection to a server that reads whole frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._cutter = FrameReader()
        self._frames: list[Frame] = []

    @classmethod
    async def to(cls, host: str, port: int) -> Link:
        """Connect; raises :class:`OSError`."""
        return cls(*await asyncio.open_connection(host, port))

    def send(self, data: bytes) -> None:
        """Send bytes, and do not wait until they are sent."""
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)

    async def frame(self) -> Reply | None:
        """Return the next frame; ``None`` if the peer closed the connection or sent no frame."""
        while not self._frames:
            try:
                data = await self._reader.read(_READ)
                if not data:
                    return None
                self._frames.extend(self._cutter.feed(data))
            except (ConnectionError, ProtocolError):
                return None
        code, body = self._frames.pop(0)
        return code, bytes(body)

    async def answer(self, request: bytes) -> tuple[list[Reply], bool]:
        """Send a request; return its replies, and whether the peer closed the connection before the last."""
        self.send(request)
        replies: list[Reply] = []
        while True:
            reply = await self.frame()
            if reply is None:
                return replies, True
            replies.append(reply)
            if exchanges.is_last(request, *reply):
                return replies, False

    async def close(self) -> None:
        """Close the connection; a peer that does not read holds this up for a second at most."""
        self._writer.close()
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        self._writer.transport.abort()


class Recorder:
    """A proxy that forwards requests to a Riak node and writes the exchanges to a file.

    ::

        async with RiakServer.record("10.0.0.7:8087", "problem.json") as recorder:
            async with RiakClient(recorder.host, recorder.port) as client:
                ...

    ``with`` instead of ``async with`` runs the proxy in a thread, for synchronous programs.

    Requests of all connections are forwarded one at a time, so that the recording is one sequence that can be
    repeated.  The file is written at the end; it holds keys and values as they are, passwords never.  A request
    without an answer holds the others up; its connection is closed after ``patience`` seconds.
    """

    def __init__(
        self,
        node: str,
        file: str | Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str = "recorded",
        patience: float = 90.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.node_host: str
        self.node_port: int
        self.node_host, self.node_port = parse_address(node)
        self.host = host
        self.port: int = port
        """The port that the proxy listens on, known once it has started."""
        self.steps: list[Step] = []
        """The exchanges so far."""
        self.file: Path = Path(file)
        self._name = name
        self._patience = patience
        self._clock = clock
        self._types: dict[bytes, Step] = {}
        self._last: float | None = None
        self._links = 0
        self._turn = asyncio.Lock()
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread: LoopThread | None = None

    @property
    def address(self) -> str:
        """``host:port`` of the proxy."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def recording(self) -> Recording:
        """The exchanges so far, as they are written to the file."""
        set_up = {SET_UP: list(self._types.values())} if self._types else {}
        return {**set_up, self._name: list(self.steps)}

    # -- life cycle ---------------------------------------------------------

    async def start(self) -> None:
        """Create the file and listen; raises :class:`OSError` if the file, the node or the address cannot be used."""
        await (await Link.to(self.node_host, self.node_port)).close()
        self.file.write_text("")
        self._listener = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Close every connection and write the file."""
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.file.write_text(exchanges.dump(self.recording))

    async def __aenter__(self) -> Recorder:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __enter__(self) -> Recorder:
        thread = LoopThread("aioriak-recorder")
        thread.start_thread()
        try:
            thread.run(self.start())
        except BaseException:
            thread.stop_thread()
            raise
        self._thread = thread
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        try:
            self._thread.run(self.close())
        finally:
            self._thread.stop_thread()

    # -- connections --------------------------------------------------------

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(Link(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: Link) -> None:
        number = self._links
        self._links += 1
        node = None
        try:
            node = await Link.to(self.node_host, self.node_port)
            await self._forward(number, client, node)
        except OSError as error:
            client.send(_error(f"the recording proxy cannot reach {self.node_host}:{self.node_port}: {error}"))
        finally:
            await client.close()
            if node is not None:
                await node.close()

    async def _forward(self, number: int, client: Link, node: Link) -> None:
        """Forward requests until either side closes its connection."""
        loop = asyncio.get_running_loop()
        hung_up = loop.create_task(node.frame())
        asked = loop.create_task(client.frame())
        mine: int | None = None  # the place of this connection's last step
        try:
            while True:
                await asyncio.wait({hung_up, asked}, return_when=asyncio.FIRST_COMPLETED)
                if hung_up.done():  # between two requests a node sends nothing
                    if mine is not None:
                        self.steps[mine] = replace(self.steps[mine], closed=True)
                    return
                request = asked.result()
                if request is None:
                    return
                async with self._turn:
                    if hung_up.done():
                        continue
                    hung_up.cancel()
                    await asyncio.gather(hung_up, return_exceptions=True)
                    mine, alive = await self._exchange(number, encode_frame(*request), client, node)
                if not alive:
                    return
                hung_up, asked = loop.create_task(node.frame()), loop.create_task(client.frame())
        finally:
            for task in (hung_up, asked):
                task.cancel()
            await asyncio.gather(hung_up, asked, return_exceptions=True)

    async def _exchange(self, number: int, request: bytes, client: Link, node: Link) -> tuple[int | None, bool]:
        """Forward one request and its replies.

        Returns the place of the step, ``None`` if none was recorded, and whether the connection can go on.
        """
        if request[4] == START_TLS.request_code:
            logger.warning("a client asked for TLS, which a recording proxy cannot record")
            client.send(_error("a recording proxy cannot record TLS; use a node without security"))
            return None, True
        await self._note_type(request)
        now = self._clock()
        pause = 0.0 if self._last is None else round(now - self._last, 3)
        self._last = now
        step = Step(exchanges.message_name(request[4]), _without_password(request), connection=number, pause=pause)
        place = len(self.steps)
        self.steps.append(step)
        alive = False
        node.send(request)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while True:
                    reply = await node.frame()
                    if reply is None:
                        step = replace(step, closed=True)
                        break
                    step = replace(step, recv=(*step.recv, reply))
                    client.send(encode_frame(*reply))
                    if exchanges.is_last(request, *reply):
                        alive = True
                        break
        self.steps[place] = step
        return place, alive

    async def _note_type(self, request: bytes) -> None:
        """Ask the node for the properties of a bucket type that is used for the first time."""
        name = getattr(exchanges.decode(request[4], request[5:]), "type", b"") or b"default"
        if name == b"default" or name in self._types:
            return
        frame = encode_frame(GET_BUCKET_TYPE.request_code, base.RpbGetBucketTypeReq(type=name).SerializeToString())
        step = Step(exchanges.message_name(GET_BUCKET_TYPE.request_code), frame)
        self._types[name] = step
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._patience):
                link = await Link.to(self.node_host, self.node_port)
                try:
                    replies, closed = await link.answer(frame)
                finally:
                    await link.close()
            self._types[name] = replace(step, recv=tuple(replies), closed=closed)


def _error(text: str) -> bytes:
    return encode_frame(0, base.RpbErrorResp(errmsg=text.encode(), errcode=0).SerializeToString())


def _without_password(request: bytes) -> bytes:
    message = exchanges.decode(request[4], request[5:])
    if request[4] != AUTHENTICATE.request_code or not isinstance(message, base.RpbAuthReq):
        return request
    message.password = _HIDDEN
    return encode_frame(request[4], message.SerializePartialToString())


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port``; raises :class:`ValueError`."""
    host, _, port = text.strip().rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"a node is given as host:port, not {text!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


async def _record(recorder: Recorder) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with recorder:
        print(f"recording: connect to {recorder.address}; SIGINT or SIGTERM writes the file and ends", flush=True)
        await stop.wait()
    print(f"recorded {len(recorder.steps)} requests", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Record until SIGINT or SIGTERM; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m aioriak.testing.record", description=__doc__)
    parser.add_argument("node", metavar="HOST:PORT", help="the protocol-buffers address of a Riak node")
    parser.add_argument("file", help="the file to write")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_record(Recorder(options.node, options.file, host=options.host, port=options.port)))
    except (OSError, ValueError, OverflowError) as error:
        print(f"aioriak.testing.record: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
