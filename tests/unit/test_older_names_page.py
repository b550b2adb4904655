"""The page "Names from older clients" has each name of ``aioriak.compat``, and none besides."""

from __future__ import annotations

import csv
import importlib
import pathlib
import re
from typing import Any, NamedTuple

import pytest

from aioriak.bucket import Bucket, BucketType
from aioriak.client import RiakClient
from aioriak.content import RiakContent
from aioriak.datatypes import Datatype
from aioriak.riak_object import RiakObject

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "reference" / "older-names.rst"
CLASSES: dict[str, type] = {
    "Client": RiakClient,
    "Bucket": Bucket,
    "Bucket type": BucketType,
    "Object": RiakObject,
    "Content": RiakContent,
    "Data type": Datatype,
}

_SECTION = re.compile(r"^(?P<title>[A-Z][\w ]+)\n-+\n(?P<body>.*?)(?=^[A-Z][\w ]+\n-+\n|\Z)", re.MULTILINE | re.DOTALL)


class Row(NamedTuple):
    section: str
    name: str
    origin: str
    today: str


def rows() -> list[Row]:
    found = []
    for section in _SECTION.finditer(PAGE.read_text()):
        lines = [line.strip() for line in section["body"].splitlines() if line.startswith("   ``")]
        for old, origin, today in csv.reader(lines, skipinitialspace=True):
            name = re.match(r"``(\w+)", old)
            assert name, old
            found.append(Row(section["title"], name[1], origin, today))
    return found


def compat_names(kind: type) -> set[str]:
    """The public names that a class has from ``aioriak.compat``."""
    return {
        name
        for base in kind.__mro__
        if base.__module__.startswith("aioriak.compat.")
        for name in vars(base)
        if not name.startswith("_")
    }


def test_there_are_sections_of_rows() -> None:
    assert {row.section for row in rows()} == set(CLASSES)


@pytest.mark.parametrize("section", CLASSES)
def test_the_page_and_the_package_have_the_same_names(section: str) -> None:
    listed = [row.name for row in rows() if row.section == section]
    assert len(set(listed)) == len(listed)
    assert set(listed) == compat_names(CLASSES[section])


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.section}.{row.name}")
def test_a_row_says_where_the_name_is_from_and_names_one_that_is_not_old(row: Row) -> None:
    assert row.origin in ("aioriak 0.2", "riak 2.7")
    targets = re.findall(r":(?:meth|class):`[^`<]*<?~?(aioriak[\w.]+)>?`", row.today)
    assert targets or row.today.startswith("nothing: ")
    for target in targets:
        path, _, name = target.rpartition(".")
        holder = _find(path)
        assert hasattr(holder, name)
        if isinstance(holder, type):
            assert name not in compat_names(holder)


@pytest.mark.parametrize("section", CLASSES)
def test_no_class_overrides_an_older_name(section: str) -> None:
    kind = CLASSES[section]
    for name in compat_names(kind):
        owner = next(base for base in kind.__mro__ if name in vars(base))
        assert owner.__module__.startswith("aioriak.compat."), name


def _find(path: str) -> Any:
    module, _, attribute = path.rpartition(".")
    try:
        return importlib.import_module(path)
    except ImportError:
        return getattr(importlib.import_module(module), attribute)
