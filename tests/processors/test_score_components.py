"""The six components of the score, live and by window, beside sums and integrals written out over all rows so far."""

import math
from itertools import pairwise

import numpy as np
import pytest

from equipoise.processors.columns import Events, Outputs
from equipoise.processors.engine import Engine
from equipoise.schemas.enums import Action, BookSource, Component, Flag, Kind
from tests.measures.agreement import agree
from tests.measures.market import columns, market
from tests.oracles.plainbook import LevelBook
from tests.processors.rows import MS, SECOND, table

HALF_LIFE_MS = {"depth_1": 500, "depth_10": 2_000, "queue": 500, "ofi": 2_000, "cvd": 10_000}
STEPS = 500
Book = tuple[list[tuple[int, int]], list[tuple[int, int]]]  # bids and asks, price and lots, best first


def with_intents(events: Events) -> Events:
    """Every ninth trade also announces a swap; the one announced before is taken back."""
    names = ("instrument", "action", "side", "flags", "price", "quantity", "event_ns")
    rows = list(zip(*(getattr(events, name).tolist() for name in names), strict=True))
    out, ids, newest = [], [], 0
    for k, row in enumerate(rows):
        out.append(row)
        ids.append(0)
        if row[1] == Action.TRADE and k % 9 == 0:
            for action, side in ((Action.RETRACT, 0), (Action.INTENT, 1 + k % 2)):
                out.append((0, action, side, Flag.LAST, 0, 1 + k % 50, row[6]))
                newest += action == Action.INTENT
                ids.append(newest)
    made = columns(out)
    made.order_id[:] = ids
    return made


class Plain:
    """What each component must be after each row, from lists of everything that was."""

    def __init__(self, events: Events) -> None:
        self.at, self.books = events.event_ns.tolist(), []
        self.trades: list[tuple[int, int, int]] = []  # stamp, sign, lots
        self.counts: list[int] = []  # trades until each row
        self.swaps: list[dict[int, int]] = []  # signed lots by id, after each row
        book, swaps = LevelBook(), {}
        for r, action in enumerate(events.action.tolist()):
            side, quantity = int(events.side[r]), int(events.quantity[r])
            if action == Action.SNAPSHOT:
                book.clear()
            elif action == Action.LEVEL:
                book.set(1 if side == 1 else -1, int(events.price[r]), quantity)
            elif action == Action.TRADE and side:
                self.trades.append((self.at[r], 1 if side == 1 else -1, quantity))
            elif action == Action.INTENT:
                swaps = swaps | {int(events.order_id[r]): quantity if side == 1 else -quantity}
            elif action == Action.RETRACT:
                swaps = {key: lots for key, lots in swaps.items() if key != int(events.order_id[r])}
            self.swaps.append(swaps)
            self.counts.append(len(self.trades))
            bids, asks = sorted(book.sides[1].items(), reverse=True), sorted(book.sides[-1].items())
            whole = int(events.flags[r]) & Flag.LAST or not self.books
            self.books.append((bids, asks) if whole else self.books[-1])
        self.first = int(np.flatnonzero(events.flags & Flag.LAST)[0])

    def leaning(self, r: int, levels: int) -> float:
        bids, asks = (sum(q for _, q in side[:levels]) for side in self.books[r])
        return (bids - asks) / (bids + asks)

    def mean(self, r: int, name: str, since: int = -1) -> float:
        """Over time, decayed from row `r`, or plain over a window that begins at `since`."""
        levels, top, bottom = 10 if name == "depth_10" else 1, 0.0, 0.0
        for k, (start, end) in enumerate(pairwise(self.at[self.first : r + 1]), self.first):
            if since < 0:
                ages = [(self.at[r] - t) / (HALF_LIFE_MS[name] * MS) for t in (start, end)]
                weight = 2.0 ** -ages[1] - 2.0 ** -ages[0]
            else:
                weight = max(min(end, since + SECOND) - max(start, since), 0)
            top, bottom = top + weight * self.leaning(k, levels), bottom + weight
        return top / bottom

    def flow(self, r: int) -> list[float]:
        """e of each row up to `r`, Cont, Kukanov and Stoikov's equation 4; the first book has none."""
        found = []
        for (was_bids, was_asks), (bids, asks) in pairwise(self.books[self.first : r + 1]):
            (pb, qb), (pa, qa), (was_pb, was_qb), (was_pa, was_qa) = bids[0], asks[0], was_bids[0], was_asks[0]
            e = qb * (pb >= was_pb) - was_qb * (pb <= was_pb) - qa * (pa <= was_pa) + was_qa * (pa >= was_pa)
            found.append(e)
        return found

    def ofi(self, r: int) -> float:
        ages = [2.0 ** (-(self.at[r] - t) / (HALF_LIFE_MS["ofi"] * MS)) for t in self.at[self.first + 1 : r + 1]]
        flows = self.flow(r)
        top = sum(w * e for w, e in zip(ages, flows, strict=True))
        bottom = sum(w * abs(e) for w, e in zip(ages, flows, strict=True))
        return top / bottom if bottom else math.nan

    def cvd(self, r: int) -> float:
        until = self.trades[: self.counts[r]]
        known = [(2.0 ** (-(self.at[r] - t) / (HALF_LIFE_MS["cvd"] * MS)), s, q) for t, s, q in until]
        return sum(w * s * q for w, s, q in known) / sum(w * q for w, s, q in known) if known else math.nan

    def pending(self, r: int) -> float:
        lots = self.swaps[r].values()
        depth = sum(q for side in self.books[r] for _, q in side[:10])
        return sum(lots) / (sum(map(abs, lots)) + depth) if lots else math.nan


@pytest.fixture(scope="module")
def ran() -> tuple[Plain, Outputs]:
    events = with_intents(market(5, STEPS, instruments=1))
    return Plain(events), Engine(table(BookSource.L2)).step(events)


@pytest.mark.parametrize("component", list(Component), ids=lambda component: component.name.lower())
def test_a_component_is_the_sum_written_out(ran: tuple[Plain, Outputs], component: Component) -> None:
    plain, outputs = ran
    name = component.name.lower()
    live = np.flatnonzero(outputs.signals["kind"] == Kind.LIVE)
    live = live[outputs.signals["offset"][live] > plain.first + 5][::3]
    assert len(live) > 50
    rows = outputs.signals["offset"][live].tolist()
    of = {"ofi": plain.ofi, "cvd": plain.cvd, "pending": plain.pending}
    expected = [of[name](r) if name in of else plain.mean(r, name) for r in rows]
    found = outputs.components["value"][live, component]
    # Volume decays by weights of 32 bits, so that any order gives the same sums: close to all volume, not to its net.
    floor = 1.0 if name == "cvd" else 1e-3
    agree(name, "the score's component, live: sums and integrals over all rows so far", found, expected, floor=floor)
    assert len(set(np.round(found[~np.isnan(found)], 9))) > 10


@pytest.mark.parametrize("name", ["depth_1", "depth_10", "queue"])
def test_a_window_has_the_plain_mean_over_its_time(ran: tuple[Plain, Outputs], name: str) -> None:
    plain, outputs = ran
    windows = outputs.windows[outputs.windows["revision"] == 0][1:]  # the first begins before the book
    expected = [plain.mean(len(plain.at) - 1, name, int(start)) for start in windows["start_ns"]]
    assert len(expected) > 5
    agree(name, "mean over a window's time, spell by spell", windows[name], expected, floor=1e-3)
