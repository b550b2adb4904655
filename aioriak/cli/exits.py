"""Exit statuses, and the exception that ends a command with one."""

from __future__ import annotations

from typing import Any

import click

from aioriak.error import InvalidRequest, OutcomeUnknown, RiakError

OK = 0
NOT_FOUND = 1
"""Nothing was found, a condition was not met, or a comparison found differences."""
USAGE = 2
"""A mistake on the command line, in a setting or in an input file."""
CONFLICT = 3
"""The object has siblings."""
FAILED = 4
"""Riak refused the request, or could not be reached."""
UNKNOWN = 5
"""The outcome of a write is unknown."""
PARTIAL = 6
"""Some objects of many failed."""
LOCAL_IO = 7
"""A local file, or the standard output, could not be read or written."""
INTERNAL = 70
"""A fault of this program."""
INTERRUPTED = 130
"""Ctrl-C."""
CLOSED_PIPE = 141
"""The reader of the standard output went away."""


class Failure(click.ClickException):
    """Ends a command with one message on stderr and an exit status."""

    def __init__(self, message: str, status: int = NOT_FOUND) -> None:
        super().__init__(message)
        self.exit_code = status  # type: ignore[misc]

    def show(self, file: Any = None) -> None:
        """Print the message."""
        from aioriak.cli.output import complain

        complain(self.message)


def status_of(error: RiakError) -> int:
    """Return the exit status for an error of the library."""
    if isinstance(error, OutcomeUnknown):
        return UNKNOWN
    return USAGE if isinstance(error, InvalidRequest) else FAILED
