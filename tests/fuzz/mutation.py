"""Inputs near to recorded ones: bits flipped, bytes inserted, repeated and removed, inputs spliced."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

INTERESTING = (
    b"\x00", b"\xff", b"\x7f\xff\xff\xff", b"\xff" * 9 + b"\x01", b"\x80" * 12, b"(", b"[" * 40, b'"', b"9" * 30,
)  # fmt: skip


def mutated(random: Random, seeds: Sequence[bytes], longest: int = 2048) -> bytes:
    """Return one of the seeds after up to six changes, now and then random bytes."""
    if random.random() < 0.03:
        return random.randbytes(random.randrange(64))
    data = bytearray(random.choice(seeds))
    for _ in range(random.choice((0, 1, 1, 2, 3, 6))):
        at = random.randrange(len(data) + 1)
        match random.randrange(7):
            case 0 if data:
                data[at % len(data)] ^= 1 << random.randrange(8)
            case 1:
                data[at:at] = random.randbytes(random.choice((1, 1, 2, 8)))
            case 2:
                del data[at : at + random.choice((1, 1, 4, 32))]
            case 3:
                data[at:at] = random.choice(INTERESTING)
            case 4:
                data[at:at] = data[at : at + random.choice((1, 4, 32))] * random.choice((1, 2, 50))
            case 5:
                other = random.choice(seeds)
                data[at:] = other[random.randrange(len(other) + 1) :]
            case _ if data:
                data[at % len(data)] = random.randrange(256)
    return bytes(data[:longest])
