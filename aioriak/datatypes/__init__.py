"""Riak's data types: values that concurrent writers change without conflicts."""

from aioriak.datatypes.base import Datatype
from aioriak.datatypes.counter import Counter
from aioriak.datatypes.errors import ContextRequired
from aioriak.datatypes.flag import Flag
from aioriak.datatypes.handles import TYPES
from aioriak.datatypes.hll import Hll
from aioriak.datatypes.map import Map
from aioriak.datatypes.register import Register
from aioriak.datatypes.set import GSet, Set

__all__ = ["TYPES", "ContextRequired", "Counter", "Datatype", "Flag", "GSet", "Hll", "Map", "Register", "Set"]
