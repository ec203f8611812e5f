"""Write the lock files: exact versions and hashes for Python 3.11 to 3.14 on every platform.

usage: make lock        (add UPGRADE=1 to take newer versions)
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What `make demo` and the container image install, what `make test` installs, what installs them.
LOCKS = {
    "locks/run.txt": (["--extra", "all", "pyproject.toml"], "setuptools>=77"),
    "locks/dev.txt": (["--extra", "all", "--group", "dev", "-c", "locks/run.txt", "pyproject.toml"], "setuptools>=77"),
    "locks/setup.txt": ([], "uv>=0.9"),
}


def main() -> None:
    """Run the resolver once a file."""
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    for output, (sources, more) in LOCKS.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
        command += ["--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--python-version", "3.11", *upgrade, *sources, "-", "--output-file", output]
        subprocess.run(command, input=more, text=True, cwd=ROOT, check=True)
        print(output)


if __name__ == "__main__":
    main()
