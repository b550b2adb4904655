"""The pytest plugin gives a project its fixtures, and stays out of the way where it has none to give."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import textwrap

import pytest

USES_FIXTURES = """
    import pytest

    pytestmark = pytest.mark.asyncio

    async def test_an_object_is_stored(riak_client):
        users = riak_client.bucket_type("siblings").bucket("users")
        await (await users.new("ada", 1)).store()
        assert (await users.get("ada")).data == 1

    async def test_each_test_has_a_server_of_its_own(riak_client, riak_server):
        assert await riak_client.bucket_type("siblings").get_buckets() == []
        assert riak_client.settings.nodes[0].port == riak_server.port
"""


def pytest_in(folder: pathlib.Path, test: str, *options: str, conftest: str = "") -> str:
    (folder / "test_it.py").write_text(textwrap.dedent(test))
    (folder / "conftest.py").write_text(textwrap.dedent(conftest))
    (folder / "pytest.ini").write_text("[pytest]\n")
    ran = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_a_project_has_a_server_and_a_client(tmp_path: pathlib.Path, mode: str) -> None:
    assert "2 passed" in pytest_in(tmp_path, USES_FIXTURES, f"--asyncio-mode={mode}")


def test_a_project_without_pytest_asyncio_has_its_synchronous_fixtures(tmp_path: pathlib.Path) -> None:
    (tmp_path / "pytest_asyncio.py").write_text("raise ImportError('not installed')\n")
    test = """
        def test_a_server_in_a_thread(riak_server_thread, riak_shared_server):
            assert riak_server_thread.port != riak_shared_server.port

        def test_a_server_in_a_loop(riak_server): pass
    """
    said = pytest_in(tmp_path, test, "-p", "no:asyncio", "-p", "no:anyio")
    assert "1 passed, 1 error" in said
    assert "riak_server runs in the event loop of an asynchronous test, and this test has none" in said


@pytest.mark.parametrize(
    ("nodes", "words"), [("127.0.0.1", "not host:port: '127.0.0.1'"), ("a:99999", "not host:port"), ("", "no node")]
)
def test_addresses_that_cannot_be_are_refused(tmp_path: pathlib.Path, nodes: str, words: str) -> None:
    assert words in pytest_in(tmp_path, "", "--riak-nodes", nodes)


def test_a_marker_with_a_wrong_option_is_refused(tmp_path: pathlib.Path) -> None:
    test = """
        import pytest

        @pytest.mark.riak(node=3)
        def test_it(riak_server_thread): pass
    """
    assert "pytest.mark.riak takes bucket_types, nodes, security" in pytest_in(tmp_path, test)


def test_the_fixtures_are_described(tmp_path: pathlib.Path) -> None:
    said = pytest_in(tmp_path, "", "--fixtures")
    for name in ("riak_server", "riak_bucket_types", "riak_cluster", "riak_faults", "riak_shared_server"):
        assert name in said
