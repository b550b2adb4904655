"""Stored objects, and the merging of their versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aioriak.testing.vclock import FRESH, Dot, VClock

_UPPER = bytes(range(0x41, 0x5B)) + bytes(range(0xC0, 0xD7)) + bytes(range(0xD8, 0xDF))
_LOWER = bytes.maketrans(_UPPER, bytes(byte + 32 for byte in _UPPER))


def index_name(name: bytes) -> bytes:
    """Return the name of an index as Riak stores it.

    Riak takes the bytes for Latin-1 and makes them lower-case, so an upper-case letter of UTF-8, and most others
    beyond ASCII, become other bytes (``riak_index:normalize_index_field``).
    """
    return name.translate(_LOWER)


class Link(NamedTuple):
    """A one-way link to another object."""

    bucket: bytes | None
    key: bytes | None
    tag: bytes | None
    """``None`` if the client gave no tag; an empty tag is another one.  The same holds for the other parts."""


@dataclass(frozen=True, slots=True)
class Content:
    """One value and its metadata; ``None`` means that the client gave none.

    ``last_mod`` is in seconds since the epoch, ``last_mod_usecs`` the
    microseconds above them.  ``indexes`` and ``usermeta`` keep pairs, index
    entries in Riak's order.  ``dot`` is the write that made this content.
    """

    value: bytes = b""
    content_type: bytes | None = None
    charset: bytes | None = None
    content_encoding: bytes | None = None
    vtag: bytes = b""
    links: tuple[Link, ...] = ()
    last_mod: int = 0
    last_mod_usecs: int = 0
    usermeta: tuple[tuple[bytes, bytes | None], ...] = ()
    indexes: tuple[tuple[bytes, bytes], ...] = ()
    deleted: bool = False
    dot: Dot | None = None

    @property
    def modified(self) -> tuple[int, int]:
        """The time of the write, for comparison."""
        return self.last_mod, self.last_mod_usecs

    def dotted(self, dot: Dot) -> Content:
        """Return the content with the dot of this write."""
        return Content(
            self.value, self.content_type, self.charset, self.content_encoding, self.vtag, self.links,
            self.last_mod, self.last_mod_usecs, self.usermeta, self.indexes, self.deleted, dot,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RiakObj:
    """All the contents (siblings) of one key, and the clock that has seen them all."""

    contents: Sequence[Content]
    vclock: VClock = field(default=FRESH)

    @property
    def is_tombstone(self) -> bool:
        """Whether all contents are tombstones."""
        contents = self.contents
        return contents[0].deleted and all(content.deleted for content in contents)

    @property
    def live(self) -> list[Content]:
        """The contents that are not tombstones."""
        return [content for content in self.contents if not content.deleted]

    @property
    def latest(self) -> Content:
        """The content that was written last."""
        return max(self.contents, key=lambda content: content.modified)

    def written_over(self, old: RiakObj | None, actor: bytes, second: int, *, dotted: bool = True) -> RiakObj:
        """Return the object after a client's write of one content, coordinated by the actor.

        What its clock has seen is replaced; what it has not seen stays as a sibling.
        Not ``dotted``, a clock counts as having seen all siblings or none, which
        is how Riak treats the bucket type ``default``.
        """
        clock = (self.vclock if old is None else old.vclock.merge(self.vclock)).increment(actor, second)
        dot = (actor, clock.count(actor))
        new: tuple[Content, ...]  # a tuple, because a million objects must fit into memory
        if len(self.contents) == 1:
            new = (self.contents[0].dotted(dot),)
        else:
            new = tuple(content.dotted(dot) for content in self.contents)
        if old is None:
            return RiakObj(new, clock)
        seen = self.vclock
        if seen.descends(old.vclock):
            return RiakObj(new, clock)
        kept = tuple(content for content in old.contents if not (dotted and seen.has_seen(content.dot)))
        return RiakObj(kept + new, clock)

    def merged_with(self, other: RiakObj) -> RiakObj:
        """Merge both replicas of a key: each content that the other side has not replaced."""
        mine = {content.dot for content in self.contents if content.dot}
        theirs = {content.dot for content in other.contents if content.dot}
        kept = [c for c in other.contents if c.dot in mine or not self.vclock.has_seen(c.dot)]
        ours = [c for c in self.contents if c.dot not in theirs and not other.vclock.has_seen(c.dot)]
        return RiakObj((*kept, *(c for c in ours if c not in kept)), self.vclock.merge(other.vclock))

    def without_siblings(self) -> RiakObj:
        """Return the object with only the content that was written last."""
        return self if len(self.contents) == 1 else RiakObj((self.latest,), self.vclock)
