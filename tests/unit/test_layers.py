"""The files of the package import each other in no circle, except for those that the import contract names."""

from __future__ import annotations

import ast
import pathlib
import tomllib
from collections.abc import Iterable, Iterator

import pytest

ROOT = pathlib.Path(__file__).parents[2]

Graph = dict[str, set[str]]


def modules(package: pathlib.Path) -> dict[str, pathlib.Path]:
    """The modules of a package by their dotted names."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: pathlib.Path, known: Iterable[str]) -> Iterator[str]:
    """The modules that a file imports anywhere: at the top, in functions, and for type checking."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                name = submodule if submodule in known else node.module
                if name in known:
                    yield name


def graph(package: pathlib.Path) -> Graph:
    known = modules(package)
    return {name: {found for found in imports(path, known) if found != name} for name, path in known.items()}


def circles(edges: Graph) -> list[list[str]]:
    """The strongly connected components of more than one module (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in edges[module]:
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            position = stack.index(module)
            component = sorted(stack[position:])
            del stack[position:]
            if len(component) > 1:
                found.append(component)

    for module in edges:
        if module not in index:
            visit(module)
    return found


def wanted() -> list[tuple[str, str]]:
    """The upward imports that the contract allows."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = settings["tool"]["importlinter"]["contracts"][0]
    return [tuple(line.split(" -> ")) for line in layers["ignore_imports"]]


def test_no_files_import_each_other_but_those_of_the_named_circles() -> None:
    edges = graph(ROOT / "aioriak")
    for lower, upper in wanted():
        edges[lower].remove(upper)
    assert circles(edges) == []


@pytest.mark.parametrize(("lower", "upper"), wanted())
def test_an_import_against_the_layers_is_for_type_checking_only(lower: str, upper: str) -> None:
    tree = ast.parse(modules(ROOT / "aioriak")[lower].read_text())
    checked = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    for_types = {inner for node in checked for inner in ast.walk(node)}
    importing = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == upper]
    assert importing
    assert set(importing) <= for_types


def test_a_circle_through_a_function_or_a_type_is_found(tmp_path: pathlib.Path) -> None:
    package = tmp_path / "p"
    package.mkdir()
    (package / "__init__.py").write_text("from p.a import A\n")
    (package / "a.py").write_text("if TYPE_CHECKING:\n    from p.b import B\n")
    (package / "b.py").write_text("from p import c\n")
    (package / "c.py").write_text("def f():\n    import p.a\n")
    (package / "d.py").write_text("from p.a import A\n")
    assert circles(graph(package)) == [["p.a", "p.b", "p.c"]]
