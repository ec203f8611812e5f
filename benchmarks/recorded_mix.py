"""Orders a second through the engine on one core, on the recorded mixes of adds, cancels and trades.

    python -m benchmarks.recorded_mix FOLDER [--runs N]

Each recording is decoded once; then its rows go through an engine of their own by turns, with no measure on and with
every one. Counted is CPU time, of each chunk of rows the fastest run. Signals and windows are made, not written.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.yardstick import yardstick
from equipoise.processors.columns import Events, Outputs
from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instruments
from equipoise.processors.measures.registry import OURS
from equipoise.processors.panel.settings import PanelSettings, active
from equipoise.processors.settings import EngineSettings
from equipoise.streams.replay.backtest import make_task
from equipoise.streams.replay.source import open_source
from tests.replay.recorded import RECORDED, Recorded

CHUNK: Final = 2_048  # source records
WANTED: Final = 1_000_000  # orders a second, every measure on
PLAIN: Final = EngineSettings()
EVERY: Final = EngineSettings(panel=PanelSettings(tuple(active(measure) for measure in OURS)))


@dataclass
class Rows:
    """Keeps the rows that a task gives its engine."""

    parts: list[Events] = field(default_factory=list)

    def seen(self, engine: Engine, events: Events, outputs: Outputs) -> None:
        """A step."""
        del engine, outputs
        if len(events.offset):
            self.parts.append(Events(*(column.copy() for column in events)))


def rows_of(recorded: Recorded, folder: Path) -> tuple[Instruments, list[Events]]:
    """The instruments of a recording, and its rows in the order in which an engine gets them."""
    opened, kept = open_source(recorded.source(folder)), Rows()
    task = make_task(opened, PLAIN, [kept])
    for feeds in opened.chunks(CHUNK):
        for feed in feeds:
            task.feed_rows(*feed)
    task.flush()
    return opened.instruments, kept.parts


def nanoseconds(instruments: Instruments, parts: list[Events], settings: EngineSettings, runs: int) -> float:
    """Nanoseconds of CPU a row, each chunk by its fastest run; the first chunk warms up."""
    taken: list[Any] = []
    for _ in range(runs):
        engine, times = Engine(instruments, settings), []
        for part in parts:
            began = time.thread_time_ns()
            engine.step(part)
            times.append(time.thread_time_ns() - began)
        taken.append(times)
    counted = sum(len(part.offset) for part in parts[1:])
    return float(np.min(taken, axis=0)[1:].sum() / counted)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    print("| recording | rows | ns a row, no measure | every measure | orders/s, every measure | wanted |")
    print("|---|---|---|---|---|---|")
    for recorded in RECORDED.values():
        instruments, parts = rows_of(recorded, asked.folder)
        plain, every = (nanoseconds(instruments, parts, settings, asked.runs) for settings in (PLAIN, EVERY))
        rows = sum(len(part.offset) for part in parts)
        print(
            f"| {recorded.title} | {rows:,} | {plain:.0f} | {every:.0f} | {1e9 / every:,.0f} | >= {WANTED:,} |",
            flush=True,
        )
    print(f"\n{yardstick()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
