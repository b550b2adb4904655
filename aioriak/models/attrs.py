"""attrs classes as models."""

from __future__ import annotations

from typing import Any

import attrs

from aioriak.models.adapter import resolved_hints
from aioriak.models.conversion import Field


def expand(kind: type) -> tuple[list[Field], dict[str, Any]]:
    """Return the stored fields of an attrs class and their types.

    Fields that its constructor does not take (``init=False``) follow from others and are not stored.
    """
    declared: Any = attrs.fields(kind)
    hints = {field.name: field.type for field in declared if field.type is not None}
    hints.update(resolved_hints(kind))
    fields = [Field(field.name, field.alias, field.default is attrs.NOTHING) for field in declared if field.init]
    return fields, hints
