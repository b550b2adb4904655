"""Run the contract tests on a cluster: ``python -m tests.contract HOST:PORT,HOST:PORT [pytest options]``.

The cluster needs the standard bucket types.  Without nodes a development server is started in a
process of its own.  Every object that the tests store is removed at the end, and two tables close
the run: how each file of the suite fared, and what the server supports.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from xml.etree import ElementTree

from aioriak import RiakClient
from aioriak.error import RiakError
from tests.contract import support

HERE = pathlib.Path(__file__).parent


def tally(report: pathlib.Path) -> dict[str, Counter[str]]:
    """Outcomes by file of the suite, read from pytest's JUnit report."""
    files: dict[str, Counter[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("classname", "").rpartition(".")[2].removeprefix("test_")
        failed = case.find("failure") is not None or case.find("error") is not None
        outcome = "failed" if failed else "skipped" if case.find("skipped") is not None else "passed"
        files.setdefault(name, Counter())[outcome] += 1
    return files


@contextmanager
def development_server() -> Iterator[str]:
    """A development server in a process of its own, for as long as the context lasts."""
    command = [sys.executable, "-m", "aioriak", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            ready = process.stdout.readline()
            if "ready on " not in ready:
                raise SystemExit(f"the development server did not start: {ready}")
            yield ready.rpartition("ready on ")[2].strip()
        finally:
            process.terminate()
            process.communicate()


async def _check(nodes: list[str]) -> list[str]:
    """The server's name and release as lines of the last table; exits where the cluster is not fit."""
    lines = []
    for node in nodes:
        async with await RiakClient.create(nodes=[node]) as client:
            info = await client.get_server_info()
            lines.append(f"{node}  {info.node}  Riak {info.server_version}")
            absent = await support.missing_types(client)
            if absent:
                raise SystemExit(f"{node} does not have the bucket types {', '.join(absent)} (see docker-compose.yml)")
    return lines


async def _close(nodes: list[str], run: str) -> tuple[list[tuple[str, str]], int, int]:
    """What the cluster supports, and how many objects were removed and are left."""
    async with await RiakClient.create(nodes=nodes, allow_listing="silent") as client:
        found = await support.supported(client, client.bucket(f"{run}support", "nosiblings"))
        deleted, left = await support.remove(client, run)
    return found, deleted, left


def run(nodes: list[str], options: Sequence[str]) -> int:
    """Run the suite on ``nodes``, clean up, and print the tables; the exit status."""
    try:
        servers = asyncio.run(_check(nodes))
    except RiakError as error:
        raise SystemExit(f"the cluster cannot be used: {error}") from None
    run_name = f"aioriak-contract-{uuid.uuid4().hex[:8]}-"
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", str(HERE), f"--junitxml={report}", *options]
        environment = {**os.environ, "AIORIAK_TEST_NODES": ",".join(nodes), "AIORIAK_TEST_RUN": run_name}
        status = subprocess.run(command, env=environment).returncode
        files = tally(report)
    features, deleted, left = asyncio.run(_close(nodes, run_name))

    print(f"\n{'suite':<28} passed  failed  skipped")
    for name, counts in sorted(files.items()):
        print(f"{name:<28} {counts['passed']:6}  {counts['failed']:6}  {counts['skipped']:7}")
    print("\nservers")
    for line in servers:
        print(f"  {line}")
    print(f"\n{'feature':<28} supported")
    for name, answer in features:
        print(f"{name:<28} {answer}")
    print(f"\nremoved: {deleted} objects, {left} still listed")
    total = sum(files.values(), Counter())
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return status or bool(left)


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    nodes = [node.strip() for node in arguments[0].split(",") if node.strip()] if arguments else []
    if nodes:
        return run(nodes, arguments[1:])
    with development_server() as address:
        return run(address.split(", "), arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
