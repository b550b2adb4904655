"""``python -m aioriak``, and the ``aioriak`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status.

    ``serve`` needs nothing but this package; every other command needs the
    extra ``cli``.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["serve"]:
        from aioriak.testing.serve import main as serve

        return serve(given[1:])
    try:
        cli = import_module("aioriak.cli").main
    except ModuleNotFoundError as error:
        print(f"aioriak: only 'serve' works without the extra 'cli' (pip install aioriak[cli]): {error}",
              file=sys.stderr)
        return 2
    return int(cli(given) or 0)


if __name__ == "__main__":
    sys.exit(main())
