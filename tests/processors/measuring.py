"""Drives one measure by hand-made observations, compiled or not."""

from typing import Any

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.jit import njit
from equipoise.processors.measures.measure import Measure
from equipoise.processors.measures.observation import CLOSE, GROUP, LEVELS, MAX_OUTPUTS, OBSERVATION, RESULT, VALUE
from equipoise.processors.panel import call
from equipoise.processors.panel.call import addresses
from equipoise.schemas.enums import Reason

SECOND = 10**9
T = 1_700_000_000 * SECOND
Side = list[tuple[int, int]]  # price and quantity, best first


@njit
def drive(
    update: int, value: int, seen: Any, rows: Any, states: Any, parameters: Any, result: Any, results: Any
) -> None:
    """Show each row; the value after each VALUE and CLOSE goes to `results`."""
    for r in range(len(rows)):
        seen[0] = rows[r]
        if rows[r].kind < VALUE:
            if update != 0:
                call.update(update, seen, states, 0, 0, parameters, 0)
        else:
            for k in range(MAX_OUTPUTS):
                result[0].value[k] = np.nan
                result[0].reason[k] = 0
            result[0].weight = 1.0
            call.value(value, seen, states, 0, 0, parameters, 0, result)
            results[r] = result[0]


class Run:
    """Groups of one instrument, in order; `value()` asks for a value."""

    def __init__(self, measure: Measure, **parameters: float) -> None:
        self.measure = measure
        self._given = np.zeros(1, measure.parameters_dtype)
        for parameter, value in zip(measure.parameters, measure.values_of(parameters), strict=True):
            self._given[parameter.name] = value
        self._rows: list[dict[str, Any]] = []
        self._book: tuple[Side, Side] | None = None
        self.clock_ns = T

    def group(self, bids: Side, asks: Side, after_ns: int = 0, comparable: bool = True, **more: Any) -> "Run":
        """The book after a group that comes `after_ns` later."""
        self.clock_ns += after_ns
        row = self._row(GROUP, bids, asks) | {"comparable": comparable and self._book is not None} | more
        if self._book is not None:
            row |= {f"was_{name}": value for name, value in quotes(*self._book).items()}
        self._rows.append(row)
        self._book = (bids, asks)
        return self

    def value(self, window: int | None = None, **more: Any) -> "Run":
        """Ask, of a window if one is given."""
        assert self._book is not None
        row = self._row(VALUE if window is None else CLOSE, *self._book) | more
        self._rows.append(row | ({} if window is None else {"window": window}))
        return self

    def _row(self, kind: int, bids: Side, asks: Side) -> dict[str, Any]:
        found = quotes(bids, asks)
        reason = Reason.NONE
        if not bids or not asks:
            reason = Reason.ONE_SIDED if bids or asks else Reason.EMPTY_BOOK
        elif bids[0][0] >= asks[0][0]:
            reason = Reason.LOCKED if bids[0][0] == asks[0][0] else Reason.CROSSED
        row: dict[str, Any] = {
            "kind": kind, "reason": reason, "known": reason not in (Reason.EMPTY_BOOK, Reason.CROSSED),
            "clock_ns": self.clock_ns, "event_ns": self.clock_ns, "window": self.clock_ns // SECOND,
            "window_ns": SECOND, "bid_depth": sum(q for _, q in bids), "ask_depth": sum(q for _, q in asks),
        }  # fmt: skip
        for side, name in ((bids, "bid"), (asks, "ask")):
            padded = [*side[:LEVELS], *[(NULL, 0)] * (LEVELS - len(side))]
            row[f"{name}s"], row[f"{name}_quantities"] = ([pair[k] for pair in padded] for k in range(2))
        return row | found | {f"was_{key}": value for key, value in found.items()}

    def results(self) -> list[dict[str, tuple[float, Reason]]]:
        """What each value said: (value, reason) of each output, and `weight` (value, NONE)."""
        rows = np.zeros(len(self._rows), OBSERVATION).view(np.recarray)
        for row, cells in zip(rows, self._rows, strict=True):
            for name, cell in cells.items():
                row[name] = cell
        seen, result = (np.zeros(1, dtype).view(np.recarray) for dtype in (OBSERVATION, RESULT))
        results = np.zeros(len(rows), RESULT).view(np.recarray)
        states = np.zeros((1, self.measure.state.itemsize), np.uint8)
        given = np.frombuffer(self._given.tobytes(), np.uint8).copy()
        drive(*addresses(self.measure), seen, rows, states, given, result, results)
        return [
            {
                output.name: _said(float(one["value"][k]), Reason(int(one["reason"][k])))
                for k, output in enumerate(self.measure.outputs)
            }
            | {"weight": (float(one["weight"]), Reason.NONE)}
            for one, row in zip(results, self._rows, strict=True)
            if row["kind"] >= VALUE
        ]

    def last(self, name: str) -> float:
        """The last value of an output."""
        return self.results()[-1][name][0]


def _said(value: float, reason: Reason) -> tuple[float, Reason]:
    """As the panel publishes it."""
    return (value, Reason.NONE) if np.isfinite(value) else (np.nan, reason or Reason.UNDEFINED)


def quotes(bids: Side, asks: Side) -> dict[str, int]:
    """Best quotes as an observation has them."""
    bid, bid_quantity = bids[0] if bids else (NULL, 0)
    ask, ask_quantity = asks[0] if asks else (NULL, 0)
    mid_x2 = bid + ask if bids and asks else NULL
    return {"bid": bid, "bid_quantity": bid_quantity, "ask": ask, "ask_quantity": ask_quantity, "mid_x2": mid_x2}


def random_book(rng: np.random.Generator, levels: int = 10) -> tuple[Side, Side]:
    """A book around 1000 with holes, sometimes one-sided or empty."""

    def side(sign: int) -> Side:
        count = 0 if rng.random() < 0.03 else int(rng.integers(1, levels + 1))
        offsets = np.sort(rng.choice(np.arange(1, 3 * levels), count, replace=False))
        middle = 1000 + int(rng.integers(-1, 2))
        return [(middle + sign * int(off), int(rng.integers(1, 60))) for off in offsets]

    return side(-1), side(1)


def walk(rng: np.random.Generator, steps: int) -> list[tuple[Side, Side]]:
    """Books of two levels a side whose best quotes drift by ticks; the heavier queue tends to win."""
    mid2, books = 2001, []
    spread, bid_q, ask_q = 1, 10, 10
    for _ in range(steps):
        kind = rng.random()
        if kind < 0.25:
            up = rng.random() < bid_q / (bid_q + ask_q)
            mid2 += 2 if up else -2
            bid_q, ask_q = int(rng.integers(1, 40)), int(rng.integers(1, 40))
        elif kind < 0.35:
            spread = int(rng.integers(1, 5))
        else:
            bid_q, ask_q = max(1, bid_q + int(rng.integers(-5, 6))), max(1, ask_q + int(rng.integers(-5, 6)))
        bid = (mid2 - spread) // 2
        ask = bid + spread
        books.append(([(bid, bid_q), (bid - 1, 7)], [(ask, ask_q), (ask + 2, 9)]))
    return books


def mirrored(book: tuple[Side, Side]) -> tuple[Side, Side]:
    """Sides swapped, prices mirrored."""
    bids, asks = book
    return [(-price, quantity) for price, quantity in asks], [(-price, quantity) for price, quantity in bids]
