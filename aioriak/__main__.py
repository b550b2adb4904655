"""``python -m aioriak``, and the ``aioriak`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit status.

    ``serve``, ``--version`` and ``--help`` need nothing but this package; the other commands need the
    extra ``cli``.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _main(given)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _main(given: list[str]) -> int:
    if given[:1] == ["serve"]:
        return serve(given[1:])
    try:
        from aioriak.cli.app import main as run
    except ModuleNotFoundError as error:
        return _without_extra(given, error)
    return run(given)


def serve(arguments: list[str]) -> int:
    """Run the development server and return the exit status."""
    from aioriak.testing.serve import main as run

    try:
        return run(arguments)
    except (ValueError, OverflowError, OSError) as error:  # such as a port above 65535
        print(f"aioriak serve: {error}", file=sys.stderr)
        return 2


def _without_extra(given: list[str], error: ModuleNotFoundError) -> int:
    from aioriak import __version__
    from aioriak.cli.catalog import plain_help

    if given[:1] == ["--version"]:
        print(f"aioriak, version {__version__}")
        return 0
    if not given or given[0] in ("-h", "--help"):
        print(plain_help())
        return 0
    print(
        f"aioriak: the command {given[0]} needs the extra 'cli': pip install 'aioriak[cli]' ({error})", file=sys.stderr
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
