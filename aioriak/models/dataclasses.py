"""Dataclasses as models."""

from __future__ import annotations

import dataclasses
from typing import Any

from aioriak.models.adapter import resolved_hints
from aioriak.models.conversion import Field


def expand(kind: type) -> tuple[list[Field], dict[str, Any]]:
    """Return the stored fields of a dataclass and their types.

    Fields that its constructor does not take (``init=False``) follow from others and are not stored.
    """
    fields = [
        Field(
            field.name,
            field.name,
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
        if field.init
    ]
    return fields, resolved_hints(kind)
