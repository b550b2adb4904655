"""A Riak server for tests and development, in this process or in one of its own.

It shares the message definitions and the framing with the client and nothing
else, so that it cannot share a fault with it.
"""

from aioriak.testing.bucket_types import BucketType
from aioriak.testing.faults import Fault, Faults
from aioriak.testing.node import Node
from aioriak.testing.security import Grant, Security, Source
from aioriak.testing.server import RiakServer

__all__ = ["BucketType", "Fault", "Faults", "Grant", "Node", "RiakServer", "Security", "Source"]
