"""The user that tests store, as an attrs class."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

from attrs import define, field

from aioriak.models import Index, Key, indexed


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@define
class Address:
    city: str
    zip_code: str = ""


@define
class User:
    id: Annotated[str, Key]
    age: Annotated[int, Index]
    email: Annotated[str, Index("mail")] | None = None
    tags: Annotated[list[str], Index("tag_bin")] = field(factory=list)
    color: Annotated[Color, Index] = Color.RED
    born: Annotated[date | None, Index] = None
    seen: Annotated[datetime | None, Index] = None
    token: UUID | None = None
    balance: Decimal = Decimal("0.00")
    address: Address | None = None

    @indexed
    def domain(self) -> str | None:
        return None if self.email is None else self.email.partition("@")[2]
