"""The plugin serves projects of every kind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

ASYNCIO = "pytest_asyncio.plugin"


@pytest.fixture
def serving() -> Iterator[str]:
    """The address of a development server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aioriak", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.communicate()


def test_a_fastapi_application_is_tested_without_a_loop(run_project):
    pytest.importorskip("fastapi")
    assert "3 passed" in run_project("fastapi_app", plugins=())


def test_an_aiohttp_application_is_tested_in_its_loop(run_project):
    pytest.importorskip("aiohttp")
    assert "2 passed" in run_project("aiohttp_app", plugins=(ASYNCIO,))


def test_a_queue_worker_is_tested_with_faults(run_project):
    assert "4 passed" in run_project("queue_worker", plugins=(ASYNCIO,))


def test_unittest_cases_start_servers_themselves(run_project):
    assert "4 passed" in run_project("unittest_cases")


def test_anyio_tests_run_on_asyncio(run_project):
    pytest.importorskip("anyio")
    said = run_project("anyio_tests", plugins=("anyio",))
    assert "2 passed, 2 skipped" in said
    assert "aioriak runs on asyncio, not on trio" in said


def test_anyio_tests_run_beside_pytest_asyncio(run_project):
    pytest.importorskip("anyio")
    assert "2 passed, 2 skipped" in run_project("anyio_tests", plugins=("anyio", ASYNCIO))


def test_workers_of_xdist_have_servers_of_their_own(run_project):
    assert "12 passed" in run_project("xdist_workers", "-n", "4", plugins=(ASYNCIO, "xdist"))


def test_every_loop_scope_works(run_project):
    assert "12 passed" in run_project("loop_scopes", plugins=(ASYNCIO,))


def test_a_cluster_is_tested_with_faults(run_project):
    assert "5 passed" in run_project("cluster_faults", plugins=(ASYNCIO,))


def test_bucket_types_are_the_projects_and_the_tests(run_project):
    assert "5 passed" in run_project("bucket_types", plugins=(ASYNCIO,))


def test_the_same_tests_run_on_other_nodes(run_project, serving):
    said = run_project("real_nodes", "--riak-nodes", serving, plugins=(ASYNCIO,))
    assert "1 failed, 4 passed, 2 skipped" in said
    assert "needs the development server (uses its 'faults'); not available with --riak-nodes" in said
    assert """riak admin bucket-type create boats '{"props":{"n_val":2,"allow_mult":false}}'""" in said
    assert "riak admin bucket-type activate boats" in said


def test_the_same_tests_run_on_the_development_server(run_project):
    assert "7 passed" in run_project("real_nodes", plugins=(ASYNCIO,))
