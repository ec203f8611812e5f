"""A plain market for the properties of measures: books of two instruments that move, and trades at the touch."""

from typing import Any

import numpy as np

from equipoise.processors.columns import Events, empty_events
from equipoise.schemas.enums import Action, Flag

MS = 1_000_000
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
TOP = 32_767  # prices are mirrored as TOP - price: every bit is flipped, so cells of 2**k ticks stay cells
CENTRE = 16_384
FIELDS = ("instrument", "action", "side", "flags", "price", "quantity", "event_ns")
Row = tuple[int, ...]


class Market:
    """One instrument: best prices, and quantities of twelve levels on either side."""

    def __init__(self, index: int, rng: np.random.Generator) -> None:
        self.index, self.rng = index, rng
        self.bid, self.ask = CENTRE - 1, CENTRE

    def level(self, side: int, price: int, quantity: int, t: int, last: bool = True) -> Row:
        return (self.index, Action.LEVEL, side, Flag.LAST if last else 0, price, quantity, t)

    def opening(self, t: int) -> list[Row]:
        rows = [(self.index, Action.SNAPSHOT, 0, 0, 0, 0, t)]
        for k in range(12):
            rows.append(self.level(1, self.bid - k, int(self.rng.integers(5, 60)), t, last=False))
            rows.append(self.level(2, self.ask + k, int(self.rng.integers(5, 60)), t, last=k == 11))
        return rows

    def step(self, t: int, late: int) -> list[Row]:
        kind = self.rng.random()
        if kind < 0.5:
            side, k = int(self.rng.integers(1, 3)), int(self.rng.integers(0, 12))
            price = self.bid - k if side == 1 else self.ask + k
            return [self.level(side, price, int(self.rng.integers(1, 60)), t)]
        if kind < 0.85:
            side = int(self.rng.choice([1, 2, 0], p=[0.47, 0.43, 0.1]))
            price = int(self.rng.choice([self.ask, self.bid] if side == 0 else [self.ask if side == 1 else self.bid]))
            return [(self.index, Action.TRADE, side, Flag.LAST, price, int(self.rng.integers(1, 40)), t - late)]
        return self.move(1 if self.rng.random() < 0.5 else -1, t)

    def move(self, way: int, t: int) -> list[Row]:
        """One tick up or down, or the spread opens or closes by one."""
        size = int(self.rng.integers(5, 60))
        if way > 0:
            self.ask += 1
            rows = [self.level(2, self.ask - 1, 0, t, last=False), self.level(2, self.ask + 11, size, t, last=False)]
            self.bid = min(self.bid + 1, self.ask - 1)
            return [*rows, self.level(1, self.bid, size, t)]
        self.bid -= 1
        rows = [self.level(1, self.bid + 1, 0, t, last=False), self.level(1, self.bid - 11, size, t, last=False)]
        self.ask = max(self.ask - 1, self.bid + 1)
        return [*rows, self.level(2, self.ask, size, t)]


def market(seed: int, steps: int, instruments: int = 2, late_ms: int = 0) -> Events:
    """`steps` changes of each of some instruments; trades come up to `late_ms` late."""
    rngs = [np.random.default_rng([seed, index]) for index in range(instruments)]
    markets = [Market(index, rng) for index, rng in enumerate(rngs)]
    rows = [row for each in markets for row in each.opening(T0)]
    clocks = [T0] * instruments
    timed: list[tuple[int, int, int, list[Row]]] = []
    for each in markets:
        for step in range(steps):
            clocks[each.index] += int(each.rng.choice([0, 3, 15, 60, 400], p=[0.2, 0.3, 0.3, 0.19, 0.01])) * MS
            late = int(each.rng.integers(0, late_ms + 1)) * MS
            timed.append((clocks[each.index], each.index, step, each.step(clocks[each.index], late)))
    rows += [row for _, _, _, group in sorted(timed, key=lambda entry: entry[:3]) for row in group]
    return columns(rows)


def columns(rows: list[Row]) -> Events:
    """Rows as the engine takes them."""
    events = empty_events(len(rows))
    for name, values in zip(FIELDS, zip(*rows, strict=True), strict=True):
        getattr(events, name)[:] = values
    events.offset[:] = np.arange(len(rows))
    return events


def mirrored(events: Events) -> Events:
    """Bids become asks, and prices run the other way."""
    side = np.where(events.side == 0, 0, 3 - events.side).astype(np.uint8)
    return events._replace(side=side, price=TOP - events.price)


def scaled(events: Events, factor: int) -> Events:
    """All quantities times `factor`."""
    return events._replace(quantity=events.quantity * factor)


def only(events: Events, instrument: int) -> Events:
    """The rows of one instrument."""
    return Events(*(column[events.instrument == instrument] for column in events))


def swapped_trades(events: Events, seed: int) -> Events:
    """Trades of each 50 ms in another order; what is not a trade stays where it is."""
    rng = np.random.default_rng(seed)
    at = np.flatnonzero(events.action == Action.TRADE)
    spans: dict[int, list[int]] = {}
    for row in at.tolist():
        spans.setdefault(int(events.event_ns[row]) // (50 * MS), []).append(row)
    order: Any = np.arange(len(events.action))
    for group in spans.values():
        order[group] = rng.permutation(group)
    return Events(*(column[order] for column in events))
