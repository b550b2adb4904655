"""The log of the requests that a server received."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, overload

from aioriak.testing.member import Member
from aioriak.wire.operation import OPERATIONS

_NAMES = {operation.name for operation in OPERATIONS.values()}


class Request(NamedTuple):
    """One request: the name of its operation, its message and the node that received it.

    ``message`` is the protobuf message, ``None`` for an operation without one.
    """

    operation: str
    message: Any
    node: Member

    @property
    def bucket_type(self) -> str:
        """The bucket type; ``default`` where the message names none."""
        return _text(getattr(self.message, "type", b"") or b"default")

    @property
    def bucket(self) -> str:
        """The bucket, empty where the message has none; undecodable bytes as surrogate escapes."""
        return _text(getattr(self.message, "bucket", b""))

    @property
    def key(self) -> str:
        """The key, empty where the message has none; undecodable bytes as surrogate escapes."""
        return _text(getattr(self.message, "key", b""))

    def __str__(self) -> str:
        place = "/".join(part for part in (self.bucket_type if self.bucket else "", self.bucket, self.key) if part)
        return f"{self.operation} {place}".rstrip()


class RequestLog:
    """The requests that a server received, in order.

    ::

        server.requests["get"]                         # the number of gets
        server.requests[-1].key                        # the last request
        server.requests.filter("put", bucket="users")  # a list of requests
        [str(request) for request in server.requests]  # "put default/users/ada" …

    Only the last ``limit`` requests are kept; the counts by operation are of all.
    ``on_request``, if set, is called with each :class:`Request`.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self.on_request: Callable[[Request], None] | None = None
        self._kept: deque[tuple[str, Any, Member]] = deque(maxlen=limit)
        self._counts: Counter[str] = Counter()

    def append(self, operation: str, message: Any, node: Member) -> None:
        """Add a request."""
        self._counts[operation] += 1
        self._kept.append((operation, message, node))
        if self.on_request is not None:
            self.on_request(Request(operation, message, node))

    def filter(
        self,
        operation: str | None = None,
        *,
        bucket_type: str | None = None,
        bucket: str | None = None,
        key: str | None = None,
        node: Member | None = None,
        where: Callable[[Any], bool] | None = None,
    ) -> list[Request]:
        """Return the requests that match every given criterion, oldest first.

        ``where`` is a function of the request message.
        """
        if operation is not None and operation not in _NAMES:
            raise ValueError(f"no operation is called {operation!r}")
        return [
            request
            for request in self
            if (operation is None or request.operation == operation)
            and (bucket_type is None or request.bucket_type == bucket_type)
            and (bucket is None or request.bucket == bucket)
            and (key is None or request.key == key)
            and (node is None or request.node is node)
            and (where is None or where(request.message))
        ]

    @property
    def counts(self) -> Counter[str]:
        """The number of requests by operation."""
        return Counter(self._counts)

    def clear(self) -> None:
        """Forget all requests and counts."""
        self._kept.clear()
        self._counts.clear()

    @overload
    def __getitem__(self, index: str) -> int: ...
    @overload
    def __getitem__(self, index: int) -> Request: ...
    def __getitem__(self, index: str | int) -> int | Request:
        """Return the number of requests of an operation, or the request at a position."""
        if isinstance(index, int):
            return Request(*self._kept[index])
        if index not in _NAMES:
            raise ValueError(f"no operation is called {index!r}")
        return self._counts[index]

    def __iter__(self) -> Iterator[Request]:
        return iter([Request(*each) for each in tuple(self._kept)])

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        return f"<RequestLog {dict(self._counts)}>"


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
