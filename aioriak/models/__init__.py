"""Typed buckets: handles whose methods return one kind of value.

:meth:`Bucket.of <aioriak.bucket.Bucket.of>` makes them::

    carts = client.bucket("carts", "maps").of(Map)
    cart = await carts.get("ada")  # a Map
"""

from aioriak.models.buckets import DatatypeBucket, TypedBucket

__all__ = ["DatatypeBucket", "TypedBucket"]
