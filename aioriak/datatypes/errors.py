"""What can go wrong with a data type before anything is sent."""

from __future__ import annotations

from aioriak.error import ContextRequired

__all__ = ["ContextRequired"]
