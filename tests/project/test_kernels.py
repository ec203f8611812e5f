"""Kernels are compiled once, and found by the next process."""

import os
import subprocess
import sys

import pytest

from equipoise.streams import kernels


def test_a_second_process_compiles_nothing(tmp_path):
    """What the test run itself compiled is reused: both processes share its cache."""
    code = "from equipoise.streams import kernels; kernels.warm_up_simulator()"
    environment = os.environ | {"EQUIPOISE_KERNEL_CACHE": str(tmp_path)}
    files = []
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        files.append({path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")})
    assert files[0]
    assert files[0] == files[1]


def test_a_kernel_that_fails_is_named(monkeypatch):
    monkeypatch.setattr(kernels, "PARTS", {"engine": None, "nonsense": None})
    with pytest.raises(RuntimeError, match="kernels of the nonsense did not compile"):
        kernels.compile_all()


def test_first_fetches_compile_nothing():
    """Of any length, plain or compressed, with instruments listed or not: the loop would stand still meanwhile."""
    made = subprocess.run([sys.executable, "-m", "tests.project.first_fetches"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert made.stdout == ""
