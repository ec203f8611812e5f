"""All markets together: slices of time, in order of arrival."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL, Events, empty_events
from equipoise.processors.instruments import Instruments
from equipoise.streams.simulator import state
from equipoise.streams.simulator.exchange import OrderBookMarket
from equipoise.streams.simulator.labels import BURST_DTYPE, TAKER_DTYPE, Labels
from equipoise.streams.simulator.pool import PoolMarket
from equipoise.streams.simulator.settings import SimulatorSettings
from equipoise.streams.simulator.value import ValuePath

_MS = 1_000_000
Rows = NDArray[np.int64]


class SimulatedChunk(NamedTuple):
    """Everything that arrives in one slice of time."""

    start_ns: int
    end_ns: int  # exclusive
    events: Events  # in order of arrival; offset counts all rows of the simulation from 0
    pending: list[dict[str, Any]]  # PendingTransaction records, in order of arrival
    labels: Labels


class Simulator:
    """Yields the same rows for the same settings, however the time is cut into chunks."""

    def __init__(self, settings: SimulatorSettings | None = None) -> None:
        self.settings = settings or SimulatorSettings()
        self.instruments = Instruments()
        for market in self.settings.instruments:
            self.instruments.add(market.instrument)
        self._now = self.settings.start_ns
        self._offset = 0
        self._markets = self._make_markets()
        self._held = [np.empty((0, state.ROW_WIDTH), np.int64) for _ in self._markets]
        self._held_pending: list[dict[str, Any]] = []
        self._held_takers = [np.empty((0, 9), np.int64) for _ in self._markets]

    def _make_markets(self) -> list[OrderBookMarket | PoolMarket]:
        s = self.settings
        names = sorted({m.instrument.underlying or m.instrument.key for m in s.instruments})
        paths = {name: ValuePath(s.seed, i, s.start_ns, s.bursts) for i, name in enumerate(names)}
        return [
            (PoolMarket if m.pool else OrderBookMarket)(
                number, m, s, paths[m.instrument.underlying or m.instrument.key]
            )
            for number, m in enumerate(s.instruments)
        ]

    def chunks(self, seconds: float) -> Iterator[SimulatedChunk]:
        """The next `seconds` of time, one chunk each `chunk_ms`; a further call goes on where this one ended."""
        end = self._now + round(seconds * 1e9)
        while self._now < end:
            yield self._chunk(min(self._now + self.settings.chunk_ms * _MS, end))

    def _chunk(self, until: int) -> SimulatedChunk:
        """Every row that arrives before `until`: none has a later event, so all of them have been made."""
        rows, takers, bursts, outcomes = [], [], [], []
        for index, market in enumerate(self._markets):
            made = market.run(until)
            ready, labels = self._release(index, made.rows, made.takers, until)
            rows.append(_with_instrument(ready, index))
            takers.append(_taker_labels(labels, index))
            bursts.append(_burst_labels(market.bursts(until), index, self._now, until))
            made.outcomes["instrument"] = index
            outcomes.append(made.outcomes)
            self._held_pending += made.pending
        start, self._now = self._now, until
        events = self._events(np.concatenate(rows))
        truth = Labels(
            _in_order_of_rows(np.concatenate(takers), events),
            _in_order(np.concatenate(bursts), "start_ns"),
            _in_order(np.concatenate(outcomes), "ended_ns"),
        )
        return SimulatedChunk(start, until, events, self._release_pending(until), truth)

    def _release_pending(self, until: int) -> list[dict[str, Any]]:
        """Stable: of equal stamps the earlier instrument's first, and each instrument's in their order."""
        held = sorted(self._held_pending, key=lambda record: record["arrival_time_ns"])
        n = bisect_left(held, until, key=lambda record: record["arrival_time_ns"])
        self._held_pending = held[n:]
        return held[:n]

    def _release(self, index: int, rows: Rows, takers: Rows, until: int) -> tuple[Rows, Rows]:
        """Split what has arrived from what is still under way, and keep the latter."""
        rows = np.concatenate([self._held[index], rows])
        takers = np.concatenate([self._held_takers[index], takers])
        n = int(np.searchsorted(rows[:, state.ARRIVAL_NS], until, side="left"))
        last = rows[n - 1, state.SEQUENCE] if n else -1
        t = int(np.searchsorted(takers[:, state.T_SEQUENCE], last, side="right"))
        self._held[index], self._held_takers[index] = rows[n:], takers[t:]
        return rows[:n], takers[:t]

    def _events(self, rows: Rows) -> Events:
        rows = rows[np.lexsort((rows[:, -1], rows[:, state.ARRIVAL_NS]))]
        events = empty_events(len(rows))
        events.instrument[:] = rows[:, -1]
        for column, at in (
            (events.action, state.ACTION),
            (events.side, state.SIDE),
            (events.flags, state.FLAGS),
            (events.price, state.PRICE),
            (events.quantity, state.QUANTITY),
            (events.order_id, state.ORDER),
            (events.sequence, state.SEQUENCE),
            (events.event_ns, state.EVENT_NS),
            (events.arrival_ns, state.ARRIVAL_NS),
        ):
            column[:] = rows[:, at]
        events.previous_sequence[:] = np.where(events.sequence > 1, events.sequence - 1, NULL)
        events.offset[:] = np.arange(self._offset, self._offset + len(rows))
        self._offset += len(rows)
        return events


def _with_instrument(rows: Rows, index: int) -> Rows:
    return np.concatenate([rows, np.full((len(rows), 1), index)], axis=1)


def _taker_labels(takers: Rows, index: int) -> NDArray[np.void]:
    out = np.zeros(len(takers), TAKER_DTYPE)
    out["instrument"] = index
    for name, at in (
        ("sequence", state.T_SEQUENCE),
        ("event_ns", state.T_EVENT),
        ("side", state.T_SIDE),
        ("informed", state.T_INFORMED),
        ("burst", state.T_BURST),
        ("quantity", state.T_QUANTITY),
        ("price", state.T_PRICE),
        ("mid_x2", state.T_MID),
        ("value", state.T_VALUE),
    ):
        out[name] = takers[:, at]
    return out


def _in_order_of_rows(takers: NDArray[np.void], events: Events) -> NDArray[np.void]:
    """Fill in each order's first row, and sort by it."""
    for index in np.unique(takers["instrument"]):
        mine = takers["instrument"] == index
        rows = np.flatnonzero(events.instrument == index)
        first = rows[np.searchsorted(events.sequence[rows], takers["sequence"][mine])]
        takers["offset"][mine] = events.offset[first]
    return takers[np.argsort(takers["offset"], kind="stable")]


def _in_order(labels: NDArray[np.void], time: str) -> NDArray[np.void]:
    return labels[np.lexsort((labels["instrument"], labels[time]))]


def _burst_labels(bursts: Rows, index: int, start: int, end: int) -> NDArray[np.void]:
    chosen = np.flatnonzero((bursts[:, 0] >= start) & (bursts[:, 0] < end))
    out = np.zeros(len(chosen), BURST_DTYPE)
    out["instrument"], out["burst"] = index, chosen
    for column, name in enumerate(("start_ns", "end_ns", "before", "after")):
        out[name] = bursts[chosen, column]
    return out
