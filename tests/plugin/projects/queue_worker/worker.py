"""A worker that takes jobs from a queue and keeps their results in Riak."""

import asyncio

from aioriak.error import OutcomeUnknown


async def work(queue: asyncio.Queue, results) -> None:
    """Square numbers until the queue is empty; a result whose write was lost is written again."""
    while not queue.empty():
        number = queue.get_nowait()
        for _ in range(3):
            try:
                await results.new_object(str(number), number**2).store()
                break
            except OutcomeUnknown:
                continue
