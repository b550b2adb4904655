"""The way in where security is on, with real certificates."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from aioriak.testing import Grant, RiakServer, Security, Source
from aioriak.testing.permissions import needed
from aioriak.wire import operation as op
from aioriak.wire.operation import AUTHENTICATE, GET, LIST_KEYS, PING, PUT, START_TLS

trustme = pytest.importorskip("trustme")

EVERYTHING = ("riak_kv.get", "riak_kv.put", "riak_kv.list_keys")


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture
def files(ca, tmp_path):
    """Paths of the server's certificate and of the authority's."""
    certificate = ca.issue_cert("127.0.0.1", "localhost")
    server, authority = tmp_path / "server.pem", tmp_path / "ca.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(server))
    ca.cert_pem.write_to_path(str(authority))
    return server, authority


@pytest.fixture
def secure(files):
    """A server's security, some of it to be said otherwise."""

    def make(**options):
        settings = {
            "certificate": files[0],
            "ca": files[1],
            "users": {"alice": "secret", "bob": None},
            "sources": [Source(method="password")],
            "grants": [Grant(permissions=EVERYTHING, to="alice")],
            "refusal_delay": 0.0,
        }
        return RiakServer(security=Security(**{**settings, **options}))

    return make


@pytest.fixture
def trusting(ca):
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context


async def start_tls(peer, context):
    peer.send(START_TLS)
    assert (await peer.frame()) == (255, b"")
    await peer.writer.start_tls(context, server_hostname="127.0.0.1")


async def log_in(peer, context, user=b"alice", password=b"secret"):
    await start_tls(peer, context)
    await peer.ask(AUTHENTICATE, user=user, password=password)


async def test_a_user_who_came_by_tls_and_logged_in_is_served(secure, connect, trusting):
    async with secure() as server:
        peer = await connect(server)
        await log_in(peer, trusting)
        await peer.ask(PUT, bucket=b"b", key=b"k", content={"value": b"v" * 300_000})
        (content,) = (await peer.ask(GET, bucket=b"b", key=b"k")).content
        assert content.value == b"v" * 300_000
        assert [list(message.keys) for message in await peer.stream(LIST_KEYS, bucket=b"b")] == [[b"k"], []]
        assert peer.writer.get_extra_info("ssl_object").version() == "TLSv1.2"


async def test_everything_before_start_tls_is_an_error_and_the_connection_stays(secure, connect, trusting, refused):
    async with secure() as server:
        peer = await connect(server)
        for operation, fields in (
            (PING, {}), (GET, {"bucket": b"b", "key": b"k"}), (AUTHENTICATE, {"user": b"alice", "password": b"secret"})
        ):  # fmt: skip
            with pytest.raises(refused, match=r"^Security is enabled, please STARTTLS first$"):
                await peer.ask(operation, **fields)
        await log_in(peer, trusting)
        assert await peer.ask(PING) is None


async def test_everything_before_the_login_is_an_error_and_the_connection_stays(secure, connect, trusting, refused):
    async with secure() as server:
        peer = await connect(server)
        await start_tls(peer, trusting)
        for operation in (PING, START_TLS):
            with pytest.raises(refused, match=r"^Security is enabled, please authenticate first$"):
                await peer.ask(operation)
        await peer.ask(AUTHENTICATE, user=b"alice", password=b"secret")
        assert await peer.ask(PING) is None


@pytest.mark.parametrize(
    ("user", "password"), [(b"alice", b"wrong"), (b"alice", b""), (b"nobody", b"secret"), (b"bob", b""), (b"\xff", b"")]
)
async def test_who_does_not_prove_who_he_is_is_refused(secure, connect, trusting, refused, user, password):
    async with secure() as server:
        peer = await connect(server)
        await start_tls(peer, trusting)
        with pytest.raises(refused, match=r"^Authentication failed$"):
            await peer.ask(AUTHENTICATE, user=user, password=password)
        await peer.ask(AUTHENTICATE, user=b"alice", password=b"secret")


async def test_the_third_refused_login_is_the_last(secure, connect, trusting, refused):
    async with secure() as server:
        peer = await connect(server)
        await start_tls(peer, trusting)
        for _ in range(3):
            with pytest.raises(refused, match=r"^Authentication failed$"):
                await peer.ask(AUTHENTICATE, user=b"alice", password=b"wrong")
        assert await peer.gone()


async def test_a_refused_login_has_to_wait(secure, connect, trusting, refused):
    async with secure(refusal_delay=0.05) as server:
        peer = await connect(server)
        await start_tls(peer, trusting)
        started = asyncio.get_running_loop().time()
        with pytest.raises(refused, match="Authentication failed"):
            await peer.ask(AUTHENTICATE, user=b"alice", password=b"wrong")
        assert asyncio.get_running_loop().time() - started >= 0.045


