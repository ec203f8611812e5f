"""Packages that must not share our environment (they pin numba or numpy): one of their own, made once and kept."""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import in_ci


class UnavailableError(Exception):
    """The package index gave no such environment."""


@cache
def python_with(*requirements: str) -> Path:
    """The Python of an environment that has exactly these (`name==version`) and what they need.

    Raises:
        UnavailableError: it is not there yet, and could not be made.
    """
    cache_home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    name = "+".join(requirements).replace("==", "-") + f"-py{sys.version_info[0]}.{sys.version_info[1]}"
    folder = cache_home / "equipoise-tests" / name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _make(folder, requirements)
    return folder / "bin" / "python"


def _make(folder: Path, requirements: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as spare:
        made = Path(spare) / "env"
        pip = [made / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        for command in ([sys.executable, "-m", "venv", made], [*pip, "--only-binary", ":all:", *requirements]):
            run = subprocess.run([str(part) for part in command], capture_output=True, text=True)
            if run.returncode:
                said = (run.stderr or run.stdout).strip().splitlines() or ["it said nothing"]
                raise UnavailableError(f"{', '.join(requirements)} could not be installed: {said[-1][:200]}")
        if not folder.is_dir():  # another test process may have been quicker
            shutil.move(made, folder)


def or_skip(*requirements: str) -> Path:
    """`python_with` for tests: skipped with the reason where the index gives none; under CI=true that is a failure."""
    try:
        return python_with(*requirements)
    except UnavailableError as why:
        if in_ci():
            pytest.fail(f"{why}; under CI=true that is a failure", pytrace=False)
        pytest.skip(str(why))
