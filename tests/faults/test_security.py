"""TLS and login against a server with security on, with real certificates: what is let in, what is refused and why."""

from __future__ import annotations

import asyncio
import logging
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from aioriak import RiakClient, SecurityCreds
from aioriak.config import Address
from aioriak.error import (
    AuthenticationFailed,
    CertificateError,
    CertificateExpired,
    CertificateRevoked,
    ConnectError,
    PermissionDenied,
    RiakError,
    SecurityNotEnabled,
    SecurityRequired,
    UnknownAuthority,
    WrongHostName,
)
from aioriak.testing import RiakServer
from aioriak.testing.security import Grant, Security, Source
from tests.certificates import Authority
from tests.proxy import Link, Proxy

PASSWORD = "correct horse battery staple"
START_TLS = bytes.fromhex("00000001ff")

Secured = Callable[..., RiakServer]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(params=[False, True], ids=["TLS 1.2", "TLS 1.3"])
def tls13(request: pytest.FixtureRequest) -> bool:
    """The newest version that the server speaks."""
    return bool(request.param)


@pytest.fixture
def secured(authority: Authority, tls13: bool) -> Secured:
    """Makes a server that knows ann by her password and bob by his certificate."""

    def make(**options: Any) -> RiakServer:
        settings: dict[str, Any] = {
            "certificate": authority.server(),
            "ca": authority.file,
            "users": {"ann": PASSWORD, "bob": None},
            "sources": [Source(method="password", users="ann"), Source(method="certificate", users="bob")],
            "grants": [Grant(permissions=("riak_kv.get", "riak_kv.put"))],
            "refusal_delay": 0.0,
            "tls13": tls13,
        }
        return RiakServer(security=Security(**{**settings, **options}))

    return make


@pytest.fixture
def ann(authority: Authority) -> SecurityCreds:
    return SecurityCreds("ann", PASSWORD, cacert_file=authority.file)


async def refused(server: RiakServer | Proxy, **options: Any) -> RiakError:
    """The error that a client of the server ends in, before or at its first request."""
    with pytest.raises(RiakError) as caught:
        async with await RiakClient.create(server.host, server.port, **options) as client:
            await client.ping()
    return caught.value


def logins(server: RiakServer) -> int:
    return server.requests["authenticate"]


# -- let in -------------------------------------------------------------------------------


async def test_a_user_with_the_right_password_reads_and_writes(
    secured: Secured, ann: SecurityCreds, tls13: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "aioriak.transport")
    async with secured() as server:
        async with await RiakClient.create(server.host, server.port, credentials=ann) as client:
            await (await client.bucket("b").new("k", {"answer": 42})).store()
            assert (await client.bucket("b").get("k")).data == {"answer": 42}
    assert ("TLSv1.3, logged in" if tls13 else "TLSv1.2, logged in") in caplog.text


async def test_large_values_pass_whole_through_tls(secured: Secured, ann: SecurityCreds) -> None:
    value = bytes(range(256)) * 12_000
    async with secured() as server:
        async with await RiakClient.create(server.host, server.port, credentials=ann) as client:
            bucket = client.bucket("b")
            await (await bucket.new("k", encoded_data=value, content_type="application/octet-stream")).store()
            read = await asyncio.gather(*(bucket.get("k") for _ in range(8)))
            assert all(one.encoded_data == value for one in read)


async def test_a_long_stream_waits_for_a_slow_reader_inside_tls(secured: Secured, ann: SecurityCreds) -> None:
    grants = [Grant(permissions=("riak_kv.put", "riak_kv.list_keys"))]
    settings: dict[str, Any] = {"credentials": ann, "stream_buffer": 1000, "allow_listing": "silent", "max_size": 4}
    async with secured(grants=grants) as server:
        async with await RiakClient.create(server.host, server.port, **settings) as client:
            bucket = client.bucket("b")
            names = {f"{number:05}-" + "x" * 200 for number in range(2000)}
            async for _, error in client.put_many([await bucket.new(name, 1) for name in names]):
                assert error is None
            found: list[str] = []
            async for keys in bucket.stream_keys():
                found += keys if isinstance(keys, list) else [keys]
                await asyncio.sleep(0)
            assert set(found) == names
            assert len(found) == 2000


async def test_a_user_is_known_by_a_certificate_with_its_name(secured: Secured, authority: Authority) -> None:
    bob = SecurityCreds("bob", cert_file=authority.user("bob"), cacert_file=authority.file)
    async with secured() as server:
        async with await RiakClient.create(server.host, server.port, credentials=bob) as client:
            assert await client.ping()


