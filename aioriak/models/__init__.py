"""Typed buckets: handles whose methods return one kind of value.

:meth:`Bucket.of <aioriak.bucket.Bucket.of>` makes them::

    carts = client.bucket("carts", "maps").of(Map)
    cart = await carts.get("ada")  # a Map

    users = client.bucket("users").of(User)
    user = await users.get("ada")  # an object whose data is a User

``User`` is a dataclass, a pydantic model, a msgspec struct or an attrs class.  Its fields may be marked with
:class:`Index` and :class:`Key`, its methods with :func:`indexed`.
"""

from aioriak.models.buckets import DatatypeBucket, ModelBucket, TypedBucket
from aioriak.models.fields import Index, Key, indexed
from aioriak.models.query import ModelQuery

__all__ = ["DatatypeBucket", "Index", "Key", "ModelBucket", "ModelQuery", "TypedBucket", "indexed"]
