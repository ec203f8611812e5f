"""Nanoseconds an event for each measure, and for all of them together.

    python -m benchmarks.measures [--quick] [--write]

Steps the engine through the simulator's load with no measure, with each one and with all, by turns, and prints a
Markdown table; the figure of a measure is what its fastest run adds to the fastest without any. `--write`
keeps the figures in `benchmarks/measures.json`, from which docs/measures.md takes its costs.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any, Final

from equipoise.processors.measures.registry import OURS
from equipoise.streams.measure_cost import added_ns, load

KEPT: Final = Path(__file__).with_name("measures.json")
UNIT: Final = "ns/event"


def figure(name: str, runs: list[float]) -> dict[str, Any]:
    """One line of the file, as `benchmarks/results.json` has them."""
    tidy = [float(f"{run:.4g}") for run in runs]
    return {"name": name, "unit": UNIT, "median": float(f"{statistics.median(runs):.4g}"), "min": min(tidy),
            "max": max(tidy), "runs": tidy}  # fmt: skip


def figures(rows: int, runs: int) -> list[dict[str, Any]]:
    """Of the engine alone, of each measure, and of all."""
    alone, added = added_ns(load(rows), [*([measure] for measure in OURS), OURS], runs)
    names = [*(f"measure-{measure.name}" for measure in OURS), "measures-all"]
    return [figure("engine-alone", alone), *(figure(name, run) for name, run in zip(names, added, strict=True))]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rows and runs")
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {KEPT.name}")
    asked = parser.parse_args()
    found = figures(*(100_000, 3) if asked.quick else (400_000, 7))
    print(f"| what | least, {UNIT} | median | most |\n|---|---|---|---|")
    for row in found:
        print(f"| {row['name']} | {row['min']:.1f} | {row['median']:.1f} | {row['max']:.1f} |")
    if asked.write:
        KEPT.write_text("[\n" + ",\n".join(f" {json.dumps(row)}" for row in found) + "\n]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
