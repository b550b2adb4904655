"""Users, sources and grants."""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Literal

from aioriak.testing.errors import Refusal
from aioriak.testing.permissions import Place, needed
from aioriak.wire.operation import Operation

Method = Literal["trust", "password", "certificate"]
ALL = "all"
ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The authentication method of users who connect from a range of addresses.

    ``users`` is a name, several, or ``"all"``; ``certificate`` wants a client
    certificate whose common name is the user's.
    """

    method: Method
    cidr: str = "0.0.0.0/0"
    users: str | tuple[str, ...] = ALL

    def __post_init__(self) -> None:
        if self.method not in ("trust", "password", "certificate"):
            raise ValueError(f"no such authentication method: {self.method!r}")
        ip_network(self.cidr)

    def fits(self, user: str, address: str) -> bool:
        """Whether this source applies to the user and address."""
        named = self.users == ALL or user == self.users or (not isinstance(self.users, str) and user in self.users)
        came, network = ip_address(address.partition("%")[0]), ip_network(self.cidr)
        return named and came.version == network.version and came in network


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """These permissions, on ``"any"``, on a bucket type, or on ``"type/bucket"``, to a user or group or ``"all"``."""

    permissions: tuple[str, ...]
    on: str = ANY
    to: str = ALL

    def covers(self, permission: str, place: Place) -> bool:
        """Whether it grants the permission on this bucket."""
        if permission not in self.permissions:
            return False
        if self.on == ANY:
            return True
        type, slash, bucket = self.on.partition("/")
        if isinstance(place, tuple):
            return place == (type.encode(), bucket.encode()) if slash else place[0] == type.encode()
        return place == self.on.encode()


class Security:
    """Riak's security, switched on.

    ``certificate``, ``key``
        Files (PEM) with the server's certificate chain and private key; the
        key may be in the same file.
    ``ca``, ``crl``
        Files with the authority that signs clients' certificates, and with
        what it has revoked.
    ``users``
        Names and passwords; ``None`` for a user without one.
    ``groups``
        Names of groups and who is in them, for grants.
    ``sources``, ``grants``
        :class:`Source` and :class:`Grant`; of the sources that fit, the one
        with the narrowest addresses counts.
    ``refusal_delay``
        Seconds that a refused login has to wait; 5 in Riak.
    ``tls13``
        Speak TLS 1.3 as well; Riak does not unless told to.
    ``context``
        An ``ssl.SSLContext`` for all of the TLS settings.
    """

    def __init__(
        self,
        *,
        certificate: str | Path | None = None,
        key: str | Path | None = None,
        ca: str | Path | None = None,
        crl: str | Path | None = None,
        context: ssl.SSLContext | None = None,
        users: Mapping[str, str | None] | None = None,
        groups: Mapping[str, Iterable[str]] | None = None,
        sources: Iterable[Source] = (),
        grants: Iterable[Grant] = (),
        refusal_delay: float = 5.0,
        tls13: bool = False,
    ) -> None:
        if context is None:
            if certificate is None:
                raise ValueError("security needs a certificate, or a context")
            context = _context(certificate, key, ca, crl, tls13)
        self.context = context
        self.users: dict[str, str | None] = dict(users or {})
        self.groups: dict[str, frozenset[str]] = {name: frozenset(members) for name, members in (groups or {}).items()}
        self.sources: list[Source] = sorted(
            sources, key=lambda source: (-ip_network(source.cidr).prefixlen, source.users == ALL)
        )
        self.grants: list[Grant] = list(grants)
        self.refusal_delay = refusal_delay

    @classmethod
    def from_file(cls, path: str | Path) -> Security:
        """Read a TOML file; file names in it are relative to it.

        ::

            certificate = "server.pem"
            key = "server.key"
            ca = "ca.pem"
            refusal_delay = 5.0

            [users]
            alice = "secret"          # or { password = "secret" }, or {} without one

            [groups]
            readers = ["alice"]

            [[sources]]
            method = "password"       # trust, password, certificate
            users = "all"
            cidr = "127.0.0.0/8"

            [[grants]]
            permissions = ["riak_kv.get", "riak_kv.put"]
            on = "default/users"      # any, a bucket type, or type/bucket
            to = "readers"
        """
        path = Path(path)
        try:
            given: dict[str, Any] = tomllib.loads(path.read_text())
        except RecursionError:
            raise ValueError(f"{path} is nested too deeply") from None
        for name, kind in (("users", dict), ("groups", dict), ("sources", list), ("grants", list)):
            parts = given.get(name, kind())
            if not isinstance(parts, kind) or (kind is list and not all(isinstance(part, dict) for part in parts)):
                raise ValueError(f"{name} must be {'a table' if kind is dict else 'an array of tables'}")
        for name in ("certificate", "key", "ca", "crl"):
            if name in given:
                given[name] = path.parent / given[name]
        users = {
            name: user if isinstance(user, str) else dict(user).get("password")
            for name, user in given.pop("users", {}).items()
        }
        sources = [Source(**_hashable(source)) for source in given.pop("sources", [])]
        grants = [Grant(**_hashable(grant)) for grant in given.pop("grants", [])]
        return cls(users=users, sources=sources, grants=grants, **given)

    def login(self, user: bytes, password: bytes, address: str, common_name: str | None) -> bool:
        """Check a user's password or certificate."""
        try:
            name = user.decode()
        except UnicodeDecodeError:
            return False
        if name not in self.users:
            return False
        source = next((source for source in self.sources if source.fits(name, address)), None)
        if source is None:
            return False
        if source.method == "trust":
            return True
        if source.method == "certificate":
            return common_name == name
        expected = self.users[name]
        return expected is not None and compare_digest(expected.encode(), password)

    def check(self, user: bytes, operation: Operation[Any, Any], request: Any) -> None:
        """Raise :class:`Refusal` unless the user has been granted what the request needs."""
        name = user.decode()
        for permission, place in needed(operation, request):
            if not any(grant.covers(permission, place) for grant in self.grants if self._meant(grant, name)):
                where = b"any" if place is None else b"/".join(place) if isinstance(place, tuple) else place
                raise Refusal(
                    b"Permission denied: User '%b' does not have '%b' on %b" % (user, permission.encode(), where)
                )

    def _meant(self, grant: Grant, user: str) -> bool:
        return grant.to in (ALL, user) or user in self.groups.get(grant.to, ())

    def __repr__(self) -> str:
        return f"<Security: {len(self.users)} users>"


def _hashable(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


def _context(
    certificate: str | Path, key: str | Path | None, ca: str | Path | None, crl: str | Path | None, tls13: bool
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_3 if tls13 else ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if ca is not None:
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    if crl is not None:
        context.load_verify_locations(crl)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    return context


def common_name(connection: ssl.SSLObject) -> str | None:
    """Return the common name in the peer's certificate, or ``None``."""
    shown = connection.getpeercert()
    subject: Any = (shown or {}).get("subject", ())
    return next((str(value) for part in subject for name, value in part if name == "commonName"), None)
