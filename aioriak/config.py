"""Settings: frozen values that say where, how many, how long and how often."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from math import inf
from random import Random
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar
from urllib.parse import parse_qsl, unquote

from aioriak.error import InvalidRequest, InvalidType
from aioriak.security import Security
from aioriak.wire.framing import DEFAULT_MAX_FRAME

DEFAULT_PORT = 8087
"""Riak's protocol-buffers port."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a node listens for protocol buffers."""

    host: str
    port: int = DEFAULT_PORT
    server_name: str | None = field(default=None, compare=False)
    """The name to check the server's certificate against, where it is not ``host``."""

    def __post_init__(self) -> None:
        # no error repeats what is no host or port: in a broken URL it can be a password
        if not isinstance(self.host, str) or not self.host:
            raise InvalidRequest("a host is a non-empty string")
        if not _is_host(self.host):
            raise InvalidRequest(
                "a host is a name or an IP address, without scheme or path; RiakClient.from_url() takes a riak:// URL"
            )
        if isinstance(self.port, bool) or not isinstance(self.port, int):
            raise InvalidRequest(f"a port is a number from 1 to 65535, not of type {type(self.port).__name__}")
        if not 0 < self.port < 65536:
            raise InvalidRequest(f"a port is a number from 1 to 65535, not {self.port}")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def of(cls, value: AddressLike, port: int = DEFAULT_PORT) -> Address:
        """Make an address from ``"host"``, ``"host:port"``, ``"[v6]:port"``, a pair, or ``{"host": …, "pb_port": …}``.

        ``port`` counts where the value names none.  Raises :class:`~aioriak.error.InvalidRequest`.
        """
        if isinstance(value, Address):
            return value
        if isinstance(value, str):
            return cls(*_split_host(value, port))
        if isinstance(value, Mapping):
            unknown = set(value) - {"host", "pb_port", "port", "http_port"}
            if unknown or "host" not in value:
                raise InvalidRequest("a node is given as {'host': …, 'pb_port': …}, with no other keys")
            given: Mapping[str, Any] = value  # a value of the wrong type is refused by the class
            return cls(given["host"], given.get("pb_port", given.get("port", port)))
        if isinstance(value, tuple) and len(value) == 2:
            return cls(value[0], value[1])
        raise InvalidRequest(f"a {type(value).__name__} of this form is not an address")


AddressLike = Address | str | tuple[str, int] | Mapping[str, object]
"""``Address``, ``"host"``, ``"host:port"``, a pair of host and port, or ``{"host": …, "pb_port": …}``."""


_NO_HOST = re.compile(r"[@/?#\[\],\s]")


def _is_host(host: str) -> bool:
    """Whether ``host`` can be a name or an IP address: not a URL, nor a user and a password."""
    if _NO_HOST.search(host) or not host.isprintable():
        return False
    if ":" not in host:
        return True
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _split_host(text: str, port: int) -> tuple[str, int]:
    host, rest = text, ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise InvalidRequest("an IPv6 address is written [address] or [address]:port")
        rest = rest[1:]
    elif text.count(":") == 1:
        host, _, rest = text.partition(":")
        if not rest:
            raise InvalidRequest("not an address: no port follows the colon")
    if not rest:
        return host, port
    if not rest.isascii() or not rest.isdigit():
        raise InvalidRequest("a port is a number from 1 to 65535")
    return host, int(rest[:6])  # more digits are out of range in any case


def addresses(values: AddressLike | Iterable[AddressLike], port: int = DEFAULT_PORT) -> tuple[Address, ...]:
    """Return one or many addresses as a tuple, each once, in their order."""
    single = isinstance(values, (Address, str, Mapping)) or (
        isinstance(values, tuple) and len(values) == 2 and isinstance(values[1], int)
    )
    many = [values] if single else list(values)  # type: ignore[arg-type]
    found = tuple(dict.fromkeys(Address.of(value, port) for value in many))  # type: ignore[arg-type]
    if not found:
        raise InvalidRequest("at least one node is needed")
    return found


