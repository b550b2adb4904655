"""The list of commands. Imports nothing, so that ``--help`` is fast and works without the extra ``cli``."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: the section of the help it stands in, its module, and one line about it."""

    section: str
    module: str
    summary: str


LOOK, BACKUP, ADMIN, WATCH, MORE = (
    "Objects and queries", "Backup", "Administration", "Watch and try", "Setup",
)  # fmt: skip

COMMANDS: dict[str, Entry] = {
    "get": Entry(LOOK, "objects", "Print a value."),
    "put": Entry(LOOK, "objects", "Store a value."),
    "delete": Entry(LOOK, "objects", "Delete a key."),
    "siblings": Entry(LOOK, "siblings", "Compare the siblings of a conflict, and resolve it."),
    "dt": Entry(LOOK, "datatypes", "Show and change data types."),
    "keys": Entry(LOOK, "listing", "List the keys of a bucket."),
    "buckets": Entry(LOOK, "listing", "List the buckets of a type."),
    "index": Entry(LOOK, "indexes", "Query a secondary index."),
    "mapred": Entry(LOOK, "jobs", "Run a map/reduce job."),
    "search": Entry(LOOK, "jobs", "Search an index (Riak 2.x)."),
    "dump": Entry(BACKUP, "backup.dump", "Write buckets to a file."),
    "load": Entry(BACKUP, "backup.load", "Store the objects of a dump."),
    "verify": Entry(BACKUP, "backup.verify", "Compare a dump with a cluster."),
    "copy": Entry(BACKUP, "backup.copy", "Copy buckets from one cluster to another."),
    "types": Entry(ADMIN, "listing", "List the bucket types in use."),
    "props": Entry(ADMIN, "properties", "Show and set bucket properties."),
    "preflist": Entry(ADMIN, "cluster", "Show which nodes hold a key."),
    "aae": Entry(ADMIN, "aae", "Statistics, searches and repairs by active anti-entropy."),
    "replication": Entry(ADMIN, "replication", "Look into replication queues."),
    "ping": Entry(WATCH, "cluster", "Check that Riak answers."),
    "info": Entry(WATCH, "cluster", "Show a node's name and version."),
    "status": Entry(WATCH, "status", "Show the state of each node."),
    "bench": Entry(WATCH, "bench", "Measure a mixed load."),
    "shell": Entry(WATCH, "shell", "Open a prompt."),
    "config": Entry(MORE, "settings", "Show the settings and where they come from."),
    "serve": Entry(MORE, "serve", "Run a development server."),
}


def sections() -> dict[str, list[tuple[str, str]]]:
    """Return the commands and their summaries, by section."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, entry in COMMANDS.items():
        found.setdefault(entry.section, []).append((name, entry.summary))
    return found


def plain_help() -> str:
    """Return the help text for an installation without click."""
    lines = ["Usage: aioriak [OPTIONS] COMMAND [ARGS]...", ""]
    for section, rows in sections().items():
        lines += [f"{section}:", *(f"  {name:<13}{summary}" for name, summary in rows), ""]
    lines += ["Without the extra 'cli', only serve works: pip install 'aioriak[cli]'"]
    return "\n".join(lines)
