"""Event rows for tests: written by hand, or drawn at random with everything that can go wrong in them."""

from decimal import Decimal
from typing import Any

import numpy as np

from equipoise.processors.columns import NULL, Events, Outputs, empty_events
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import Action, BookSource, Flag, Side

T0 = 1_700_000_000_000_000_000
MS = 1_000_000
SECOND = 1_000_000_000


def table(*sources: BookSource) -> Instruments:
    """One instrument for each book source: T:S0, T:S1, ..."""
    instruments = Instruments()
    for k, source in enumerate(sources or (BookSource.L3,)):
        instruments.add(Instrument("T", f"S{k}", Decimal("0.01"), Decimal(1), source))
    return instruments


def events(*rows: dict[str, Any]) -> Events:
    """Rows from dicts; what is missing takes its null, LAST is set unless `flags` says otherwise."""
    out = empty_events(len(rows))
    out.flags[:] = Flag.LAST
    out.event_ns[:] = T0
    out.offset[:] = np.arange(len(rows))
    for r, row in enumerate(rows):
        for name, value in row.items():
            getattr(out, name)[r] = value
    return out


def add(order_id: int, side: int, price: int, quantity: int, **more: Any) -> dict[str, Any]:
    return {"action": Action.ADD, "order_id": order_id, "side": side, "price": price, "quantity": quantity} | more


def trade(side: int, price: int, quantity: int, **more: Any) -> dict[str, Any]:
    return {"action": Action.TRADE, "side": side, "price": price, "quantity": quantity} | more


def level(side: int, price: int, quantity: int, **more: Any) -> dict[str, Any]:
    return {"action": Action.LEVEL, "side": side, "price": price, "quantity": quantity} | more


def part(rows: Events, start: int, stop: int) -> Events:
    """Rows start..stop."""
    return Events(*(column[start:stop] for column in rows))


def _bytes(rows: np.ndarray[Any, Any]) -> bytes:
    """Every field's bytes; the gaps between aligned fields mean nothing."""
    if rows.dtype.names is None:
        return rows.tobytes()
    return b"".join(rows[name].tobytes() for name in rows.dtype.names)


def joined(outputs: list[Outputs]) -> dict[str, bytes]:
    """All outputs as bytes, for comparison; window links become links into the whole."""
    offset = 0
    signals = []
    for output in outputs:
        own = output.signals.copy()
        own["window"][own["window"] >= 0] += offset
        offset += len(output.windows)
        signals.append(own)
    rest = {name: _bytes(np.concatenate([getattr(o, name) for o in outputs])) for name in Outputs._fields[1:-1]}
    return {"signals": _bytes(np.concatenate(signals))} | rest


def wild(seed: int, n: int, instruments: Instruments, sources: int = 1) -> Events:
    """`n` rows of a market in which everything happens: gaps, snapshots, late and absurd rows, halts, groups."""
    rng = np.random.default_rng(seed)
    out = empty_events(n)
    clock = T0
    sequence = dict.fromkeys(range(len(instruments)), 100)
    last_group: tuple[int, int] | None = None
    for r in range(n):
        i = int(rng.integers(-1 if rng.random() < 0.02 else 0, len(instruments)))
        clock += int(rng.choice([0, 1_000, 300_000, 40 * MS, 1500 * MS], p=[0.2, 0.3, 0.35, 0.14, 0.01]))
        out.instrument[r] = i if last_group is None else last_group[0]
        i = int(out.instrument[r])
        out.source[r] = rng.integers(sources)
        out.offset[r] = r
        jitter = int(rng.choice([0, 0, 0, -200 * MS, -900 * MS, 50 * MS]))
        out.event_ns[r] = clock + jitter if last_group is None else last_group[1]
        out.arrival_ns[r] = clock + 5 * MS if rng.random() < 0.9 else NULL
        ends = rng.random() < 0.7
        last_group = None if ends or i < 0 else (i, int(out.event_ns[r]))
        out.flags[r] = Flag.LAST if ends or i < 0 else 0
        _content(rng, out, r, instruments, sequence)
    out.flags[n - 1] |= Flag.LAST
    return out


def _content(rng: np.random.Generator, out: Events, r: int, instruments: Instruments, sequence: dict[int, int]) -> None:
    i = max(int(out.instrument[r]), 0)
    l3 = instruments[i].book_source == BookSource.L3
    kinds = [Action.ADD, Action.CANCEL, Action.EXECUTE, Action.MODIFY] if l3 else [Action.LEVEL] * 4
    action = int(rng.choice([*kinds, Action.TRADE, Action.INTENT, Action.RETRACT, Action.SNAPSHOT, Action.STATUS,
                             Action.CLEAR, Action.NOTHING],
                            p=[0.35, 0.13, 0.1, 0.1, 0.2, 0.04, 0.03, 0.02, 0.01, 0.01, 0.01]))  # fmt: skip
    side = int(rng.integers(1, 3))
    out.action[r] = action
    out.side[r] = side
    out.price[r] = 10_000 + (rng.integers(-12, 1) if side == Side.BID else rng.integers(-1, 12))
    out.quantity[r] = rng.integers(0 if action == Action.LEVEL else 1, 50)
    out.order_id[r] = rng.integers(1, 120)
    if action == Action.TRADE:
        out.side[r] = rng.integers(0, 3)
        out.flags[r] |= int(rng.choice([0, Flag.HIDDEN, Flag.CROSS], p=[0.9, 0.05, 0.05]))
    if action == Action.STATUS:
        out.quantity[r] = rng.choice([3, 3, 3, 4, 5, 2])
    if action == Action.CANCEL and rng.random() < 0.5:
        out.quantity[r] = NULL
    if not l3 and rng.random() < 0.8:
        step = int(rng.choice([1, 3], p=[0.95, 0.05]))
        before = sequence[i]
        out.previous_sequence[r] = before + step - 1
        sequence[i] = before + step
        out.sequence[r] = sequence[i]
        if action == Action.SNAPSHOT:
            out.sequence[r] = before - int(rng.integers(0, 3))
    if rng.random() < 0.01:
        ahead = int(out.event_ns[r]) + 60 * SECOND
        absurd = [("quantity", -5), ("price", 2**60), ("event_ns", 0), ("side", 9), ("action", 77), ("arrival_ns", 5)]
        name, value = [*absurd, ("event_ns", ahead)][rng.integers(7)]
        getattr(out, name)[r] = value
