"""Check with pyright that every public symbol of the package has a declared type: ``make types``."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]


def main() -> int:
    """Print the places where a type is missing; return the exit status."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    options = ["--verifytypes", "aioriak", "--ignoreexternal", "--outputjson", "--pythonpath", sys.executable]
    # not in ROOT, where pyright would take the package for a program's own code
    done = subprocess.run(
        [sys.executable, "-m", "pyright", *options],
        cwd=ROOT / "tests", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout[done.stdout.index("{") :])["typeCompleteness"]
    causes: set[str] = set()
    consequences: set[str] = set()
    for symbol in found["symbols"]:
        for each in symbol.get("diagnostics", []):
            if each["severity"] != "error":
                continue
            where = each.get("file", "").removeprefix(f"{ROOT}/")
            line = each["range"]["start"]["line"] + 1 if "range" in each else 0
            message = each["message"].replace("\n", " ")
            # what uses a symbol of unknown type is of partially unknown type itself
            (consequences if "partially unknown" in message else causes).add(
                f"{where}:{line}: {symbol['name']}: {message}"
            )
    print(*sorted(causes or consequences), f"{found['completenessScore']:.1%} of the types are declared", sep="\n")
    return 0 if found["completenessScore"] == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
