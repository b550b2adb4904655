"""Progress on stderr: a line that moves on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from aioriak.cli.notation import printable


class Progress:
    """Counts what is done and shows it, at most ten times a second."""

    def __init__(self, what: str, *, total: int | None = None, unit: str = "objects") -> None:
        self.what: str = what
        self.done: int = 0
        self._unit = unit
        self._total = total
        self._start = time.monotonic()
        self._shown = 0.0
        self._screen: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bars

            from aioriak.cli.output import console

            self._screen = Bars(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=20),
                TextColumn("{task.fields[count]}", markup=False),
                TimeElapsedColumn(),
                console=console(err=True),
                transient=True,
            )
            self._task = self._screen.add_task(printable(self.what)[:30], total=self._total, count="")
            self._screen.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._screen is not None:
            self._screen.stop()

    def advance(self, count: int = 1, *, position: int | None = None, what: str | None = None) -> None:
        """Count something done; ``position`` is how far towards the total that is."""
        self.done += count
        if what is not None:
            self.what = what
        now = time.monotonic()
        if self._screen is None or now - self._shown < 0.1:
            return
        self._shown = now
        rate = self.done / max(now - self._start, 1e-9)
        self._screen.update(
            self._task, completed=position if position is not None else self.done,
            description=printable(self.what)[:30], count=f"{self.done:,} {self._unit}, {rate:,.0f}/s",
        )  # fmt: skip

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start
