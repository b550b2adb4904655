"""The client."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack
from weakref import WeakValueDictionary

from aioriak import many
from aioriak.bucket import Bucket, BucketType
from aioriak.cluster.balancer import Balancer
from aioriak.cluster.stats import Stats
from aioriak.codec import Decoder, Encoder
from aioriak.compat.client import CompatClient
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
from aioriak.error import InvalidRequest, RiakError
from aioriak.operations import cluster, server
from aioriak.operations.names import Name
from aioriak.operations.options import WriteOptions
from aioriak.operations.server import ServerInfo
from aioriak.queries.mapreduce import MapReduce
from aioriak.queries.search import Search
from aioriak.resolver import Resolver, checked, default_resolver
from aioriak.runtime import AllowListing, Runtime
from aioriak.security import SecurityCreds, security_from, take_from_url
from aioriak.telemetry import Telemetry

if TYPE_CHECKING:
    from aioriak.admin.aae import Folds
    from aioriak.admin.replication import Replication


class RiakClient(CompatClient):
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
        settings, unknown = settings_from_options(options, settings)
        if unknown:
            raise TypeError(f"there are no options {', '.join(sorted(unknown))}")
        self._runtime = Runtime(
            settings, balancer=balancer, telemetry=telemetry, loop=loop, allow_listing=allow_listing
        )
        self._resolver: Resolver | None = checked(resolver)
        self._original: RiakClient | None = None
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
        await self._runtime.start()
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
    def closed(self) -> bool:
        """Whether ``close()`` or ``aclose()`` was called."""
        return self._runtime.closed

    def close(self) -> None:
        """Close every connection at once; may be called twice, and anywhere.

        What is in flight ends with :class:`~aioriak.error.ConnectionLost`, what waits with
        :class:`~aioriak.error.ClientClosed`.  :meth:`aclose` is the gentle way.
        """
        self._runtime.close()

    async def aclose(self) -> None:
        """Let what is in flight end (for ``timeouts.close`` seconds), close, and wait until all is closed."""
        await self._runtime.aclose()

    def __del__(self, _warn: Any = warnings.warn) -> None:
        runtime: Runtime | None = getattr(self, "_runtime", None)  # unset where __init__ raised
        if runtime is None or runtime.cluster is None or self._original is not None or runtime.cluster.closed:
            return
        _warn(f"{self!r} was not closed; use 'async with', aclose() or close()", ResourceWarning, source=self)
        runtime.cluster.close()

    @property
    def settings(self) -> Settings:
        """The settings of this client; frozen."""
        return self._runtime.settings

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
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy._runtime = self._runtime.with_settings(settings)
        copy._original = self._original or self
        copy._buckets = WeakValueDictionary()
        copy._bucket_types = WeakValueDictionary()
        return copy

    def stats(self) -> Stats:
        """How things stand: per node its state, connections, what is in flight and waits, counts, latencies."""
        cluster = self._runtime.cluster
        return Stats(nodes=()) if cluster is None else cluster.stats()

    # -- nodes -------------------------------------------------------------------------------

    async def add_node(self, node: AddressLike) -> None:
        """Take another node in: ``"host:port"``, a pair, or ``{"host": …, "pb_port": …}``.

        Raises :class:`~aioriak.error.InvalidRequest`.
        """
        if self.settings.behind_load_balancer:
            raise InvalidRequest("behind a load balancer there is one address")
        self._runtime.dispatcher.cluster.add_node(Address.of(node))

    async def remove_node(self, node: AddressLike) -> None:
        """Let go of a node: nothing new is sent to it, what is in flight ends (``timeouts.close`` at most).

        Raises :class:`~aioriak.error.InvalidRequest` for an unknown node, and for the last one.
        """
        cluster = self._runtime.dispatcher.cluster
        known = cluster.nodes.get(Address.of(node))
        if known is None:
            raise InvalidRequest(f"there is no node {Address.of(node)}; there are {', '.join(map(str, cluster.nodes))}")
        if len(cluster.nodes) == 1:
            raise InvalidRequest("the last node cannot be removed")
        await cluster.remove_node(known)

    # -- values ------------------------------------------------------------------------------

    def get_encoder(self, content_type: str) -> Encoder | None:
        """The encoder for a content type, or ``None``."""
        return self._runtime.codecs.encoders.get(content_type)

    def set_encoder(self, content_type: str, encoder: Encoder) -> None:
        """Use ``encoder(value) -> bytes or str`` for a content type."""
        self._runtime.codecs.encoders.set(content_type, encoder)

    def get_decoder(self, content_type: str) -> Decoder | None:
        """The decoder for a content type, or ``None``."""
        return self._runtime.codecs.decoders.get(content_type)

    def set_decoder(self, content_type: str, decoder: Decoder) -> None:
        """Use ``decoder(bytes) -> value`` for a content type."""
        self._runtime.codecs.decoders.set(content_type, decoder)

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

    # -- many objects ----------------------------------------------------------------------------

    def put_many(
        self, objects: Iterable[Any] | AsyncIterable[Any], *, concurrency: int = 64, **options: Unpack[WriteOptions]
    ) -> AsyncIterator[tuple[Any, RiakError | None]]:
        """Store many objects: pairs of an object and ``None``, or its error, in the order they come.

        ``concurrency`` requests are under way at most, and ``objects`` is read no faster than needed.
        """

        async def one(robject: Any) -> None:
            await robject.store(**options)

        return many.each(one, objects, concurrency)

    # -- the server ------------------------------------------------------------------------------

    async def ping(self) -> bool:
        """True when a node answers; raises what prevents it otherwise."""
        return await server.ping(self._runtime.dispatcher)

    async def get_server_info(self) -> ServerInfo:
        """Name and release of the node that answers."""
        return await server.server_info(self._runtime.dispatcher)

    async def get_members(self) -> list[Address]:
        """The addresses of the nodes that are up, as the node that answers knows them (Riak 3.0.10 on)."""
        return await cluster.members(self._runtime.dispatcher)

    # -- namespaces ------------------------------------------------------------------------------

    @property
    def aae(self) -> Folds:
        """AAE folds: questions to anti-entropy's key store, and jobs over what they find."""
        from aioriak.admin.aae import Folds  # most programs never do

        return Folds(self._runtime)

    @property
    def replication(self) -> Replication:
        """Replication queues."""
        from aioriak.admin.replication import Replication  # most programs never do

        return Replication(self._runtime)

    @property
    def search(self) -> Search:
        """Queries to search indexes, and the administration of indexes and schemas (Riak 2.x)."""
        return Search(self._runtime)

    @property
    def mapreduce(self) -> MapReduce:
        """Map/reduce jobs."""
        return MapReduce(self._runtime)

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
