"""Runs of the engine with every measure on, kept for all the properties that look at them."""

from functools import cache

import numpy as np

from equipoise.processors.columns import Events, Outputs
from equipoise.processors.engine import Engine
from equipoise.processors.measures.measure import Measure
from equipoise.processors.measures.registry import OURS
from equipoise.processors.panel.settings import Active, PanelSettings
from equipoise.processors.settings import EngineSettings, MeasureSettings, TimeSettings
from equipoise.schemas.enums import BookSource
from tests.measures.parameters import SMALL
from tests.processors.rows import table

WINDOW_NS = 200_000_000


def turned_on(measure: Measure, weigh: bool = False, lots: int = 1) -> Active:
    """A measure with the tests' parameters (a market of minutes), those in lots times `lots`."""
    given = SMALL.get(measure.name, {})
    scaled = {p.name: given[p.name] * lots for p in measure.parameters if p.unit == "lots" and p.name in given}
    values = measure.values_of({**given, **scaled})
    return Active(measure, values, tuple(0.1 if weigh and output.component else 0.0 for output in measure.outputs))


def settings(weigh: bool = False, lots: int = 1, measures: tuple[Measure, ...] = OURS) -> EngineSettings:
    panel = PanelSettings(tuple(turned_on(measure, weigh, lots) for measure in measures))
    return EngineSettings(panel=panel, measures=MeasureSettings(bucket_ticks=1), time=TimeSettings(window_ns=WINDOW_NS))


def run(events: Events, with_settings: EngineSettings) -> Outputs:
    return Engine(table(BookSource.L2, BookSource.L2), with_settings).step(events)


def values(outputs: Outputs, measure: Measure, instrument: int = 0, last: bool = True) -> dict[int, np.ndarray]:
    """What a measure said of each window (its last revision, or its first), by the window's start: MEASURE_DTYPE."""
    own = [outputs.names.measures.index(measure.output_name(output)) for output in measure.outputs]
    found: dict[int, np.ndarray] = {}
    for window, row in zip(outputs.windows, outputs.measures, strict=True):
        if window["instrument"] == instrument and (last or int(window["start_ns"]) not in found):
            found[int(window["start_ns"])] = row[own]
    return found


@cache
def plain(steps: int = 3000) -> tuple[Events, Outputs]:
    """The market, and what all measures say of it."""
    from tests.measures.market import market

    events = market(1, steps)
    return events, run(events, settings())
