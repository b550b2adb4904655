"""How cost and memory grow: tasks, connections, value size, keys listed."""

from __future__ import annotations


def run(quick: bool) -> tuple[list[dict[str, float]], bool]:
    return [], True
