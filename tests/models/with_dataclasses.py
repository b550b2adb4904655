"""The user that tests store, as a dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

from aioriak.models import Index, Key, indexed


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Address:
    city: str
    zip_code: str = ""


@dataclass
class User:
    id: Annotated[str, Key]
    age: Annotated[int, Index]
    email: Annotated[str, Index("mail")] | None = None
    tags: Annotated[list[str], Index("tag_bin")] = field(default_factory=list)
    color: Annotated[Color, Index] = Color.RED
    born: Annotated[date | None, Index] = None
    seen: Annotated[datetime | None, Index] = None
    token: UUID | None = None
    balance: Decimal = Decimal("0.00")
    address: Address | None = None

    @indexed
    def domain(self) -> str | None:
        return None if self.email is None else self.email.partition("@")[2]
