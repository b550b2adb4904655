"""Secure a connection: STARTTLS, TLS, login.

The order is Riak's: ask for TLS, wait for the answer, only then begin the TLS
handshake, log in inside it (Riak KV documentation, "Protocol Buffers Client
API").  Nothing but the five bytes of STARTTLS is ever sent unencrypted, and
bytes received unencrypted after the reply are refused.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import cast

from aioriak.error import (
    AuthenticationFailed,
    CertificateError,
    CertificateExpired,
    CertificateRevoked,
    ClientCertificateRefused,
    ConnectError,
    NotSupported,
    ProtocolError,
    RiakError,
    SecurityError,
    SecurityNotEnabled,
    UnknownAuthority,
    WrongHostName,
)
from aioriak.riak_pb import base
from aioriak.security import Security
from aioriak.transport.connection import Connection
from aioriak.transport.exchange import encode_request, new_exchange
from aioriak.wire.framing import Body, Frame, FrameReader, encode_frame
from aioriak.wire.operation import AUTHENTICATE, START_TLS
from aioriak.wire.session import read_reply

logger: logging.Logger = logging.getLogger("aioriak.transport")

_LARGEST_ANSWER = 64 * 1024
_SHUTDOWN = 2.0  # seconds to wait for the server's close_notify when a connection is closed
_FOR_EVER = 365 * 86400.0  # asyncio takes None as 60 s


class StartTls(asyncio.Protocol):
    """An unencrypted connection that requests TLS and receives one reply."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[Frame] = loop.create_future()
        self._reader = FrameReader(_LARGEST_ANSWER)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send STARTTLS."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(encode_frame(START_TLS.request_code))

    def data_received(self, data: bytes) -> None:
        """Receive the reply, and refuse any bytes behind it: an attacker may have injected them before TLS began."""
        try:
            frames = self._reader.feed(data)
        except ProtocolError as error:
            self._fail(error)
            return
        if not frames:
            return
        if len(frames) > 1 or self._reader.in_frame or self.answer.done():
            self._fail(ProtocolError("unencrypted bytes followed the reply to STARTTLS"))
            return
        self.answer.set_result(frames[0])
        assert self.transport is not None
        self.transport.pause_reading()  # the next bytes are TLS

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the pending handshake: the server closed the connection."""
        self._fail(ConnectError(f"the server hung up{f': {exc}' if exc else ''}"))

    def _fail(self, error: RiakError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # mark the exception as retrieved: the caller may have been cancelled


async def secure(
    loop: asyncio.AbstractEventLoop,
    opening: StartTls,
    connection: Connection,
    security: Security,
    host: str,
    timeout: float | None,
) -> None:
    """Start TLS on ``opening`` and log in; ``connection`` then takes over its transport.

    ``host`` is the name that the server's certificate must have, unless ``security`` says another.
    The whole takes ``timeout`` seconds at most.  Raises :class:`~aioriak.error.SecurityError`, or
    another :class:`~aioriak.error.ConnectError`; the socket is closed then.
    """
    node = connection.node
    assert opening.transport is not None
    step = "the answer to STARTTLS"
    try:
        async with asyncio.timeout(timeout):
            _check_answer(*await opening.answer)
            step = "the end of the TLS handshake"
            transport = await loop.start_tls(
                opening.transport,
                connection,
                security.context,
                server_hostname=security.server_hostname or host,
                ssl_handshake_timeout=_FOR_EVER if timeout is None else timeout + 1,
                ssl_shutdown_timeout=_SHUTDOWN,
            )
            if transport is None or connection.closed.done() or connection.last_error is not None:
                raise ConnectError("the server hung up after the TLS handshake")
            connection.connection_made(transport)
            step = "the answer to the login"
            await _log_in(loop, connection, security)
    except TimeoutError as error:
        failure: RiakError = ConnectError(f"{step} did not come within {timeout} s")
        failure.__cause__ = error
    except ssl.SSLError as error:
        failure = _tls_error(error, security.server_hostname or host)
        failure.__cause__ = error
    except SecurityError as error:
        failure = error
    except (OSError, RiakError) as error:
        said = error.value if isinstance(error, RiakError) else error
        hint = " (the server may not like the client's certificate)" if security.certificate else ""
        failure = ConnectError(f"broken off before {step}{f': {said}' if str(said) else ''}{hint}")
        failure.__cause__ = error
    except BaseException:
        _abort(opening, connection)
        raise
    else:
        logger.debug("%s: %s, logged in", node, transport.get_extra_info("ssl_object").version())
        return
    _abort(opening, connection)
    failure.node = node
    raise failure


def _abort(opening: StartTls, connection: Connection) -> None:
    connection.abort()
    if opening.transport is not None:
        opening.transport.abort()


def _check_answer(code: int, body: Body) -> None:
    if code == START_TLS.reply_code:
        return
    if code != 0:
        raise ProtocolError(f"message code {code} came in answer to STARTTLS")
    error: RiakError = read_reply(START_TLS, code, body)
    if isinstance(error, (SecurityNotEnabled, NotSupported)):
        raise SecurityNotEnabled(f"the server has no security, so it got no credentials; it said: {error.value}")
    raise error


async def _log_in(loop: asyncio.AbstractEventLoop, connection: Connection, security: Security) -> None:
    request = base.RpbAuthReq(user=security.user, password=security.password)
    exchange = new_exchange(loop, AUTHENTICATE, encode_request(AUTHENTICATE, request), loop.time(), None)
    connection.send(exchange)
    try:
        await exchange
    except AuthenticationFailed as error:
        user = security.user.decode("utf-8", "backslashreplace")
        raise AuthenticationFailed(
            f"the login of {user!r} was refused: unknown user, wrong credentials, or no source for this address"
        ) from error
    except RiakError as error:
        if isinstance(error.__cause__, ssl.SSLError):
            # with TLS 1.3 the server judges the client's certificate only after the handshake
            raise error.__cause__ from error
        raise


_VERIFY: dict[int, tuple[type[CertificateError], str]] = {
    # OpenSSL's X509_V_ERR_* numbers
    2: (UnknownAuthority, "is signed by an authority that is not trusted"),
    18: (UnknownAuthority, "is signed by itself, and is not trusted"),
    19: (UnknownAuthority, "is signed by an authority that is not trusted"),
    20: (UnknownAuthority, "is signed by an authority that is not trusted"),
    21: (UnknownAuthority, "is signed by an authority that is not trusted"),
    9: (CertificateExpired, "is not valid yet"),
    10: (CertificateExpired, "has expired"),
    23: (CertificateRevoked, "has been revoked"),
    62: (WrongHostName, "is not made out to {host}"),
    64: (WrongHostName, "is not made out to {host}"),
    3: (CertificateError, "may have been revoked: there is no revocation list of its authority"),
    11: (CertificateError, "may have been revoked: the revocation list is not valid yet"),
    12: (CertificateError, "may have been revoked: the revocation list has expired"),
}


def _tls_error(error: ssl.SSLError, host: str) -> SecurityError:
    """Translate an error of OpenSSL."""
    if isinstance(error, ssl.SSLCertVerificationError):
        kind, what = _VERIFY.get(error.verify_code, (CertificateError, "was refused"))
        return kind(f"the server's certificate {what.format(host=host)} ({error.verify_message})")
    reason = error.reason or str(error)
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return ClientCertificateRefused(f"the server refused the client's certificate ({reason})")
    if any(word in reason for word in ("PROTOCOL_VERSION", "HANDSHAKE_FAILURE", "UNSUPPORTED_PROTOCOL", "NO_SHARED")):
        return SecurityError(f"client and server have no TLS version or cipher in common ({reason})")
    if reason.endswith("ALERT_INTERNAL_ERROR"):
        # Riak's check of revocation lists, on by default, crashes for a certificate that names no list
        return SecurityError(
            f"the server failed in the TLS handshake ({reason}), as Riak does with check_crl on"
            " when a client's certificate names no revocation list"
        )
    return SecurityError(f"the TLS handshake failed ({reason})")
