"""Make `.venv` with the versions of a lock file, as fast as the package index allows.

Needs only Python (with `venv` and `pip`). The packages are fetched with uv, itself taken from the package index,
because it downloads in parallel: 6 s instead of 19 s on two cores. Where pip is configured for an index of its
own, or uv does not run, pip does it.

usage: python3 scripts/setup_venv.py run|dev       (LOCK: locks/run.txt or locks/dev.txt)
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"


def run(*command):
    """Whether the command succeeded; its output is shown."""
    return subprocess.run([str(part) for part in command], cwd=ROOT).returncode == 0


def pip(*arguments):
    """Whether `pip install` succeeded."""
    return run(PYTHON, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", *arguments)


def pip_has_an_index():
    """Whether the user told pip where to get packages: uv would not know of it."""
    if any(name in os.environ for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX")):
        return True
    listed = subprocess.run([str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True)
    return "index" in listed.stdout


def with_uv(lock):
    """Whether uv installed the lock's packages."""
    if pip_has_an_index() or not pip("--only-binary", ":all:", "--require-hashes", "-r", "locks/setup.txt"):
        return False
    return run(
        PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON, "--no-build", "--no-deps",
        "--require-hashes", "-r", lock,
    )  # fmt: skip


def with_pip(lock):
    """Whether pip installed the lock's packages."""
    return pip("--only-binary", ":all:", "--no-deps", "--require-hashes", "-r", lock)


def main(lock):
    """Set up; returns an exit status."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 14):
        print(f"equipoise needs Python 3.11 to 3.14 and this is {sys.version.split()[0]}: make PYTHON=python3.12 ...")
        return 1
    start = time.monotonic()
    print(f"setting up .venv from {lock} ...", flush=True)
    if not PYTHON.exists() and not run(sys.executable, "-m", "venv", VENV):
        print("no virtual environment could be made: on Debian and Ubuntu, apt install python3-venv")
        return 1
    if not (with_uv(lock) or with_pip(lock)):
        print("the packages could not be installed: see above; is the package index reachable?")
        return 1
    if not pip("--no-deps", "--no-build-isolation", "--editable", "."):
        return 1
    print(f"ready after {time.monotonic() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(f"locks/{sys.argv[1]}.txt"))
