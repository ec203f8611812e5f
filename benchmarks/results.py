"""What was measured: raw runs as they come, and figures with median and spread."""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.home import ROOT, folder

RESULTS: Final = ROOT / "benchmarks/results.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of `results.json`; without a run it says why."""

    name: str
    unit: str
    runs: tuple[float, ...]
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As it is written."""
        if not self.runs:
            numbers: dict[str, Any] = {"median": None, "min": None, "max": None, "runs": []}
        else:
            numbers = {
                "median": tidy(statistics.median(self.runs)),
                "min": tidy(min(self.runs)),
                "max": tidy(max(self.runs)),
                "runs": [tidy(run) for run in self.runs],
            }
        return {"name": self.name, "unit": self.unit, **numbers} | ({"error": self.error} if self.error else {})


def tidy(number: float) -> float:
    """Five digits: what a timing is worth."""
    return float(f"{number:.5g}")


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of one run."""

    name: str
    unit: str
    value: float | None
    error: str = ""


class Recorder:
    """Samples in a file as they come, so that a run that was cut short can go on."""

    def __init__(self, path: Path | None = None, *, resume: bool = False) -> None:
        self._path = path or folder("runs") / "samples.jsonl"
        self._done: dict[str, list[Sample]] = defaultdict(list)
        if resume and self._path.exists():
            for line in self._path.read_text().splitlines():
                found = json.loads(line)
                self._done[found.pop("run")].append(Sample(**found))
        else:
            self._path.write_text("")

    def has(self, run: str) -> bool:
        """Whether this run has been made, with success."""
        return run in self._done and not any(sample.error for sample in self._done[run])

    def add(self, run: str, samples: Sequence[Sample]) -> None:
        """What a run gave; it replaces what an earlier try of it gave."""
        self._done[run] = list(samples)
        with self._path.open("a") as out:
            for sample in samples:
                out.write(json.dumps({"run": run, **asdict(sample)}) + "\n")

    def figures(self) -> list[Figure]:
        """All that was measured, in the order in which it came first."""
        values: dict[tuple[str, str], list[float]] = defaultdict(list)
        errors: dict[tuple[str, str], str] = {}
        for samples in self._done.values():
            for sample in samples:
                key = sample.name, sample.unit
                if sample.value is None:
                    errors[key] = sample.error
                    values[key] += ()
                else:
                    values[key].append(sample.value)
        return [Figure(*key, tuple(found), errors.get(key, "")) for key, found in values.items()]


def write(figures: Iterable[Figure], path: Path = RESULTS) -> None:
    """`results.json`, one figure a line."""
    lines = ",\n  ".join(json.dumps(figure.as_dict(), ensure_ascii=False) for figure in figures)
    path.write_text(f"[\n  {lines}\n]\n")


def read(path: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Figures by name."""
    return {figure["name"]: figure for figure in json.loads(path.read_text())}
