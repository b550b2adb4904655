"""What handles, objects and data types need of a client."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Callable
from typing import Any, Literal, NoReturn, Protocol

from aioriak.cluster.balancer import Balancer
from aioriak.cluster.cluster import Cluster
from aioriak.cluster.dispatcher import CLOSED, Dispatcher
from aioriak.cluster.hedging import Hedging
from aioriak.cluster.observed import ObservedDispatcher
from aioriak.codec import Codecs
from aioriak.config import Settings
from aioriak.error import ClientClosed, InvalidRequest, ListingDisallowed, ListingWarning
from aioriak.observability.telemetry import Telemetry
from aioriak.operations.defaults import Defaults
from aioriak.operations.names import Name
from aioriak.update_queue import UpdateQueues

AllowListing = Literal["warn", "error", "silent"]
"""What listing keys or buckets does: warn, raise, or neither."""

Place = tuple[bytes | None, ...]
"""What a resolver or an encoder is set on: ``()`` for the client, ``(type,)`` or ``(type, bucket)``."""


class Preferences:
    """The resolvers, encoders and decoders that the application has set, by the name they are set on.

    All handles of a name share them, and so do all copies of a client.  A name on which nothing is set takes
    no memory here.
    """

    __slots__ = ("codecs", "own_codecs", "resolvers")

    def __init__(self) -> None:
        self.codecs: Codecs = Codecs()
        """The encoders and decoders of the client."""
        self.own_codecs: dict[Place, Codecs] = {}
        """Those of bucket types and buckets that have their own."""
        self.resolvers: dict[Place, Callable[[Any], Any]] = {}

    def resolver_of(self, place: Place) -> Callable[[Any], Any] | None:
        """Return the resolver of a place, or of the nearest place above it; ``None`` if there is none."""
        found = self.resolvers.get(place)
        while found is None and place:
            place = place[:-1]
            found = self.resolvers.get(place)
        return found

    def set_resolver(self, place: Place, resolver: Callable[[Any], Any] | None) -> None:
        """Set the resolver of a place; ``None`` removes it."""
        if resolver is None:
            self.resolvers.pop(place, None)
        else:
            self.resolvers[place] = resolver

    def codecs_of(self, place: Place) -> Codecs:
        """Return the codecs of a place, or of the nearest place above it."""
        while place:
            found = self.own_codecs.get(place)
            if found is not None:
                return found
            place = place[:-1]
        return self.codecs

    def make_codecs(self, place: Place) -> Codecs:
        """Return the place's own codecs, which fall back to those of the place above it."""
        if not place:
            return self.codecs
        found = self.own_codecs.get(place)
        if found is None:
            found = self.own_codecs[place] = Codecs(self.make_codecs(place[:-1]))
        return found


