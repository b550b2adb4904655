"""Status, bench and shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from aioriak import RiakClient
from aioriak.cli.bench import quantile
from aioriak.testing import RiakServer

Run = Callable[..., Coroutine[Any, Any, Any]]


async def test_status_shows_each_node_and_the_ownership(run: Run, server: RiakServer) -> None:
    result = await run("status")
    assert result.status == 0, result.err
    assert result.lines[0].startswith(f"{server.address}\tup\t3.2.3\t")
    assert any(line.startswith("owners   riak@127.0.0.1 100%") for line in result.lines)
    found = json.loads((await run("status", "--json")).out)
    assert [node["up"] for node in found["nodes"]] == [True]
    assert found["sampled"] == 64
    (node,) = found["nodes"]
    assert 0 < node["p50_ms"] <= node["p95_ms"] <= node["p99_ms"] <= node["max_ms"]
    assert node["connections"] == 1


async def test_status_names_the_node_that_is_down(run: Run, server: RiakServer) -> None:
    result = await run("--url", f"riak://{server.address},127.0.0.1:1", "status")
    assert result.status == 4
    assert any(line.startswith("127.0.0.1:1\tdown\t-\t-\t-\t-\t-\t") for line in result.lines)
    assert result.err == "aioriak: 1 of 2 nodes are down\n"


async def test_bench_measures_and_leaves_nothing(run: Run, client: RiakClient) -> None:
    assert (await run("bench")).status == 2
    result = await run("bench", "--yes", "--seconds", "0.2", "--keys", "20", "--tasks", "4", "--gets", "0.5", "--json")
    assert result.status == 0, result.err
    found = json.loads(result.out)
    assert found["failed"] == 0
    assert found["get"]["requests"] > 0
    assert not any([(await client.bucket("aioriak-bench").get(f"bench-{n}")).exists for n in range(20)])
    chart = await run("bench", "--yes", "--seconds", "0.1", "--keys", "5")
    assert max(map(len, chart.lines)) <= 80


def test_a_quantile_is_a_latency_that_was_measured() -> None:
    assert quantile([3.0, 1.0, 2.0], 50) == 2.0
    assert quantile([1.0], 99) == 1.0


async def test_the_shell_runs_python_and_commands(run: Run) -> None:
    lines = [
        "o = bucket('users', 'siblings').new_object('ada', {'born': 1815})",
        "await o.store()",
        "get -t siblings users ada",
        "(await bucket('users', 'siblings').get('ada')).data['born'] + 1",
        "await bucket('users', 'siblings').get('nobody')",
        "1 / 0",
        "get",
        "await bucket('x', 'nope').get('k')",
    ]
    result = await run("shell", given="\n".join(lines).encode())
    assert result.status == 0
    assert '{"born":1815}' in [line.replace(" ", "") for line in result.lines]
    assert "1816" in result.lines, result
    assert "siblings/users/nobody (not found)" in result.lines
    errors = result.err.splitlines()
    assert "aioriak: ZeroDivisionError: division by zero" in errors
    assert any("Missing argument" in line for line in errors)
    assert any("BucketTypeNotFound" in line for line in errors)
