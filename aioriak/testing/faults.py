"""Faults on order: what goes wrong on which request, and how often."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Literal

from aioriak.wire.operation import OPERATIONS

When = Literal["before", "middle", "after"]
Kind = Literal["delay", "refuse", "error", "cut", "garbage", "hang"]
ANY = "*"
"""Every operation."""
CONNECT = "connect"
"""Not an operation: a connection that comes in."""
_NAMES = {operation.name for operation in OPERATIONS.values()} | {ANY, CONNECT}


class Fault:
    """One fault that was ordered; ``hits`` counts how often it struck.

    ``remaining`` is how often it still will, ``None`` without end.
    """

    def __init__(
        self,
        kind: Kind,
        operation: str,
        *,
        times: int | None,
        seconds: float | Callable[[], float] = 0.0,
        text: bytes = b"",
        when: When = "before",
        after: int = 0,
        data: bytes | None = None,
        carried_out: bool = False,
        only: Callable[[Any], bool] | None = None,
        probability: float = 1.0,
        node: object | None = None,
    ) -> None:
        self.kind = kind
        self.operation = operation
        self.remaining = times
        self.hits = 0
        self.text = text
        self.when = when
        self.after = after
        self.data = data
        self.carried_out = carried_out
        self._seconds = seconds
        self._only = only
        self._probability = probability
        self._node = node

    @property
    def seconds(self) -> float:
        """How long to wait, drawn anew each time where it was given as a function."""
        return self._seconds() if callable(self._seconds) else self._seconds

    def stop(self) -> None:
        """Strike no more."""
        self.remaining = 0

    def strikes(self, operation: str, request: Any, node: object, random: Random) -> bool:
        """Whether this request is hit; counts it if so."""
        if self.remaining == 0 or self.operation not in (operation, ANY):
            return False
        if self.operation == ANY and operation == CONNECT:
            return False
        if self._node is not None and node is not self._node:
            return False
        if self._only is not None and not self._only(request):
            return False
        if self._probability < 1.0 and random.random() >= self._probability:
            return False
        self.hits += 1
        if self.remaining is not None:
            self.remaining -= 1
        return True

    def __repr__(self) -> str:
        return f"<Fault {self.kind} of {self.operation}, {self.hits} hits>"


class Faults:
    """What goes wrong on a server, by the name of the operation (``"get"``, ``"list keys"``; ``"*"`` is all).

    ::

        server.faults.delay("get", 0.05, times=3)
        server.faults.error("put", "overload", times=1)
        cut = server.faults.cut("put", when="before")
        ...
        assert cut.hits == 1

    Every method takes ``times`` (how many requests are hit; ``None``: all),
    ``only`` (a function of the request that says whether it is meant),
    ``probability`` (drawn from ``random``) and ``node`` (one node of a cluster),
    and gives back the :class:`Fault`.  Several faults may hit one request:
    delays add up, and of the others the one ordered first strikes.  The name
    ``"connect"`` stands for connections that come in, which may be delayed,
    refused or left hanging.
    """

    def __init__(self, random: Random | None = None) -> None:
        self.random = random or Random()
        self._ordered: list[Fault] = []

    def delay(self, operation: str, seconds: float | Callable[[], float], **options: Any) -> Fault:
        """Do nothing for a time, or for what a function says, then go on; the connection waits, as in Riak."""
        return self._order("delay", operation, seconds=seconds, **options)

    def refuse(self, operation: str, **options: Any) -> Fault:
        """Close the connection instead of doing what was asked."""
        return self._order("refuse", operation, **options)

    def error(self, operation: str, text: str | bytes, **options: Any) -> Fault:
        """Answer with an error of this text instead.

        ``carried_out=True``: it is done all the same.  ``after=n``: a stream
        gets n messages out first.
        """
        return self._order("error", operation, text=text.encode() if isinstance(text, str) else text, **options)

    def cut(self, operation: str, when: When = "before", **options: Any) -> Fault:
        """Do what was asked, then close the connection before, in the middle of, or after the reply.

        ``after=n``: a stream gets n messages out first.
        """
        return self._order("cut", operation, when=when, **options)

    def garbage(self, operation: str, data: bytes | None = None, **options: Any) -> Fault:
        """Do what was asked, and send these bytes, or random ones, instead of the reply."""
        return self._order("garbage", operation, data=data, **options)

    def hang(self, operation: str, **options: Any) -> Fault:
        """Never answer, nor anything that comes after on that connection; nothing is done."""
        return self._order("hang", operation, **options)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        for fault in self._ordered:
            fault.stop()
        self._ordered.clear()

    def __bool__(self) -> bool:
        return bool(self._ordered)

    def striking(self, operation: str, request: Any, node: object) -> tuple[float, Fault | None]:
        """What hits this request: seconds of delay, and one fault of another kind."""
        seconds = 0.0
        found: Fault | None = None
        for fault in self._ordered:
            if (fault.kind == "delay" or found is None) and fault.strikes(operation, request, node, self.random):
                if fault.kind == "delay":
                    seconds += fault.seconds
                else:
                    found = fault
        self._ordered = [fault for fault in self._ordered if fault.remaining != 0]
        return seconds, found

    def _order(self, kind: Kind, operation: str, *, times: int | None = None, **options: Any) -> Fault:
        if operation not in _NAMES:
            raise ValueError(f"no operation is called {operation!r}")
        fault = Fault(kind, operation, times=times, **options)
        self._ordered.append(fault)
        return fault
