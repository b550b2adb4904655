"""The client: opens and closes connections, and makes handles."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, Unpack, cast, overload
from weakref import WeakValueDictionary

from aioriak import many
from aioriak.bucket import Bucket, BucketType
from aioriak.client_options import ClientOptions
from aioriak.cluster.balancer import Balancer
from aioriak.cluster.cluster import Cluster
from aioriak.codec import Decoder, Encoder
from aioriak.compat.client import CompatClient
from aioriak.config import (
    DEFAULT_PORT,
    Address,
    AddressLike,
    CopyOptions,
    Discovery,
    HealthPolicy,
    HedgePolicy,
    PoolLimits,
    RetryPolicy,
    Settings,
    SettingsOptions,
    Timeouts,
    addresses,
    check_options,
    parse_url,
    settings_from_options,
)
from aioriak.datatypes.base import Datatype
from aioriak.error import InvalidRequest, InvalidType, RiakError
from aioriak.observability.stats import Stats
from aioriak.observability.telemetry import Telemetry
from aioriak.operations import cluster, server
from aioriak.operations.defaults import BucketOptions
from aioriak.operations.names import Name
from aioriak.operations.options import ReadOptions, WriteOptions
from aioriak.operations.server import ServerInfo
from aioriak.queries.mapreduce import MapReduce
from aioriak.queries.search import Search
from aioriak.resolver import Resolver, checked, default_resolver
from aioriak.riak_object import RiakObject
from aioriak.runtime import AllowListing, Runtime
from aioriak.security import FROM_URL, SecurityCreds, security_from, take_from_url

if TYPE_CHECKING:
    from aioriak.admin.aae import Folds
    from aioriak.admin.replication import Replication

K = TypeVar("K", bound=Name)
P = TypeVar("P", bound=RiakObject[Any] | Datatype[Any])
V = TypeVar("V")
Policy = TypeVar("Policy", HedgePolicy, Discovery)


class RiakClient(CompatClient):
    """A client of a Riak cluster.  Any number of tasks of one event loop can share it.

    ::

        async with RiakClient("localhost") as client:
            users = client.bucket("users")
            user = await users.new("ann", {"name": "Ann"})
            await user.store()

    ``async with`` connects, and closes the connections at the end.  Without it the first request connects,
    and :meth:`aclose` or :meth:`close` closes.

    The parameters, all of them optional:

    ``host``, ``port``
        A node; ``host`` may be a list.  ``nodes`` takes ``"host:port"``, pairs and ``{"host": …, "pb_port": …}``.
    ``timeouts``, ``pool``, ``retry``
        :class:`~aioriak.config.Timeouts`, :class:`~aioriak.config.PoolLimits`,
        :class:`~aioriak.config.RetryPolicy`.  Each of their fields is also a parameter of its own:
        ``connect_timeout`` and ``request_timeout`` (seconds or a ``timedelta``), ``max_size``, ``attempts`` …
    ``balancer``
        Chooses the node of a request: :class:`~aioriak.cluster.balancer.TwoChoices` by default,
        ``RoundRobin``, ``LatencyAware``, or a :class:`~aioriak.cluster.balancer.Balancer` of your own.
    ``key_aware``
        Send the requests for a key to a node that owns it.
    ``discover``
        Follow the cluster's membership: ``True``, or a :class:`~aioriak.config.Discovery`.
    ``health``
        When a node is marked down and up: a :class:`~aioriak.config.HealthPolicy`.
    ``hedge``
        Send a read that takes unusually long to a second node as well: ``True``, or a
        :class:`~aioriak.config.HedgePolicy`.
    ``behind_load_balancer``
        The only address is that of a load balancer: balancing, health checks and discovery are off.
    ``credentials``, ``tls``, ``server_hostname``
        For a cluster with security enabled: :class:`~aioriak.security.SecurityCreds`; an ``ssl.SSLContext``
        in place of their files; the name in the servers' certificates.
    ``telemetry``
        A :class:`~aioriak.observability.telemetry.Telemetry` whose hooks are called for each operation.
    ``resolver``
        The conflict resolver of buckets and objects that have none of their own.
    ``allow_listing``
        Listing keys or buckets reads the whole cluster.  ``"warn"`` gives a
        :class:`~aioriak.error.ListingWarning`, ``"error"`` refuses a listing, ``"silent"`` allows it.
    ``loop``
        Accepted for code written for aioriak 0.2.  Not needed.

    Raises ``TypeError`` for an unknown parameter, :class:`~aioriak.error.InvalidRequest` for a bad value.
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
        hedge: bool | HedgePolicy = False,
        balancer: Balancer | None = None,
        key_aware: bool = False,
        discover: bool | Discovery = False,
        behind_load_balancer: bool = False,
        credentials: SecurityCreds | Mapping[str, object] | None = None,
        tls: ssl.SSLContext | bool | None = None,
        server_hostname: str | None = None,
        telemetry: Telemetry | None = None,
        resolver: Resolver | None = None,
        allow_listing: AllowListing = "warn",
        **options: Unpack[SettingsOptions],
    ) -> None:
        check_options("RiakClient", options, SettingsOptions.__optional_keys__, _NAMES)
        settings = Settings(
            nodes=_hosts(host, port) if nodes is None else addresses(nodes, port),
            timeouts=Timeouts() if timeouts is None else timeouts,
            pool=PoolLimits() if pool is None else pool,
            retry=RetryPolicy() if retry is None else retry,
            security=security_from(credentials, tls, server_hostname),
            health=HealthPolicy() if health is None else health,
            hedge=_policy(hedge, HedgePolicy),
            discovery=_policy(discover, Discovery),
            key_aware=key_aware,
            behind_load_balancer=behind_load_balancer,
        )
        settings = settings_from_options(options, settings)
        if balancer is not None and not all(hasattr(balancer, name) for name in ("pick", "observe", "wants_latency")):
            raise InvalidType(f"balancer has pick(), observe() and wants_latency, which {balancer!r} has not")
        if telemetry is not None and not isinstance(telemetry, Telemetry):
            raise InvalidType(f"telemetry is a Telemetry, not {telemetry!r}")
        self._runtime = Runtime(
            settings, balancer=balancer, telemetry=telemetry, loop=loop, allow_listing=allow_listing
        )
        self.resolver = resolver
        self._original: RiakClient | None = None
        self._buckets: WeakValueDictionary[tuple[bytes | None, Name], Bucket] = WeakValueDictionary()
        self._bucket_types: WeakValueDictionary[Name, BucketType] = WeakValueDictionary()

    # -- opening and closing ------------------------------------------------------------------

    @classmethod
    async def create(
        cls,
        host: str | Iterable[AddressLike] = "localhost",
        port: int = DEFAULT_PORT,
        loop: asyncio.AbstractEventLoop | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """Make a client and connect it, as ``await RiakClient(host, port, …)`` does.

        ``async with RiakClient(…)`` also closes it.  ``options`` are the other parameters of
        :class:`~aioriak.client.RiakClient`, listed in :class:`~aioriak.client_options.ClientOptions`.

        Raises :class:`~aioriak.error.ConnectError` when no node can be reached, and as ``RiakClient(…)`` does.
        """
        return await cls(host, port, loop, **options)._started()

    @classmethod
    def from_url(cls, url: str, **options: Unpack[ClientOptions]) -> Self:
        """Make a client from ``riak://host:8087,other:8087/?max_size=4&request_timeout=10``.

        With credentials: ``riak://user:password@host/?cacert=ca.pem&cert=user.pem&pkey=user.key&crl=crl.pem``.
        Use it as ``async with RiakClient.from_url(url) as client``.  ``options``, which are those of
        :class:`~aioriak.client_options.ClientOptions`, override the URL.

        Raises :class:`~aioriak.error.InvalidRequest` for a bad URL or value, ``TypeError`` for an unknown option.
        """
        parsed = parse_url(url)
        check_options("a Riak URL", parsed.options, _IN_URL)
        given: dict[str, Any] = {**parsed.options, "nodes": parsed.nodes}
        take_from_url(parsed.user, parsed.password, given)
        given.update(options)
        return cls(**given)

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
        """Close every connection at once.  It may be called twice, and outside the event loop.

        Requests in flight fail with :class:`~aioriak.error.ConnectionLost`, requests that wait for a
        connection with :class:`~aioriak.error.ClientClosed`.  :meth:`aclose` lets requests in flight finish.
        """
        self._runtime.close()

    async def aclose(self) -> None:
        """Close the client: wait for requests in flight, for ``timeouts.close`` seconds at most, then disconnect."""
        await self._runtime.aclose()

    def __del__(self, _warn: Any = warnings.warn) -> None:
        runtime: Runtime | None = getattr(self, "_runtime", None)  # unset where __init__ raised
        if runtime is None or runtime.cluster is None or self._original is not None or runtime.cluster.closed:
            return
        _warn(f"{self!r} was not closed; use 'async with', aclose() or close()", ResourceWarning, source=self)
        runtime.cluster.close()

    @property
    def settings(self) -> Settings:
        """The settings, which never change; :meth:`with_options` makes a client with others."""
        return self._runtime.settings

    def with_options(
        self,
        *,
        retry: RetryPolicy | None = None,
        hedge: bool | HedgePolicy | None = None,
        **options: Unpack[CopyOptions],
    ) -> Self:
        """Return a copy of this client with other options; both share connections, encoders and resolver.

        Options: ``request_timeout`` in seconds or as a ``timedelta`` (``None``: no limit), and ``retry``, or its
        fields ``attempts`` and ``retry_writes``; ``hedge``, where ``False`` means no hedging.  Closing the original
        closes the copy, which need not be closed itself.

        Raises ``TypeError`` for any other option, :class:`~aioriak.error.InvalidRequest` for a bad value.
        """
        check_options("with_options", options, CopyOptions.__optional_keys__, ["hedge", "retry"])
        settings = self.settings if retry is None else replace(self.settings, retry=retry)
        if hedge is not None:
            settings = replace(settings, hedge=_policy(hedge, HedgePolicy))
        settings = settings_from_options(cast(SettingsOptions, options), settings)
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy._runtime = self._runtime.with_settings(settings)
        copy._original = self._original or self
        copy._buckets = WeakValueDictionary()
        copy._bucket_types = WeakValueDictionary()
        return copy

    def stats(self) -> Stats:
        """Return each node's state, connections, requests in flight and waiting, counts and latencies."""
        cluster = self._runtime.cluster
        return Stats(nodes=()) if cluster is None else cluster.stats()

    # -- nodes -------------------------------------------------------------------------------

    @property
    def _cluster(self) -> Cluster:
        """The nodes that this client shares with its copies.  Raises :class:`~aioriak.error.ClientClosed`."""
        return self._runtime.dispatcher.cluster

    async def add_node(self, node: AddressLike) -> None:
        """Add a node: ``"host:port"``, a pair, or ``{"host": …, "pb_port": …}``.

        Raises :class:`~aioriak.error.InvalidRequest` for a bad address, and behind a load balancer.
        """
        if self.settings.behind_load_balancer:
            raise InvalidRequest("a client behind a load balancer has one address; no node can be added")
        self._cluster.add_node(Address.of(node))

    async def remove_node(self, node: AddressLike) -> None:
        """Remove a node: send it no more requests, and wait for those in flight, ``timeouts.close`` seconds at most.

        Raises :class:`~aioriak.error.InvalidRequest` for an unknown node, and for the last one.
        """
        cluster = self._cluster
        known = cluster.nodes.get(Address.of(node))
        if known is None:
            nodes = ", ".join(map(str, cluster.nodes))
            raise InvalidRequest(f"there is no node {Address.of(node)}; the nodes are {nodes}")
        if len(cluster.nodes) == 1:
            raise InvalidRequest("the last node cannot be removed")
        await cluster.remove_node(known)

    async def get_members(self) -> list[Address]:
        """Ask a node for the addresses of the cluster's nodes that are up (Riak 3.0.10 and later)."""
        return await cluster.members(self._runtime.dispatcher)

    # -- encoders, decoders, resolver ----------------------------------------------------------

    def get_encoder(self, content_type: str) -> Encoder | None:
        """Return the encoder of a content type, or ``None``."""
        return self._runtime.preferences.codecs.encoders.get(content_type)

    def set_encoder(self, content_type: str, encoder: Encoder) -> None:
        """Encode values of a content type with ``encoder(value) -> bytes or str``."""
        self._runtime.preferences.codecs.encoders.set(content_type, encoder)

    def get_decoder(self, content_type: str) -> Decoder | None:
        """Return the decoder of a content type, or ``None``."""
        return self._runtime.preferences.codecs.decoders.get(content_type)

    def set_decoder(self, content_type: str, decoder: Decoder) -> None:
        """Decode values of a content type with ``decoder(bytes) -> value``."""
        self._runtime.preferences.codecs.decoders.set(content_type, decoder)

    @property
    def resolver(self) -> Resolver:
        """The conflict resolver of buckets and objects that have none of their own."""
        return self._runtime.preferences.resolver_of(()) or default_resolver

    @resolver.setter
    def resolver(self, value: Resolver | None) -> None:
        self._runtime.preferences.set_resolver((), checked(value))

    # -- handles -------------------------------------------------------------------------------

    def bucket_type(self, name: Name) -> BucketType:
        """Return a bucket type; the same handle as before, while that one is referenced.

        Raises :class:`~aioriak.error.InvalidRequest` for an empty name, and :class:`~aioriak.error.InvalidType`,
        which is a ``TypeError`` too, for one that is neither text nor bytes.
        """
        found = self._bucket_types.get(name) if isinstance(name, (str, bytes)) else None
        if found is None:
            found = self._bucket_types[name] = BucketType(self, name)
        return found

    @overload
    def bucket(
        self, name: Name, bucket_type: Literal["default", b"default"] = "default", **options: Unpack[BucketOptions]
    ) -> Bucket[RiakObject]: ...
    @overload
    def bucket(self, name: Name, bucket_type: Name | BucketType, **options: Unpack[BucketOptions]) -> Bucket: ...
    def bucket(
        self, name: Name, bucket_type: Name | BucketType = "default", **options: Unpack[BucketOptions]
    ) -> Bucket:
        """Return a bucket; without ``options`` the same handle as before, while that one is referenced.

        With ``options``, as in ``client.bucket("users", r="quorum", timeout=timedelta(seconds=2))``, it is a handle
        of its own, whose requests have these options: :meth:`Bucket.with_options
        <aioriak.bucket.Bucket.with_options>`.

        Raises as :meth:`bucket_type` and :meth:`Bucket.with_options <aioriak.bucket.Bucket.with_options>` do.
        """
        kind = bucket_type if isinstance(bucket_type, BucketType) else self.bucket_type(bucket_type)
        if options or kind.defaults.given:
            own = Bucket(self, name, kind)
            return own.with_options(**options) if options else own
        found = self._buckets.get((kind.wire_name, name)) if isinstance(name, (str, bytes)) else None
        if found is None:
            found = self._buckets[kind.wire_name, name] = Bucket(self, name, kind)
        return found

    # -- many objects ----------------------------------------------------------------------------

    def get_many(
        self,
        places: Iterable[tuple[Bucket[V], K]] | AsyncIterable[tuple[Bucket[V], K]],
        *,
        concurrency: int = 64,
        **options: Unpack[ReadOptions],
    ) -> AsyncIterator[tuple[tuple[Bucket[V], K], V | RiakError]]:
        """Fetch from many buckets: yields each pair of bucket and key with its object, as the replies arrive.

        At most ``concurrency`` requests are in flight.  ``places`` is read only as requests finish.  A pair whose
        request failed comes with the :class:`~aioriak.error.RiakError` in place of the object.
        """

        async def fetch(place: tuple[Bucket[V], K]) -> V:
            bucket, key = place
            return await bucket.get(key, **options)

        return many.each(fetch, places, concurrency)

    def put_many(
        self, objects: Iterable[P] | AsyncIterable[P], *, concurrency: int = 64, **options: Unpack[WriteOptions]
    ) -> AsyncIterator[tuple[P, RiakError | None]]:
        """Store many objects or data types: yields each with ``None``, or with its error, as the replies arrive.

        At most ``concurrency`` requests are in flight.  ``objects`` is read only as requests finish.
        """
        return many.stored(objects, concurrency, options)

    # -- the server ------------------------------------------------------------------------------

    async def ping(self) -> bool:
        """Return true when a node answers.  Raises :class:`~aioriak.error.RiakError` otherwise."""
        return await server.ping(self._runtime.dispatcher)

    async def get_server_info(self) -> ServerInfo:
        """Return the name and release of a node of the cluster."""
        return await server.server_info(self._runtime.dispatcher)

    # -- namespaces ------------------------------------------------------------------------------

    @property
    def aae(self) -> Folds:
        """AAE folds: queries of the key store of active anti-entropy, and jobs over their results."""
        from aioriak.admin.aae import Folds  # few programs need it

        return Folds(self._runtime)

    @property
    def replication(self) -> Replication:
        """Replication queues."""
        from aioriak.admin.replication import Replication  # few programs need it

        return Replication(self._runtime)

    @property
    def search(self) -> Search:
        """Search queries, and the administration of search indexes and schemas (Riak 2.x)."""
        return Search(self._runtime)

    @property
    def mapreduce(self) -> MapReduce:
        """Map/reduce jobs."""
        return MapReduce(self._runtime)

    def __repr__(self) -> str:
        where = ",".join(str(node) for node in self.settings.nodes)
        return f"<RiakClient {where}{' closed' if self.closed else ''}>"


_NAMES = frozenset(("host", "port", "loop")) | ClientOptions.__optional_keys__

_IN_URL = SettingsOptions.__optional_keys__.union(
    FROM_URL, ("allow_listing", "behind_load_balancer", "discover", "hedge", "key_aware", "server_hostname", "tls")
)


def _policy(value: bool | Policy | None, default: Callable[[], Policy]) -> Policy | None:
    """Return what an option means that is a policy, ``True`` for the default one or ``False`` for none."""
    if value is True:
        return default()
    return None if value is None or value is False else value


def _hosts(host: str | Iterable[AddressLike], port: int) -> tuple[Address, ...]:
    if isinstance(host, str):
        # not addresses(): a bare IPv6 address must not be split at its colons
        return (Address.of(host, port),)
    if isinstance(host, Mapping) or not isinstance(host, Iterable):
        raise InvalidRequest(f"host is a name or a list of names, not {host!r}; other forms go into nodes=")
    return addresses(list(host), port)
