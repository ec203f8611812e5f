"""Type-check every file of the four packages, and fail if one was left out.

A checker that is pointed at the folders sees no package `equipoise`, checks a file or two and reports
success. So mypy is pointed at `.typecheck/equipoise`, a folder of symbolic links that has the installed
shape, and the number of files that it says it checked must be the number that is there.

usage: python scripts/typecheck.py
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("streams", "processors", "schemas", "proofs")


def sources() -> list[Path]:
    """The Python files that mypy has to check."""
    return [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]


def main() -> int:
    """Run mypy; 0 if it is content and saw every file."""
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "-p", "equipoise"],
        cwd=ROOT,
        env=os.environ | {"MYPYPATH": str(ROOT / ".typecheck")},
        capture_output=True,
        text=True,
    )
    print(run.stdout, run.stderr, sep="", end="")
    counted = re.search(r"(?:in|checked) (\d+) source files?\)?\s*$", run.stdout)
    expected = len(sources()) + 1  # mypy counts the namespace `equipoise` itself as one
    if not counted or int(counted[1]) != expected:
        print(f"type check: {counted[1] if counted else 'no'} files were checked, {expected} are there")
        return 1
    return run.returncode


if __name__ == "__main__":
    raise SystemExit(main())
