"""What a measure costs: nanoseconds an event, in the engine, on the simulator's load of adds, cancels and executions.

The engine steps the same rows without any measure and with the ones in question, by turns. A machine that
does other things as well only ever adds time, so the difference is that of the fastest runs.
"""

import time
from collections.abc import Sequence
from typing import Final

from equipoise.processors.columns import Events
from equipoise.processors.engine import Engine
from equipoise.processors.measures.measure import Measure
from equipoise.processors.panel.settings import PanelSettings, active
from equipoise.processors.settings import EngineSettings
from equipoise.streams.simulator.load import LoadSettings, load_events, load_instruments

INSTRUMENTS: Final = 8


def load(rows: int) -> list[Events]:
    """The rows that everything is measured on: as 100,000 a second of event time, in steps of 5,000."""
    return list(load_events(LoadSettings(instruments=INSTRUMENTS), rows, chunk_rows=5_000))


def seconds(events: Sequence[Events], measures: Sequence[Measure]) -> float:
    """Seconds that a fresh engine needs for the rows with these measures on."""
    settings = EngineSettings(panel=PanelSettings(tuple(active(measure) for measure in measures)))
    engine = Engine(load_instruments(INSTRUMENTS), settings)
    engine.step(events[0])  # compiles or loads what is new
    began = time.perf_counter()
    for chunk in events[1:]:
        engine.step(chunk)
    return time.perf_counter() - began


def added_ns(
    events: Sequence[Events], sets: Sequence[Sequence[Measure]], runs: int
) -> tuple[list[float], list[list[float]]]:
    """Nanoseconds an event: of the engine alone in each run, and what each set adds to its fastest, run by run."""
    rows = sum(len(chunk.offset) for chunk in events[1:])
    alone: list[float] = []
    taken: list[list[float]] = [[] for _ in sets]
    for _ in range(runs):
        alone.append(seconds(events, ()) / rows * 1e9)
        for times, measures in zip(taken, sets, strict=True):
            times.append(seconds(events, measures) / rows * 1e9)
    return alone, [[time_ns - min(alone) for time_ns in times] for times in taken]
