"""Processor time, in nanoseconds an event, of keeping one order-by-order book, at some numbers of live orders.

    python -m benchmarks.book [--live N ...] [--events N]

The mix: 45 % adds, 40 % cancels, 10 % executions, 5 % modifies, each of any live order with equal chance: what is
hardest on the caches. Prices lie around a fixed middle, exponentially fewer away from it. `book` is the book alone
(find, link, sum up); `all` is the whole engine with its measures and policy.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.yardstick import yardstick
from equipoise.processors import arenas
from equipoise.processors.book import drive
from equipoise.processors.columns import Events, empty_events
from equipoise.processors.engine import Engine
from equipoise.processors.settings import EngineSettings
from equipoise.processors.state import State, new_state
from equipoise.schemas.enums import Action, Flag
from equipoise.streams.simulator.load import load_instruments

MIX: Final = {Action.ADD: 0.45, Action.CANCEL: 0.40, Action.EXECUTE: 0.10, Action.MODIFY: 0.05}
MIDDLE: Final = 1_000_000  # ticks
BATCH: Final = 8_192  # events


Numbers = NDArray[np.int64]


class Market(NamedTuple):
    """Events that fill a book, and events that keep it about as full."""

    filling: Events
    mix: Events


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="cost of an L3 book")
    parser.add_argument("--live", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="the least of so many counts")
    asked = parser.parse_args()
    for live in asked.live:
        found = measure(live, asked.events, asked.runs)
        told = ", ".join(f"{name} {value:.0f}" for name, value in found.items())
        print(f"{live:,} live orders, ns an event: {told}")
    print(yardstick())


def measure(live: int, events: int, runs: int = 3) -> dict[str, float]:
    """Nanoseconds an event, by name: `book` and `all`; the least of some runs, each on a book of its own."""
    market = make_market(live, events)
    books, wholes = [], []
    for _ in range(runs):
        state = _book(market.filling)
        books.append(_timed(market.mix, lambda part, state=state: drive.maintain(state, part)))
        engine = Engine(load_instruments(1))
        for part in _parts(market.filling):
            engine.step(part)
        wholes.append(_timed(market.mix, engine.step))
    return {"book": min(books), "all": min(wholes)}


def make_market(live: int, events: int, seed: int = 1) -> Market:
    """A book of `live` orders, and `events` events upon it."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(np.array([*MIX], np.uint8), events, p=[*MIX.values()])
    out = empty_events(live + events)
    out.action[:live], out.action[live:] = Action.ADD, kinds
    n = live + events
    away = 1 + np.minimum(rng.exponential(200.0, n).astype(np.int64), 2_000)
    side = 1 + rng.integers(0, 2, n)
    price = np.where(side == 1, MIDDLE - away, MIDDLE + away)
    _choose(out, side, price, rng.integers(0, 2**62, n))
    out.flags[:] = Flag.LAST
    out.event_ns[:] = 1_700_000_000_000_000_000 + np.arange(n) * 10_000
    out.offset[:] = np.arange(n)
    return Market(Events(*(column[:live].copy() for column in out)), Events(*(column[live:].copy() for column in out)))


def _choose(out: Events, side: Numbers, price: Numbers, draws: Numbers) -> None:
    """Which order each event is about."""
    standing: list[int] = []  # rows whose orders are live
    sides, prices, quantities = side.tolist(), price.tolist(), (2 + draws % 98).tolist()
    picks, actions = (draws >> 8).tolist(), out.action.tolist()
    left: dict[int, int] = {}
    columns = [[0] * len(actions) for _ in range(4)]
    for row, action in enumerate(actions):
        if action == Action.ADD or len(standing) < 2:
            actions[row] = int(Action.ADD)
            standing.append(row)
            left[row] = quantities[row]
            about, lots = row, quantities[row]
        else:
            at = picks[row] % len(standing)
            about = standing[at]
            lots = left[about] if action == Action.CANCEL or left[about] == 1 else 1 + picks[row] % (left[about] - 1)
            left[about] = lots if action == Action.MODIFY else left[about] - lots
            if left[about] == 0:
                standing[at] = standing[-1]
                standing.pop()
        for column, value in zip(columns, (about + 1, sides[about], prices[about], lots), strict=True):
            column[row] = value
    out.order_id[:], out.side[:], out.price[:], out.quantity[:] = columns
    out.action[:] = actions


def _book(filling: Events) -> State:
    settings = EngineSettings()
    state = new_state(1, 1, settings)
    while len(state.orders) < 2 * len(filling.offset):
        state = arenas.grow_orders(state)
    state = state._replace(levels=arenas.grown(state.levels, 1 << 16))
    for part in _parts(filling):
        drive.maintain(state, part)
    return state


def _parts(events: Events) -> list[Events]:
    n = len(events.offset)
    return [Events(*(column[at : at + BATCH] for column in events)) for at in range(0, n, BATCH)]


def _timed(mix: Events, take: Callable[[Events], Any]) -> float:
    parts = _parts(mix)
    began = time.thread_time()
    for part in parts:
        take(part)
    return (time.thread_time() - began) / len(mix.offset) * 1e9


if __name__ == "__main__":
    main()
