"""A model library is imported only for a class that was written with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.models.libraries import LIBRARIES

BLOCKED = """
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("attr", "attrs", "msgspec", "pydantic", "pydantic_core"):
            raise ModuleNotFoundError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
"""

PROGRAM = """
import asyncio
from dataclasses import dataclass
from typing import Annotated

from aioriak import RiakClient
from aioriak.models import Index, Key
from aioriak.testing import RiakServer

@dataclass
class User:
    name: Annotated[str, Key]
    age: Annotated[int, Index]

async def main():
    async with RiakServer() as server, RiakClient(server.host, server.port) as client:
        users = client.bucket("users").of(User)
        await users.put(User("ada", 36))
        print([user.data async for user in users.query("age", 36)])

asyncio.run(main())
"""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_dataclasses_are_stored_with_no_model_library_installed() -> None:
    assert run(BLOCKED + PROGRAM) == "[User(name='ada', age=36)]\n"


def test_the_package_alone_imports_neither_models_nor_their_libraries() -> None:
    program = "import sys, aioriak; print([name for name in sys.modules if name.startswith(('aioriak.models', %s))])"
    assert run(program % "'attr', 'msgspec', 'pydantic'") == "[]\n"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_model_imports_its_own_library_alone(library: str) -> None:
    pytest.importorskip(library)
    program = f"""
import sys
from tests.models.with_{library} import User
before = set(sys.modules)
from aioriak import RiakClient
RiakClient().bucket("users").of(User)
added = {{name.split(".")[0] for name in set(sys.modules) - before}}
print(sorted(added & {{"attr", "attrs", "msgspec", "pydantic"}} - {{{library!r}, "attr"}}))
"""
    assert run(program) == "[]\n"
