"""A Riak server for tests and development, in this process, in a thread or in a process of its own.

It shares the message definitions and the framing with the client and nothing
else, so that a fault of the client cannot hide behind the same fault here.
"""

from aioriak.testing.bucket_types import BucketType
from aioriak.testing.faults import Fault, Faults
from aioriak.testing.node import Node
from aioriak.testing.requests import Request
from aioriak.testing.security import Grant, Security, Source
from aioriak.testing.server import RiakServer, ServerThread

__all__ = [
    "BucketType",
    "Fault",
    "Faults",
    "Grant",
    "Node",
    "Request",
    "RiakServer",
    "Security",
    "ServerThread",
    "Source",
]
