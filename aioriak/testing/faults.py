"""Fault injection: which requests fail, how, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from threading import Lock
from typing import Any, Literal, TypedDict, Unpack

from aioriak.wire.operation import OPERATIONS

When = Literal["before", "middle", "after"]
Kind = Literal["delay", "refuse", "error", "cut", "garbage", "hang", "race"]
Place = tuple[bytes, bytes, bytes]
ANY = "*"
"""Every operation."""
CONNECT = "connect"
"""Not an operation: a new connection."""
_NAMES = {operation.name for operation in OPERATIONS.values()} | {ANY, CONNECT}


class Target(TypedDict, total=False):
    """The requests that a fault applies to; without options it applies to all of its operation."""

    times: int | None
    """How many requests are hit; ``None`` for all."""
    keys: Iterable[str | bytes]
    """Only requests for these keys."""
    only: Callable[[Any], bool]
    """A function of the request message; only requests for which it returns true."""
    probability: float
    """The chance of each request, from 0 to 1."""
    every: int
    """Only one in so many of the requests that match all else: 10 for each tenth."""
    node: object
    """One :class:`~aioriak.testing.Node`; only requests that it receives."""
    nodes: Iterable[object]
    """Several nodes; only requests that they receive."""


class Fault:
    """A fault that was ordered.

    ``hits`` counts the requests that it was applied to, ``remaining`` is how many
    it still applies to, ``None`` without limit.
    """

    def __init__(
        self,
        kind: Kind,
        operation: str,
        *,
        seconds: float | Callable[[], float] = 0.0,
        text: bytes = b"",
        when: When = "before",
        after: int = 0,
        data: bytes | None = None,
        carried_out: bool = False,
        writers: int = 2,
        **target: Unpack[Target],
    ) -> None:
        self.kind = kind
        self.operation = operation
        self.remaining = target.get("times")
        self.hits: int = 0
        self.text = text
        self.when = when
        self.after = after
        self.data = data
        self.carried_out = carried_out
        self._seconds = seconds
        self._only = target.get("only")
        self._probability = target.get("probability", 1.0)
        self._every = target.get("every", 1)
        if self._every < 1:
            raise ValueError(f"every must be at least 1, not {self._every}")
        self._matching = 0
        keys, node, nodes = target.get("keys"), target.get("node"), target.get("nodes")
        self._keys = None if keys is None else _keys(keys)
        self._nodes = None if nodes is None else tuple(nodes)
        if node is not None:
            self._nodes = (*(self._nodes or ()), node)
        self._writers = writers
        self._waiting: dict[Place, list[Callable[[], None]]] = {}

    @property
    def seconds(self) -> float:
        """The delay in seconds; drawn for each request if it was given as a function."""
        return self._seconds() if callable(self._seconds) else self._seconds

    def stop(self) -> None:
        """Apply the fault to no further request."""
        self.remaining = 0

    def strikes(self, operation: str, request: Any, node: object, random: Random) -> bool:
        """Return whether the fault applies to a request, and count it if so."""
        if self.remaining == 0 or self.operation not in (operation, ANY):
            return False
        if self.operation == ANY and operation == CONNECT:
            return False
        if self._nodes is not None and not any(node is each for each in self._nodes):
            return False
        if self._keys is not None and getattr(request, "key", None) not in self._keys:
            return False
        if self.kind == "race" and not (request.if_none_match or request.if_not_modified):
            return False
        if self._only is not None and not self._only(request):
            return False
        if self._probability < 1.0 and random.random() >= self._probability:
            return False
        self._matching += 1
        if self._matching % self._every:
            return False
        self.hits += 1
        if self.remaining is not None:
            self.remaining -= 1
        return True

    def meet(self, place: Place, release: Callable[[], None]) -> list[Callable[[], None]]:
        """Register a put that has passed its check; return the releases of all once enough have arrived."""
        waiting = self._waiting.setdefault(place, [])
        waiting.append(release)
        if len(waiting) < self._writers:
            return []
        return self._waiting.pop(place)

    def __repr__(self) -> str:
        return f"<Fault {self.kind} of {self.operation}, {self.hits} hits>"


class Faults:
    """The faults of a server, by the name of the operation (``"get"``, ``"list keys"``; ``"*"`` for all).

    ::

        server.faults.delay("get", 0.05, times=3)
        server.faults.delay("get", 0.5, keys=["ada"], node=server.nodes[0])
        server.faults.error("put", "overload", times=1)
        cut = server.faults.cut("put", when="before")
        ...
        assert cut.hits == 1

    Every method takes the options of :class:`Target` and returns the
    :class:`Fault`.  Several faults can apply to one request: delays add up, and
    of the others the first one ordered is applied.  The name ``"connect"`` stands
    for new connections, which can be delayed, refused or left without an answer.
    Faults may be ordered from any thread.
    """

    def __init__(self, random: Random | None = None) -> None:
        self.random: Random = random or Random()
        self._ordered: list[Fault] = []
        self._lock = Lock()

    def delay(self, operation: str, seconds: float | Callable[[], float], **target: Unpack[Target]) -> Fault:
        """Wait before the request is carried out, and with it every later request of the connection, as in Riak.

        ``seconds`` is a number, or a function that returns one.
        """
        return self._order(Fault("delay", _known(operation), seconds=seconds, **target))

    def refuse(self, operation: str, **target: Unpack[Target]) -> Fault:
        """Close the connection instead of carrying the request out."""
        return self._order(Fault("refuse", _known(operation), **target))

    def error(
        self,
        operation: str,
        text: str | bytes,
        *,
        carried_out: bool = False,
        after: int = 0,
        **target: Unpack[Target],
    ) -> Fault:
        """Answer with an error of this text.

        ``carried_out``: the request is carried out all the same.  ``after``: the
        number of messages that a stream sends first.
        """
        data = text.encode() if isinstance(text, str) else text
        return self._order(Fault("error", _known(operation), text=data, carried_out=carried_out, after=after, **target))

    def cut(self, operation: str, when: When = "before", *, after: int = 0, **target: Unpack[Target]) -> Fault:
        """Carry the request out, then close the connection before, in the middle of, or after the reply.

        ``after``: the number of messages that a stream sends first.
        """
        return self._order(Fault("cut", _known(operation), when=when, after=after, **target))

    def garbage(
        self, operation: str, data: bytes | None = None, *, after: int = 0, **target: Unpack[Target]
    ) -> Fault:
        """Carry the request out, and send these bytes, or 64 random ones, instead of the reply."""
        return self._order(Fault("garbage", _known(operation), data=data, after=after, **target))

    def hang(self, operation: str, **target: Unpack[Target]) -> Fault:
        """Leave the request, and every later one on the connection, without an answer; it is not carried out."""
        return self._order(Fault("hang", _known(operation), **target))

    def race(self, writers: int = 2, seconds: float = 1.0, **target: Unpack[Target]) -> Fault:
        """Check the condition of a conditional put, and write only once other conditional puts have checked theirs.

        Riak up to 3.2 does not check and write atomically: writers at the same
        moment may all pass ``if_none_match`` or ``if_not_modified``.  Here the
        conditional puts of one key wait for each other after the check until
        ``writers`` of them have passed it, or for ``seconds``; then all write.
        """
        if writers < 1:
            raise ValueError(f"writers must be at least 1, not {writers}")
        return self._order(Fault("race", "put", seconds=seconds, writers=writers, **target))

    def clear(self) -> None:
        """Stop every fault."""
        with self._lock:
            for fault in self._ordered:
                fault.stop()
            self._ordered.clear()

    def __bool__(self) -> bool:
        return bool(self._ordered)

    def striking(self, operation: str, request: Any, node: object) -> tuple[float, Fault | None]:
        """Return what applies to a request: seconds of delay, and a fault of another kind."""
        seconds = 0.0
        found: Fault | None = None
        with self._lock:
            for fault in self._ordered:
                if (fault.kind == "delay" or found is None) and fault.strikes(operation, request, node, self.random):
                    if fault.kind == "delay":
                        seconds += fault.seconds
                    else:
                        found = fault
            self._ordered = [fault for fault in self._ordered if fault.remaining != 0]
        return seconds, found

    def _order(self, fault: Fault) -> Fault:
        with self._lock:
            self._ordered.append(fault)
        return fault


def _known(operation: str) -> str:
    if operation not in _NAMES:
        raise ValueError(f"no operation is called {operation!r}")
    return operation


def _keys(keys: Iterable[str | bytes]) -> frozenset[bytes]:
    if isinstance(keys, (str, bytes)):
        raise TypeError(f"keys must be several keys, such as [{keys!r}], not one")
    return frozenset(key.encode() if isinstance(key, str) else key for key in keys)
