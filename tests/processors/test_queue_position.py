"""Who waits before whom at each price: beside plain lists, through modifies, partial fills, and a checkpoint."""

import os
from typing import Any

import numpy as np
import pytest

from equipoise.processors.engine import Engine
from equipoise.schemas.enums import Action, Cause
from tests.processors.rows import add, events, table

Queues = dict[tuple[int, int], list[tuple[int, int]]]  # by side and price: order and lots, the first to trade first
STEPS = 300 if os.environ.get("NUMBA_DISABLE_JIT") else 3_000
BID, ASK = 1, 2


def queues(engine: Engine) -> Queues:
    """Of the engine's only book."""
    counts, levels, orders, _ = engine.snapshot().books
    found, at = {}, 0
    for k, (price, lots, _, _, listed) in enumerate(levels.tolist()):
        side = BID if k < int(counts[0, 0]) else ASK
        found[side, price] = [(order, rest) for order, rest in orders[at : at + listed].tolist()]
        assert sum(rest for _, rest in found[side, price]) == lots
        at += listed
    return found


class Plain:
    """Lists by side and price."""

    def __init__(self) -> None:
        self.queues: Queues = {}
        self.where: dict[int, tuple[int, int]] = {}

    def add(self, order: int, side: int, price: int, lots: int) -> None:
        self.queues.setdefault((side, price), []).append((order, lots))
        self.where[order] = (side, price)

    def set(self, order: int, lots: int) -> None:
        """A smaller rest keeps its place; none leaves."""
        place = self.where[order]
        queue = [(other, lots if other == order else rest) for other, rest in self.queues[place]]
        self.queues[place] = [each for each in queue if each[1]]
        if not lots:
            del self.where[order]
        if not self.queues[place]:
            del self.queues[place]

    def move(self, order: int, price: int, lots: int) -> None:
        """Another price, or more lots: to the end."""
        side, _ = self.where[order]
        self.set(order, 0)
        self.add(order, side, price, lots)

    def rest(self, order: int) -> int:
        return dict(self.queues[self.where[order]])[order]


def step(plain: Plain, number: int, rng: np.random.Generator) -> dict[str, Any]:
    """One random change, made to the lists and given as a row."""
    standing = list(plain.where)
    if len(standing) < 40 or rng.random() < 0.4:
        side, lots = int(rng.integers(1, 3)), int(rng.integers(1, 50))
        price = 100 - int(rng.integers(6)) if side == BID else 101 + int(rng.integers(6))
        plain.add(number, side, price, lots)
        return add(number, side, price, lots)
    order = standing[int(rng.integers(len(standing)))]
    side, price = plain.where[order]
    rest = plain.rest(order)
    row = {"order_id": order, "side": side, "price": price}
    kind = rng.random()
    if kind < 0.5:
        taken = int(rng.integers(1, rest + 1))
        plain.set(order, rest - taken)
        return row | {"action": Action.CANCEL if kind < 0.3 else Action.EXECUTE, "quantity": taken}
    lots = int(rng.integers(1, 60))
    price += int(rng.choice([0, 0, 1, -1])) if abs(2 * price - 201) > 2 else 0  # never across
    if price == plain.where[order][1] and lots <= rest:
        plain.set(order, lots)
    else:
        plain.move(order, price, lots)
    return row | {"action": Action.MODIFY, "price": price, "quantity": lots}


@pytest.mark.parametrize("seed", range(3))
def test_queues_are_those_of_plain_lists_and_survive_a_checkpoint(seed: int) -> None:
    rng, plain, engine = np.random.default_rng(seed), Plain(), Engine(table())
    for part in range(6):
        rows = [step(plain, part * STEPS + k + 1, rng) for k in range(STEPS // 6)]
        outputs = engine.step(events(*rows))
        assert set(outputs.cause.tolist()) == {Cause.NONE}
        assert queues(engine) == plain.queues
        stored, engine = engine.dump(), Engine(table())
        engine.load(stored)
        assert queues(engine) == plain.queues
    assert max(map(len, plain.queues.values())) > 5


def test_who_keeps_a_place_and_who_loses_it() -> None:
    engine = Engine(table())
    engine.step(events(*(add(order, BID, 100, 10) for order in (1, 2, 3)), add(9, ASK, 101, 1)))
    change = {"action": Action.MODIFY, "side": BID, "price": 100}
    engine.step(events(change | {"order_id": 1, "quantity": 4}))  # less: stays first
    assert queues(engine)[BID, 100] == [(1, 4), (2, 10), (3, 10)]
    engine.step(events(change | {"order_id": 1, "quantity": 5}))  # more: goes last
    assert queues(engine)[BID, 100] == [(2, 10), (3, 10), (1, 5)]
    away = change | {"order_id": 2, "quantity": 10}
    engine.step(events(away | {"price": 99}, away))  # there and back: last as well
    assert queues(engine)[BID, 100] == [(3, 10), (1, 5), (2, 10)]
