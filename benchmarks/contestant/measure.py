"""The measuring loops: the same for all, so that only what they call differs."""

from __future__ import annotations

import asyncio
import gc
import resource
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from .case import Case

Once = Callable[[], Awaitable[Any]]
WARM_UP = 0.3  # of the measured time
SAMPLES = 20_000  # latencies kept


def cpu() -> float:
    """Return the CPU seconds used by this process so far, in all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_memory() -> int:
    """Return the peak resident memory of this process in bytes."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    # elsewhere; it may be what the parent process had
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def _repeat(once: Once, count: int) -> None:
    for _ in range(count):
        await once()


async def _repeat_timed(once: Once, count: int, latencies: list[float]) -> None:
    clock = time.perf_counter
    for _ in range(count):
        start = clock()
        await once()
        latencies.append(clock() - start)


async def measure(workers: list[Once], case: Case, per_call: int = 1) -> dict[str, float]:
    """Run every worker at once, long enough; give rate, CPU and latencies per request.

    ``per_call`` says how many requests one call of a worker stands for.
    """

    async def run(count: int, latencies: list[float] | None = None) -> tuple[float, float]:
        started, used = time.perf_counter(), cpu()
        if latencies is None:
            await asyncio.gather(*(_repeat(once, count) for once in workers))
        else:
            await asyncio.gather(*(_repeat_timed(once, count, latencies) for once in workers))
        return time.perf_counter() - started, cpu() - used

    if case.requests:
        each = max(1, case.requests // (len(workers) * per_call))
    else:
        each = 1
        wall, _ = await run(1)
        warm = case.seconds * WARM_UP
        while wall < warm:
            each = max(each + 1, min(each * 8, int(each * warm / wall * 1.2)))
            wall, _ = await run(each)
        each = max(1, round(each * case.seconds / wall))
    gc.collect()
    wall, used = await run(each)
    requests = each * len(workers) * per_call
    latencies: list[float] = []
    if case.latencies:
        await run(max(1, min(each // 3, SAMPLES // len(workers))), latencies)
    return summary(requests, wall, used, [latency / per_call for latency in latencies])


def measure_threads(workers: list[Callable[[], Any]], case: Case, per_call: int = 1) -> dict[str, float]:
    """Measure with a thread for each worker."""

    def run(count: int, latencies: list[float] | None = None) -> tuple[float, float]:
        def repeat(once: Callable[[], Any]) -> None:
            clock = time.perf_counter
            for _ in range(count):
                if latencies is None:
                    once()
                else:
                    start = clock()
                    once()
                    latencies.append(clock() - start)

        threads = [threading.Thread(target=repeat, args=(once,)) for once in workers]
        started, used = time.perf_counter(), cpu()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - started, cpu() - used

    each = 1
    wall, _ = run(1)
    warm = case.seconds * WARM_UP
    while wall < warm:
        each = max(each + 1, min(each * 8, int(each * warm / wall * 1.2)))
        wall, _ = run(each)
    each = max(1, round(each * case.seconds / wall))
    gc.collect()
    wall, used = run(each)
    latencies: list[float] = []
    run(max(1, min(each // 3, SAMPLES // len(workers))), latencies)
    return summary(each * len(workers) * per_call, wall, used, [latency / per_call for latency in latencies])


def summary(requests: int, wall: float, used: float, latencies: list[float]) -> dict[str, float]:
    """Return the figures per request, times in microseconds."""
    latencies = sorted(latencies) or [0.0]
    return {
        "requests": requests,
        "per_second": requests / wall,
        "wall_us": wall / requests * 1e6,
        "cpu_us": used / requests * 1e6,
        "p50_us": latencies[len(latencies) // 2] * 1e6,
        "p99_us": latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)] * 1e6,
        "peak_bytes": peak_memory(),
    }
