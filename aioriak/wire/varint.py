"""Numbers as protocol buffers write them: seven bits to a byte, the lowest first."""

from __future__ import annotations

ONE_BYTE: list[bytes] = [bytes((number,)) for number in range(128)]
"""Numbers below 128, encoded; looked up in place where a call of :func:`varint` shows."""


def varint(number: int) -> bytes:
    """Return the encoding of a number that is not negative, such as a length or a tag."""
    if number < 128:
        return ONE_BYTE[number]
    if number < 16384:
        return bytes((number & 127 | 128, number >> 7))
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)