def test_the_wait_is_five_seconds_unless_told_otherwise(files):
    assert Security(certificate=files[0]).refusal_delay == 5.0


async def test_a_client_certificate_is_a_login_for_the_name_on_it(secure, connect, ca, refused):
    context = ssl.create_default_context()
    ca.configure_trust(context)
    ca.issue_cert(common_name="alice").configure_cert(context)
    async with secure(sources=[Source(method="certificate")]) as server:
        peer = await connect(server)
        await log_in(peer, context, password=b"")
        assert await peer.ask(PING) is None
        other = await connect(server)
        with pytest.raises(refused, match="Authentication failed"):
            await log_in(other, context, user=b"bob", password=b"")


async def test_the_certificate_source_wants_a_certificate(secure, connect, trusting, refused):
    async with secure(sources=[Source(method="certificate")]) as server:
        with pytest.raises(refused, match="Authentication failed"):
            await log_in(await connect(server), trusting)


async def test_a_client_certificate_of_an_unknown_authority_ends_the_handshake(secure, connect, ca, until):
    context = ssl.create_default_context()
    ca.configure_trust(context)
    trustme.CA().issue_cert(common_name="alice").configure_cert(context)
    async with secure() as server:
        peer = await connect(server)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await start_tls(peer, context)
        await until(lambda: server.connections == 0)


async def test_a_client_that_does_not_trust_the_server_leaves_nothing_behind(secure, connect, until):
    async with secure() as server:
        peer = await connect(server)
        with pytest.raises(ssl.SSLCertVerificationError):
            await start_tls(peer, ssl.create_default_context())
        await until(lambda: server.connections == 0)


async def test_a_client_that_goes_in_mid_handshake_leaves_nothing_behind(secure, connect, until):
    async with secure() as server:
        peer = await connect(server)
        peer.send(START_TLS)
        assert (await peer.frame()) == (255, b"")
        peer.writer.transport.abort()
        await until(lambda: server.connections == 0)


async def test_nothing_is_answered_in_the_clear_after_start_tls(secure, connect):
    async with secure() as server:
        peer = await connect(server)
        peer.send(START_TLS)
        peer.send(PING)
        assert (await peer.frame()) == (255, b"")
        peer.send(AUTHENTICATE, user=b"alice", password=b"secret")
        rest = b""
        try:
            async with asyncio.timeout(5):
                rest = await peer.reader.read()
        except ConnectionError:
            pass
        # a TLS alert at most, and no message of Riak's
        assert rest == b"" or rest[0] == 21
        assert not server.requests["ping"]
        assert not server.requests["authenticate"]


async def test_closing_the_server_ends_handshakes_that_are_going_on(secure, connect):
    server = secure()
    await server.start()
    peer = await connect(server)
    peer.send(START_TLS)
    assert (await peer.frame()) == (255, b"")
    await server.close()
    assert await peer.gone()
    assert server.connections == 0


async def test_draining_the_node_ends_handshakes_that_are_going_on(secure, connect):
    async with secure() as server:
        peer = await connect(server)
        peer.send(START_TLS)
        assert (await peer.frame()) == (255, b"")
        await server.nodes[0].drain()
        assert await peer.gone()
        assert server.connections == 0


async def test_the_way_in_can_go_wrong_like_everything_else(secure, connect, trusting):
    async with secure() as server:
        server.faults.cut("start TLS", times=1)
        peer = await connect(server)
        peer.send(START_TLS)
        assert await peer.gone()
        server.faults.cut("authenticate", times=1)
        peer = await connect(server)
        await start_tls(peer, trusting)
        peer.send(AUTHENTICATE, user=b"alice", password=b"secret")
        assert await peer.gone()


@pytest.mark.parametrize(
    ("on", "allowed"),
    [("any", True), ("default", True), ("default/b", True), ("default/c", False), ("siblings", False)],
)
async def test_a_grant_reaches_as_far_as_it_says(secure, connect, trusting, refused, on, allowed):
    async with secure(grants=[Grant(permissions=("riak_kv.get",), on=on, to="alice")]) as server:
        peer = await connect(server)
        await log_in(peer, trusting)
        if allowed:
            await peer.ask(GET, bucket=b"b", key=b"k")
        else:
            with pytest.raises(
                refused, match=r"^Permission denied: User 'alice' does not have 'riak_kv.get' on default/b$"
            ):
                await peer.ask(GET, bucket=b"b", key=b"k")
        with pytest.raises(refused, match=r"'riak_kv.put' on siblings/b$"):
            await peer.ask(PUT, type=b"siblings", bucket=b"b", key=b"k", content={"value": b""})
        assert await peer.ask(PING) is None


