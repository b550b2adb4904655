"""The client."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self
from weakref import WeakValueDictionary

from aioriak.bucket import Bucket
from aioriak.bucket_type import BucketType
from aioriak.cluster.balancer import Balancer
from aioriak.cluster.cluster import Cluster
from aioriak.cluster.dispatcher import Dispatcher
from aioriak.cluster.observed import ObservedDispatcher
from aioriak.cluster.retry import ATTEMPTS
from aioriak.cluster.stats import Stats
from aioriak.codec import Codecs, Decoder, Encoder
from aioriak.config import (
    DEFAULT_PORT,
    Address,
    AddressLike,
    Discovery,
    HealthPolicy,
    PoolLimits,
    RetryPolicy,
    Settings,
    Timeouts,
    addresses,
    parse_url,
    settings_from_options,
)
from aioriak.error import ClientClosed, InvalidRequest
from aioriak.operations import server
from aioriak.operations.names import Name
from aioriak.operations.server import ServerInfo
from aioriak.querying import AllowListing, ClientQueries, checked_listing
from aioriak.resolver import Resolver, checked, default_resolver
from aioriak.security import SecurityCreds, security_from, take_from_url
from aioriak.storing import ClientObjects
from aioriak.telemetry import Telemetry


class RiakClient(ClientObjects, ClientQueries):
    """A client of a Riak cluster, to be shared by all tasks of an event loop.

    ::

        async with await RiakClient.create("localhost", 8087) as client:
            bucket = client.bucket("users")
            user = await bucket.new("ann", {"name": "Ann"})
            await user.store()

    Nothing is connected before :meth:`create`, ``async with``, ``await client`` or the first request.
    Settings: ``nodes``, ``timeouts`` (:class:`~aioriak.config.Timeouts`, or one by one:
    ``connect_timeout``, ``request_timeout`` … in seconds), ``pool``
    (:class:`~aioriak.config.PoolLimits`, or ``max_size`` …), ``retry``
    (:class:`~aioriak.config.RetryPolicy`, or ``attempts``, ``retry_writes``).

    With several nodes: ``balancer`` (:class:`~aioriak.cluster.balancer.TwoChoices` unless given,
    ``RoundRobin``, ``LatencyAware``, or your own), ``key_aware`` (requests for a key go to the node
    that owns it), ``discover`` (follow the cluster's membership; ``True`` or a
    :class:`~aioriak.config.Discovery`), ``health`` (:class:`~aioriak.config.HealthPolicy`).
    ``behind_load_balancer`` switches all that off for a single address.

    ``allow_listing``: listing keys or buckets reads the whole cluster, and so gives a
    :class:`~aioriak.error.ListingWarning`; ``"silent"`` does not, ``"error"`` refuses it.

    Where the server has security on: ``credentials`` (:class:`~aioriak.security.SecurityCreds`), and,
    where their files do not say enough, ``tls`` (an ``ssl.SSLContext``) and ``server_hostname`` (the
    name in the servers' certificates).

    ``telemetry`` (:class:`~aioriak.telemetry.Telemetry`) is told what happens; :meth:`stats` says how
    things stand.
    """

    def __init__(
        self,
        host: str | Iterable[AddressLike] = "localhost",
        port: int = DEFAULT_PORT,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        nodes: AddressLike | Iterable[AddressLike] | None = None,
        timeouts: Timeouts | None = None,
        pool: PoolLimits | None = None,
        retry: RetryPolicy | None = None,
        health: HealthPolicy | None = None,
        balancer: Balancer | None = None,
        key_aware: bool = False,
        discover: bool | Discovery = False,
        behind_load_balancer: bool = False,
        credentials: SecurityCreds | Mapping[str, Any] | None = None,
        tls: ssl.SSLContext | bool | None = None,
        server_hostname: str | None = None,
        telemetry: Telemetry | None = None,
        resolver: Resolver | None = None,
        allow_listing: AllowListing = "warn",
        **options: Any,
    ) -> None:
        settings = Settings(
            nodes=_hosts(host, port) if nodes is None else addresses(nodes, port),
            timeouts=timeouts or Timeouts(),
            pool=pool or PoolLimits(),
            retry=retry or RetryPolicy(),
            security=security_from(credentials, tls, server_hostname),
            health=health or HealthPolicy(),
            discovery=Discovery() if discover is True else discover or None,
            key_aware=key_aware,
            behind_load_balancer=behind_load_balancer,
        )
        self.settings, unknown = settings_from_options(options, settings)
        if unknown:
            raise TypeError(f"there are no options {', '.join(sorted(unknown))}")
        self.codecs = Codecs()
        """The encoders and decoders that buckets fall back to."""
        self.datatypes: dict[bytes, str | None] = {}
        """What is known of bucket types' data types."""
        self._resolver: Resolver | None = checked(resolver)
        self.allow_listing = checked_listing(allow_listing)
        self._balancer = balancer
        self._telemetry = telemetry
        self._loop = loop
        self._cluster: Cluster | None = None
        self._dispatcher: Dispatcher | None = None
        self._original: RiakClient | None = None
        self._closed = False
        self._buckets: WeakValueDictionary[tuple[bytes | None, Name], Bucket] = WeakValueDictionary()
        self._bucket_types: WeakValueDictionary[Name, BucketType] = WeakValueDictionary()

    # -- life ---------------------------------------------------------------------------------

    @classmethod
    async def create(
        cls,
        host: str | Iterable[AddressLike] = "localhost",
        port: int = DEFAULT_PORT,
        loop: asyncio.AbstractEventLoop | None = None,
        **settings: Any,
    ) -> Self:
        """A client that is connected; the settings are those of :class:`RiakClient`.

        ``host`` may be a list.  ``loop`` is only for code that still passes it.

        Raises :class:`~aioriak.error.ConnectError` when no node can be reached.
        """
        return await cls(host, port, loop, **settings)._started()

    @classmethod
    def from_url(cls, url: str, **settings: Any) -> Self:
        """A client from ``riak://host:8087,other:8087/?max_size=4&request_timeout=10``.

        With credentials: ``riak://user:password@host/?cacert=ca.pem&cert=user.pem&pkey=user.key&crl=crl.pem``.
        To be used with ``async with``, or awaited.  Settings given by name win over the URL's.

        Raises :class:`~aioriak.error.InvalidRequest`.
        """
        parsed = parse_url(url)
        options = dict(parsed.options)
        take_from_url(parsed.user, parsed.password, options)
        return cls(nodes=parsed.nodes, **{**options, **settings})

    async def _started(self) -> Self:
        if self.closed:
            raise ClientClosed("the client is closed")
        self.dispatcher  # noqa: B018 - made here
        assert self._cluster is not None
        try:
            await self._cluster.start()
        except BaseException:
            self.close()
            raise
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._started().__await__()

    async def __aenter__(self) -> Self:
        return await self._started()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def dispatcher(self) -> Dispatcher:
        """What sends this client's requests. Raises :class:`~aioriak.error.ClientClosed`."""
        dispatcher = self._dispatcher
        if dispatcher is None:
            if self._closed:
                raise ClientClosed("the client is closed")
            self._cluster = Cluster(
                self.loop, self.settings, balancer=self._balancer, telemetry=self._telemetry
            )
            kind = Dispatcher if self._telemetry is None else ObservedDispatcher
            dispatcher = kind(self._cluster, self.settings.timeouts.request, self.settings.retry)
            self._dispatcher = dispatcher
        return dispatcher

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that the client belongs to."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    @property
    def closed(self) -> bool:
        """Whether ``close()`` or ``aclose()`` was called."""
        return self._closed or (self._cluster is not None and self._cluster.closed)

    def close(self) -> None:
        """Close every connection at once; may be called twice, and anywhere.

        What is in flight ends with :class:`~aioriak.error.ConnectionLost`, what waits with
        :class:`~aioriak.error.ClientClosed`.  :meth:`aclose` is the gentle way.
        """
        self._closed = True
        if self._cluster is not None:
            self._cluster.close()

    async def aclose(self) -> None:
        """Let what is in flight end (for ``timeouts.close`` seconds), close, and wait until all is closed."""
        self._closed = True
        if self._cluster is not None:
            await self._cluster.aclose()

    def __del__(self, _warn: Any = warnings.warn) -> None:
        cluster = getattr(self, "_cluster", None)
        if cluster is None or self._original is not None or cluster.closed:
            return
        _warn(f"{self!r} was not closed; use 'async with', aclose() or close()", ResourceWarning, source=self)
        cluster.close()

    def with_options(self, *, retry: RetryPolicy | None = None, **options: Any) -> Self:
        """A cheap copy of this client with other options; it shares connections, encoders and resolver.

        ``request_timeout`` in seconds (``None`` waits for ever); ``retry``, or ``attempts`` and
        ``retry_writes``.  The copy need not be closed.
        """
        allowed = {"request_timeout", "attempts", "retry_writes"}
        if not options.keys() <= allowed:
            raise TypeError(f"with_options takes {', '.join(sorted(allowed))} and retry, not {sorted(options)}")
        settings = self.settings if retry is None else replace(self.settings, retry=retry)
        settings, _ = settings_from_options(options, settings)
        dispatcher = self.dispatcher
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.settings = settings
        copy._original = self._original or self
        copy._dispatcher = type(dispatcher)(dispatcher.cluster, settings.timeouts.request, settings.retry)
        copy._buckets = WeakValueDictionary()
        copy._bucket_types = WeakValueDictionary()
        return copy

    @contextmanager
    def retry_count(self, retries: int) -> Iterator[None]:
        """Within ``with client.retry_count(n):`` requests of this task are attempted ``n`` times at most.

        For code that knows it from the official client; :meth:`with_options` says the same of a copy.
        Raises :class:`~aioriak.error.InvalidRequest`.
        """
        token = ATTEMPTS.set(RetryPolicy(attempts=retries).attempts)
        try:
            yield
        finally:
            ATTEMPTS.reset(token)

    def same_cluster(self, other: RiakClient) -> bool:
        """Whether two clients share their connections."""
        return (self._original or self) is (other._original or other)

    def stats(self) -> Stats:
        """How things stand: per node its state, connections, what is in flight and waits, counts, latencies."""
        return Stats(nodes=()) if self._cluster is None else self._cluster.stats()

    # -- nodes -------------------------------------------------------------------------------

    async def add_node(self, node: AddressLike) -> None:
        """Take another node in: ``"host:port"``, a pair, or ``{"host": …, "pb_port": …}``.

        Raises :class:`~aioriak.error.InvalidRequest`.
        """
        if self.settings.behind_load_balancer:
            raise InvalidRequest("behind a load balancer there is one address")
        self.dispatcher.cluster.add_node(Address.of(node))

    async def remove_node(self, node: AddressLike) -> None:
        """Let go of a node: nothing new is sent to it, what is in flight ends (``timeouts.close`` at most).

        Raises :class:`~aioriak.error.InvalidRequest` for an unknown node, and for the last one.
        """
        cluster = self.dispatcher.cluster
        known = cluster.nodes.get(Address.of(node))
        if known is None:
            raise InvalidRequest(f"there is no node {Address.of(node)}; there are {', '.join(map(str, cluster.nodes))}")
        if len(cluster.nodes) == 1:
            raise InvalidRequest("the last node cannot be removed")
        await cluster.remove_node(known)

    # -- values ------------------------------------------------------------------------------

    def get_encoder(self, content_type: str) -> Encoder | None:
        """The encoder for a content type, or ``None``."""
        return self.codecs.encoders.get(content_type)

    def set_encoder(self, content_type: str, encoder: Encoder) -> None:
        """Use ``encoder(value) -> bytes or str`` for a content type."""
        self.codecs.encoders.set(content_type, encoder)

    def get_decoder(self, content_type: str) -> Decoder | None:
        """The decoder for a content type, or ``None``."""
        return self.codecs.decoders.get(content_type)

    def set_decoder(self, content_type: str, decoder: Decoder) -> None:
        """Use ``decoder(bytes) -> value`` for a content type."""
        self.codecs.decoders.set(content_type, decoder)

    @property
    def resolver(self) -> Resolver:
        """The conflict resolver that buckets and objects without one of their own use."""
        return self._resolver or default_resolver

    @resolver.setter
    def resolver(self, value: Resolver | None) -> None:
        self._resolver = checked(value)

    # -- handles -------------------------------------------------------------------------------

    def bucket_type(self, name: Name) -> BucketType:
        """A bucket type; the same handle while one is held."""
        found = self._bucket_types.get(name)
        if found is None:
            found = self._bucket_types[name] = BucketType(self, name)
        return found

    def bucket(self, name: Name, bucket_type: Name | BucketType = "default") -> Bucket:
        """A bucket; the same handle while one is held."""
        kind = bucket_type if isinstance(bucket_type, BucketType) else self.bucket_type(bucket_type)
        found = self._buckets.get((kind.wire_name, name))
        if found is None:
            found = self._buckets[kind.wire_name, name] = Bucket(self, name, kind)
        return found

    # -- the server ------------------------------------------------------------------------------

    async def ping(self) -> bool:
        """True when a node answers; raises what prevents it otherwise."""
        return await server.ping(self.dispatcher)

    async def is_alive(self) -> bool:
        """The same as :meth:`ping`."""
        return await self.ping()

    async def get_server_info(self) -> ServerInfo:
        """Name and release of the node that answers."""
        return await server.server_info(self.dispatcher)

    async def get_client_id(self) -> bytes:
        """The client id of one of the connections."""
        return await server.get_client_id(self.dispatcher)

    async def set_client_id(self, client_id: str | bytes) -> None:
        """Set the client id of every connection, present and to come."""
        await server.set_client_id(self.dispatcher, client_id)

    def __repr__(self) -> str:
        where = ",".join(str(node) for node in self.settings.nodes)
        return f"<RiakClient {where}{' closed' if self.closed else ''}>"


def _hosts(host: str | Iterable[AddressLike], port: int) -> tuple[Address, ...]:
    if isinstance(host, str):
        # a bare IPv6 address has colons of its own
        return (Address.of(host, port),)
    if isinstance(host, Mapping) or not isinstance(host, Iterable):
        raise InvalidRequest(f"host is a name or a list of names, not {host!r}; nodes=… takes the rest")
    return addresses(list(host), port)
