"""The same model in each library."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

LIBRARIES = ("dataclasses", "attrs", "pydantic", "msgspec")


def models(library: str) -> Any:
    """Return the module with the classes ``User``, ``Address`` and ``Color``; skip the test without the library."""
    pytest.importorskip(library)
    return import_module(f"tests.models.with_{library}")
