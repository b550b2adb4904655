"""Credentials: the identity of the client, and the trust in the server.

Riak takes a login only inside TLS (Riak KV documentation, "Authentication and
Authorization", "Client-Side Security").  Nothing here shows a password or a key
in its ``repr``.
"""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from aioriak.error import InvalidRequest, InvalidType

logger: logging.Logger = logging.getLogger("aioriak.security")

Text = str | bytes
File = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class SecurityCreds:
    """A user's credentials, and the authorities to trust.

    ``username`` and ``password`` are what the server's administrator set; with a source of type
    *certificate* leave the password out and give ``cert_file``, whose common name is the user, and
    ``pkey_file`` (not needed where the certificate's file holds the key too; ``pkey_password``
    opens a key that is locked).

    ``cacert_file`` holds the authorities whose certificates are trusted (PEM), ``cacert`` the same as
    PEM text; without either the system's are.  ``crl_file`` is a list of revoked certificates (PEM); a
    server's certificate is then refused when it is on the list, or when the list is not its authority's.

    The files are read again when they have changed on disk: new connections use the new certificates, key
    and revocation list, open connections stay.  While the changed files cannot be used (one of them is
    half-written, or the key does not belong to the certificate yet) the ones read before are used.

    ``ciphers`` is OpenSSL's list for TLS 1.2.  TLS 1.2 and 1.3 are spoken; ``ssl_version``
    (``ssl.TLSVersion``, or an old ``ssl.PROTOCOL_TLSv1_2``) insists on one of them.
    ``check_hostname=False`` takes any name in a certificate that is trusted otherwise.
    """

    username: Text | None = None
    password: Text | None = field(default=None, repr=False)
    pkey_file: File | None = field(default=None, kw_only=True)
    pkey_password: Text | None = field(default=None, kw_only=True, repr=False)
    cert_file: File | None = field(default=None, kw_only=True)
    cacert_file: File | None = field(default=None, kw_only=True)
    cacert: Text | None = field(default=None, kw_only=True, repr=False)
    crl_file: File | None = field(default=None, kw_only=True)
    ciphers: str | None = field(default=None, kw_only=True)
    ssl_version: int | None = field(default=None, kw_only=True)
    check_hostname: bool = field(default=True, kw_only=True)

    def context(self) -> ssl.SSLContext:
        """Read the files and return a TLS context of these credentials.

        Raises :class:`~aioriak.error.InvalidRequest` for a file that cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = self.check_hostname
        context.minimum_version, context.maximum_version = _versions(self.ssl_version)
        if self.ciphers is not None:
            _try("ciphers", lambda: context.set_ciphers(self.ciphers or ""))
        if self.cacert_file is not None:
            _try(f"cacert_file {self.cacert_file}", lambda: context.load_verify_locations(self.cacert_file))
        if self.cacert is not None:
            text = self.cacert.decode("ascii", "replace") if isinstance(self.cacert, bytes) else self.cacert
            _try("cacert", lambda: context.load_verify_locations(cadata=text))
        if self.cacert_file is None and self.cacert is None:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        if self.crl_file is not None:
            _try(f"crl_file {self.crl_file}", lambda: context.load_verify_locations(self.crl_file))
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        if self.cert_file is not None:
            self._load_own(context, self.cert_file)
        elif self.pkey_file is not None:
            raise InvalidRequest("pkey_file needs cert_file")
        return context

    def _load_own(self, context: ssl.SSLContext, cert_file: File) -> None:
        # a locked key without a password must fail, not ask on the terminal
        password = self.pkey_password if self.pkey_password is not None else str
        what = f"cert_file {cert_file}" + (f", pkey_file {self.pkey_file}" if self.pkey_file else "")
        _try(what, lambda: context.load_cert_chain(cert_file, self.pkey_file, password))

    @property
    def has_files(self) -> bool:
        """Whether any field affects the TLS context."""
        return any(
            getattr(self, one.name) != one.default for one in fields(self) if one.name not in ("username", "password")
        )


class ContextOfFiles:
    """The TLS context of credentials, made anew when their files have changed."""

    def __init__(self, credentials: SecurityCreds) -> None:
        """Read the files.  Raises :class:`~aioriak.error.InvalidRequest` for a file that cannot be used."""
        self._credentials = credentials
        self._read = self._stamps()  # before reading: a change during it is read again
        self._refused = self._read
        self._context = credentials.context()

    def __call__(self) -> ssl.SSLContext:
        """Return the context for the next connection."""
        stamps = self._stamps()
        if stamps == self._read:
            return self._context
        try:
            self._context = self._credentials.context()
        except InvalidRequest as error:
            if stamps != self._refused:
                logger.warning("changed certificates cannot be used, so those read before are: %s", error)
            self._refused = stamps
        else:
            logger.info("changed certificates were read")
            self._read = stamps
        return self._context

    def _stamps(self) -> tuple[tuple[int, ...] | None, ...]:
        """Return a value that changes with the files."""
        known = self._credentials
        return tuple(
            _stamp(file) for file in (known.cacert_file, known.crl_file, known.cert_file, known.pkey_file) if file
        )


def _stamp(file: File) -> tuple[int, ...] | None:
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


class Security:
    """The settings with which a connection starts TLS and logs in."""

    __slots__ = ("certificate", "new_context", "password", "server_hostname", "user")

    def __init__(
        self,
        *,
        user: bytes,
        password: bytes,
        new_context: Callable[[], ssl.SSLContext],
        server_hostname: str | None = None,
        certificate: bool = False,
    ) -> None:
        self.user: bytes = user
        self.password: bytes = password
        self.new_context: Callable[[], ssl.SSLContext] = new_context
        self.server_hostname: str | None = server_hostname
        """The name that the server's certificate must have; ``None``: the host that is connected to."""
        self.certificate: bool = certificate
        """Whether the client may show a certificate of its own."""

    @property
    def context(self) -> ssl.SSLContext:
        """The TLS context for the next connection."""
        return self.new_context()

    def __repr__(self) -> str:
        return f"<Security of {self.user!r}>"


