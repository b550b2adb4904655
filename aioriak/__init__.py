"""The asyncio client for Riak KV."""

import logging

from aioriak.bucket import Bucket, BucketType
from aioriak.client import RiakClient
from aioriak.client_options import ClientOptions
from aioriak.cluster.balancer import Balancer, LatencyAware, RoundRobin, TwoChoices
from aioriak.config import Address, Backoff, Discovery, HealthPolicy, HedgePolicy, PoolLimits, RetryPolicy, Timeouts
from aioriak.content import RiakContent
from aioriak.error import ConflictError, OutcomeUnknown, RiakError
from aioriak.queries.index import IndexPage, Query
from aioriak.queries.keyfilter import RiakKeyFilter, key_filter
from aioriak.queries.mapreduce import RiakMapReduce
from aioriak.riak_object import RiakObject
from aioriak.security import SecurityCreds

__all__ = [
    "Address",
    "Backoff",
    "Balancer",
    "Bucket",
    "BucketType",
    "ClientOptions",
    "ConflictError",
    "Discovery",
    "HealthPolicy",
    "HedgePolicy",
    "IndexPage",
    "LatencyAware",
    "OutcomeUnknown",
    "PoolLimits",
    "Query",
    "RetryPolicy",
    "RiakClient",
    "RiakContent",
    "RiakError",
    "RiakKeyFilter",
    "RiakMapReduce",
    "RiakObject",
    "RoundRobin",
    "SecurityCreds",
    "Timeouts",
    "TwoChoices",
    "key_filter",
]

__version__ = "1.0.0.dev0"

# Without a handler, Python prints warnings of a program that does not configure logging on stderr.
logging.getLogger(__name__).addHandler(logging.NullHandler())
