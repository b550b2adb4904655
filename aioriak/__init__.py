"""The asyncio client for Riak KV."""

from aioriak.bucket import Bucket, BucketType
from aioriak.client import RiakClient
from aioriak.config import Backoff, PoolLimits, RetryPolicy, Timeouts
from aioriak.content import RiakContent
from aioriak.error import ConflictError, RiakError
from aioriak.riak_object import RiakObject
from aioriak.security import SecurityCreds

__all__ = [
    "Backoff",
    "Bucket",
    "BucketType",
    "ConflictError",
    "PoolLimits",
    "RetryPolicy",
    "RiakClient",
    "RiakContent",
    "RiakError",
    "RiakObject",
    "SecurityCreds",
    "Timeouts",
]

__version__ = "1.0.0.dev0"
