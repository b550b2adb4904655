"""Replication queues, and objects as they travel between clusters.

A queue holds references by priority: real-time before what anti-entropy found
(``sync``) before folds.  What a fetch gives is the object as it is by then, in an
envelope with type, bucket and key; the inside is this server's own encoding.
(Riak KV documentation, "Next Generation Replication".)
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from struct import Struct

from aioriak.testing.robject import RiakObj
from aioriak.testing.vclock import VClock

_U32 = Struct("!I")
_STAMPS = Struct("!III")
DEFAULT_QUEUES = (b"q1_ttaaefs",)
"""The queues that a node has unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A version of an object that is to be replicated."""

    type: bytes
    bucket: bytes
    key: bytes
    vclock: VClock


@dataclass(slots=True)
class Queue:
    """One replication queue: three priorities, first in, first out within each."""

    real_time: deque[Reference] = field(default_factory=deque)
    sync: deque[Reference] = field(default_factory=deque)
    fold: deque[Reference] = field(default_factory=deque)

    def push_real_time(self, reference: Reference) -> None:
        """Queue a version that was just written."""
        self.real_time.append(reference)

    def push_sync(self, reference: Reference) -> None:
        """Queue a difference that an exchange found."""
        self.sync.append(reference)

    def push_fold(self, reference: Reference) -> None:
        """Queue a version that a fold found."""
        self.fold.append(reference)

    def pop(self) -> Reference | None:
        """Remove and return the next reference; ``None`` if there is none."""
        for part in (self.real_time, self.sync, self.fold):
            if part:
                return part.popleft()
        return None


def default_queues() -> dict[bytes, Queue]:
    """Return the queues of a new server, empty."""
    return {name: Queue() for name in DEFAULT_QUEUES}


def _sized(*parts: bytes) -> bytes:
    return b"".join(_U32.pack(len(part)) + part for part in parts)


def encode_object(obj: RiakObj) -> bytes:
    """Encode an object: its clock, then each sibling's value and metadata."""
    out = [b"\x35\x01", _sized(obj.vclock.encode()), _U32.pack(len(obj.contents))]
    for content in obj.contents:
        metadata = [_STAMPS.pack(content.last_mod // 1_000_000, content.last_mod % 1_000_000, content.last_mod_usecs)]
        metadata += [bytes((len(content.vtag),)), content.vtag, bytes((content.deleted,))]
        named = ((b"content-type", content.content_type), (b"charset", content.charset),
                 (b"content-encoding", content.content_encoding))
        metadata += [_sized(name, value) for name, value in named if value is not None]
        metadata += [_sized(name, value or b"") for name, value in content.usermeta]
        metadata += [_sized(b"index", name, value) for name, value in content.indexes]
        metadata += [_sized(b"link", *(part or b"" for part in link)) for link in content.links]
        out.append(_sized(b"\x01" + content.value, b"".join(metadata)))
    return b"".join(out)


def encode_envelope(reference: Reference, inside: bytes) -> bytes:
    """Encode an object with its name, as the reply to a fetch carries it."""
    type = b"" if reference.type == b"default" else reference.type
    return b"\x10" + _sized(type, reference.bucket, reference.key) + inside