def allowed(security, user, operation, **fields):
    try:
        security.check(user, operation, operation.request(**fields))
    except Exception:
        return False
    return True


def test_grants_may_be_to_everybody_or_to_a_group(files):
    security = Security(
        certificate=files[0],
        users={"alice": None, "bob": None},
        groups={"writers": ["bob"]},
        grants=[Grant(permissions=("riak_kv.get",)), Grant(permissions=("riak_kv.put",), to="writers")],
    )
    assert allowed(security, b"alice", GET, bucket=b"b")
    assert allowed(security, b"bob", PUT, bucket=b"b")
    assert not allowed(security, b"alice", PUT, bucket=b"b")


def test_of_several_sources_the_one_with_the_narrowest_addresses_counts(files):
    security = Security(
        certificate=files[0],
        users={"alice": "secret", "bob": "secret"},
        sources=[
            Source(method="password"),
            Source(method="trust", cidr="127.0.0.0/8", users="alice"),
            Source(method="certificate", cidr="127.0.0.1/32", users=("bob", "carol")),
            Source(method="trust", cidr="::1/128"),
        ],
    )
    assert security.login(b"alice", b"", "127.0.0.1", None)
    assert not security.login(b"alice", b"", "10.0.0.1", None)
    assert security.login(b"alice", b"secret", "10.0.0.1", None)
    assert not security.login(b"bob", b"secret", "127.0.0.1", None)
    assert security.login(b"bob", b"", "127.0.0.1", "bob")
    assert security.login(b"bob", b"", "::1", None)


@pytest.mark.parametrize("given", [{"method": "magic"}, {"method": "trust", "cidr": "300.0.0.1/8"}])
def test_a_source_that_cannot_be_is_an_error(given):
    with pytest.raises(ValueError):
        Source(**given)


@pytest.mark.parametrize(
    ("job", "wanted"),
    [
        ('{"inputs":"b","query":[]}',
         [("riak_kv.list_keys", (b"default", b"b")), ("riak_kv.mapreduce", (b"default", b"b"))]),
        ('{"inputs":[["b","k"],["a","k"]],"query":[]}',
         [("riak_kv.mapreduce", (b"default", b"a")), ("riak_kv.mapreduce", (b"default", b"b"))]),
        ('{"inputs":{"bucket":["t","b"],"index":"n_int","key":"1"},"query":[]}',
         [("riak_kv.index", (b"t", b"b")), ("riak_kv.mapreduce", (b"t", b"b"))]),
        ('{"inputs":{"module":"m","function":"f","arg":1},"query":[]}', [("riak_kv.mapreduce", None)]),
        ("{not json", []),
    ],
)  # fmt: skip
def test_map_reduce_needs_permissions_for_its_inputs(job, wanted):
    request = op.MAP_REDUCE.request(request=job.encode(), content_type=b"application/json")
    assert needed(op.MAP_REDUCE, request) == wanted


async def test_security_can_be_read_from_a_file(files, tmp_path, connect, trusting, refused):
    path = tmp_path / "security.toml"
    path.write_text("""
        certificate = "server.pem"
        ca = "ca.pem"
        refusal_delay = 0

        [users]
        alice = "secret"
        bob = { password = "hidden" }
        carol = {}

        [groups]
        readers = ["alice"]

        [[sources]]
        method = "password"
        users = ["alice", "bob"]
        cidr = "127.0.0.0/8"

        [[sources]]
        method = "trust"
        users = "carol"

        [[grants]]
        permissions = ["riak_kv.get"]
        on = "default/b"
        to = "readers"
    """)
    async with RiakServer(security=Security.from_file(path)) as server:
        peer = await connect(server)
        await log_in(peer, trusting)
        await peer.ask(GET, bucket=b"b", key=b"k")
        await log_in(await connect(server), trusting, b"carol", b"")
        peer = await connect(server)
        await log_in(peer, trusting, b"bob", b"hidden")
        with pytest.raises(refused, match="Permission denied: User 'bob'"):
            await peer.ask(GET, bucket=b"b", key=b"k")


def test_no_password_is_in_what_security_says_of_itself(files):
    assert "secret" not in repr(Security(certificate=files[0], users={"alice": "secret"}))


def test_a_file_that_is_nested_too_deeply_is_refused(tmp_path):
    path = tmp_path / "security.toml"
    path.write_text("a = " + "[" * 20_000 + "]" * 20_000)
    with pytest.raises(ValueError, match=r"security\.toml is nested too deeply"):
        Security.from_file(path)