class Runtime:
    """The connections and the shared state of one client.

    The cluster is made at the first request, because a client may be made before its event loop runs.
    A copy for other settings shares everything but the settings.
    """

    __slots__ = (
        "_allow_listing", "_balancer", "_closed", "_cluster", "_dispatcher", "_identity", "_loop", "_telemetry",
        "datatypes", "preferences", "settings", "updates",
    )  # fmt: skip

    def __init__(
        self,
        settings: Settings,
        *,
        balancer: Balancer | None = None,
        telemetry: Telemetry | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        allow_listing: AllowListing = "warn",
    ) -> None:
        if allow_listing not in ("warn", "error", "silent"):
            raise InvalidRequest(f"allow_listing is warn, error or silent, not {allow_listing!r}")
        self.settings: Settings = settings
        self.preferences: Preferences = Preferences()
        """The resolvers, encoders and decoders of the client, its bucket types and its buckets."""
        self.datatypes: dict[bytes, str | None] = {}
        """The data type of each bucket type asked for so far; ``None`` for one without a data type."""
        self.updates: UpdateQueues = UpdateQueues()
        """The updates under way, by their keys."""
        self._allow_listing = allow_listing
        self._balancer = balancer
        self._telemetry = telemetry
        self._loop = loop
        self._cluster: Cluster | None = None
        self._dispatcher: Dispatcher | None = None
        self._closed = False
        self._identity = object()  # the same in every copy

    @property
    def dispatcher(self) -> Dispatcher:
        """The dispatcher of this client's requests. Raises :class:`~aioriak.error.ClientClosed`."""
        dispatcher = self._dispatcher
        if dispatcher is None:
            if self._closed:
                raise ClientClosed(CLOSED)
            self._cluster = Cluster(self.loop, self.settings, balancer=self._balancer, telemetry=self._telemetry)
            self._cluster.on_close = self.updates.close
            kind = Dispatcher if self._telemetry is None else ObservedDispatcher
            policy = self.settings.hedge
            hedging = None if policy is None else Hedging(policy)
            dispatcher = kind(self._cluster, self.settings.timeouts.request, self.settings.retry, hedging)
            self._dispatcher = dispatcher
        return dispatcher

    @property
    def cluster(self) -> Cluster | None:
        """The cluster, once a request or :meth:`start` has made it."""
        return self._cluster

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that the client belongs to."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    # -- opening and closing ------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether ``close()`` or ``aclose()`` was called, here or on a client with the same connections."""
        return self._closed or (self._cluster is not None and self._cluster.closed)

    async def start(self) -> None:
        """Connect to the cluster; close everything if that fails.

        Raises :class:`~aioriak.error.ConnectError` when no node can be reached.
        """
        if self.closed:
            raise ClientClosed(CLOSED)
        await self.dispatcher.cluster.start()

    def close(self) -> None:
        """Close every connection at once."""
        self._closed = True
        if self._cluster is not None:
            self._cluster.close()

    async def aclose(self) -> None:
        """Wait for requests in flight (``timeouts.close`` seconds at most), then close every connection.

        Raises :class:`~aioriak.error.WrongEventLoop`.
        """
        if self._cluster is not None:
            await self._cluster.aclose()
        self._closed = True

    # -- copies -------------------------------------------------------------------------------

    def with_settings(self, settings: Settings) -> Runtime:
        """Return a copy with other settings and the same connections.  Raises :class:`~aioriak.error.ClientClosed`."""
        dispatcher = self.dispatcher
        copy = Runtime.__new__(Runtime)
        for name in Runtime.__slots__:
            setattr(copy, name, getattr(self, name))
        copy.settings = settings
        hedging = dispatcher.hedging
        if settings.hedge != self.settings.hedge:
            hedging = None if settings.hedge is None else Hedging(settings.hedge)
        copy._dispatcher = type(dispatcher)(dispatcher.cluster, settings.timeouts.request, settings.retry, hedging)
        return copy

    def shares_connections(self, other: Runtime) -> bool:
        """Whether two clients have the same connections."""
        return self._identity is other._identity

    # -- the listing guard ----------------------------------------------------------------------

    def check_listing(self, what: str) -> None:
        """Warn of a listing, or refuse it, as ``allow_listing`` says.

        Raises :class:`~aioriak.error.ListingDisallowed`.
        """
        if self._allow_listing == "silent":
            return
        message = f"listing {what} reads the whole cluster"
        if self._allow_listing == "error":
            raise ListingDisallowed(f'{message}; this client has allow_listing="error"')
        message += '; say allow_listing="silent" where that is meant'
        warnings.warn(message, ListingWarning, stacklevel=_caller())


class DetachedRuntime(Runtime):
    """The runtime of handles that were made without a client: it keeps their settings and has no connections."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(Settings(nodes=()))
        self._identity = _DETACHED

    @property
    def dispatcher(self) -> NoReturn:
        """Raise :class:`~aioriak.error.InvalidRequest`."""
        raise InvalidRequest(
            "this handle was made without a client, and cannot send requests; client.bucket(name) makes one that can"
        )


_DETACHED = object()


class HasRuntime(Protocol):
    """A client, as the code below it sees it."""

    @property
    def _runtime(self) -> Runtime: ...


class BucketTypeView(Protocol):
    """A bucket type, as the code below it sees it."""

    @property
    def name(self) -> Name: ...
    @property
    def wire_name(self) -> bytes | None: ...


class BucketView(HasRuntime, Protocol):
    """A bucket, as the code below it sees it."""

    @property
    def name(self) -> Name: ...
    @property
    def wire_name(self) -> bytes: ...
    @property
    def path(self) -> str: ...
    @property
    def bucket_type(self) -> BucketTypeView: ...
    @property
    def defaults(self) -> Defaults: ...


class KeyView(Protocol):
    """An object, as code that only needs its place sees it."""

    @property
    def bucket(self) -> BucketView: ...
    @property
    def key(self) -> Name | None: ...


def _caller() -> int:
    """Return the ``stacklevel`` of the nearest frame outside this package, for the calling function."""
    frame, level = sys._getframe(1).f_back, 2
    while frame is not None and frame.f_globals.get("__name__", "").startswith("aioriak."):
        frame, level = frame.f_back, level + 1
    return level
