"""Completion of the names of bucket types and buckets, which the server is asked for.

The names are those of buckets that hold keys, from active anti-entropy (tictacaae_active = active). Without an
answer in a short time there are none: completion never prints an error and never asks for a password.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from aioriak.cli.exits import Failure
from aioriak.cli.notation import parse, show
from aioriak.error import RiakError

if TYPE_CHECKING:
    import click

    from aioriak.client import RiakClient

PATIENCE = 2.0
"""Seconds that the server has for an answer."""
FRESH = 10.0
"""Seconds after which the prompt asks again."""
_WORD = re.compile(r"[^\s'\"(),]*$")
_TYPE_BEFORE = re.compile(r"(?:-t|--type)[ =]\s*$|-t$")


class Names(NamedTuple):
    """Pairs of a bucket type and a bucket, in the notation of the command."""

    pairs: frozenset[tuple[str, str]] = frozenset()

    def types(self) -> list[str]:
        """Return the bucket types."""
        return sorted({kind for kind, _ in self.pairs} | {"default"})

    def buckets(self, *kinds: str) -> list[str]:
        """Return the buckets of these types; without a type all."""
        return sorted({bucket for kind, bucket in self.pairs if not kinds or kind in kinds})


async def read_names(client: RiakClient) -> Names:
    """Ask the server for the buckets that hold keys; no names if it does not answer in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            found = await client.aae.list_buckets()
    except (RiakError, TimeoutError):
        return Names()
    return Names(frozenset((show(each.bucket_type), show(each.bucket)) for each in found))


def complete(context: click.Context, parameter: str, incomplete: str) -> list[str]:
    """Return the names that a parameter of a command may be completed to."""
    if parameter not in ("kind", "types", "bucket", "buckets"):
        return []
    with contextlib.suppress(Failure, RiakError, OSError, ValueError):
        names = asyncio.run(_ask(context.find_root().params))
        if parameter in ("kind", "types"):
            found = names.types()
        else:
            found = names.buckets(*_typed(context.params.get("kind") or context.params.get("types")))
        return [name for name in found if name.startswith(incomplete)]
    return []


async def _ask(options: dict[str, Any]) -> Names:
    from aioriak.cli.session import session_of

    session = session_of(options, os.environ, asks=False)
    async with session.client(request_timeout=PATIENCE, attempts=1, max_size=1) as client:
        return await read_names(client)


def _typed(given: Any) -> list[str]:
    """Return bucket types in the notation of the command, whether or not they were converted."""
    many = given if isinstance(given, (list, tuple)) else [given] if given else []
    return [show(parse(one) if isinstance(one, str) else one) for one in many]


def suggestions(before: str, commands: list[str], names: Names) -> tuple[list[str], int]:
    """Return what the word before the cursor of the prompt may become, and the length of that word."""
    found = _WORD.search(before)
    word = found.group() if found else ""
    start = before[: len(before) - len(word)]
    if _TYPE_BEFORE.search(start):
        candidates = names.types()
    elif not start.strip():
        candidates = commands if word else []
    else:
        candidates = [*names.buckets(), *(names.types() if word else [])]
    return [name for name in dict.fromkeys(candidates) if name.startswith(word) and name != word], len(word)
