"""Books of many levels and orders, and many instruments: what is asked for ahead changes nothing."""

import os
from collections import defaultdict

import numpy as np
import pytest

from equipoise.processors.engine import Engine
from equipoise.processors.settings import EngineSettings, LimitSettings
from equipoise.schemas.enums import Action, BookSource, Cause

from .rows import T0, add, events, joined, part, table, wild

SLOW = bool(os.environ.get("NUMBA_DISABLE_JIT"))
ROWS = 300 if SLOW else 20_000


@pytest.mark.parametrize("step", [1, 3, 1000])
@pytest.mark.parametrize("spread", [8, 40, 700])
def test_levels_are_the_sums_of_their_orders_at_any_distance(step: int, spread: int) -> None:
    rng = np.random.default_rng(spread * step)
    rows, standing, wanted = [], [], defaultdict(int)
    for number in range(ROWS // 10):
        if standing and rng.random() < 0.45:
            order_id, side, price, lots = standing.pop(rng.integers(len(standing)))
            rows.append({"action": Action.CANCEL, "order_id": order_id, "side": side, "price": price})
            lots = -lots
        else:
            side = int(rng.integers(1, 3))
            away = step * int(rng.integers(1, spread) if rng.random() < 0.8 else rng.integers(1, 4))
            order_id, price, lots = (
                int(rng.integers(1 << 62)),
                10_000 - away if side == 1 else 10_000 + away,
                number + 1,
            )
            standing.append((order_id, side, price, lots))
            rows.append(add(order_id, side, price, lots))
        wanted[side, price] += lots
    engine = Engine(table())
    outputs = engine.step(events(*(row | {"event_ns": T0 + k} for k, row in enumerate(rows))))
    assert set(outputs.cause.tolist()) == {Cause.NONE}
    counts, levels, orders, _ = engine.snapshot().books
    bids = int(counts[0, 0])
    found = [((1 if k < bids else 2, level[0]), level[1]) for k, level in enumerate(levels.tolist())]
    assert dict(found) == {place: lots for place, lots in wanted.items() if lots}
    assert sorted(orders[:, 0].tolist()) == sorted(order[0] for order in standing)


def test_rows_one_by_one_and_all_at_once_are_the_same() -> None:
    listed = table(*[BookSource.L3, BookSource.L2] * 45)
    rows = wild(9, ROWS // 10, listed)
    engine = Engine(listed)
    assert joined([engine.step(part(rows, r, r + 1)) for r in range(ROWS // 10)]) == joined([Engine(listed).step(rows)])


@pytest.mark.skipif(SLOW, reason="the pool grows to where looking ahead begins: minutes uncompiled")
def test_many_orders_one_by_one_and_all_at_once_are_the_same() -> None:
    rng = np.random.default_rng(3)
    rows = events(
        *(add(k + 1, 1 + k % 2, 10_000 + (-1) ** (k + 1) * int(rng.integers(1, 90)), 5) for k in range(6_000))
    )
    gone = events(*({"action": Action.CANCEL, "order_id": int(k), "side": 1} for k in rng.permutation(6_500)))
    whole, single = Engine(table()), Engine(table())
    assert joined([whole.step(rows)]) == joined([single.step(part(rows, r, r + 1)) for r in range(6_000)])
    assert joined([whole.step(gone)]) == joined([single.step(part(gone, r, r + 1)) for r in range(6_500)])
    assert whole.counters()["orders"] == 0


def test_the_bound_on_orders_is_kept_exactly() -> None:
    settings = EngineSettings(limits=LimitSettings(orders=1500))
    outputs = Engine(table(), settings).step(events(*(add(k + 1, 1, 100 - k % 50, 5) for k in range(1600))))
    assert (outputs.cause == Cause.LIMIT).sum() == 100
