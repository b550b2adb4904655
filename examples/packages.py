"""A tour of aioriak on real data: the Python packages installed on this machine.

The metadata of every distribution that is found goes into a bucket as JSON, all
of it at once through one client; it is read back, changed by two writers that
do not know of each other, the conflicts are resolved, and all is deleted.

    python examples/packages.py                          brings its own server
    python examples/packages.py --host H --port 8087     uses a Riak

On a Riak it works in a bucket of its own, which it empties again.  The bucket
must keep siblings: in the default bucket type the example sets that property
itself; ``--bucket-type`` names another type.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from aioriak import Bucket, RiakClient, RiakError, RiakObject, __version__
from aioriak.resolver import merge_resolver
from aioriak.testing import RiakServer

Document = dict[str, Any]


# -- what is installed here -------------------------------------------------------


def prefixes() -> Iterator[Path]:
    """Return the directories where Pythons are installed: this one, those on PATH, those of pyenv and pipx."""
    yield from (Path(sys.prefix), Path(sys.base_prefix), Path.home() / ".local")
    for folder in os.get_exec_path():
        for python in Path(folder).glob("python3*"):
            yield python.resolve().parent.parent
    for managed in (
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
        Path.home() / ".local/share/pipx/venvs",
    ):
        yield from managed.glob("*")


def site_packages() -> list[str]:
    """Return every directory of installed packages."""
    found = [Path(entry) for entry in sys.path if entry]
    for prefix in prefixes():
        found += prefix.glob("[Ll]ib/python3*/*-packages")
        found += prefix.glob("[Ll]ib/*-packages")
    return list(dict.fromkeys(str(path.resolve()) for path in found if path.is_dir()))


def describe(distribution: metadata.Distribution, place: str) -> Document:
    """Return the facts about a distribution that JSON can hold."""
    about: Any = distribution.metadata  # has get(), which its type does not say
    return {
        "name": about.get("Name"),
        "version": distribution.version,
        "summary": about.get("Summary"),
        "license": about.get("License-Expression") or about.get("License", "").partition("\n")[0][:80] or None,
        "requires_python": about.get("Requires-Python"),
        "requires": distribution.requires or [],
        "classifiers": about.get_all("Classifier") or [],
        "files": len(distribution.files or []),
        "installed_in": [place],
        "tags": [],
    }


def installed(limit: int | None = None) -> dict[str, Document]:
    """Return every distribution on this machine by ``name-version``, with all places it is installed in."""
    documents: dict[str, Document] = {}
    for place in site_packages():
        for distribution in metadata.distributions(path=[place]):
            if limit is not None and len(documents) >= limit:
                return documents
            about: Any = distribution.metadata
            if not about.get("Name"):
                continue  # half uninstalled
            key = f"{about.get('Name').lower().replace('_', '-')}-{about.get('Version')}"
            known = documents.get(key)
            if known is None:
                documents[key] = describe(distribution, place)
            elif place not in known["installed_in"]:
                known["installed_in"].append(place)
    return documents


# -- the tour ---------------------------------------------------------------------


class Report:
    """Prints each step with how long it took."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def step(self, what: str, text: str, count: int | None = None) -> None:
        """Print a line about the step that ends now; ``count`` gives a rate."""
        seconds = time.perf_counter() - self._start
        rate = f"{count / seconds:9,.0f} a second" if count else ""
        print(f"  {what:10}{text:58}{seconds:7.2f} s{rate}".rstrip())
        self._start = time.perf_counter()

    def note(self, text: str) -> None:
        """Print a line that belongs to the step before."""
        print(f"  {'':10}{text}")
        self._start = time.perf_counter()


async def fetch(bucket: Bucket, keys: Iterable[str]) -> dict[str, RiakObject]:
    """Read many objects at once; the first error ends it."""
    found = {}
    async for key, result in bucket.get_many(keys):
        if isinstance(result, RiakError):
            raise result
        found[str(key)] = result
    return found


async def store(bucket: Bucket, objects: Iterable[RiakObject]) -> None:
    """Write many objects at once; the first error ends it."""
    async for _, error in bucket.put_many(objects, return_body=False):
        if error is not None:
            raise error


def merge(versions: list[Document]) -> Document:
    """Merge the siblings of one document: the common fields, with the tags of all."""
    return {**versions[0], "tags": sorted({tag for version in versions for tag in version["tags"]})}


