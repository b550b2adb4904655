"""Repeat recorded exchanges, and show in what the replies differ: ``python -m aioriak.testing.compare FILE``.

The recording comes from :meth:`RiakServer.record`.  It is repeated on a new development server with the bucket
types that the recording names, or on a node.  Opaque values (vector clocks, contexts, times, version tags) and
generated keys are compared by their presence; where they come back in requests, those of this server are sent.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aioriak.riak_pb import base
from aioriak.testing import exchanges
from aioriak.testing import properties as props
from aioriak.testing.bucket_types import STANDARD
from aioriak.testing.exchanges import OF_THE_CLUSTER, OPAQUE, SET_UP, BadRecording, Recording, Reply, Step, Translation
from aioriak.testing.record import Link, parse_address
from aioriak.testing.server import RiakServer
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import GET_BUCKET_TYPE, PING

_LEAST_PAUSE = 0.5  # shorter pauses make no difference to a server


@dataclass(frozen=True, slots=True)
class Difference:
    """A step whose replies differ; ``number`` counts from 1 within its scenario."""

    scenario: str
    number: int
    step: Step
    recorded: list[str]
    """The recorded replies, as readable lines."""
    here: list[str]
    """The replies of the server under test."""

    def __str__(self) -> str:
        request, *fields = exchanges.request_lines(self.step)
        told = [f"{self.scenario}, request {self.number}: {request}", *fields]
        told.append("  - recorded, + this server")
        told += [f"  {line}" for line in difflib.ndiff(self.recorded, self.here) if not line.startswith("?")]
        return "\n".join(told)


class Replay:
    """Repeats scenarios on one server.

    ``pause`` is called with the seconds to wait before a step.  A request that has no answer after ``patience``
    seconds has none.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        opaque: frozenset[str] = OPAQUE | OF_THE_CLUSTER,
        patience: float = 30.0,
    ) -> None:
        self.requests: int = 0
        """The number of requests so far."""
        self._address = host, port
        self._pause = pause
        self._opaque = opaque
        self._patience = patience

    async def scenario(self, name: str, steps: Sequence[Step]) -> list[Difference]:
        """Repeat one scenario on new connections and return the differences."""
        links: dict[int, Link] = {}
        closed: set[int] = set()
        last = {step.connection: number for number, step in enumerate(steps)}
        translation = Translation()
        differences = []
        try:
            for number, step in enumerate(steps):
                if step.pause >= _LEAST_PAUSE:
                    await self._pause(step.pause)
                replies: list[Reply] = []
                ended = True
                if step.connection not in closed:
                    link = links.get(step.connection)
                    if link is None:
                        link = links[step.connection] = await Link.to(*self._address)
                    replies, ended = await self._step(step, link, translation, last=last[step.connection] == number)
                self.requests += 1
                if ended:
                    closed.add(step.connection)
                translation.learn(step.recv, replies)
                hung_up = ended if step.closed is None else step.closed
                there = self._lines(step, self._translated(step.recv, translation), hung_up)
                here = self._lines(step, replies, ended)
                if there != here:
                    differences.append(Difference(name, number + 1, step, there, here))
        finally:
            for link in links.values():
                await link.close()
        return differences

    async def _step(self, step: Step, link: Link, translation: Translation, *, last: bool) -> tuple[list[Reply], bool]:
        answered = bool(step.recv) or bool(step.closed)
        try:
            async with asyncio.timeout(self._patience if answered else min(self._patience, 1.0)):
                replies, ended = await link.answer(translation.request(step.send))
        except TimeoutError:
            return [], False
        if ended:
            return replies, True
        refused = bool(replies) and replies[-1][0] == 0
        if step.closed:
            ended = await self._hangs_up(link)
        elif refused and last and step.closed is False:  # it may have closed the connection as well
            try:
                async with asyncio.timeout(self._patience):
                    _, ended = await link.answer(encode_frame(PING.request_code))
            except TimeoutError:
                pass
        return replies, ended

    async def _hangs_up(self, link: Link) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                return await link.frame() is None
        except TimeoutError:
            return False

    def _translated(self, replies: Iterable[Reply], translation: Translation) -> list[Reply]:
        """Return recorded replies with the generated keys of this server."""
        translated = []
        for code, body in replies:
            message = exchanges.decode(code, body)
            if message is not None and translation.apply(message):
                body = message.SerializePartialToString()
            translated.append((code, body))
        return translated

    def _lines(self, step: Step, replies: Iterable[Reply], ended: bool) -> list[str]:
        told = exchanges.lines(exchanges.view(step, replies, self._opaque))
        if ended:
            told.append("(the connection is closed)")
        return told or ["(no reply)"]


async def compare(recording: Recording, node: tuple[str, int] | None = None) -> tuple[int, list[Difference]]:
    """Repeat a recording; return the number of requests, and the differences.

    It is repeated on a new development server, whose clock moves by the recorded pauses, or on ``node``, where
    the pauses are waited for.  Raises :class:`OSError` if the node cannot be reached.
    """
    if node is not None:
        return await _repeat(recording, Replay(*node))
    async with RiakServer([*STANDARD]) as server:
        for name, properties in _bucket_types(recording.get(SET_UP, ())).items():
            server.database.set_bucket_type(name, properties)
        async def pause(seconds: float) -> None:
            server.clock.advance(seconds)

        return await _repeat(recording, Replay(server.host, server.port, pause=pause))


async def _repeat(recording: Recording, replay: Replay) -> tuple[int, list[Difference]]:
    differences = []
    for name, steps in recording.items():
        differences += await replay.scenario(name, steps)
    return replay.requests, differences


def _bucket_types(steps: Iterable[Step]) -> dict[bytes, props.Properties]:
    """Return the properties of the bucket types that a recording asked for."""
    found = {}
    for step in steps:
        request = step.request()
        if step.code != GET_BUCKET_TYPE.request_code or not isinstance(request, base.RpbGetBucketTypeReq):
            continue
        for code, body in step.recv:
            reply = exchanges.decode(code, body)
            if isinstance(reply, base.RpbGetBucketResp):
                given = props.from_message(reply.props)
                found[request.type] = props.Properties(**{n: v for n, v in given.items() if n in props.NAMES})
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; return 0 if nothing differs, 1 if something does, 2 if the comparison was not possible."""
    parser = argparse.ArgumentParser(prog="python -m aioriak.testing.compare", description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, help="a recording, made by RiakServer.record")
    parser.add_argument(
        "--nodes", metavar="HOST:PORT", help="repeat it on this node (default: on a new development server)"
    )
    options = parser.parse_args(arguments)
    try:
        node = parse_address(options.nodes) if options.nodes else None
        requests, differences = asyncio.run(compare(exchanges.load(options.file), node))
    except (OSError, BadRecording, ValueError) as error:
        print(f"aioriak.testing.compare: {error}", file=sys.stderr)
        return 2
    for difference in differences:
        print(f"{difference}\n")
    told = f"{requests} request{'s'[: requests != 1]}"
    print(f"{told}, {len(differences)} difference{'s'[: len(differences) != 1]}")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main())
