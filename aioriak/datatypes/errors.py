"""Errors of data types that are raised before anything is sent."""

from __future__ import annotations

from aioriak.error import ContextRequired

__all__ = ["ContextRequired"]
