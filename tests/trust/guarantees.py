"""The table of guarantees: every operation under every failure, as it was measured in virtual time.

``python -m tests.trust.guarantees`` writes ``docs/guarantees.rst`` from a run; a test runs every cell
again and fails when the page and the run differ.
"""

from __future__ import annotations

import asyncio
import pathlib
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from aioriak import RiakClient
from aioriak.config import Backoff, RetryPolicy
from aioriak.datatypes import Counter
from aioriak.error import OutcomeUnknown, RiakError
from aioriak.testing import RiakServer
from tests.simulation.loop import run
from tests.trust.families import FAMILIES, Secrets

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "guarantees.rst"


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation of the table: the server's name of it, and how it is called."""

    title: str
    name: str
    call: Callable[[RiakClient], Awaitable[Any]]
    done: Callable[[RiakClient], Awaitable[int]] | None = None
    retry_writes: bool = False


async def _get(client: RiakClient) -> Any:
    return (await client.bucket("b").get("read")).data


async def _put(client: RiakClient) -> Any:
    await client.bucket("b").new_object("written", 1).store()


async def _is_put(client: RiakClient) -> int:
    return int((await client.bucket("b").get("written")).exists)


async def _delete(client: RiakClient) -> Any:
    await client.bucket("b").delete("removed")


async def _is_deleted(client: RiakClient) -> int:
    return int(not (await client.bucket("b").get("removed")).exists)


async def _count(client: RiakClient) -> Any:
    counter = Counter(client.bucket("b", "counters"), "written")
    counter.increment(1)
    await counter.store()


async def _counted(client: RiakClient) -> int:
    return int((await client.fetch_datatype(client.bucket("b", "counters"), "written")).value or 0)


async def _list(client: RiakClient) -> Any:
    return [key async for key in client.bucket("b").stream_keys()]


OPERATIONS = (
    Asked("Read: ``bucket.get``", "get", _get),
    Asked("Write: ``robject.store``", "put", _put, _is_put),
    Asked("Write with ``retry_writes=True``", "put", _put, _is_put, retry_writes=True),
    Asked("Delete: ``bucket.delete``", "delete", _delete, _is_deleted),
    Asked("Data type update: ``counter.store``", "data type update", _count, _counted),
    Asked("Stream: ``bucket.stream_keys``", "list keys", _list),
)


async def _hit(server: RiakServer, name: str, act: Callable[[Any], Awaitable[None]]) -> None:
    """Do something to the node that has received the request, a second later."""
    while not (found := [node for node in server.nodes if node.requests[name]]):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    await act(found[0])


async def _all_down(server: RiakServer, name: str) -> None:
    for node in server.nodes:
        await node.kill()


async def _freeze(server: RiakServer, name: str) -> None:
    fault = server.faults.hang(name, times=1)
    while not fault.hits:  # noqa: ASYNC110 - in virtual time
        await asyncio.sleep(0.1)
    next(node for node in server.nodes if node.requests[name]).freeze()


def _order(method: str, **options: Any) -> Callable[[RiakServer, str], Awaitable[None]]:
    async def order(server: RiakServer, name: str) -> None:
        getattr(server.faults, method)(name, *options.get("args", ()), **options.get("named", {"times": 1}))

    return order


def _then(
    method: str, act: Callable[[Any], Awaitable[None]], *args: Any
) -> Callable[[RiakServer, str], Awaitable[None]]:
    async def order(server: RiakServer, name: str) -> None:
        getattr(server.faults, method)(name, *args, times=1)
        await _hit(server, name, act)

    return order


@dataclass(frozen=True, slots=True)
class Failure:
    """A row of the table."""

    title: str
    order: Callable[[RiakServer, str], Awaitable[None]]
    cancel_after: float | None = None
    secured: bool = False
    before: bool = False
    """It is there before the client connects."""


_CUT = {"when": "before", "times": 1}

