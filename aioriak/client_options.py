"""The options of a client by name, for type checkers."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping

from aioriak.cluster.balancer import Balancer
from aioriak.config import (
    AddressLike,
    Discovery,
    HealthPolicy,
    HedgePolicy,
    PoolLimits,
    RetryPolicy,
    SettingsOptions,
    Timeouts,
)
from aioriak.observability.telemetry import Telemetry
from aioriak.resolver import Resolver
from aioriak.runtime import AllowListing
from aioriak.security import SecurityCreds


class ClientOptions(SettingsOptions, total=False):
    """Keywords of :class:`~aioriak.client.RiakClient` and ``RiakClient.create`` besides host, port and loop.

    A program that keeps its settings in one place annotates them with this class::

        SETTINGS: ClientOptions = {"max_size": 4, "request_timeout": 10.0}
        client = RiakClient("localhost", **SETTINGS)

    All options of :class:`~aioriak.config.SettingsOptions`, which are the fields of the first three, and:

    ``timeouts``, ``pool``, ``retry``
        :class:`~aioriak.config.Timeouts`, :class:`~aioriak.config.PoolLimits`, :class:`~aioriak.config.RetryPolicy`.
        A field that is also given as an option of its own has that option's value.
    ``nodes`` (the host and port)
        ``"host:port"``, pairs, and ``{"host": …, "pb_port": …}``.
    ``health`` (``HealthPolicy()``)
        When a node is marked down and up: a :class:`~aioriak.config.HealthPolicy`.
    ``hedge`` (``False``)
        Send a read that takes unusually long to a second node as well: ``True``, or a
        :class:`~aioriak.config.HedgePolicy`.
    ``balancer`` (``TwoChoices()``)
        Chooses the node of a request: a :class:`~aioriak.cluster.balancer.Balancer`.
    ``key_aware`` (``False``)
        Send the requests for a key to a node that owns it.
    ``discover`` (``False``)
        Follow the cluster's membership: ``True``, or a :class:`~aioriak.config.Discovery`.
    ``behind_load_balancer`` (``False``)
        The only address is that of a load balancer.
    ``credentials``, ``tls``, ``server_hostname`` (``None``)
        For a cluster with security enabled: :class:`~aioriak.security.SecurityCreds`; an ``ssl.SSLContext``; the
        name in the servers' certificates.
    ``telemetry`` (``None``)
        A :class:`~aioriak.observability.telemetry.Telemetry`.
    ``resolver`` (``None``: siblings are left)
        The conflict resolver of buckets and objects that have none of their own.
    ``allow_listing`` (``"warn"``)
        Whether listings warn, raise (``"error"``) or neither (``"silent"``).
    """

    nodes: AddressLike | Iterable[AddressLike] | None
    timeouts: Timeouts | None
    pool: PoolLimits | None
    retry: RetryPolicy | None
    health: HealthPolicy | None
    hedge: bool | HedgePolicy
    balancer: Balancer | None
    key_aware: bool
    discover: bool | Discovery
    behind_load_balancer: bool
    credentials: SecurityCreds | Mapping[str, object] | None
    tls: ssl.SSLContext | bool | None
    server_hostname: str | None
    telemetry: Telemetry | None
    resolver: Resolver | None
    allow_listing: AllowListing
