"""STARTTLS against peers that do as they like: hang, hang up, inject, refuse certificates."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from aioriak.config import Address, Settings, Timeouts
from aioriak.error import (
    ClientCertificateRefused,
    ConnectError,
    SecurityError,
    SecurityNotEnabled,
    SecurityRequired,
)
from aioriak.riak_pb import base
from aioriak.security import SecurityCreds, security_from
from aioriak.transport.connector import open_connection
from aioriak.wire.framing import encode_frame
from tests.certificates import Authority

START_TLS = bytes.fromhex("00000001ff")

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextlib.asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[int]:
    """A server that talks to every client as it is told, until the test ends."""
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await talk(reader, writer)
        finally:
            writer.close()
            running.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def settings(port: int, creds: SecurityCreds, handshake: float = 10.0) -> Settings:
    return Settings(
        nodes=(Address("127.0.0.1", port),),
        timeouts=Timeouts(handshake=handshake),
        security=security_from(creds, None, None),
    )


async def refused(port: int, creds: SecurityCreds, handshake: float = 10.0) -> ConnectError:
    made = settings(port, creds, handshake)
    with pytest.raises(ConnectError) as caught:
        await open_connection(asyncio.get_running_loop(), made.nodes[0], made)
    assert caught.value.node == f"127.0.0.1:{port}"
    return caught.value


@pytest.fixture
def ann(authority: Authority) -> SecurityCreds:
    return SecurityCreds("ann", "secret", cacert_file=authority.file)


async def test_what_is_put_behind_the_answer_in_the_clear_is_not_taken_for_the_servers(ann: SecurityCreds) -> None:
    async def inject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(5) == START_TLS
        writer.write(START_TLS + encode_frame(254))  # "welcome", before anybody is known
        assert await reader.read() == b""

    async with listening(inject) as port:
        error = await refused(port, ann)
        assert "unencrypted bytes followed the reply to STARTTLS" in str(error)


async def test_half_a_frame_behind_the_answer_is_refused_too(ann: SecurityCreds) -> None:
    async def inject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        writer.write(START_TLS + b"\0\0")
        assert await reader.read() == b""

    async with listening(inject) as port:
        assert "unencrypted bytes" in str(await refused(port, ann))


async def test_an_answer_in_pieces_is_an_answer(ann: SecurityCreds) -> None:
    received = bytearray()

    async def piecemeal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        for byte in START_TLS:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        received.extend(await reader.readexactly(3))

    async with listening(piecemeal) as port:
        await refused(port, ann)
        assert received == b"\x16\x03\x01"  # a TLS handshake begins


async def test_a_peer_that_goes_on_in_the_clear_gets_no_login(ann: SecurityCreds) -> None:
    received, gone = bytearray(), asyncio.Event()

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        writer.write(START_TLS)
        await reader.readexactly(1)
        writer.write(encode_frame(254))
        received.extend(await reader.read())
        gone.set()

    async with listening(plain) as port:
        error = await refused(port, ann)
        assert isinstance(error, SecurityError)
        assert "TLS handshake failed" in str(error)
        await gone.wait()
    assert received
    assert b"secret" not in received


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Security not enabled; STARTTLS not allowed.", SecurityNotEnabled),
        ("Unknown message code: 255", SecurityNotEnabled),
        ("Security is enabled, please authenticate first", SecurityRequired),
        ("overload", ConnectError),
    ],
)
async def test_a_refusal_to_start_tls_is_told_apart(ann: SecurityCreds, text: str, kind: type[ConnectError]) -> None:
    received = bytearray()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.readexactly(5))
        writer.write(encode_frame(0, base.RpbErrorResp(errmsg=text.encode(), errcode=0).SerializeToString()))
        received.extend(await reader.read())

    async with listening(refuse) as port:
        error = await refused(port, ann)
        assert type(error) is kind
        assert text in str(error)
    assert received == START_TLS


@pytest.mark.parametrize("answer", [encode_frame(2), b"\0\0\0\0", b"\xff\xff\xff\xff\xff", b""])
async def test_anything_else_in_answer_to_starttls_ends_it(ann: SecurityCreds, answer: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        writer.write(answer)

    async with listening(babble) as port:
        assert "broken off before the answer to STARTTLS" in str(await refused(port, ann))


@pytest.mark.parametrize(
    ("answer", "step"), [(b"", "the answer to STARTTLS"), (START_TLS, "the end of the TLS handshake")]
)
async def test_a_peer_that_hangs_is_given_up_in_time(ann: SecurityCreds, answer: bytes, step: str) -> None:
    gone = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read()
        gone.set()

    async with listening(hang) as port:
        error = await refused(port, ann, handshake=0.1)
        assert type(error) is ConnectError
        assert f"{step} did not come within 0.1 s" in str(error)
        await gone.wait()


@pytest.mark.parametrize("answer", [b"", START_TLS])
async def test_a_cancelled_handshake_leaves_no_connection(ann: SecurityCreds, answer: bytes) -> None:
    came, gone = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        writer.write(answer)
        if answer:
            await reader.readexactly(1)
        came.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        gone.set()

    async with listening(hang) as port:
        made = settings(port, ann)
        opening = asyncio.ensure_future(open_connection(asyncio.get_running_loop(), made.nodes[0], made))
        await came.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await gone.wait()


# -- peers with OpenSSL's own manners: they say in an alert what they do not like -----------------


@contextlib.contextmanager
def alerting(context: ssl.SSLContext) -> Iterator[int]:
    """A server of one client that starts TLS, and waits for the other side to end it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        raw, _ = listener.accept()
        assert raw.recv(5, socket.MSG_WAITALL) == START_TLS
        raw.sendall(START_TLS)
        tls = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        with contextlib.suppress(ssl.SSLError):
            tls.do_handshake()
            tls.recv(1)
        with socket.socket(fileno=tls.detach()) as plain, contextlib.suppress(OSError):
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(4096):  # what is left unread would turn the end into a reset, and lose the alert
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(10)
        listener.close()