def security_from(
    credentials: SecurityCreds | Mapping[str, object] | None,
    tls: ssl.SSLContext | bool | None,
    server_hostname: str | None,
) -> Security | None:
    """Combine the options ``credentials``, ``tls`` and ``server_hostname`` of a client.

    Raises :class:`~aioriak.error.InvalidRequest` where they contradict each other, or would send a
    password to a server that is not verified.
    """
    if isinstance(credentials, Mapping):
        given: Mapping[str, Any] = credentials
        credentials = SecurityCreds(**given)
    elif credentials is not None and not isinstance(credentials, SecurityCreds):
        # no repr: it may be a password
        raise InvalidType(f"credentials are a SecurityCreds or a mapping, not of type {type(credentials).__name__}")
    if tls not in (None, False, True) and not isinstance(tls, ssl.SSLContext):
        raise InvalidRequest(f"tls is an ssl.SSLContext, True or False, not {tls!r}")
    if credentials is None:
        if tls:
            raise InvalidRequest("Riak wants a login after TLS: give credentials=SecurityCreds(username, …) too")
        if server_hostname is not None:
            raise InvalidRequest("server_hostname needs credentials")
        return None
    if tls in (False,):
        raise InvalidRequest("Riak takes credentials over TLS only; without TLS leave them out")
    if not credentials.username:
        raise InvalidRequest("credentials need a username; of a client certificate, its common name")
    if isinstance(tls, ssl.SSLContext):
        if credentials.has_files:
            raise InvalidRequest("with an ssl.SSLContext the credentials are a username and a password, no more")
        context = tls
        new_context: Callable[[], ssl.SSLContext] = lambda: context  # noqa: E731
    else:
        new_context = ContextOfFiles(credentials)
        context = new_context()
    if credentials.password and context.verify_mode is not ssl.CERT_REQUIRED:
        raise InvalidRequest("the ssl.SSLContext verifies no certificate: anybody could ask for the password")
    return Security(
        user=_bytes(credentials.username),
        password=_bytes(credentials.password or b""),
        new_context=new_context,
        server_hostname=server_hostname,
        certificate=credentials.cert_file is not None or isinstance(tls, ssl.SSLContext),
    )


FROM_URL = {
    "cacert": "cacert_file",
    "cert": "cert_file",
    "pkey": "pkey_file",
    "crl": "crl_file",
    "ciphers": "ciphers",
    "check_hostname": "check_hostname",
}
"""The parameters of a URL that are fields of :class:`SecurityCreds`, and these fields."""


def take_from_url(user: str | None, password: str | None, options: dict[str, Any]) -> None:
    """Turn a URL's user, password, ``cacert``, ``cert``, ``pkey``, ``crl`` … into the option ``credentials``."""
    given = {name: options.pop(key) for key, name in FROM_URL.items() if key in options}
    for name, value in given.items():
        if name != "check_hostname":
            given[name] = str(value)
        elif not isinstance(value, (bool, int)):
            raise InvalidRequest("check_hostname is true or false")
    if "server_hostname" in options:
        options["server_hostname"] = str(options["server_hostname"])
    if user is None:
        if given:
            raise InvalidRequest(f"without a user in the URL, {', '.join(sorted(given))} mean nothing")
        return
    options["credentials"] = SecurityCreds(user, password, **given)


def _versions(wanted: int | None) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
    if wanted is None or wanted in (ssl.PROTOCOL_TLS, ssl.PROTOCOL_TLS_CLIENT):
        return ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED
    for version, names in (
        (ssl.TLSVersion.TLSv1_2, (ssl.TLSVersion.TLSv1_2, ssl.PROTOCOL_TLSv1_2)),
        (ssl.TLSVersion.TLSv1_3, (ssl.TLSVersion.TLSv1_3,)),
    ):
        if wanted in names:
            return version, version
    raise InvalidRequest(f"ssl_version is TLS 1.2 or 1.3, not {wanted!r}")


def _try(what: str, load: Any) -> None:
    try:
        load()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise InvalidRequest(f"{what}: {error}") from error


def _bytes(text: Text) -> bytes:
    return text.encode() if isinstance(text, str) else text
