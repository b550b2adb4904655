"""Misspelled attributes: an assignment to one is an error, not a new attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aioriak import Bucket, RiakClient
from aioriak.datatypes import Map


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    client = RiakClient()
    yield client.bucket("b")
    client.close()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda bucket: bucket.new_object("k", 1), "vclok"),
        (lambda bucket: bucket.new_object("k", 1).siblings[0], "dta"),
        (lambda bucket: Map(bucket, "k"), "valeu"),
    ],
)
def test_a_misspelled_attribute_is_refused(make: Callable[[Bucket], Any], name: str, bucket: Bucket) -> None:
    with pytest.raises(AttributeError, match=name):
        setattr(make(bucket), name, None)
