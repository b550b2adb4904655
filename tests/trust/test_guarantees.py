"""docs/guarantees.rst says what happens: every cell is measured again."""

from __future__ import annotations

import pathlib

import pytest

from tests.trust import guarantees
from tests.trust.families import Secrets


def test_the_page_of_guarantees_is_what_a_run_measures(tmp_path: pathlib.Path) -> None:
    measured = guarantees.page(Secrets(tmp_path)).splitlines()
    written = guarantees.PAGE.read_text().splitlines()
    if measured != written:
        differing = [f"page: {old}\nrun:  {new}" for old, new in zip(written, measured, strict=False) if old != new]
        said = "\n".join(differing[:20])
        pytest.fail(f"docs/guarantees.rst differs from a run; make guarantees writes it anew\n{said}")


def test_no_write_is_reported_as_not_done_when_it_was() -> None:
    for line_set in guarantees.PAGE.read_text().split("   * - ")[1:]:
        cells = line_set.split("\n     - ")
        if "aioriak.error." in cells[1] and "unknown" not in cells[1]:
            assert not cells[4].startswith(("once", "2", "3")), line_set
