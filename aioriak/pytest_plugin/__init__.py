"""Fixtures for the tests of programs that use Riak.

pytest loads this module by itself once aioriak is installed::

    async def test_a_user_is_stored(riak_client):
        users = riak_client.bucket("users")
        await users.new_object("ada", {"name": "Ada"}).store()
        assert (await users.get("ada")).exists

For each test:

``riak_server``, ``riak_cluster``
    A development server of one node, or of three, empty, in the test's event loop.
``riak_client``
    A client of it, closed after the test.
``riak_faults``
    Its :class:`~aioriak.testing.Faults`.
``riak_server_thread``
    A server in a thread of its own, for synchronous tests.

For the whole session, in a thread of its own, emptied before each test:
``riak_shared_server``, ``riak_shared_cluster``, ``riak_shared_client``, ``riak_shared_faults``.

To be overridden by a project: ``riak_bucket_types`` (bucket types besides the
standard ones), ``riak_standard_bucket_types`` (whether to have those),
``riak_client_options``.  ``@pytest.mark.riak(bucket_types=…, nodes=…, security=…)``
sets the server of one test.  With ``pytest --riak-nodes host:port,…`` the tests run
on a real Riak.

Asynchronous tests need pytest-asyncio (``pip install 'aioriak[testing]'``) or anyio's plugin.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import TestCase

import pytest

try:
    import pytest_asyncio
except ImportError:
    pytest_asyncio = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from aioriak import RiakClient
    from aioriak.pytest_plugin.real_nodes import RealNodes
    from aioriak.testing import BucketType, Faults, RiakServer, Security, ServerThread
    from aioriak.testing.bucket_types import BucketTypes

_LOOP_SCOPES = ("function", "class", "module", "package", "session")
_KNOWN_TYPES = pytest.StashKey["dict[bytes, BucketType | None]"]()


# -- configuration ------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--riak-nodes``."""
    parser.getgroup("riak").addoption(
        "--riak-nodes", metavar="HOST:PORT,…",
        help="run the tests that use Riak on these nodes instead of a development server",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and check ``--riak-nodes``."""
    config.addinivalue_line(
        "markers",
        "riak(bucket_types=None, nodes=None, security=None): the development server of this test: bucket types"
        " besides the others, the number of nodes, a Security",
    )
    if config.getoption("riak_nodes") is not None:
        from aioriak.pytest_plugin.real_nodes import parse_nodes

        parse_nodes(config.getoption("riak_nodes"))
    config.stash[_KNOWN_TYPES] = {}


class _Wanted(NamedTuple):
    """What the marker ``riak`` asks for."""

    bucket_types: BucketTypes = None
    nodes: int | None = None
    security: Security | None = None


def _marked(request: pytest.FixtureRequest) -> _Wanted:
    found: dict[str, Any] = {}
    for marker in request.node.iter_markers("riak"):
        unknown = marker.kwargs.keys() - set(_Wanted._fields)
        if marker.args or unknown:
            raise pytest.UsageError(f"pytest.mark.riak takes {', '.join(_Wanted._fields)}, not {marker}")
        found = {**marker.kwargs, **found}
    return _Wanted(**found)


def _real_nodes(request: pytest.FixtureRequest) -> RealNodes | None:
    given = request.config.getoption("riak_nodes")
    if given is None:
        return None
    from aioriak.pytest_plugin.real_nodes import RealNodes, parse_nodes

    if _marked(request).security is not None:
        pytest.skip("sets the server's security; not possible with --riak-nodes")
    return RealNodes(parse_nodes(given))


# -- what a project overrides -------------------------------------------------------


@pytest.fixture
def riak_bucket_types() -> BucketTypes:
    """The bucket types that the tests need besides the standard ones: a mapping of names to properties, or none."""
    return None


@pytest.fixture
def riak_standard_bucket_types() -> bool:
    """Whether servers have the standard bucket types."""
    return True


@pytest.fixture
def riak_client_options() -> dict[str, Any]:
    """Options of the clients, as :class:`~aioriak.RiakClient` takes them: ``credentials``, ``tls``, ``pool``, …."""
    return {}


@pytest.fixture
def _riak_all_bucket_types(
    request: pytest.FixtureRequest, riak_bucket_types: BucketTypes, riak_standard_bucket_types: bool
) -> list[BucketType]:
    """All bucket types that the test has."""
    from aioriak.testing.bucket_types import collect

    standard = "standard" if riak_standard_bucket_types else None
    return collect([standard, riak_bucket_types, _marked(request).bucket_types])


@pytest.fixture
def _riak_all_client_options(riak_client_options: dict[str, Any]) -> dict[str, Any]:
    """The options of a test's client: listing a test's own buckets harms nobody."""
    return {"allow_listing": "silent", **riak_client_options}


# -- asynchronous fixtures, by event loop -------------------------------------------
#
# A fixture and its test must run in one event loop.  With pytest-asyncio the loop
# depends on the test's loop_scope, with anyio on its plugin.  So each asynchronous
# fixture exists once for each kind of loop, and the fixture that a test names
# chooses among them.


async def _run_server(
    request: pytest.FixtureRequest, _riak_all_bucket_types: list[BucketType]
) -> AsyncIterator[RiakServer]:
    async for server in _serve(request, _riak_all_bucket_types, 1):
        yield server


async def _run_cluster(
    request: pytest.FixtureRequest, _riak_all_bucket_types: list[BucketType]
) -> AsyncIterator[RiakServer]:
    async for server in _serve(request, _riak_all_bucket_types, 3):
        yield server


async def _serve(request: pytest.FixtureRequest, types: list[BucketType], nodes: int) -> AsyncIterator[RiakServer]:
    from aioriak.testing import RiakServer

    marked = _marked(request)
    async with RiakServer(types, nodes=marked.nodes or nodes, security=marked.security) as server:
        yield server


async def _run_client(
    request: pytest.FixtureRequest,
    _riak_all_bucket_types: list[BucketType],
    _riak_all_client_options: dict[str, Any],
) -> AsyncIterator[RiakClient]:
    server = request.getfixturevalue("riak_cluster" if "riak_cluster" in request.fixturenames else "riak_server")
    async for client in _connect(request, server, _riak_all_bucket_types, _riak_all_client_options):
        yield client


async def _run_shared_client(
    request: pytest.FixtureRequest,
    _riak_all_bucket_types: list[BucketType],
    _riak_all_client_options: dict[str, Any],
) -> AsyncIterator[RiakClient]:
    name = "riak_shared_cluster" if "riak_shared_cluster" in request.fixturenames else "riak_shared_server"
    server = request.getfixturevalue(name)
    async for client in _connect(request, server, _riak_all_bucket_types, _riak_all_client_options):
        yield client


async def _connect(
    request: pytest.FixtureRequest,
    server: RiakServer | ServerThread | RealNodes,
    types: list[BucketType],
    options: dict[str, Any],
) -> AsyncIterator[RiakClient]:
    from aioriak import RiakClient

    if _real_nodes(request) is not None:
        from aioriak.pytest_plugin.real_nodes import test_client

        async with test_client(server.addresses, types, request.config.stash[_KNOWN_TYPES], options) as client:
            yield client
    else:
        async with RiakClient(nodes=server.addresses, **options) as client:
            yield client


def _loop_of(request: pytest.FixtureRequest) -> str:
    """Return the kind of event loop that the test runs in; fail the test if it has none."""
    if request.cls is not None and issubclass(request.cls, TestCase):
        pytest.fail(
            f"{request.fixturename} does not work in unittest.TestCase: start a RiakServer in asyncSetUp,"
            " or use riak_server_thread",
            pytrace=False,
        )
    if "anyio_backend" in request.fixturenames:
        backend = request.getfixturevalue("anyio_backend")
        name = backend if isinstance(backend, str) else backend[0]
        if name != "asyncio":
            pytest.skip(f"aioriak runs on asyncio, not on {name}")
        return "anyio"
    marker = request.node.get_closest_marker("asyncio")
    if marker is None or pytest_asyncio is None:
        pytest.fail(
            f"{request.fixturename} runs in the event loop of an asynchronous test, and this test has none: use"
            " riak_server_thread in a synchronous test; for an asynchronous one install pytest-asyncio and set"
            " asyncio_mode = auto, or mark the test with pytest.mark.asyncio or pytest.mark.anyio",
            pytrace=False,
        )
    scope = marker.kwargs.get("loop_scope") or marker.kwargs.get("scope")
    try:
        default = request.config.getini("asyncio_default_test_loop_scope")
    except (KeyError, ValueError):  # pytest-asyncio before 0.25
        default = None
    return str(scope or default or "function")


def _in_each_loop(name: str, function: Callable[..., AsyncIterator[Any]]) -> dict[str, Any]:
    """Return the fixture for each kind of loop, by name."""
    # pytest-asyncio marks the function, so that each fixture needs one of its own
    found: dict[str, Any] = {f"_{name}_anyio": pytest.fixture(name=f"_{name}_anyio")(_copied(function))}
    if pytest_asyncio is not None:
        for scope in _LOOP_SCOPES:
            made = pytest_asyncio.fixture(name=f"_{name}_{scope}", loop_scope=scope)  # type: ignore[call-overload]
            found[f"_{name}_{scope}"] = made(_copied(function))
    return found


def _copied(function: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
    async def copy(**arguments: Any) -> AsyncIterator[Any]:
        async for value in function(**arguments):
            yield value

    copy.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    copy.__doc__ = function.__doc__
    return copy


globals().update(_in_each_loop("riak_server", _run_server))
globals().update(_in_each_loop("riak_cluster", _run_cluster))
globals().update(_in_each_loop("riak_client", _run_client))
globals().update(_in_each_loop("riak_shared_client", _run_shared_client))


# -- fixtures for each test ---------------------------------------------------------


@pytest.fixture
def riak_server(request: pytest.FixtureRequest) -> RiakServer | RealNodes:
    """A development server of one node for this test, empty, in the test's event loop."""
    return _real_nodes(request) or request.getfixturevalue(f"_riak_server_{_loop_of(request)}")


@pytest.fixture
def riak_cluster(request: pytest.FixtureRequest) -> RiakServer | RealNodes:
    """A development server of three nodes for this test, empty, in the test's event loop."""
    return _real_nodes(request) or request.getfixturevalue(f"_riak_cluster_{_loop_of(request)}")


@pytest.fixture
def riak_client(request: pytest.FixtureRequest) -> RiakClient:
    """A client of ``riak_cluster`` if the test uses it, else of ``riak_server``; closed after the test."""
    loop = _loop_of(request)
    request.getfixturevalue("riak_cluster" if "riak_cluster" in request.fixturenames else "riak_server")
    client: RiakClient = request.getfixturevalue(f"_riak_client_{loop}")
    return client


@pytest.fixture
def riak_faults(request: pytest.FixtureRequest) -> Faults:
    """The faults of ``riak_cluster`` if the test uses it, else of ``riak_server``."""
    server = request.getfixturevalue("riak_cluster" if "riak_cluster" in request.fixturenames else "riak_server")
    faults: Faults = server.faults
    return faults


@pytest.fixture
def riak_server_thread(
    request: pytest.FixtureRequest, _riak_all_bucket_types: list[BucketType]
) -> Iterator[ServerThread | RealNodes]:
    """A development server for this test, empty, in a thread of its own: for synchronous tests."""
    from aioriak.testing import RiakServer

    real = _real_nodes(request)
    if real is not None:
        yield real
        return
    marked = _marked(request)
    with RiakServer.in_thread(_riak_all_bucket_types, nodes=marked.nodes or 1, security=marked.security) as server:
        yield server


# -- fixtures for the session -------------------------------------------------------


@pytest.fixture(scope="session")
def _riak_session_server() -> Iterator[ServerThread]:
    from aioriak.testing import RiakServer

    with RiakServer.in_thread() as server:
        yield server


@pytest.fixture(scope="session")
def _riak_session_cluster() -> Iterator[ServerThread]:
    from aioriak.testing import RiakServer

    with RiakServer.in_thread(nodes=3) as server:
        yield server


def _shared(request: pytest.FixtureRequest, name: str, types: list[BucketType]) -> ServerThread | RealNodes:
    real = _real_nodes(request)
    if real is not None:
        return real
    marked = _marked(request)
    if marked.nodes is not None or marked.security is not None:
        pytest.fail("pytest.mark.riak cannot set nodes or security of a shared server", pytrace=False)
    server: ServerThread = request.getfixturevalue(name)
    server.reset(types)
    return server


@pytest.fixture
def riak_shared_server(
    request: pytest.FixtureRequest, _riak_all_bucket_types: list[BucketType]
) -> ServerThread | RealNodes:
    """The session's development server of one node, in a thread of its own, emptied before this test."""
    return _shared(request, "_riak_session_server", _riak_all_bucket_types)


@pytest.fixture
def riak_shared_cluster(
    request: pytest.FixtureRequest, _riak_all_bucket_types: list[BucketType]
) -> ServerThread | RealNodes:
    """The session's development server of three nodes, in a thread of its own, emptied before this test."""
    return _shared(request, "_riak_session_cluster", _riak_all_bucket_types)


@pytest.fixture
def riak_shared_client(request: pytest.FixtureRequest) -> RiakClient:
    """A client of ``riak_shared_cluster`` if the test uses it, else of ``riak_shared_server``."""
    loop = _loop_of(request)
    name = "riak_shared_cluster" if "riak_shared_cluster" in request.fixturenames else "riak_shared_server"
    request.getfixturevalue(name)
    client: RiakClient = request.getfixturevalue(f"_riak_shared_client_{loop}")
    return client


@pytest.fixture
def riak_shared_faults(request: pytest.FixtureRequest) -> Faults:
    """The faults of ``riak_shared_cluster`` if the test uses it, else of ``riak_shared_server``."""
    name = "riak_shared_cluster" if "riak_shared_cluster" in request.fixturenames else "riak_shared_server"
    faults: Faults = request.getfixturevalue(name).faults
    return faults