async def test_credentials_may_stand_in_the_url(secured: Secured, authority: Authority) -> None:
    async with secured() as server:
        url = f"riak://ann:{PASSWORD.replace(' ', '%20')}@{server.address}/?cacert={authority.file}&max_size=2"
        async with RiakClient.from_url(url) as client:
            assert await client.ping()


async def test_a_certificate_for_another_name_will_do_where_that_name_is_expected(
    secured: Secured, authority: Authority, ann: SecurityCreds
) -> None:
    async with secured(certificate=authority.server("riak.example.org")) as server:
        settings: dict[str, Any] = {"credentials": ann, "server_hostname": "riak.example.org"}
        async with await RiakClient.create(server.host, server.port, **settings) as client:
            assert await client.ping()


async def test_a_name_that_stands_for_an_address_is_the_one_in_the_certificate(
    secured: Secured, authority: Authority, ann: SecurityCreds
) -> None:
    async with secured(certificate=authority.server("riak.example.org")) as server:
        where = Address(server.host, server.port, "riak.example.org")
        async with await RiakClient.create(nodes=[where], credentials=ann) as client:
            assert await client.ping()


async def test_the_host_name_goes_unchecked_where_the_user_says_so(secured: Secured, authority: Authority) -> None:
    careless = SecurityCreds("ann", PASSWORD, cacert_file=authority.file, check_hostname=False)
    async with secured(certificate=authority.server("riak.example.org")) as server:
        async with await RiakClient.create(server.host, server.port, credentials=careless) as client:
            assert await client.ping()


async def test_a_server_that_is_not_on_the_revocation_list_is_trusted(secured: Secured, authority: Authority) -> None:
    listed = authority.revoke(authority.server())
    creds = SecurityCreds("ann", PASSWORD, cacert_file=authority.file, crl_file=listed)
    async with secured() as server:
        async with await RiakClient.create(server.host, server.port, credentials=creds) as client:
            assert await client.ping()


# -- refused by the server ----------------------------------------------------------------


@pytest.mark.parametrize(("user", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("bob", PASSWORD), ("ann", "")])
async def test_a_wrong_login_is_refused(secured: Secured, authority: Authority, user: str, password: str) -> None:
    async with secured() as server:
        creds = SecurityCreds(user, password, cacert_file=authority.file)
        error = await refused(server, credentials=creds)
        assert type(error) is AuthenticationFailed
        assert error.node == server.address
        assert logins(server) == 1  # once is enough


async def test_a_certificate_with_another_name_is_no_login(secured: Secured, authority: Authority) -> None:
    async with secured() as server:
        creds = SecurityCreds("bob", cert_file=authority.user("eve"), cacert_file=authority.file)
        assert type(await refused(server, credentials=creds)) is AuthenticationFailed


async def test_a_server_that_demands_a_login_says_so_to_a_client_without_credentials(secured: Secured) -> None:
    async with secured() as server:
        error = await refused(server)
        assert type(error) is SecurityRequired
        assert "STARTTLS first" in str(error)
        assert server.requests["ping"] == 0


async def test_what_a_user_may_not_do_is_denied_and_the_connection_stays(secured: Secured, ann: SecurityCreds) -> None:
    async with secured(grants=[Grant(permissions=("riak_kv.get",))]) as server:
        async with await RiakClient.create(server.host, server.port, credentials=ann) as client:
            bucket = client.bucket("b")
            with pytest.raises(PermissionDenied, match=r"User 'ann' does not have 'riak_kv.put' on default/b"):
                await (await bucket.new("k", 1)).store()
            assert not (await bucket.get("k")).exists
            assert logins(server) == 1


# -- refused by the client ----------------------------------------------------------------


async def test_a_server_of_an_unknown_authority_gets_no_password(
    secured: Secured, stranger: Authority, ann: SecurityCreds
) -> None:
    async with secured(certificate=stranger.server()) as server:
        assert type(await refused(server, credentials=ann)) is UnknownAuthority
        assert logins(server) == 0


async def test_a_server_of_another_name_gets_no_password(
    secured: Secured, authority: Authority, ann: SecurityCreds
) -> None:
    async with secured(certificate=authority.server("127.0.0.2")) as server:
        error = await refused(server, credentials=ann)
        assert type(error) is WrongHostName
        assert "127.0.0.1" in str(error)
        assert logins(server) == 0


