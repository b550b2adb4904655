"""Files of lines, compressed or not, that can be continued after the process that wrote them was killed.

A file is written in blocks. A block ends after a line; in a ``.gz`` file it is a gzip member, in a ``.zst``
file a frame. What a killed process leaves behind the last whole block is cut off, and writing goes on there.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from aioriak.cli.exits import USAGE, Failure

_BLOCK = 1024 * 1024  # bytes of lines in a block, before compression
_CHUNK = 256 * 1024
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class _Decompressor(Protocol):
    """One member or frame being decompressed."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def compression(name: str) -> str | None:
    """Return ``gz``, ``zst`` or ``None`` by a file's name."""
    if name.endswith((".gz", ".zst")):
        return name.rpartition(".")[2]
    return None


def _zstandard() -> Any:
    try:
        import zstandard
    except ModuleNotFoundError:
        raise Failure(".zst files need the package zstandard: pip install zstandard", USAGE) from None
    return zstandard


class BlockWriter:
    """Writes lines to a file in blocks, or to stdout for ``-``.

    ``at``: keep this many bytes of the file and go on behind them.
    """

    def __init__(self, name: str, at: int | None = None) -> None:
        self.name = name
        self._compression = compression(name)
        if self._compression == "zst":
            _zstandard()
        self._lines: list[bytes] = []
        self._size = 0
        self.written: int = 0
        """Bytes of lines written, before compression."""
        self._file: IO[bytes]
        if name == "-":
            self._file = sys.stdout.buffer
        elif at is None:
            self._file = open(name, "wb")  # noqa: SIM115 - closed by close()
        else:
            self._file = open(name, "r+b")  # noqa: SIM115
            self._file.truncate(at)
            self._file.seek(at)

    def write(self, line: bytes) -> None:
        """Write a line, which ends with a newline."""
        self._lines.append(line)
        self._size += len(line)
        self.written += len(line)
        if self._size >= _BLOCK:
            self.end_block()

    def end_block(self) -> None:
        """End the block: what was written so far survives the process."""
        if not self._lines:
            return
        block = b"".join(self._lines)
        self._lines, self._size = [], 0
        if self._compression == "gz":
            block = gzip.compress(block, 6, mtime=0)
        elif self._compression == "zst":
            block = _zstandard().ZstdCompressor(level=3).compress(block)
        self._file.write(block)
        self._file.flush()

    def close(self) -> None:
        """End the last block and close the file; it is on the disk then."""
        self.end_block()
        if self.name != "-":
            os.fsync(self._file.fileno())
            self._file.close()

    def abandon(self) -> None:
        """Close the file after an error."""
        if self.name != "-":
            self._file.close()


def whole_blocks(name: str) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the lines of each whole block of a file, with the offset at which the block ends."""
    if compression(name) is None:
        yield from _plain_blocks(name)
        return
    with open(name, "rb") as file:
        offset, pending = 0, b""
        while True:
            decompressor = _decompressor(name)
            parts: list[bytes] = []
            start = offset
            while not decompressor.eof:
                data = pending or file.read(_CHUNK)
                pending = b""
                if not data:
                    return
                offset += len(data)
                try:
                    parts.append(decompressor.decompress(data))
                except Exception as error:  # of zlib or zstandard
                    raise Failure(f"{name} is damaged in the block at byte {start}: {error}", USAGE) from None
            pending = decompressor.unused_data
            offset -= len(pending)
            yield offset, b"".join(parts).splitlines(keepends=True)


def _plain_blocks(name: str) -> Iterator[tuple[int, list[bytes]]]:
    offset = 0
    with open(name, "rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield offset, [line]


def _decompressor(name: str) -> _Decompressor:
    if compression(name) == "gz":
        return zlib.decompressobj(31)
    made: _Decompressor = _zstandard().ZstdDecompressor().decompressobj()
    return made


class LineReader:
    """Reads the lines of a file, or of stdin for ``-``, in batches; compression is told from the first bytes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._raw: Any = sys.stdin.buffer if name == "-" else open(name, "rb")  # noqa: SIM115 - closed by close()
        self.size: int | None = None if name == "-" else os.stat(name).st_size
        """Bytes of the file, as it is on the disk."""
        buffered: Any = self._raw if hasattr(self._raw, "peek") else io.BufferedReader(self._raw)
        magic = buffered.peek(4)[:4]
        self._lines: IO[bytes]
        if magic.startswith(_GZIP):
            self._lines = gzip.GzipFile(fileobj=buffered)  # type: ignore[assignment]
        elif magic == _ZSTD:
            reader = _zstandard().ZstdDecompressor().stream_reader(buffered, read_across_frames=True)
            self._lines = io.BufferedReader(reader, _CHUNK)
        else:
            self._lines = buffered
        self.number: int = 0
        """The number of the last line read."""

    @property
    def position(self) -> int:
        """Bytes of the file that were read."""
        return 0 if self.name == "-" else int(self._raw.tell())

    def batch(self, lines: int = 500, size: int = _BLOCK) -> list[tuple[int, bytes]]:
        """Return the next lines with their numbers; none at the end of the file."""
        found: list[tuple[int, bytes]] = []
        held = 0
        try:
            while len(found) < lines and held < size:
                line = self._lines.readline()
                if not line:
                    break
                self.number += 1
                held += len(line)
                if line.strip():
                    found.append((self.number, line))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            if found:
                return found
            raise Failure(f"{self.name} is cut off or damaged after line {self.number}: {error}", USAGE) from None
        return found

    def close(self) -> None:
        """Close the file."""
        if self.name != "-":
            self._raw.close()


def exists(name: str) -> bool:
    """Whether there is a file of this name with something in it."""
    return name != "-" and Path(name).exists() and Path(name).stat().st_size > 0