S = TypeVar("S", bound=float | None)


class Seconds(Generic[S]):
    """A time in seconds, as a field of settings: given as a number or a ``timedelta``, kept as a number.

    Type checkers see this descriptor.  At run time it only holds the default, because the fields are slots:
    :func:`_keep_seconds` converts the values.
    """

    def __init__(self, default: S) -> None:
        self.default = default

    def __get__(self, settings: object | None, kind: type) -> S:
        return self.default

    def __set__(self, settings: object, value: S | timedelta) -> None:
        raise NotImplementedError


def _keep_seconds(settings: object, *names: str, zero: bool = False, optional: bool = False) -> None:
    """Check the fields ``names`` of new settings, and convert each ``timedelta`` to seconds.

    ``zero``: whether 0 is allowed.  ``optional``: whether ``None`` is.
    """
    for name in names:
        value = getattr(settings, name)
        number = value.total_seconds() if isinstance(value, timedelta) else value
        if number is None and optional:
            continue
        is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
        if not is_number or not (number >= 0 if zero else number > 0) or not number < inf:
            label = f"the {name} timeout" if isinstance(settings, Timeouts) else name
            least = "from 0 up" if zero else "above 0"
            never = ", or None to wait for ever" if optional else ""
            raise InvalidRequest(f"{label} is a number of seconds {least} or a timedelta{never}; not {value!r}")
        if number is not value:
            object.__setattr__(settings, name, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds or as a ``timedelta``; ``None`` waits for ever.

    ``connect``: for a TCP connection. ``handshake``: for TLS and authentication (Riak delays a refusal by
    five seconds). ``request``: for the answer to a request, retries included, or for the next message of a
    stream. ``attempt``: for one attempt at a read that could go to another node; it gets half of the time
    left at most, and no more than that where this is ``None``. ``fold``: for the answer to an AAE fold.
    ``overdue``: how much longer the reply to a request that was given up may hold up its connection.
    ``close``: for what is in flight when the client is closed.
    """

    connect: Seconds[float | None] = Seconds(5.0)
    handshake: Seconds[float | None] = Seconds(15.0)
    request: Seconds[float | None] = Seconds(60.0)
    attempt: Seconds[float | None] = Seconds(None)
    fold: Seconds[float | None] = Seconds(3600.0)
    overdue: Seconds[float | None] = Seconds(5.0)
    close: Seconds[float | None] = Seconds(5.0)

    def __post_init__(self) -> None:
        _keep_seconds(self, *(one.name for one in fields(self)), optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """How many connections to a node, and how they are used.

    ``min_size`` connections are kept open, at most ``max_size`` are opened; each takes up to
    ``max_in_flight`` requests at a time.  A connection that was idle for ``idle_timeout`` seconds
    or is ``max_lifetime`` seconds old is closed when nothing is in flight on it (``None``: never).
    ``stream_buffer``: bytes of a stream that may wait for a slow consumer before reading pauses.
    ``max_frame``: the largest message accepted, in bytes.
    """

    min_size: int = 1
    max_size: int = 8
    max_in_flight: int = 32
    idle_timeout: Seconds[float | None] = Seconds(300.0)
    max_lifetime: Seconds[float | None] = Seconds(3600.0)
    stream_buffer: int = 1024 * 1024
    max_frame: int = DEFAULT_MAX_FRAME

    def __post_init__(self) -> None:
        for name in ("min_size", "max_size", "max_in_flight", "stream_buffer", "max_frame"):
            value, least = getattr(self, name), 0 if name == "min_size" else 1
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InvalidRequest(f"{name} is a whole number from {least} up, not {value!r}")
        if self.min_size > self.max_size:
            raise InvalidRequest(f"min_size {self.min_size} is larger than max_size {self.max_size}")
        _keep_seconds(self, "idle_timeout", "max_lifetime", optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits that double from ``first`` to ``longest`` seconds, each shortened at random by up to half."""

    first: Seconds[float] = Seconds(0.05)
    longest: Seconds[float] = Seconds(5.0)
    rng: Random = field(default_factory=Random, compare=False, repr=False)

    def __post_init__(self) -> None:
        _keep_seconds(self, "first", "longest", zero=True)
        if not isinstance(self.rng, Random):
            raise InvalidRequest(f"rng is a random.Random, not {self.rng!r}")

    def delay(self, attempt: int) -> float:
        """Return the seconds to wait before attempt number ``attempt`` + 1 (``attempt`` counts from 1)."""
        full = min(self.longest, self.first * 2.0 ** min(attempt - 1, 60))
        return full * (0.5 + self.rng.random() / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a request is attempted in all, and how long to wait between attempts.

    Reads, and requests that were never sent, are attempted again.  A write that may have been received is
    attempted again only with ``retry_writes``, and only if it cannot fail or become a sibling because of itself.
    """

    attempts: int = 3
    backoff: Backoff = field(default_factory=Backoff)
    retry_writes: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or self.attempts < 1:
            raise InvalidRequest(f"attempts is a whole number from 1 up, not {self.attempts!r}")
        if not isinstance(self.retry_writes, bool):
            raise InvalidRequest(f"retry_writes is True or False, not {self.retry_writes!r}")
        if not isinstance(self.backoff, Backoff):
            raise InvalidRequest(f"backoff is a Backoff, not {self.backoff!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPolicy:
    """When a node is marked down, and when it gets requests again.

    ``suspect_after``: a node that owes replies and has sent none for so many seconds is pinged over another
    connection (``None``: only after a request has timed out).  ``probe_timeout``: how many seconds the reply
    to a ping may take; without one the node is marked down, and its reads are sent to other nodes.
    A node that is down is probed after waits that follow ``backoff``.  When it serves again, its share of the
    requests grows to the full over ``ramp`` seconds.
    """

    backoff: Backoff = field(default_factory=lambda: Backoff(first=0.1, longest=10.0))
    suspect_after: Seconds[float | None] = Seconds(1.0)
    probe_timeout: Seconds[float] = Seconds(1.0)
    ramp: Seconds[float] = Seconds(5.0)

    def __post_init__(self) -> None:
        _keep_seconds(self, "suspect_after", optional=True)
        _keep_seconds(self, "probe_timeout")
        _keep_seconds(self, "ramp", zero=True)
        if not isinstance(self.backoff, Backoff):
            raise InvalidRequest(f"backoff is a Backoff, not {self.backoff!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgePolicy:
    """When a read is sent to a second node as well; the first answer wins.

    A read that takes longer than ``percentile`` of the recent ones of its kind, and than ``at_least`` seconds, is
    sent again.  At most the part ``budget`` of the reads of a window is doubled; a window is 10 seconds and
    100 reads at least.
    """

    percentile: float = 0.99
    at_least: Seconds[float] = Seconds(0.01)
    budget: float = 0.05

    def __post_init__(self) -> None:
        _keep_seconds(self, "at_least", zero=True)
        for name in ("percentile", "budget"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
                raise InvalidRequest(f"{name} is a number above 0, up to 1; not {value!r}")


MapAddress = Callable[[Address], "Address | None"]
"""From an address that the cluster tells to the one to connect to; ``None`` leaves the node out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """How the members of the cluster are found: asked on start and every ``interval`` seconds."""

    interval: Seconds[float] = Seconds(60.0)
    map_address: MapAddress | None = None

    def __post_init__(self) -> None:
        _keep_seconds(self, "interval")
        if self.map_address is not None and not callable(self.map_address):
            raise InvalidRequest(f"map_address is a function, not {self.map_address!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that a client is made with."""

    nodes: tuple[Address, ...]
    timeouts: Timeouts = field(default_factory=Timeouts)
    pool: PoolLimits = field(default_factory=PoolLimits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    security: Security | None = None
    health: HealthPolicy = field(default_factory=HealthPolicy)
    hedge: HedgePolicy | None = None
    discovery: Discovery | None = None
    key_aware: bool = False
    behind_load_balancer: bool = False

    def __post_init__(self) -> None:
        for name, kind, also in (
            ("timeouts", Timeouts, ""),
            ("pool", PoolLimits, ""),
            ("retry", RetryPolicy, ""),
            ("health", HealthPolicy, ""),
            ("hedge", HedgePolicy, ", True or False"),
            ("discovery", Discovery, ", True or False"),
            ("key_aware", bool, ""),
            ("behind_load_balancer", bool, ""),
        ):
            value = getattr(self, name)
            if not isinstance(value, kind) and (not also or value is not None):
                option = "discover" if name == "discovery" else name
                raise InvalidType(f"{option} is a {kind.__name__}{also}, not {value!r}")
        if self.behind_load_balancer:
            if len(self.nodes) != 1:
                raise InvalidRequest("behind_load_balancer is for a single address")
            if self.discovery is not None or self.key_aware:
                raise InvalidRequest("discover and key_aware see past a load balancer; use one or the other")


class CopyOptions(TypedDict, total=False):
    """Options of :meth:`RiakClient.with_options <aioriak.client.RiakClient.with_options>`.

    ``request_timeout``: seconds, or a ``timedelta``, for a request with all its attempts (60.0; ``None``: no limit).
    ``attempts``: attempts at a request in all (3).  ``retry_writes``: repeat a write whose outcome is unknown where
    that is safe (``False``).
    """

    request_timeout: float | timedelta | None
    attempts: int
    retry_writes: bool


class SettingsOptions(CopyOptions, total=False):
    """The fields of ``Timeouts``, ``PoolLimits`` and ``RetryPolicy`` as options of a client.

    In seconds, or as a ``timedelta``, with their defaults; ``None`` means no limit:

    ``connect_timeout`` (5.0): making a TCP connection.  ``handshake_timeout`` (15.0): TLS and login.
    ``request_timeout`` (60.0): a request with all its attempts.  ``attempt_timeout`` (``None``): one attempt at a
    read.  ``fold_timeout`` (3600.0): an AAE fold.  ``overdue_timeout`` (5.0): how long the reply to an abandoned
    request may hold up its connection.  ``close_timeout`` (5.0): requests in flight when the client is closed.
    ``idle_timeout`` (300.0): how long a connection may be idle.  ``max_lifetime`` (3600.0): a connection's age.

    Numbers:

    ``min_size`` (1), ``max_size`` (8): connections to each node.  ``max_in_flight`` (32): requests on a connection
    at a time.  ``attempts`` (3): attempts at a request; ``retries`` is riak 2.7's name for it.

    In bytes: ``stream_buffer`` (1 MiB): buffered data of a stream at which reading pauses.  ``max_frame``: the
    largest message accepted.

    ``retry_writes`` (``False``): repeat a write whose outcome is unknown where that is safe.
    """

    connect_timeout: float | timedelta | None
    handshake_timeout: float | timedelta | None
    attempt_timeout: float | timedelta | None
    fold_timeout: float | timedelta | None
    overdue_timeout: float | timedelta | None
    close_timeout: float | timedelta | None
    min_size: int
    max_size: int
    max_in_flight: int
    idle_timeout: float | timedelta | None
    max_lifetime: float | timedelta | None
    stream_buffer: int
    max_frame: int
    retries: int | None


_TIMEOUTS = {one.name + "_timeout": one.name for one in fields(Timeouts)}
_POOL = {one.name for one in fields(PoolLimits)}


def settings_from_options(options: SettingsOptions, settings: Settings) -> Settings:
    """Return the settings with some fields changed.  Raises :class:`~aioriak.error.InvalidRequest` for bad values."""
    given: Mapping[str, Any] = options  # the classes check the values
    pool = {name: value for name, value in given.items() if name in _POOL}
    timeouts = {_TIMEOUTS[name]: value for name, value in given.items() if name in _TIMEOUTS}
    retry = {name: value for name, value in given.items() if name in ("attempts", "retry_writes")}
    if given.get("retries") is not None:
        retry.setdefault("attempts", given["retries"])
    return replace(
        settings,
        pool=replace(settings.pool, **pool),
        timeouts=replace(settings.timeouts, **timeouts),
        retry=replace(settings.retry, **retry),
    )


def check_options(owner: str, given: Iterable[str], allowed: Iterable[str], parameters: Iterable[str] = ()) -> None:
    """Raise ``TypeError`` for an option that is not allowed.

    The message has the names that the owner takes: the options allowed and its ``parameters``.
    """
    unknown = sorted(set(given).difference(allowed))
    if not unknown:
        return
    names = sorted({*allowed, *parameters})
    hint = suggestion(unknown, names)
    raise TypeError(f"{owner} has no option {', '.join(unknown)}; {hint}its options are {', '.join(names)}")


def suggestion(unknown: Iterable[str], names: Iterable[str]) -> str:
    """Return ``"did you mean …? "`` with the known names that are most like the unknown ones, empty if none is."""
    from difflib import get_close_matches  # half a millisecond that only a mistake takes

    known = list(names)
    close = [match for name in unknown for match in get_close_matches(name, known, 1)]
    return f"did you mean {' and '.join(close)}? " if close else ""


class ParsedURL(NamedTuple):
    """What a ``riak://`` URL says."""

    nodes: tuple[Address, ...]
    user: str | None
    password: str | None
    options: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<ParsedURL: nodes {self.nodes}, user {self.user!r}>"  # the rest can be secret


def parse_url(url: str) -> ParsedURL:
    """Parse ``riak://user:password@host1,host2:8087/?max_size=4&request_timeout=10&tls=…``.

    Raises :class:`~aioriak.error.InvalidRequest`, which never repeats the password.
    """
    scheme, separator, rest = url.partition("://") if isinstance(url, str) else ("", "", "")
    if not separator or scheme.lower() != "riak":
        raise InvalidRequest("a Riak URL starts with riak://")
    rest, fragment, _ = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    if path or fragment or "@" in path + query + fragment:
        raise InvalidRequest(
            "a Riak URL has no path and no fragment; "
            "in a user, a password or an option / ? # @ are written %2F %3F %23 %40"
        )
    user, separator, password = credentials.partition(":")
    if not separator and ":" in unquote(user):
        raise InvalidRequest("in a Riak URL a colon divides user and password; %3A does not")
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(not part.partition("=")[1] for part in query.split("&") if part) or any(
        not name.isidentifier() for name, _ in pairs
    ):
        raise InvalidRequest("an option of a Riak URL is written name=value")
    listed = [unquote(host) for host in hosts.split(",") if host]
    try:
        # the last port given counts for the hosts before it that name none
        port = Address.of(listed[-1]).port if listed else DEFAULT_PORT
        nodes = addresses([Address.of(host, port) for host in listed] or ["localhost"])
    except InvalidRequest as error:
        raise InvalidRequest(f"the hosts of the URL, riak://user:password@host:port,host:port: {error.value}") from None
    return ParsedURL(
        nodes=nodes,
        user=unquote(user) if at else None,
        password=unquote(password) if at else None,
        options={name: _option(name, value) for name, value in pairs},
    )


def _option(name: str, value: str) -> Any:
    lowered = value.lower()
    if lowered in ("true", "yes", "on"):
        return True
    if lowered in ("false", "no", "off"):
        return False
    if lowered == "none":
        return None
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
