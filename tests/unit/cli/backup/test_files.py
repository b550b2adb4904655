"""Files of blocks: what a killed process leaves can be continued."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from aioriak.cli.backup import files
from aioriak.cli.backup.files import BlockWriter, LineReader, whole_blocks
from aioriak.cli.exits import Failure

NAMES = ["dump", "dump.gz", "dump.zst"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_BLOCK", 40)


def lines(count: int, start: int = 0) -> list[bytes]:
    return [b"line %d\n" % number for number in range(start, start + count)]


def write(path: Path, written: list[bytes], at: int | None = None) -> None:
    writer = BlockWriter(str(path), at)
    for line in written:
        writer.write(line)
    writer.close()


def read(path: Path) -> list[bytes]:
    with closing(LineReader(str(path))) as reader:
        found = []
        while batch := reader.batch(lines=3):
            found += [line for _, line in batch]
        return found


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_read_as_they_were_written(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, lines(100))
    assert read(tmp_path / name) == lines(100)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_anywhere_is_continued_without_loss(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(path, lines(40))
    whole = path.read_bytes()
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        blocks = list(whole_blocks(str(path)))
        offset = blocks[-1][0] if blocks else 0
        kept = [line for _, block in blocks for line in block]
        assert kept == lines(len(kept))
        write(path, lines(40 - len(kept), len(kept)), offset)
        assert read(path) == lines(40)


@pytest.mark.parametrize("name", ["dump.gz", "dump.zst"])
def test_damage_inside_a_block_is_told_with_its_place(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(path, lines(200))
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 40] = b"\0" * 40
    path.write_bytes(damaged)
    with pytest.raises(Failure, match="is damaged in the block at byte"):
        list(whole_blocks(str(path)))


def test_a_gzip_file_that_is_cut_off_is_not_read_as_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "dump.gz"
    write(path, lines(100))
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(Failure, match="cut off or damaged"):
        read(path)
