"""How close each measure comes to its outside answers. The tests note it where they compare; one command keeps it.

    EQUIPOISE_DATA=FOLDER python -m tests.measures.agreement [--write] [--jobs N]

runs those tests, prints a table and, with `--write`, keeps it in `tests/measures/agreements.json`, from which
docs/measures.md takes its figures. The difference is relative, to the larger of the answer and of `floor` (below
which the answer is zero but for rounding); a measure that must agree exactly counts the values that do not.

As a plugin (`-p tests.measures.agreement`) it leaves what each test process noted in $EQUIPOISE_AGREEMENTS.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

NOTES: Final = "EQUIPOISE_AGREEMENTS"  # a folder
KEPT: Final = Path(__file__).with_name("agreements.json")
TESTS: Final = (
    "tests/measures/test_trade_side.py",
    "tests/measures/test_hawkes.py",
    "tests/measures/test_vpin.py",
    "tests/measures/test_vpin_published.py",
    "tests/processors/test_book_measures.py",
    "tests/processors/test_book_measures_outside.py",
    "tests/processors/test_micro_price.py",
    "tests/processors/test_score_components.py",
    "tests/processors/test_weighted_depth.py",
    "tests/processors/test_pending.py::test_it_agrees_with_a_slow_replay",
    "tests/replay/test_klines.py::test_signed_volume_is_the_bars",
    "tests/replay/test_recorded.py::test_windows_are_the_plain_sums",
)


@dataclass
class Agreement:
    """One measure beside one outside answer."""

    measure: str
    answer: str
    values: int = 0  # compared, nulls left out
    difference: float = 0.0  # the largest, relative; of exact ones how many values differ
    allowed: float = 0.0  # 0: exactly


noted: Final[dict[tuple[str, str], Agreement]] = {}


def agree(measure: str, answer: str, found: Any, expected: Any, allowed: float = 1e-9, floor: float = 0.0) -> None:
    """Note how far `found` is from `expected`, and insist on at most `allowed`; nulls (NaN) must be the same.

    Raises:
        AssertionError: another shape, a null on one side only, or a larger difference.
    """
    ours, theirs = np.atleast_1d(np.asarray(found, float)), np.atleast_1d(np.asarray(expected, float))
    assert ours.shape == theirs.shape, f"{measure}: {ours.shape} values beside {theirs.shape}"
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs), f"{measure}: nulls")
    known = ~np.isnan(theirs)
    ours, theirs = ours[known], theirs[known]
    if allowed == 0.0:
        largest = float((ours != theirs).sum())
    else:
        scale = np.maximum(np.abs(theirs), floor)
        apart = np.abs(ours - theirs)
        largest = float(np.max(np.divide(apart, scale, out=np.where(apart > 0, math.inf, 0.0), where=scale > 0)))
    note = noted.setdefault((measure, answer), Agreement(measure, answer, allowed=allowed))
    note.values += len(ours)
    note.difference = max(note.difference, largest)
    assert largest <= allowed, f"{measure} beside {answer}: {largest:.3g} apart, at most {allowed:g} is allowed"


def kept() -> list[Agreement]:
    """What the command kept."""
    return [Agreement(**row) for row in json.loads(KEPT.read_text())]


def pytest_sessionfinish() -> None:
    """Leave what this process noted."""
    if (folder := os.environ.get(NOTES)) and noted:
        Path(folder, f"{os.getpid()}.json").write_text(json.dumps([asdict(row) for row in noted.values()]))


def merged(rows: Iterable[Agreement]) -> list[Agreement]:
    """One row a measure and answer, in order, with as many digits as mean something."""
    found: dict[tuple[str, str], Agreement] = {}
    for row in rows:
        both = found.setdefault((row.measure, row.answer), Agreement(row.measure, row.answer, allowed=row.allowed))
        both.values += row.values
        both.difference = float(f"{max(both.difference, row.difference):.1e}")
    return [found[key] for key in sorted(found)]


def run(folder: Path, jobs: int) -> int:
    """Run the tests; their notes go to `folder`. Returns pytest's exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(jobs), "-p", "tests.measures.agreement", *TESTS]
    return subprocess.run(command, env=os.environ | {NOTES: str(folder)}, stdout=sys.stderr).returncode


def main() -> int:
    """Run the tests, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {KEPT.name}")
    parser.add_argument("--jobs", type=int, default=0, help="test processes beside this one")
    parser.add_argument("--notes", type=Path, help="do not run the tests: a run of pytest has left its notes here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = asked.notes or Path(spare)
        if not asked.notes and (failed := run(folder, asked.jobs)):
            return failed
        texts = [path.read_text() for path in sorted(folder.glob("*.json"))]
    found = merged(Agreement(**row) for text in texts for row in json.loads(text))
    print("| measure | beside | values | largest difference | allowed |\n|---|---|---|---|---|")
    for row in found:
        told = f"{row.difference:.1e}" if row.allowed else f"{row.difference:.0f} values"
        print(f"| {row.measure} | {row.answer} | {row.values:,} | {told} | {row.allowed or 'none'} |")
    if asked.write:
        KEPT.write_text("[\n" + ",\n".join(f" {json.dumps(asdict(row))}" for row in found) + "\n]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
