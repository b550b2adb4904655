"""Build the distributions and try them as a user would get them.

    python tools/release_check.py             build into dist/ and check
    python tools/release_check.py --version   print the version and exit

The source distribution and the wheel are built, checked by twine, and looked
through.  Each is installed into an empty virtual environment without extras.
There the command, the demonstration and the programs of README.rst are run, the
programs twice each, against the development server of the same installation.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import time
import venv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"

IN_THE_SOURCES = (
    "CHANGELOG.rst", "CODE_OF_CONDUCT.rst", "CONTRIBUTING.rst", "LICENSE", "Makefile", "README.rst", "SECURITY.rst",
    "docs/conf.py", "docs/index.rst", "examples/packages.py", "pyproject.toml", "tests/conftest.py",
    "tests/data/riak-3.2.3.json", "tox.ini", "aioriak/riak_pb/riak_kv.proto",
)  # fmt: skip
IN_THE_WHEEL = (
    "aioriak/__init__.py", "aioriak/py.typed", "aioriak/riak_pb/riak_kv_pb2.pyi", "aioriak/testing/server.py",
)  # fmt: skip
OUT_OF_THE_WHEEL = ("tests/", "docs/", "benchmarks/", "examples/", "tools/")


class Failed(Exception):
    """A check failed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all checks; return the exit status."""
    parser = argparse.ArgumentParser(description="Build the distributions and try them.")
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    given = parser.parse_args(arguments)
    if given.version:
        print(source_version())
        return 0
    try:
        check()
    except Failed as failure:
        print(f"release-check: {failure}", file=sys.stderr)
        return 1
    return 0


def check() -> None:
    """Build, look through and try the distributions."""
    version = source_version()
    check_changelog((ROOT / "CHANGELOG.rst").read_text(), version)
    step(f"the changelog has {version.partition('.dev')[0]}")

    shutil.rmtree(DIST, ignore_errors=True)
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    run([sys.executable, "-m", "build", "--outdir", str(DIST), str(ROOT)])
    sources, wheel = DIST / f"aioriak-{version}.tar.gz", DIST / f"aioriak-{version}-py3-none-any.whl"
    check_sources(sources)
    check_wheel(wheel)
    step(f"built {sources.name} and {wheel.name}")

    run([sys.executable, "-m", "twine", "check", "--strict", str(sources), str(wheel)])
    step("twine check")

    for distribution in (wheel, sources):
        try_out(distribution, sources, version)


def source_version() -> str:
    """Return the version in ``aioriak/__init__.py``, the only place that states it."""
    for node in ast.parse((ROOT / "aioriak" / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__":
            return str(ast.literal_eval(node.value))
    raise Failed("aioriak/__init__.py does not set __version__")


def check_changelog(changelog: str, version: str) -> None:
    """Require a section for the version, with a date unless it is a development version."""
    released, development, _ = version.partition(".dev")
    found = re.search(rf"^\[?{re.escape(released)}\]? - (.*)$", changelog, re.MULTILINE)
    if not found:
        raise Failed(f"CHANGELOG.rst has no section for {released}")
    if not development and not re.fullmatch(r"\d{4}-\d\d-\d\d", found[1]):
        raise Failed(f"CHANGELOG.rst does not date {released}")


def check_sources(sources: Path) -> None:
    """Require that the source distribution holds tests, documentation and changelog, and nothing generated."""
    with tarfile.open(sources) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    if missing := [name for name in IN_THE_SOURCES if name not in names]:
        raise Failed(f"{sources.name} lacks {', '.join(missing)}")
    if extra := [name for name in names if re.search(r"\.pyc$|(^|/)__pycache__|^docs/_build|^\.venv|\.egg$", name)]:
        raise Failed(f"{sources.name} holds {', '.join(sorted(extra)[:5])}")


def check_wheel(wheel: Path) -> None:
    """Require that the wheel holds the package and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    if missing := [name for name in IN_THE_WHEEL if name not in names]:
        raise Failed(f"{wheel.name} lacks {', '.join(missing)}")
    if extra := [name for name in names if name.startswith(OUT_OF_THE_WHEEL)]:
        raise Failed(f"{wheel.name} holds {', '.join(extra[:5])}")


def try_out(distribution: Path, sources: Path, version: str) -> None:
    """Install the distribution into an empty environment, and use it there."""
    with tempfile.TemporaryDirectory(prefix="aioriak-release-") as temporary:
        here = Path(temporary)
        venv.create(here / "venv", with_pip=True)
        programs = here / "venv" / ("Scripts" if os.name == "nt" else "bin")
        python, command = programs / "python", programs / "aioriak"
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", distribution], cwd=here)
        step(f"{distribution.name} installs into an empty environment")

        if version not in (printed := run([command, "--version"], cwd=here)):
            raise Failed(f"aioriak --version printed {printed!r}")
        run([command, "--help"], cwd=here)
        run([command, "serve", "--help"], cwd=here)
        step("aioriak --version, --help and serve --help, without extras")

        with tarfile.open(sources) as archive:
            demo = archive.extractfile(f"aioriak-{version}/examples/packages.py")
            readme = archive.extractfile(f"aioriak-{version}/README.rst")
            assert demo is not None
            assert readme is not None
            (here / "packages.py").write_bytes(demo.read())
            text = readme.read().decode()
        run([python, "-W", "error", here / "packages.py", "--limit", "50"], cwd=here)
        step("the demonstration")

        with development_server(python, here) as address:
            found = list(readme_programs(text))
            if not found:
                raise Failed("README.rst has no program")
            for number, program in enumerate(found, 1):
                (here / "program.py").write_text(at_address(program, address))
                for _ in range(2):
                    run([python, "-W", "error", here / "program.py"], cwd=here)
                step(f"program {number} of README.rst, twice")


def readme_programs(text: str) -> Iterator[str]:
    """Return the blocks of a page that are complete programs."""
    for found in re.finditer(r"^\.\. code-block:: python\n(?: +:.*\n)*\n((?: +.*\n|\s*\n)+)", text, re.MULTILINE):
        program = textwrap.dedent(found[1])
        if "asyncio.run(" in program:
            yield program


def at_address(program: str, address: str) -> str:
    """Point a program that uses ``localhost`` and the default port at another address."""
    host, _, port = address.rpartition(":")
    return program.replace('"localhost"', f'"{host}", {port}')


@contextmanager
def development_server(python: Path, here: Path) -> Iterator[str]:
    """Run ``aioriak serve`` on a free port, and give its address."""
    serving = subprocess.Popen(
        [python, "-m", "aioriak", "serve", "--host", "127.0.0.1", "--port", "0"],
        cwd=here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert serving.stdout is not None
        said = ""
        for line in serving.stdout:
            said += line
            if found := re.search(r"127\.0\.0\.1:(\d+)", line):
                break
        else:
            raise Failed(f"aioriak serve said no address: {said}")
        yield f"127.0.0.1:{found[1]}"
    finally:
        serving.terminate()
        serving.wait(10)


_started = time.monotonic()


def step(text: str) -> None:
    """Print a step that succeeded."""
    print(f"{time.monotonic() - _started:6.1f} s  {text}", flush=True)


def run(command: Sequence[str | Path], *, cwd: Path = ROOT) -> str:
    """Run a command without this environment's Python settings, and return its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Failed(f"{' '.join(map(str, command))} failed:\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
