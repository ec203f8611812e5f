"""Orders a second through the engine on one core, on the recorded mixes of adds, cancels and trades.

    python -m benchmarks.recorded_mix FOLDER [--runs N]

Each recording is decoded once; then its rows go through an engine of their own by turns, with no measure on and with
every one. Counted is CPU time, of each chunk of rows the fastest run. Signals and windows are made, not written; how
many, a row, is in the table: where a market is so quiet that nearly every row has its own, they are what is paid for.
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


def nanoseconds(
    instruments: Instruments, parts: list[Events], settings: EngineSettings, runs: int
) -> tuple[float, float]:
    """Nanoseconds of CPU a row, each chunk by its fastest run, and signals and windows a row. One run warms up."""
    taken: list[Any] = []
    rows = sum(len(part.offset) for part in parts)
    for _ in range(1 + runs):
        engine, times, made = Engine(instruments, settings), [], 0
        for part in parts:
            began = time.thread_time_ns()
            outputs = engine.step(part)
            times.append(time.thread_time_ns() - began)
            made += len(outputs.signals) + len(outputs.windows)
        taken.append(times)
    return float(np.min(taken[1:], axis=0).sum() / rows), made / rows


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    print(
        "| recording | rows | outputs a row | ns a row, no measure | every measure | orders/s, every measure | wanted |"
    )
    print("|---|---|---|---|---|---|---|")
    for recorded in RECORDED.values():
        instruments, parts = rows_of(recorded, asked.folder)
        (plain, made), (every, _) = (nanoseconds(instruments, parts, each, asked.runs) for each in (PLAIN, EVERY))
        cells = f"{sum(len(part.offset) for part in parts):,}", f"{made:.2f}", f"{plain:.0f}", f"{every:.0f}"
        print(f"| {recorded.title} | {' | '.join(cells)} | {1e9 / every:,.0f} | >= {WANTED:,} |", flush=True)
    print(f"\n{yardstick()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
