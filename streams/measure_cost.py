"""What a measure costs: nanoseconds an event, in the engine, on the simulator's load of adds, cancels and executions.

The engine steps the same rows without any measure and with the ones in question, by turns. Counted is CPU time,
and of each chunk of rows the fastest run: a machine that does other things as well only ever adds to it.
"""

import time
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import Events
from equipoise.processors.engine import Engine
from equipoise.processors.measures.measure import Measure
from equipoise.processors.panel.settings import PanelSettings, active
from equipoise.processors.settings import EngineSettings
from equipoise.streams.simulator.load import LoadSettings, load_events, load_instruments

INSTRUMENTS: Final = 8
CHUNK_ROWS: Final = 2_000


def load(rows: int) -> list[Events]:
    """The rows that everything is measured on: 100,000 a second of event time."""
    return list(load_events(LoadSettings(instruments=INSTRUMENTS), rows, chunk_rows=CHUNK_ROWS))


def one_run(events: Sequence[Events], measures: Sequence[Measure]) -> NDArray[np.float64]:
    """Nanoseconds of CPU an event in each chunk but the first, with these measures on; shape (chunks - 1,)."""
    settings = EngineSettings(panel=PanelSettings(tuple(active(measure) for measure in measures)))
    engine = Engine(load_instruments(INSTRUMENTS), settings)
    engine.step(events[0])  # compiles or loads what is new
    taken = []
    for chunk in events[1:]:
        began = time.process_time_ns()
        engine.step(chunk)
        taken.append((time.process_time_ns() - began) / len(chunk.offset))
    return np.array(taken)


def nanoseconds(
    events: Sequence[Events], sets: Sequence[Sequence[Measure]], runs: int
) -> list[tuple[float, list[float]]]:
    """Nanoseconds an event with each set of measures on: by the fastest run of each chunk, and of each run whole."""
    taken: list[list[NDArray[np.float64]]] = [[] for _ in sets]
    for _ in range(runs):
        for times, measures in zip(taken, sets, strict=True):
            times.append(one_run(events, measures))
    return [(float(np.min(times, axis=0).mean()), [float(run.mean()) for run in times]) for times in taken]