def demanding(authority: Authority, newest: ssl.TLSVersion, crl: str | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    context.load_cert_chain(authority.server())
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    if crl is not None:
        context.load_verify_locations(crl)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    return context


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def newest(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    return ssl.TLSVersion(request.param)


async def test_a_client_certificate_of_an_unknown_authority_is_refused(
    authority: Authority, newest: ssl.TLSVersion, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    creds = SecurityCreds("bob", cert_file=stranger.user("bob"), cacert_file=authority.file)
    with alerting(demanding(authority, newest)) as port:
        error = await refused(port, creds)
        assert type(error) is ClientCertificateRefused
        assert "UNKNOWN_CA" in str(error)


async def test_an_expired_client_certificate_is_refused(authority: Authority, newest: ssl.TLSVersion) -> None:
    creds = SecurityCreds("bob", cert_file=authority.expired_user("bob"), cacert_file=authority.file)
    with alerting(demanding(authority, newest)) as port:
        error = await refused(port, creds)
        assert type(error) is ClientCertificateRefused
        assert "EXPIRED" in str(error)


async def test_a_revoked_client_certificate_is_refused(authority: Authority, newest: ssl.TLSVersion) -> None:
    bob = authority.user("bob")
    creds = SecurityCreds("bob", cert_file=bob, cacert_file=authority.file)
    with alerting(demanding(authority, newest, authority.revoke(bob))) as port:
        error = await refused(port, creds)
        assert type(error) is ClientCertificateRefused
        assert "REVOKED" in str(error)


async def test_a_missing_client_certificate_is_refused_where_one_is_demanded(
    authority: Authority, ann: SecurityCreds, newest: ssl.TLSVersion
) -> None:
    with alerting(demanding(authority, newest)) as port:
        error = await refused(port, ann)
        assert isinstance(error, SecurityError)
        assert type(error) is ClientCertificateRefused or newest is ssl.TLSVersion.TLSv1_2  # 1.2 says no more


async def test_no_version_in_common_is_said_to_be_that(authority: Authority) -> None:
    creds = SecurityCreds("ann", "secret", cacert_file=authority.file, ssl_version=ssl.TLSVersion.TLSv1_3)
    with alerting(demanding(authority, ssl.TLSVersion.TLSv1_2)) as port:
        error = await refused(port, creds)
        assert type(error) is SecurityError
        assert "no TLS version or cipher in common" in str(error)


@pytest.mark.parametrize("version", [b"\x03\x01", b"\x03\x02"], ids=["TLS 1.0", "TLS 1.1"])
async def test_a_server_that_only_speaks_an_older_tls_gets_no_login(ann: SecurityCreds, version: bytes) -> None:
    # ServerHello in that version: random bytes, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression
    hello = version + bytes(32) + b"\0" + b"\x00\x2f" + b"\0"
    message = b"\x02" + len(hello).to_bytes(3, "big") + hello
    received, gone = bytearray(), asyncio.Event()

    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        writer.write(START_TLS)
        received.extend(await reader.readexactly(1))
        writer.write(b"\x16" + version + len(message).to_bytes(2, "big") + message)
        received.extend(await reader.read())
        gone.set()

    async with listening(old) as port:
        error = await refused(port, ann)
        assert isinstance(error, SecurityError)
        assert "no TLS version or cipher in common" in str(error)
        await gone.wait()
    assert b"secret" not in received
    after = received[5 + int.from_bytes(received[3:5], "big") :]
    assert received[0] == 0x16  # a ClientHello, and behind it nothing, or an alert
    assert not after or after[0] == 0x15


async def test_a_server_that_breaks_down_in_the_handshake_is_said_to_have(ann: SecurityCreds) -> None:
    async def alert(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        writer.write(START_TLS)
        await reader.readexactly(1)
        writer.write(bytes.fromhex("15 0303 0002 02 50"))  # an alert: fatal, internal error
        await reader.read()

    async with listening(alert) as port:
        error = await refused(port, ann)
        assert type(error) is SecurityError
        assert "check_crl" in str(error)
