"""Nanoseconds an event for each measure, and for all of them together.

    python -m benchmarks.measures [--quick] [--write]

Steps the engine through the simulator's load with no measure, with each one and with all, by turns, and prints a
Markdown table; the figure of a measure is what it adds, each chunk of rows by its fastest run. `--write` keeps
the figures in `benchmarks/measures.json`, from which docs/measures.md takes its costs.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from equipoise.processors.measures.measure import Measure
from equipoise.processors.measures.registry import OURS
from equipoise.streams.measure_cost import load, nanoseconds

KEPT: Final = Path(__file__).with_name("measures.json")
UNIT: Final = "ns/event"


def figure(name: str, best: float, runs: list[float]) -> dict[str, Any]:
    """One line of the file, as `benchmarks/results.json` has them; `best` is the figure to read."""
    tidy = [float(f"{run:.4g}") for run in runs]
    return {"name": name, "unit": UNIT, "best": float(f"{best:.4g}"), "median": statistics.median(tidy),
            "min": min(tidy), "max": max(tidy), "runs": tidy}  # fmt: skip


def figures(rows: int, runs: int) -> list[dict[str, Any]]:
    """Of the engine alone, and what each measure and all of them add to it."""
    sets: list[Sequence[Measure]] = [(), *((measure,) for measure in OURS), OURS]
    (alone, alone_runs), *others = nanoseconds(load(rows), sets, runs)
    names = [*(f"measure-{measure.name}" for measure in OURS), "measures-all"]
    added = [
        figure(name, best - alone, [run - alone for run in runs_of])
        for name, (best, runs_of) in zip(names, others, strict=True)
    ]
    return [figure("engine-alone", alone, alone_runs), *added]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rows and runs")
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {KEPT.name}")
    asked = parser.parse_args()
    found = figures(*(60_000, 7) if asked.quick else (200_000, 15))
    print(f"| what | {UNIT} | whole runs: least | median | most |\n|---|---|---|---|---|")
    for row in found:
        print(f"| {row['name']} | {row['best']:.1f} | {row['min']:.1f} | {row['median']:.1f} | {row['max']:.1f} |")
    if asked.write:
        KEPT.write_text("[\n" + ",\n".join(f" {json.dumps(row)}" for row in found) + "\n]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
