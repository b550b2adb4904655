"""Counting the calls of functions, which does not depend on how fast a machine is."""

from __future__ import annotations

import pathlib
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def counting(package: str) -> Iterator[Counter[str]]:
    """Count how often each function whose file is below ``package`` is entered or resumed."""
    counted: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(package):
            counted[f"{pathlib.Path(frame.f_code.co_filename).stem}.{frame.f_code.co_qualname}"] += 1

    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(None)


def per_piece(counted: Counter[str], pieces: int) -> tuple[float, str]:
    """Return the calls for each piece of work, and a table of the functions."""
    table = "\n".join(f"{number / pieces:6.2f} {name}" for name, number in counted.most_common())
    return counted.total() / pieces, table
