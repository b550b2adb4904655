"""SVG plots of a run's results, small enough to be committed with the documentation."""

from __future__ import annotations

import pathlib
from typing import Any

import matplotlib

from .report import Row, find

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "aioriak", "font.size": 9})

from matplotlib import pyplot  # noqa: E402

ORDER = [
    ("floor", "uvloop"), ("floor", "asyncio"), ("aioriak", "uvloop"), ("aioriak", "asyncio"),
    ("aioriak 0.2.0", "uvloop"), ("aioriak 0.2.0", "asyncio"), ("riak threads", "none"),
    ("riak executor", "uvloop"), ("riak executor", "asyncio"),
]  # fmt: skip
OURS, OTHERS, FLOOR = "#2a6f97", "#a9b4c0", "#e0e4e8"


def draw(results: dict[str, Any], directory: pathlib.Path) -> list[pathlib.Path]:
    """Draw what the results have; the files."""
    directory.mkdir(parents=True, exist_ok=True)
    drawn = []
    if results.get("peers"):
        drawn.append(_peers(results["peers"], directory / "performance-peers.svg"))
    if results.get("growth"):
        drawn.append(_growth(results["growth"], directory / "performance-growth.svg"))
    return drawn


def _save(figure: Any, path: pathlib.Path) -> pathlib.Path:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    text = path.read_text()
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n")
    return path


def _label(contestant: str, loop: str) -> str:
    return contestant if loop == "none" else f"{contestant}, {loop}"


def _peers(rows: list[Row], path: pathlib.Path) -> pathlib.Path:
    """Plot the CPU time of each request, get and put, one bar each."""
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3.2), sharey=True)
    for axis, workload in zip(axes, ("get", "put"), strict=True):
        found = [(who, find(rows, *who, workload=workload, tasks=64, size=1024)) for who in ORDER]
        bars = [(who, row) for who, row in found if row is not None]
        names = [_label(*who) for who, _ in bars]
        values = [row["cpu_us"] for _, row in bars]
        colours = [{"floor": FLOOR, "aioriak": OURS}.get(who[0], OTHERS) for who, _ in bars]
        drawn = axis.barh(names, values, color=colours)
        axis.bar_label(drawn, fmt="%.0f", padding=2)
        axis.set_title(f"{workload}, 1 KiB of JSON, 64 tasks", fontsize=9)
        axis.set_xlabel("µs of CPU for each request, client process")
        axis.margins(x=0.15)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].invert_yaxis()
    return _save(figure, path)


def _growth(points: list[dict[str, Any]], path: pathlib.Path) -> pathlib.Path:
    """Plot CPU time and memory by the number of tasks, and memory by the size of a value."""
    figure, axes = pyplot.subplots(1, 3, figsize=(8, 2.8))
    for name, colour in (("floor", OTHERS), ("aioriak", OURS)):
        tasks = [point for point in points if point["kind"] == "tasks" and point["contestant"] == name]
        axes[0].plot([p["at"] for p in tasks], [p["cpu_us"] for p in tasks], "o-", color=colour, label=name)
        axes[1].plot([p["at"] for p in tasks], [p["peak_bytes"] / 1e6 for p in tasks], "o-", color=colour, label=name)
    sizes = [point for point in points if point["kind"] == "size"]
    grown = [max(0, p["peak_bytes"] - p["idle_bytes"]) / 1e6 for p in sizes]
    axes[2].plot([p["at"] / 1e6 for p in sizes], grown, "o-", color=OURS)
    for axis, below, left in (
        (axes[0], "tasks", "µs of CPU for each get"), (axes[1], "tasks", "MB of memory at the peak"),
        (axes[2], "MB of a value", "MB that a get adds at the peak"),
    ):  # fmt: skip
        axis.set_xlabel(below)
        axis.set_ylabel(left)
        axis.set_ylim(bottom=0)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes[:2]:
        axis.set_xscale("log")
        axis.legend(frameon=False)
    return _save(figure, path)
