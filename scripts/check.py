"""The checks of `make lint` and `make test`, in the order in which they are quick to fail.

usage: python scripts/check.py lint|all
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
WORKERS = "2"
FAILED = 1  # pytest's status where tests failed; others mean that it was interrupted or misused
# Branch coverage that these must reach; with the JIT on a kernel's lines cannot be seen, so the two runs are added up.
BOUNDS = {"processors": 95, "proofs": 95}

# The tests that are run with the JIT off as well: those of kernels that plain Python is through with in minutes.
PLAIN = (
    "tests/processors",
    *(f"tests/measures/test_{name}.py" for name in ("hawkes", "trade_side", "vpin")),
    *(f"tests/sources/test_{name}.py" for name in ("columnar", "mapped_columnar")),
    *(f"tests/transport/test_{name}.py" for name in ("parse", "reader", "codecs")),
    *(f"tests/streams/test_{name}.py" for name in ("task", "merge", "feed_batch")),
    "tests/schemas/test_rows.py",
)

LINT = {
    "ruff check": [PYTHON, "-m", "ruff", "check", "."],
    "ruff format": [PYTHON, "-m", "ruff", "format", "--check", "."],
    "types": [PYTHON, "scripts/typecheck.py"],
    "schemas": [PYTHON, "-m", "equipoise.streams.cli", "schemas", "check", "--offline"],
}


def passes(folder: Path, name: str, *arguments: str, **environment: str) -> bool:
    """Run pytest on two workers with branch coverage in `folder`; what fails is run once more, alone.

    Real brokers and clocks share two cores with everything else here. What passes alone counts as passed
    and is named, so that it is looked at; what fails twice, or one after another, has failed.
    """
    together = ["-n", WORKERS, "--dist", "loadgroup", "--durations", "15"]
    status = pytest(folder, name, *together, *arguments, **environment)
    if status != FAILED:
        return status == 0
    failed = json.loads((folder / "cache" / name / "v" / "cache" / "lastfailed").read_text())
    print(f"--- {name}: what failed, once more, alone", flush=True)
    alone = ["--last-failed", "--last-failed-no-failures", "none", "--maxfail", "1"]
    if pytest(folder, name, *alone, *arguments, **environment):
        return False
    print(f"--- {name}: failed beside others, passed alone, look at them:", *failed, sep="\n    ", flush=True)
    return True


def pytest(folder: Path, name: str, *arguments: str, **environment: str) -> int:
    """Run pytest with branch coverage, which each run leaves in a file of its own; its exit status."""
    command = [PYTHON, "-m", "pytest", "-o", f"cache_dir={folder / 'cache' / name}", "--cov-branch"]
    command += [f"--cov={measured}" for measured in ("streams", "processors", "schemas", "proofs")]
    command += ["--cov-report=", *arguments]
    own = {"COVERAGE_FILE": str(folder / f"{name}-{time.monotonic_ns()}.coverage")}
    return subprocess.run(command, cwd=ROOT, env=os.environ | own | environment).returncode


def coverage(folder: Path) -> list[str]:
    """Add up the runs' coverage files in `folder`, print a line a package, and return what is below its bound."""
    environment = os.environ | {"COVERAGE_FILE": str(folder / "all")}
    files = [str(path) for path in folder.glob("*.coverage")]
    subprocess.run([PYTHON, "-m", "coverage", "combine", "--quiet", *files], cwd=ROOT, env=environment, check=True)
    below = []
    for name in ("streams", "processors", "schemas", "proofs"):
        report = folder / f"{name}.json"
        command = [PYTHON, "-m", "coverage", "json", "--quiet", "-o", str(report), f"--include={name}/*"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        totals = json.loads(report.read_text())["totals"]
        share, bound = totals["percent_covered"], BOUNDS.get(name)
        branches = f"{totals['covered_branches']} of {totals['num_branches']} branches"
        least = f", at least {bound} % wanted" if bound else ""
        print(f"coverage {name + '/':12} {share:5.1f} % ({branches}{least})")
        if bound and share < bound:
            below.append(f"coverage of {name}/ is {share:.1f} %, below {bound} %")
    return below


def lint() -> list[str]:
    """The checks that read files only; the names of those that failed."""
    return [name for name, command in LINT.items() if not step(name, command)]


def step(name: str, command: list[str]) -> bool:
    """Run one check with a heading and its time."""
    start = time.monotonic()
    print(f"--- {name}", flush=True)
    good = subprocess.run(command, cwd=ROOT).returncode == 0
    print(f"--- {name}: {'ok' if good else 'FAILED'} ({time.monotonic() - start:.0f} s)", flush=True)
    return good


def tests() -> list[str]:
    """Both test runs and their coverage; what failed."""
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        step("compile the kernels", [PYTHON, "-m", "equipoise.streams.kernels"])  # or both test workers would
        print("--- kernels with the JIT off", flush=True)
        if not passes(Path(folder), "plain", *PLAIN, "-m", "not slow", "-q", NUMBA_DISABLE_JIT="1"):
            failed.append("kernels with the JIT off")
        print("--- tests", flush=True)
        if not passes(Path(folder), "tests"):
            failed.append("tests")
        failed += coverage(Path(folder))
    return failed


def main() -> int:
    """Run them; 0 if all are content."""
    failed = lint()
    if sys.argv[1:] == ["all"] and not failed:
        failed = tests()
    print("failed: " + ", ".join(failed) if failed else "all checks passed")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())