async def test_a_server_of_another_name_than_the_one_expected_gets_no_password(
    secured: Secured, ann: SecurityCreds
) -> None:
    async with secured() as server:
        error = await refused(server, credentials=ann, server_hostname="riak.example.org")
        assert type(error) is WrongHostName
        assert "riak.example.org" in str(error)
        assert logins(server) == 0


async def test_a_server_whose_certificate_has_expired_gets_no_password(
    secured: Secured, authority: Authority, ann: SecurityCreds
) -> None:
    async with secured(certificate=authority.expired_server()) as server:
        error = await refused(server, credentials=ann)
        assert type(error) is CertificateExpired
        assert "has expired" in str(error)
        assert logins(server) == 0


async def test_a_server_whose_certificate_is_not_valid_yet_gets_no_password(
    secured: Secured, authority: Authority, ann: SecurityCreds
) -> None:
    async with secured(certificate=authority.future_server()) as server:
        error = await refused(server, credentials=ann)
        assert type(error) is CertificateExpired
        assert "not valid yet" in str(error)
        assert logins(server) == 0


async def test_a_server_on_the_revocation_list_gets_no_password(secured: Secured, authority: Authority) -> None:
    certificate = authority.server()
    creds = SecurityCreds("ann", PASSWORD, cacert_file=authority.file, crl_file=authority.revoke(certificate))
    async with secured(certificate=certificate) as server:
        assert type(await refused(server, credentials=creds)) is CertificateRevoked
        assert logins(server) == 0


async def test_a_revocation_list_of_another_authority_proves_nothing(
    secured: Secured, authority: Authority, stranger: Authority
) -> None:
    creds = SecurityCreds("ann", PASSWORD, cacert_file=authority.file, crl_file=stranger.revoke())
    async with secured() as server:
        error = await refused(server, credentials=creds)
        assert type(error) is CertificateError
        assert "no revocation list" in str(error)
        assert logins(server) == 0


async def test_a_server_without_security_gets_no_credentials(server: RiakServer, ann: SecurityCreds) -> None:
    error = await refused(server, credentials=ann)
    assert type(error) is SecurityNotEnabled
    assert "Security not enabled; STARTTLS not allowed." in str(error)
    assert logins(server) == 0


async def test_one_node_that_cannot_be_trusted_does_not_keep_the_others_from_answering(
    secured: Secured, stranger: Authority, ann: SecurityCreds
) -> None:
    async with secured() as good, secured(certificate=stranger.server()) as bad:
        async with await RiakClient.create(nodes=[bad.address, good.address], credentials=ann) as client:
            assert all([await client.ping() for _ in range(20)])
            while {node.node: node.state for node in client.stats().nodes} != {good.address: "up", bad.address: "down"}:
                assert await client.ping()
        assert logins(bad) == 0
        assert good.requests["ping"] >= 20


# -- once, and no longer than allowed -----------------------------------------------------


async def test_a_refused_client_does_not_knock_again_and_again(secured: Secured, authority: Authority) -> None:
    """Requests fail at once with the reason, and only the background probes, ever rarer, try again."""
    async with secured() as server:
        creds = SecurityCreds("ann", "wrong", cacert_file=authority.file)
        client = RiakClient(server.host, server.port, credentials=creds)
        try:
            for _ in range(20):
                with pytest.raises(AuthenticationFailed):
                    await client.ping()
            assert logins(server) <= 3
        finally:
            await client.aclose()


async def test_the_delay_of_a_refusal_counts_towards_the_handshake(secured: Secured, authority: Authority) -> None:
    async with secured(refusal_delay=3600.0) as server:
        creds = SecurityCreds("ann", "wrong", cacert_file=authority.file)
        error = await refused(server, credentials=creds, handshake_timeout=0.3)
        assert type(error) is ConnectError
        assert "the answer to the login did not come within 0.3 s" in str(error)


# -- what passes over the wire, and what is said ----------------------------------------------


def copying_to(record: bytearray) -> Callable[[bytes], bytes]:
    def copy(data: bytes) -> bytes:
        record.extend(data)
        return data

    return copy


