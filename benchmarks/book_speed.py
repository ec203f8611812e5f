"""Nanoseconds an event of keeping a book of orders, at 10,000 and at 1,000,000 live orders.

    python -m benchmarks.book_speed [--events N] [--runs N]

Only the book: of ten events nine are an order that goes whole and one that comes, one is a cancel in part or a new
price; prices lie near the best ones as in a market, orders go in no order. The number of live orders stays where it
is, so at a million most of them are in no cache. CPU time of the thread; the least of several runs is the one with
the fewest neighbours. What the engine does besides (time, windows, measures, policy): `python -m benchmarks.measures`.
"""

import argparse
import statistics
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.yardstick import yardstick
from equipoise.processors.book import l3, levels
from equipoise.processors.jit import njit
from equipoise.processors.settings import EngineSettings
from equipoise.processors.state import LEVEL_DTYPE, ORDER_DTYPE, State, new_state, records

ADD, TAKE_ALL, TAKE_PART, MOVE = 0, 1, 2, 3
Columns = tuple[NDArray[np.int64], ...]  # kind, side, order id, price, quantity


@njit
def apply(state: State, kind: Any, side: Any, order: Any, price: Any, quantity: Any) -> int:
    """Apply the events to the book of instrument 0; returns how many were not plainly right."""
    odd = 0
    for r in range(len(kind)):
        levels.make_room(state, side[r])
        if kind[r] == ADD:
            cause = l3.add(state, side[r], order[r], price[r], quantity[r])
        elif kind[r] == MOVE:
            cause = l3.modify(state, side[r], order[r], price[r], quantity[r], False)
        else:
            cause = l3.take(state, side[r], order[r], price[r], quantity[r])
        if cause != 0:
            odd += 1
    return odd


def events(live: int, n: int, rng: np.random.Generator) -> tuple[Columns, Columns]:
    """`live` adds that fill the book, and `n` events that keep its size."""

    def price(side: int) -> int:
        depth = int(rng.exponential(40))  # levels from the best: most of what happens is near it
        return 100_000 - 1 - depth if side == 0 else 100_000 + 1 + depth

    resting: list[list[int]] = []
    fill, flow = [], []
    for order in range(live):
        side = order & 1
        resting.append([order + 1, side, price(side), int(rng.integers(2, 100))])
        fill.append((ADD, side, resting[-1][0], resting[-1][2], resting[-1][3]))
    fresh, kinds = live + 1, rng.choice([ADD, TAKE_PART, MOVE], n, p=[0.9, 0.05, 0.05])
    for kind in kinds.tolist():
        at = int(rng.integers(len(resting)))
        order, side, at_price, rests = resting[at]
        if kind == TAKE_PART and rests > 1:
            flow.append((TAKE_PART, side, order, at_price, 1))
            resting[at][3] -= 1
        elif kind == MOVE:
            resting[at][2] = price(side)
            flow.append((MOVE, side, order, resting[at][2], rests))
        else:  # one goes, one comes
            flow.append((TAKE_ALL, side, order, at_price, rests))
            resting[at] = [fresh, side, price(side), int(rng.integers(2, 100))]
            flow.append((ADD, side, fresh, resting[at][2], resting[at][3]))
            fresh += 1
    return tuple(np.array(column) for column in zip(*fill, strict=True)), tuple(
        np.array(column) for column in zip(*flow, strict=True)
    )


def measure(live: int, n: int, runs: int) -> list[float]:
    """Nanoseconds an event of each run, each on a book of its own."""
    fill, flow = events(live, n, np.random.default_rng(1))
    found = []
    for _ in range(runs):
        state = _roomy(live)
        assert apply(state, *fill) == 0
        start = time.thread_time_ns()
        odd = apply(state, *flow)
        found.append((time.thread_time_ns() - start) / len(flow[0]))
        assert odd == 0
        assert state.partition[0].order_count == live
    return found


def _roomy(live: int) -> State:
    """Room for all, as the engine's doubling would have left it: the table of ids at most half full."""
    room = 1 << (live + 1024).bit_length()
    return new_state(1, 1, EngineSettings())._replace(
        levels=records(1 << 16, LEVEL_DTYPE), orders=records(room, ORDER_DTYPE), index=np.zeros(2 * room, np.int64)
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    print("| live orders | least, ns/event | median | most | wanted |\n|---|---|---|---|---|")
    for live, wanted in ((10_000, 150), (1_000_000, 300)):
        found = measure(live, asked.events, asked.runs)
        print(f"| {live:,} | {min(found):.0f} | {statistics.median(found):.0f} | {max(found):.0f} | <= {wanted} |")
    print(f"\n{yardstick()}")


if __name__ == "__main__":
    main()
