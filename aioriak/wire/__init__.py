"""Bytes in, events out: framing, sessions and the table of operations. No asyncio here."""
