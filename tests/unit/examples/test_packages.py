"""The tour on this machine's Python packages runs, alone and on a server that is named."""

from __future__ import annotations

import argparse
import importlib.util
import pathlib
import re
import subprocess
import sys
from types import ModuleType

import pytest

from aioriak import RiakClient
from aioriak.testing import RiakServer

SCRIPT = pathlib.Path(__file__).parents[3] / "examples" / "packages.py"


@pytest.fixture(scope="module")
def packages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("examples_packages", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def arguments(server: RiakServer, **more: object) -> argparse.Namespace:
    return argparse.Namespace(
        **{"host": server.host, "port": server.port, "bucket_type": "default", "limit": 25, **more}
    )


def test_the_tour_runs_by_itself() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", str(SCRIPT), "--limit", "10"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert re.search(r"^  updated +one object from 20 tasks at once; all 20 are in it", ran.stdout, re.MULTILINE)
    assert "Nothing of it is left on the server." in ran.stdout


def test_a_riak_that_cannot_be_reached_is_said_without_a_traceback() -> None:
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), "--limit", "1", "--host", "127.0.0.1", "--port", "1"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert re.fullmatch(r"ConnectError: .*127\.0\.0\.1:1.*", ran.stderr.splitlines()[-1])
    assert "Traceback" not in ran.stderr


async def test_every_document_gets_into_a_conflict_and_out_of_it(
    packages: ModuleType, server: RiakServer, capsys: pytest.CaptureFixture[str]
) -> None:
    count = len(packages.installed(25))
    await packages.run(arguments(server))
    assert f"{count} conflicts" in capsys.readouterr().out


@pytest.mark.parametrize("bucket_type", ["default", "siblings"])
async def test_the_server_is_left_as_it_was(packages: ModuleType, bucket_type: str) -> None:
    async with RiakServer(tombstone_seconds=None) as server:  # tombstones stay: they tell which bucket it was
        await packages.run(arguments(server, bucket_type=bucket_type, limit=5))
        async with await RiakClient.create(server.host, server.port, allow_listing="silent") as client:
            (bucket,) = await client.get_buckets(bucket_type)
            keys = await bucket.get_keys()
            assert len(keys) == len(packages.installed(5)) + 1
            async for _, robject in bucket.get_many(keys):
                assert not robject.exists
            assert await bucket.get_property("allow_mult") is (bucket_type == "siblings")


async def test_one_distribution_is_enough(packages: ModuleType, server: RiakServer) -> None:
    await packages.run(arguments(server, limit=1))


def test_what_is_found_is_what_is_installed(packages: ModuleType) -> None:
    documents = packages.installed()
    mine = [document for document in documents.values() if document["name"] == "protobuf"]
    assert mine
    assert all(document["version"] and document["installed_in"] for document in mine)
