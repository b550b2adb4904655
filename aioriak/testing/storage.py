"""A durable database in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import Struct

from aioriak.riak_pb.riak_kv_pb2 import RpbGetResp
from aioriak.riak_pb.riak_pb2 import RpbBucketProps
from aioriak.testing import contents
from aioriak.testing.database import Database
from aioriak.testing.properties import NAMES, Properties, from_message, to_message
from aioriak.testing.robject import RiakObj
from aioriak.testing.vclock import Dot, VClock

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    type BLOB NOT NULL, bucket BLOB NOT NULL, key BLOB NOT NULL,
    object BLOB NOT NULL, dots BLOB NOT NULL,
    PRIMARY KEY (type, bucket, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS properties (
    type BLOB NOT NULL, bucket BLOB, properties BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS whose ON properties (type, coalesce(bucket, ''));
"""
_DOT = Struct("!BQ")
"""The length of an actor's name, before it, and the write's number; both 0 for a content without a dot."""


class DataFileError(OSError):
    """The data file cannot be used: it is in use, is not such a file, or cannot be opened."""


class SQLiteStorage:
    """Keeps a database in a file.

    The file is locked until it is closed or the process ends: a second server,
    in this process or another, is refused with :class:`DataFileError`.

    What is told to it between two commits is one transaction.  The journal is
    a write-ahead log: what was committed survives the end of this process,
    whatever ends it.
    """

    def __init__(self, path: str | Path) -> None:
        self.dirty: bool = False
        self._path = Path(path)
        folder = self._path.absolute().parent
        if not folder.is_dir():
            raise DataFileError(f"{path}: there is no folder {folder}")
        with self._explained():
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            with self._explained():
                # with this mode the lock of the first transaction is kept until the file is closed
                self._connection.executescript(
                    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                    f"BEGIN EXCLUSIVE; {_SCHEMA} COMMIT;"
                )
        except BaseException:
            self._connection.close()
            raise

    def load(self, database: Database) -> None:
        """Load the file into the database.

        Bucket types that the database has and the file has not are added to the file.
        """
        with self._explained():
            self._load(database)

    def _load(self, database: Database) -> None:
        query = self._connection.execute
        for type, bucket, data in query("SELECT type, bucket, properties FROM properties"):
            database.load_properties(type, bucket, _properties(data))
        for type, bucket, key, data, dots in query("SELECT type, bucket, key, object, dots FROM objects"):
            database.load(type, bucket, key, _object(data, dots))
        for type, properties in database.bucket_types.items():
            self.save_properties(type, None, properties)
        self.commit()

    def save(self, type: bytes, bucket: bytes, key: bytes, obj: RiakObj | None) -> None:
        """Save the object under its key; ``None`` removes the key."""
        self._begin()
        if obj is None:
            self._connection.execute(
                "DELETE FROM objects WHERE type = ? AND bucket = ? AND key = ?", (type, bucket, key)
            )
        else:
            message = RpbGetResp(content=contents.to_messages(obj.contents), vclock=obj.vclock.encode())
            dots = b"".join(_dot(content.dot) for content in obj.contents)
            self._connection.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
                (type, bucket, key, message.SerializeToString(), dots),
            )

    def save_properties(self, type: bytes, bucket: bytes | None, properties: Properties | None) -> None:
        """Save the properties set on a bucket, or on the type itself; ``None`` removes them."""
        self._begin()
        self._connection.execute("DELETE FROM properties WHERE type = ? AND bucket IS ?", (type, bucket))
        if properties is not None:
            message = to_message(properties, hidden=True)
            self._connection.execute(
                "INSERT INTO properties VALUES (?, ?, ?)", (type, bucket, message.SerializeToString())
            )

    def commit(self) -> None:
        """Make all changes so far durable."""
        if self.dirty:
            self._connection.execute("COMMIT")
            self.dirty = False

    def close(self) -> None:
        """Commit and close the file."""
        self.commit()
        self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise SQLite's errors as :class:`DataFileError` with the name of the file."""
        try:
            yield
        except sqlite3.Error as error:
            locked = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            reason = "another server uses this file" if locked else str(error)
            raise DataFileError(f"{self._path}: {reason}") from error

    def _begin(self) -> None:
        if not self.dirty:
            self._connection.execute("BEGIN")
            self.dirty = True


def _dot(dot: Dot | None) -> bytes:
    actor, count = dot or (b"", 0)
    return _DOT.pack(len(actor), count) + actor


def _dots(data: bytes) -> list[Dot | None]:
    found: list[Dot | None] = []
    position = 0
    while position < len(data):
        size, count = _DOT.unpack_from(data, position)
        position += _DOT.size
        found.append((data[position : position + size], count) if count else None)
        position += size
    return found


def _object(data: bytes, dots: bytes) -> RiakObj:
    message = RpbGetResp.FromString(data)
    stored = [contents.stored(content, dot) for content, dot in zip(message.content, _dots(dots), strict=True)]
    return RiakObj(stored, VClock.decode(message.vclock))


def _properties(data: bytes) -> Properties:
    given = from_message(RpbBucketProps.FromString(data))
    return Properties(**{name: value for name, value in given.items() if name in NAMES})