async def tour(client: RiakClient, bucket: Bucket, documents: dict[str, Document]) -> None:
    """Store, read, change, resolve and delete the documents, and say so."""
    count, report = len(documents), Report()

    size = sum(len(json.dumps(document)) for document in documents.values())
    await store(bucket, [bucket.new_object(key, document) for key, document in documents.items()])
    report.step("stored", f"{count} objects, {size / 1024:,.0f} KiB of JSON, through one client", count)

    read = await fetch(bucket, documents)
    if any(read[key].data != document for key, document in documents.items()):
        raise SystemExit("what was read is not what was stored")
    report.step("read", "them all, and each is what was stored", count)
    wanted = Counter(
        name for robject in read.values() for name in {re.split(r"[^\w.-]", one)[0] for one in robject.data["requires"]}
    )
    if wanted:
        name, times = wanted.most_common(1)[0]
        report.note(f"(the package that most of them require: {name}, {times} of {count})")

    # Two writers read the same versions, and each adds what it knows.
    first, second = await asyncio.gather(fetch(bucket, documents), fetch(bucket, documents))
    for robject in first.values():
        robject.data["tags"].append(f"{len(robject.data['requires'])} requirements")
    for robject in second.values():
        robject.data["tags"].append(f"{robject.data['files']} files")
    await asyncio.gather(store(bucket, first.values()), store(bucket, second.values()))
    report.step("changed", "each of them twice, by two writers at the same time", 2 * count)

    torn = await fetch(bucket, documents)
    conflicts = [robject for robject in torn.values() if len(robject.siblings) > 1]
    report.step("found", f"{len(conflicts)} conflicts", count)
    for robject in conflicts[:1]:
        sides = " or ".join(str(sibling.data["tags"]) for sibling in robject.siblings)
        report.note(f"(is {robject.key!r} tagged {sides}?)")

    bucket.resolver = merge_resolver(merge)
    settled = await fetch(bucket, documents)
    await store(bucket, settled.values())
    bucket.resolver = None  # from here on a conflict would be an error
    final = await fetch(bucket, documents)
    if any(len(robject.data["tags"]) != 2 for robject in final.values()):
        raise SystemExit("a change was lost")
    report.step("resolved", "them, by merging; nobody's change was lost", 3 * count)
    for robject in conflicts[:1]:
        report.note(f"({robject.key!r} is tagged {final[str(robject.key)].data['tags']})")

    # Many tasks change one object: update() reads, changes and writes until nobody was faster.
    bucket.resolver = merge_resolver(merge)
    tasks, shared = 20, "every-task-was-here"

    async def sign(number: int) -> None:
        def change(robject: RiakObject) -> None:
            robject.data = merge([robject.data or {"tags": []}, {"tags": [f"task {number}"]}])

        await bucket.update(shared, change)

    await asyncio.gather(*(sign(number) for number in range(tasks)))
    signed = (await bucket.get(shared)).data["tags"]
    if len(signed) != tasks:
        raise SystemExit(f"only {len(signed)} of {tasks} updates are there")
    report.step("updated", f"one object from {tasks} tasks at once; all {len(signed)} are in it", tasks)

    await empty(bucket, [*documents, shared])
    left = [robject for robject in (await fetch(bucket, [*documents, shared])).values() if robject.exists]
    if left:
        raise SystemExit(f"{len(left)} objects were not deleted")
    report.step("deleted", "everything, and looked: nothing is left", count + 1)


async def empty(bucket: Bucket, keys: Iterable[str]) -> None:
    """Delete objects, as they are now, a few at a time."""
    few = asyncio.Semaphore(64)

    async def delete(key: str) -> None:
        async with few:
            robject = await bucket.get(key)
            if robject.exists:
                await robject.delete()

    await asyncio.gather(*(delete(key) for key in keys))


@asynccontextmanager
async def connected(arguments: argparse.Namespace) -> AsyncIterator[RiakClient]:
    """Connect to the given Riak, or to a development server in this process."""
    if arguments.host:
        async with RiakClient(arguments.host, arguments.port) as client:
            yield client
    else:
        async with RiakServer() as server:
            async with RiakClient(server.host, server.port) as client:
                yield client


async def run(arguments: argparse.Namespace) -> None:
    """Run the example."""
    print(f"aioriak {__version__}, a tour on {'Riak' if arguments.host else 'a development server in this process'}\n")
    report = Report()
    documents = installed(arguments.limit)
    if not documents:
        raise SystemExit("no Python distribution was found on this machine")
    places = {place for document in documents.values() for place in document["installed_in"]}
    where = f"{len(places)} directories" if len(places) > 1 else places.pop()
    report.step("looked", f"and found {len(documents)} distributions in {where}")
    async with connected(arguments) as client:
        info = await client.get_server_info()
        bucket = client.bucket(f"packages-{uuid.uuid4().hex[:8]}", arguments.bucket_type)
        report.step("connected", f"to Riak {info.server_version!s}; working in {bucket.path}")
        keeps_siblings = await bucket.get_property("allow_mult")
        if not keeps_siblings:
            await bucket.set_property("allow_mult", True)
        try:
            await tour(client, bucket, documents)
        except BaseException:
            await empty(bucket, [*documents, "every-task-was-here"])
            raise
        finally:
            if not keeps_siblings:
                await bucket.clear_properties()
    print("\nNothing of it is left on the server.")


def main(given: Sequence[str] | None = None) -> None:
    """Run the tour as the command line says."""
    parser = argparse.ArgumentParser(description="A tour of aioriak on this machine's own Python packages.")
    parser.add_argument("--host", help="a Riak node (default: a development server in this process)")
    parser.add_argument("--port", type=int, default=8087, help="its protocol-buffers port (default: %(default)s)")
    parser.add_argument("--bucket-type", default="default", help="the bucket type to work in (default: %(default)s)")
    parser.add_argument("--limit", type=int, help="take so many packages and no more")
    arguments = parser.parse_args(given)
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = asyncio.new_event_loop  # type: ignore[assignment]
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(run(arguments))
    except RiakError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None


if __name__ == "__main__":
    main()
