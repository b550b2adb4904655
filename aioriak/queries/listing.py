"""Listing keys and buckets, which reads the whole cluster."""

from __future__ import annotations

from aioriak.operations import listing
from aioriak.operations.names import Name, show
from aioriak.operations.options import Timeout
from aioriak.operations.stream import Stream
from aioriak.runtime import BucketTypeView, BucketView, Runtime


def keys(bucket: BucketView, timeout: Timeout | None) -> Stream[Name]:
    """Stream the keys of a bucket.  Raises :class:`~aioriak.error.ListingDisallowed`."""
    runtime = bucket._runtime
    runtime.check_listing(f"the keys of {bucket.path}")
    return listing.stream_keys(runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, timeout)


def buckets(runtime: Runtime, bucket_type: BucketTypeView, timeout: Timeout | None) -> Stream[Name]:
    """Stream the names of a type's buckets that hold a key.  Raises :class:`~aioriak.error.ListingDisallowed`."""
    runtime.check_listing(f"the buckets of the type {show(bucket_type.name)}")
    return listing.stream_buckets(runtime.dispatcher, bucket_type.wire_name, timeout)
