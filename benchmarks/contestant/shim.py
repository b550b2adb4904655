"""What the old clients miss on a current Python, put back for the benchmark's peer processes.

Imported before ``riak`` and the old ``aioriak``, and by nothing else.  Two things
are missing: names that left the standard library (aliases of the ABCs in
``collections``, ``loop=`` in asyncio's streams, ``distutils``, ``cgi``), and a
protobuf runtime old enough for their generated modules.  For the latter the
message classes are built from the descriptors in those very modules, on the
installed protobuf runtime: the old clients get today's C implementation, not the
pure-Python one that they were released with, which makes them faster than they were.
"""

from __future__ import annotations

import ast
import asyncio
import collections
import collections.abc
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import pathlib
import sys
import types
import warnings
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.internal import builder


def install() -> None:
    """Make ``import riak`` and ``import aioriak`` (0.2.0) work."""
    warnings.simplefilter("ignore")
    for name in collections.abc.__all__:
        if not hasattr(collections, name):
            setattr(collections, name, getattr(collections.abc, name))
    if not hasattr(inspect, "getargspec"):
        inspect.getargspec = inspect.getfullargspec  # type: ignore[attr-defined]
    _accept("asyncio's streams lost loop=", asyncio, "open_connection", "loop")
    _accept("namedtuple lost verbose=", collections, "namedtuple", "verbose")
    _put_back_distutils()
    _put_back_cgi()
    sys.meta_path.insert(0, _Messages())


def _accept(reason: str, module: Any, name: str, gone: str) -> None:
    """Let a function take, and ignore, an argument that it no longer has."""
    function = getattr(module, name)

    @functools.wraps(function)
    def tolerant(*args: Any, **options: Any) -> Any:
        options.pop(gone, None)
        return function(*args, **options)

    tolerant.__doc__ = reason
    setattr(module, name, tolerant)


def _put_back_distutils() -> None:
    if importlib.util.find_spec("distutils") is not None:
        return
    package, version = types.ModuleType("distutils"), types.ModuleType("distutils.version")

    class LooseVersion:
        def __init__(self, text: str) -> None:
            self.version = [int(part) if part.isdigit() else part for part in text.split(".")]

        def __ge__(self, other: LooseVersion) -> bool:
            return self.version >= other.version

        def __lt__(self, other: LooseVersion) -> bool:
            return self.version < other.version

    version.LooseVersion = LooseVersion  # type: ignore[attr-defined]
    package.version = version  # type: ignore[attr-defined]
    sys.modules.update({"distutils": package, "distutils.version": version})


def _put_back_cgi() -> None:
    if importlib.util.find_spec("cgi") is not None:
        return
    from email.message import Message

    def parse_header(line: str) -> tuple[str, dict[str, str]]:
        message = Message()
        message["content-type"] = line
        return message.get_content_type(), dict((message.get_params() or [])[1:])

    cgi = types.ModuleType("cgi")
    cgi.parse_header = parse_header  # type: ignore[attr-defined]
    sys.modules["cgi"] = cgi


class _Messages(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports ``riak.pb.*_pb2`` by building modern message classes from its descriptor."""

    def __init__(self) -> None:
        self.pool = descriptor_pool.DescriptorPool()

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if not (name.startswith("riak.pb.") and name.endswith("_pb2")):
            return None
        origin = pathlib.Path(next(iter(path))) / f"{name.rpartition('.')[2]}.py"
        return importlib.machinery.ModuleSpec(name, self, origin=str(origin))

    def exec_module(self, module: types.ModuleType) -> None:
        assert module.__spec__ is not None
        assert module.__spec__.origin is not None
        source = pathlib.Path(module.__spec__.origin).read_text()
        if "import riak.pb.riak_pb2" in source:
            importlib.import_module("riak.pb.riak_pb2")
        file = self.pool.AddSerializedFile(_serialized(source))
        builder.BuildMessageAndEnumDescriptors(file, module.__dict__)
        builder.BuildTopDescriptorsAndMessages(file, module.__name__, module.__dict__)
        module.DESCRIPTOR = file  # type: ignore[attr-defined]


def _serialized(source: str) -> bytes:
    """The serialized file descriptor that a generated module holds, without running it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "serialized_pb":
            value = ast.literal_eval(node.value)
            return value.encode("latin-1") if isinstance(value, str) else bytes(value)
    raise ImportError("no serialized descriptor in a generated module")