FAILURES = (
    Failure("every node refuses connections", _all_down, before=True),
    Failure("closed before the request is carried out", _order("refuse")),
    Failure("closed before the reply", _order("cut", named=_CUT)),
    Failure("closed in the middle of the reply", _order("cut", named={**_CUT, "when": "middle"})),
    Failure("closed after the reply", _order("cut", named={**_CUT, "when": "after"})),
    Failure("TLS connection cut before the reply", _order("cut", named=_CUT), secured=True),
    Failure("the reply is 10 s late", _order("delay", args=(10.0,))),
    Failure("the reply is garbled", _order("garbage", named={"times": 1, "data": b"\x00\x00\x00\x02\x99\xff"})),
    Failure("the node freezes", _freeze),
    Failure("the node is killed", _then("hang", lambda node: node.kill())),
    Failure("the node is drained", _then("delay", lambda node: node.drain(), 5.0)),
    Failure("the node restarts", _then("hang", lambda node: node.restart())),
    Failure("one node is overloaded", _order("error", args=("overload",))),
    Failure("every node is overloaded", _order("error", args=("overload",), named={})),
    Failure("the caller cancels after 1 s", _order("hang"), cancel_after=1.0),
    Failure("no node answers within the timeout (60 s)", _order("hang", named={})),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured."""

    caller: str
    seconds: int
    received: int
    done: str

    def fields(self) -> list[str]:
        """The cell as columns of the page."""
        received = str(self.received) if self.received < 3 else "more"
        return [self.caller, f"{self.seconds} s", received, self.done]


def measure(asked: Asked, failure: Failure, secrets: Secrets) -> Cell:
    """Run one cell."""

    async def main() -> Cell:
        loop = asyncio.get_running_loop()
        family = FAMILIES[-1] if failure.secured else FAMILIES[0]
        async with secrets.server(family, nodes=3) as server:
            async with secrets.client(server, family) as filling:
                for key in ("read", "removed", "other"):
                    await filling.bucket("b").new_object(key, key).store(return_body=False)
            for node in server.nodes:
                node.requests.clear()
            retry = RetryPolicy(retry_writes=asked.retry_writes, backoff=Backoff(rng=Random(1)))
            client = secrets.client(server, family, retry=retry)
            ordering = loop.create_task(failure.order(server, asked.name))
            if failure.before:
                await ordering
            else:
                await client
                await asyncio.sleep(0)
            began = loop.time()
            caller = await _outcome(asked, failure, client)
            seconds = round(loop.time() - began)
            received = sum(node.requests[asked.name] for node in server.nodes)
            server.faults.clear()
            ordering.cancel()
            await asyncio.gather(ordering, return_exceptions=True)
            for node in server.nodes:
                node.thaw()
                if not node.up:
                    await node.start()
            await client.aclose()
            done = "–"
            if asked.done is not None:
                async with secrets.client(server, family) as checking:
                    done = {0: "no", 1: "once"}.get(count := await asked.done(checking), f"{count} times")
            return Cell(caller, seconds, received, done)

    return run(main)


async def _outcome(asked: Asked, failure: Failure, client: RiakClient) -> str:
    task = asyncio.ensure_future(asked.call(client))
    try:
        if failure.cancel_after is not None:
            done, _ = await asyncio.wait([task], timeout=failure.cancel_after)
            if not done:
                task.cancel()
        await task
    except RiakError as error:
        unknown = ", outcome unknown" if isinstance(error, OutcomeUnknown) else ""
        return f":class:`~aioriak.error.{type(error).__name__}`{unknown}"
    except asyncio.CancelledError:
        return "``CancelledError``" + (", outcome unknown" if asked.done is not None else "")
    return "the answer"


HEAD = """Guarantees
==========

What a caller gets when something fails, and what the server has done by then.

This page is generated: each row was measured with three nodes of the development server, in virtual time
and with the default settings (``make guarantees`` measures again).  The test suite fails when this page
and a run differ.

*Caller gets*
    The answer, or the error raised.  *Outcome unknown* marks an :class:`~aioriak.error.OutcomeUnknown`:
    the write may have happened.  A write that a caller cancels may have happened as well.
*After*
    Seconds until the caller has it.
*Requests*
    How many times servers received the request, *more* for more than two.  Beyond the first, the client
    sent it again.
*Done*
    Whether the server carried out the write.  An error that is no :class:`~aioriak.error.OutcomeUnknown`
    never stands beside *once*.

"""


def page(secrets: Secrets) -> str:
    """Measure every cell and write the page."""
    lines = [HEAD]
    for asked in OPERATIONS:
        lines += [asked.title, "-" * len(asked.title), ""]
        lines += [".. list-table::", "   :class: stacked outcomes", "   :header-rows: 1"]
        lines += ["   :widths: 34 36 10 12 8", ""]
        rows = [["Failure", "Caller gets", "After", "Requests", "Done"]]
        for failure in FAILURES:
            if not (failure.secured and asked.name not in ("get", "put")):
                rows.append([failure.title, *measure(asked, failure, secrets).fields()])
        for row in rows:
            lines += [f"   {'*' if number == 0 else ' '} - {cell}" for number, cell in enumerate(row)]
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Write the page."""
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(Secrets(pathlib.Path(folder))))
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
