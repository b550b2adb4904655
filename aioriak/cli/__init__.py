"""The ``aioriak`` command: small tasks on a Riak from a terminal (extra ``cli``)."""

from aioriak.cli.commands import main

__all__ = ["main"]
