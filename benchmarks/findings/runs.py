"""One recording through the engine with every measure on, as columns of windows of 100 ms."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL, Events, Outputs
from equipoise.processors.engine import Engine
from equipoise.processors.measures.registry import OURS
from equipoise.processors.panel.settings import PanelSettings, active
from equipoise.processors.settings import EngineSettings
from equipoise.streams.replay.backtest import make_task
from equipoise.streams.replay.source import open_source
from tests.replay.recorded import Recorded

WINDOW_NS = 100_000_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """Every point of a grid of event time that lies in the recording; shape (n,) each."""

    start_ns: NDArray[np.int64]
    mid: Floats  # ticks, the last good one at the window's end; NaN before the first
    spread: Floats  # ticks, at the window's end, NaN where a side is missing
    ofi: Floats  # lots, in the window
    depth: Floats  # lots, mean of both best queues at the window's end
    measures: dict[str, Floats]  # at the window's end, NaN: null


class _Gather:
    """Watches the task's steps."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.windows: list[tuple[int, int, float, NDArray[np.float64]]] = []
        self.quotes: list[NDArray[np.int64]] = []

    def seen(self, engine: Engine, events: Events, outputs: Outputs) -> None:
        self.names = outputs.names.measures
        for row, cells in zip(outputs.windows, outputs.measures, strict=True):
            mid = float(row["mid_close_x2"]) / 2 if row["mid_close_x2"] != NULL else np.nan
            self.windows.append((int(row["start_ns"]), int(row["ofi"]), mid, cells["value"].copy()))
        self.quotes.append(np.column_stack([events.event_ns, engine.trace]))


def run(recorded: Recorded, data: Path, **parameters: dict[str, float]) -> Run:
    """Run a recording; `parameters` by measure."""
    settings = EngineSettings(trace_book=True)
    panel = PanelSettings(tuple(active(measure, **parameters.get(measure.name, {})) for measure in OURS))
    settings = replace(settings, panel=panel, time=replace(settings.time, window_ns=WINDOW_NS))
    gather = _Gather()
    opened = open_source(recorded.source(data))
    task = make_task(opened, settings, [gather])
    for feeds in opened.chunks():
        for topic, decoded, numbers in feeds:
            task.feed_rows(topic, decoded, numbers)
    task.flush()
    return _on_a_grid(gather)


def _on_a_grid(gather: _Gather) -> Run:
    last = {start: (ofi, mid, cells) for start, ofi, mid, cells in gather.windows}  # of each window its last revision
    starts = np.arange(min(last), max(last) + WINDOW_NS, WINDOW_NS)
    known = np.array([int(start) in last for start in starts])
    ofi = np.array([last[int(start)][0] if there else 0 for start, there in zip(starts, known, strict=True)], float)
    empty = np.full(len(gather.names), np.nan)
    cells = np.array([last[int(start)][2] if there else empty for start, there in zip(starts, known, strict=True)])
    mids = np.array([last[int(start)][1] if there else np.nan for start, there in zip(starts, known, strict=True)])
    quotes = np.concatenate(gather.quotes)
    quotes = quotes[np.argsort(quotes[:, 0], kind="stable")]
    at = np.searchsorted(quotes[:, 0], starts + WINDOW_NS, side="left") - 1
    bid, bid_q, ask, ask_q = (quotes[np.maximum(at, 0), 1 + k] for k in range(4))
    whole = (at >= 0) & (bid_q > 0) & (ask_q > 0) & (ask > bid)
    return Run(
        starts,
        held(mids),
        np.where(whole, ask - bid, np.nan),
        ofi,
        np.where(whole, (bid_q + ask_q) / 2, np.nan),
        {name: held(cells[:, k]) if name not in FLOWS else cells[:, k] for k, name in enumerate(gather.names)},
    )


FLOWS = {f"ofi_level_{k}" for k in range(1, 11)}  # sums over a window; the other measures hold until they change


def held(values: Floats) -> Floats:
    """Each value, or the last one before it that was not NaN."""
    index = np.where(np.isnan(values), 0, np.arange(len(values)))
    return values[np.maximum.accumulate(index)]