async def test_nothing_but_five_bytes_is_sent_in_the_clear(secured: Secured, ann: SecurityCreds) -> None:
    passed: list[bytearray] = []

    def record(link: Link) -> None:
        for flow in (link.to_server, link.to_client):
            passed.append(bytearray())
            flow.edit = copying_to(passed[-1])

    async with secured() as server, Proxy(server.host, server.port, on_link=record) as proxy:
        async with await RiakClient.create(proxy.host, proxy.port, credentials=ann) as client:
            await client.set_client_id(b"1234")
            await (await client.bucket("plain-bucket").new("plain-key", "plain-value")).store()
            await client.bucket("plain-bucket").get("plain-key")
    assert all(tls_records(data[5:]) > 3 for data in map(bytes, passed[:2]))
    for data in map(bytes, passed):
        assert data[:5] == START_TLS[: len(data)]
        assert tls_records(data[5:]) >= 0
        for secret in (PASSWORD.encode(), b"ann", b"plain-bucket", b"plain-key", b"plain-value"):
            assert secret not in data


def tls_records(data: bytes) -> int:
    """How many TLS records (of types 20 to 23, versions 3.1 to 3.3) these bytes are; the last may be cut off."""
    count = position = 0
    while position + 5 <= len(data):
        kind, major, minor = data[position : position + 3]
        assert 20 <= kind <= 23
        assert major == 3
        assert 1 <= minor <= 3
        position += 5 + int.from_bytes(data[position + 3 : position + 5], "big")
        count += 1
    return count


async def test_a_server_without_security_sees_five_bytes_and_no_more(server: RiakServer, ann: SecurityCreds) -> None:
    sent = bytearray()

    def record(link: Link) -> None:
        link.to_server.edit = copying_to(sent)

    async with Proxy(server.host, server.port, on_link=record) as proxy:
        assert type(await refused(proxy, credentials=ann)) is SecurityNotEnabled
    assert bytes(sent) == START_TLS


async def test_no_password_is_in_any_message_repr_or_log(
    secured: Secured, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    texts: list[str] = []
    async with secured() as server:
        for password in (PASSWORD, "wrong-" + PASSWORD):
            creds = SecurityCreds("ann", password, cacert_file=authority.file)
            client = RiakClient(server.host, server.port, credentials=creds)
            texts += [repr(creds), str(creds), repr(client), repr(client.settings)]
            try:
                await client.ping()
            except RiakError as error:
                chain: BaseException | None = error
                while chain is not None:
                    texts += [repr(chain), str(chain)]
                    chain = chain.__cause__ or chain.__context__
            texts += [repr(client._cluster.nodes)]
            await client.aclose()
    assert "logged in" in caplog.text
    assert "refused" in caplog.text
    assert all(PASSWORD not in text for text in [*texts, caplog.text])


# -- another event loop -------------------------------------------------------------------------


@pytest.mark.parametrize("newest", [False, True], ids=["TLS 1.2", "TLS 1.3"])
def test_all_that_holds_under_uvloop_as_well(authority: Authority, stranger: Authority, newest: bool) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def scenario() -> None:
        security = Security(
            certificate=authority.server(), ca=authority.file, users={"ann": PASSWORD, "bob": None},
            sources=[Source(method="password", users="ann"), Source(method="certificate", users="bob")],
            grants=[Grant(permissions=("riak_kv.get",))], refusal_delay=0.0, tls13=newest,
        )  # fmt: skip
        trusted = authority.file
        ann = SecurityCreds("ann", PASSWORD, cacert_file=trusted)
        async with RiakServer(security=security) as server:
            async with await RiakClient.create(server.host, server.port, credentials=ann) as client:
                assert not (await client.bucket("b").get("k")).exists
                with pytest.raises(PermissionDenied):
                    await (await client.bucket("b").new("k", "x" * 200_000)).store()
            for creds, kind in (
                (SecurityCreds("ann", "wrong", cacert_file=trusted), AuthenticationFailed),
                (SecurityCreds("ann", PASSWORD, cacert_file=stranger.file), UnknownAuthority),
                (SecurityCreds("bob", cert_file=authority.user("eve"), cacert_file=trusted), AuthenticationFailed),
            ):
                assert type(await refused(server, credentials=creds)) is kind
        async with RiakServer() as server:
            assert type(await refused(server, credentials=ann)) is SecurityNotEnabled

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())


def test_files_are_read_when_the_client_is_made(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match=r"cacert_file .*absent.pem: .*No such file"):
        RiakClient(credentials=SecurityCreds("ann", PASSWORD, cacert_file=str(tmp_path / "absent.pem")))
