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


def test_a_project_may_have_other_bucket_types(tmp_path: pathlib.Path) -> None:
    conftest = """
        import pytest

        @pytest.fixture
        def riak_bucket_types():
            return {"carts": {"datatype": "map"}}
    """
    test = """
        import pytest

        @pytest.mark.asyncio
        async def test_types(riak_client):
            assert await riak_client.bucket_type("carts").get_datatype() == "map"
            with pytest.raises(Exception, match="siblings"):
                await riak_client.bucket_type("siblings").get_properties()
    """
    assert "1 passed" in pytest_in(tmp_path, test, conftest=conftest)


def test_a_project_without_pytest_asyncio_is_not_disturbed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "pytest_asyncio.py").write_text("raise ImportError('not installed')\n")
    said = pytest_in(tmp_path, "def test_nothing(): pass", "-p", "no:asyncio")
    assert "1 passed" in said
    assert "riak_client" not in pytest_in(tmp_path, "", "-p", "no:asyncio", "--fixtures")


def test_the_fixtures_are_described(tmp_path: pathlib.Path) -> None:
    said = pytest_in(tmp_path, "", "--fixtures")
    for name in ("riak_server", "riak_client", "riak_bucket_types"):
        assert name in said
