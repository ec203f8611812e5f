"""How long a checkpoint stops a partition, and how long a dump is in coming back.

    python -m benchmarks.state [--instruments N] [--orders N]

For many instruments, all changed, and for one book of many orders: the snapshot (which the stream waits for),
the making of its rows (which it does not), and loading them. Kafka is not in these figures.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np

from equipoise.processors.columns import Events, empty_events
from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, Flag
from equipoise.streams.simulator.load import LoadSettings, load_events, load_instruments


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="cost of checkpoints and recovery")
    parser.add_argument("--instruments", type=int, default=10_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    asked = parser.parse_args()
    _cycle(load_instruments(1), _deep(1_000))  # compile
    many = load_events(LoadSettings(instruments=asked.instruments), 40 * asked.instruments)
    _report(f"{asked.instruments:,} instruments", _cycle(load_instruments(asked.instruments), many))
    _report(f"a book of {asked.orders:,} orders", _cycle(load_instruments(1), _deep(asked.orders)))


def _deep(orders: int) -> Iterator[Events]:
    """One book: 2,000 prices a side, the orders spread over them."""
    for first in range(0, orders, 65_536):
        n = min(65_536, orders - first)
        events = empty_events(n)
        number = np.arange(first, first + n)
        events.action[:], events.flags[:] = Action.ADD, Flag.LAST
        events.event_ns[:] = 1_700_000_000_000_000_000 + number * 1_000
        events.order_id[:], events.quantity[:] = number + 1, 1 + number % 100
        events.side[:] = 1 + number % 2
        away = 1 + number // 2 % 2_000
        events.price[:] = np.where(number % 2 == 0, 1_000_000 - away, 1_000_000 + away)
        yield events


def _cycle(instruments: Instruments, market: Iterator[Events]) -> dict[str, float]:
    engine = Engine(instruments)
    for events in market:
        engine.step(events)
    marks = [time.perf_counter()]
    snapshot = engine.snapshot()
    marks.append(time.perf_counter())
    rows = dict(snapshot.rows())
    marks.append(time.perf_counter())
    again = Engine(instruments)
    again.load({"": snapshot.partition, **rows})
    marks.append(time.perf_counter())
    assert again.counters()["orders"] == engine.counters()["orders"]
    taken = dict(zip(("snapshot", "rows", "load"), np.diff(marks).tolist(), strict=True))
    return taken | {"bytes": sum(map(len, rows.values()))}


def _report(what: str, found: dict[str, float]) -> None:
    print(
        f"{what}: the stream stops for {found['snapshot'] * 1e3:.0f} ms, "
        f"rows are made in {found['rows'] * 1e3:.0f} ms ({found['bytes'] / 1e6:.1f} MB), "
        f"loaded in {found['load'] * 1e3:.0f} ms"
    )


if __name__ == "__main__":
    main()
