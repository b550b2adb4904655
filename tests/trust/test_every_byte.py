"""Every exchange is cut, delayed, duplicated and corrupted at every byte, in both directions.

Whatever happens to the bytes, a caller gets the answer or an error of this library; a read that was cut
is repeated; a write is never reported as done, or as not done, against the truth; the next requests get
their own answers; nothing is left behind, and nobody waits longer than the request's time.

Riak's protocol has no checksum: a byte that changes inside a value is a changed value.  With
``AIORIAK_TEST_ALL=1`` no position is left out.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.error import ConnectionLost, OutcomeUnknown, RiakError
from tests.simulation.loop import VirtualLoop, run
from tests.simulation.network import Flow, Link, Network
from tests.trust.families import FAMILIES, Family, Secrets, fill

ALL = bool(os.environ.get("AIORIAK_TEST_ALL"))
LONGEST = 130.0
"""Virtual seconds that a request with the default timeout of 60 may take, its connection included."""

Fault = Callable[[Flow, int], None]

FAULTS: dict[str, Fault] = {
    "cut": lambda flow, at: flow.cut_at(at),
    "reset": lambda flow, at: flow.cut_at(at, reset=True),
    "late": lambda flow, at: flow.delay_at(at, 5.0),
    "frozen": lambda flow, at: flow.delay_at(at, None),
    "duplicated": lambda flow, at: flow.duplicate_at(at),
    "corrupt": lambda flow, at: flow.corrupt_at(at, (0x01, 0x80, 0xFF)[at % 3]),
    "corrupt otherwise": lambda flow, at: flow.corrupt_at(at, (0x02, 0xFF, 0x01)[at % 3]),
}
EXACT = {"cut", "reset", "late", "frozen"}
"""Faults that change no byte: what is answered is right."""
SENT_AGAIN = {"cut", "reset", "late"}
"""Faults that a read gets over."""


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    return Secrets(tmp_path_factory.mktemp("authority"))


DIRECTIONS: dict[str, Callable[[Link], Flow]] = {
    "to the server": lambda link: link.to_server,
    "to the client": lambda link: link.to_client,
}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one exchange."""

    answer: Any
    error: RiakError | None
    written: int | None
    seconds: float
    sizes: dict[str, int]
    """Bytes of the exchange itself, by direction."""


async def read_back(client: RiakClient, name: str, attempts: int) -> None:
    """Read an object that must be there; errors are allowed, if another attempt is right."""
    for attempt in range(attempts):
        try:
            found = await client.bucket("objects").get(name)
        except RiakError:
            if attempt + 1 == attempts:
                raise
            await asyncio.sleep(2.0)  # the node's health is probed meanwhile
        else:
            assert found.data == name, f"the reply to {name} was {found.data!r}"
            return


def exchange(secrets: Secrets, family: Family, prepare: Callable[[Link], None], patience: int = 1) -> Result:
    """One exchange over a connection that ``prepare`` gives its fault; then two reads, and a clean end.

    Raises AssertionError where a read gets another's answer, or where something is left behind, and
    RiakError where a read fails ``patience`` times.
    """
    network = Network()

    def first_only(link: Link) -> None:
        network.on_link = None
        prepare(link)

    async def main() -> Result:
        loop = asyncio.get_running_loop()
        async with secrets.server(family) as server:
            async with secrets.client(server, family) as plain:
                await fill(plain, family)
                network.on_link = first_only
                before = len(network.links)
                client = secrets.client(server, family, max_size=2)
                began = loop.time()
                answer, error = None, None
                try:
                    answer = await family.ask(client)
                except RiakError as caught:
                    error = caught
                seconds = loop.time() - began
                sizes = {name: flow(network.links[before]).sent for name, flow in DIRECTIONS.items()}
                try:
                    for name in ("first", "second"):
                        await read_back(client, name, patience)
                finally:
                    await client.aclose()
                written = None if family.written is None else await family.written(plain)
        return Result(answer, error, written, seconds, sizes)

    return run(main, loop=VirtualLoop(network))


def verdict(family: Family, fault: str, result: Result) -> str | None:
    """What is wrong with a result, if anything."""
    error, written = result.error, result.written
    if result.seconds > LONGEST:
        return f"took {result.seconds:.0f} s"
    if fault in EXACT and error is None and result.answer != family.answer:
        return f"answered {result.answer!r}"
    if written is None:
        lost = isinstance(error, ConnectionLost) and not family.repeated
        return f"a read was not repeated: {error!r}" if fault in SENT_AGAIN and error is not None and not lost else None
    if written > 1:
        return f"done {written} times"
    if fault in EXACT and error is None and not written:
        return "reported as done, and was not"
    if error is not None and not isinstance(error, OutcomeUnknown) and written:
        return f"reported as not done, and was: {error!r}"
    return None


def prepared(flow: Callable[[Link], Flow], order: Fault, position: int) -> Callable[[Link], None]:
    """What gives a link its fault."""
    return lambda link: order(flow(link), position)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_byte_may_fail(secrets: Secrets, family: Family, direction: str) -> None:
    flow = DIRECTIONS[direction]
    clean = exchange(secrets, family, lambda link: None)
    assert (clean.answer, clean.error, clean.written) == (family.answer, None, None if clean.written is None else 1)
    size = clean.sizes[direction]
    assert size > 0
    step = 1 if ALL else family.step
    wrong: list[str] = []
    for name, order in FAULTS.items():
        for position in range(Random(name).randrange(step), size, step):
            try:
                result = exchange(secrets, family, prepared(flow, order, position), 1 if name in EXACT else 4)
            except Exception as error:
                found: str | None = f"{type(error).__name__}: {error}"
            else:
                found = verdict(family, name, result)
            if found is not None:
                wrong.append(f"{name} at byte {position} of {size}: {found}")
    assert not wrong, "\n".join(wrong)
