"""What the old clients miss on a current Python, put back for the benchmark's peer processes.

Imported before ``riak`` and the old ``aioriak``, and by nothing else.  What they
miss is names that left the standard library: aliases of the ABCs in
``collections``, ``inspect.getargspec``, ``loop=`` in asyncio's streams,
``verbose=`` of ``namedtuple``, ``distutils``, ``cgi``.  All else, protobuf
included, is what they themselves ask for.
"""

from __future__ import annotations

import asyncio
import collections
import collections.abc
import functools
import importlib.util
import inspect
import sys
import types
import warnings
from typing import Any


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
