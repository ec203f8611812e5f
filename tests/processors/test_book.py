"""Books against what a reader would expect row by row, and against a slow book of dicts."""

from collections import defaultdict

import numpy as np
import pytest

from equipoise.processors.columns import NULL
from equipoise.processors.engine import Best, Engine
from equipoise.processors.settings import EngineSettings, LimitSettings
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Outcome, Reason, Status

from .rows import SECOND, T0, add, events, level, table, trade, wild

BID, ASK = 1, 2


def engine(source: BookSource = BookSource.L3, settings: EngineSettings | None = None) -> Engine:
    return Engine(table(source), settings)


def snapshot(sequence: int, *levels: tuple[int, int, int]) -> list[dict[str, object]]:
    head = {"action": Action.SNAPSHOT, "sequence": sequence, "flags": 0}
    rows = [head, *(level(side, price, quantity, sequence=sequence, flags=0) for side, price, quantity in levels)]
    rows[-1]["flags"] = Flag.LAST
    return rows


def diff(sequence: int, previous: int, side: int, price: int, quantity: int) -> dict[str, object]:
    return level(side, price, quantity, sequence=sequence, previous_sequence=previous)


def test_orders_make_levels() -> None:
    e = engine()
    e.step(events(add(1, BID, 99, 5), add(2, BID, 99, 7), add(3, ASK, 101, 4), add(4, BID, 98, 1)))
    assert e.best(0) == Best(99, 12, 101, 4)
    e.step(events({"action": Action.CANCEL, "side": BID, "order_id": 1, "price": 99, "quantity": 2}))
    assert e.best(0) == Best(99, 10, 101, 4)
    e.step(events({"action": Action.EXECUTE, "side": BID, "order_id": 2, "price": 99, "quantity": 7}))
    assert e.best(0) == Best(99, 3, 101, 4)
    e.step(events({"action": Action.CANCEL, "side": BID, "order_id": 1}))
    assert e.best(0) == Best(98, 1, 101, 4)


def test_modify_moves_price_and_quantity() -> None:
    e = engine()
    e.step(events(add(1, BID, 99, 5), add(2, ASK, 101, 4)))
    e.step(events({"action": Action.MODIFY, "side": BID, "order_id": 1, "price": 100, "quantity": 3}))
    assert e.best(0)[:2] == (100, 3)
    e.step(
        events({"action": Action.MODIFY, "side": BID, "order_id": 1, "quantity": -1, "flags": Flag.LAST | Flag.DELTA})
    )
    assert e.best(0)[:2] == (100, 2)
    e.step(events({"action": Action.MODIFY, "side": BID, "order_id": 1, "quantity": 0}))
    assert e.best(0)[:2] == (NULL, 0)


@pytest.mark.parametrize(
    ("row", "outcome", "cause"),
    [
        (add(1, ASK, 105, 1), Outcome.FLAGGED, Cause.DUPLICATE_ORDER),
        ({"action": Action.CANCEL, "side": BID, "order_id": 77}, Outcome.FLAGGED, Cause.UNKNOWN_ORDER),
        ({"action": Action.MODIFY, "side": BID, "order_id": 77, "quantity": 1}, Outcome.FLAGGED, Cause.UNKNOWN_ORDER),
        ({"action": Action.EXECUTE, "side": BID, "order_id": 77, "quantity": 1}, Outcome.USED, Cause.UNKNOWN_ORDER),
        ({"action": Action.CANCEL, "side": BID, "order_id": 1, "quantity": 9}, Outcome.USED, Cause.OVER_EXECUTED),
        ({"action": Action.RETRACT, "order_id": 5}, Outcome.FLAGGED, Cause.UNKNOWN_ORDER),
        (level(BID, 99, 5), Outcome.FLAGGED, Cause.OTHER_BOOK_SOURCE),
        (add(9, BID, 99, -5), Outcome.DEAD, Cause.QUANTITY_RANGE),
        (add(9, BID, 99, 0), Outcome.DEAD, Cause.QUANTITY_RANGE),
        (add(9, BID, 2**53, 5), Outcome.DEAD, Cause.PRICE_RANGE),
        (add(9, 0, 99, 5), Outcome.DEAD, Cause.UNKNOWN_WORD),
        ({"action": Action.ADD, "side": BID, "order_id": 9, "quantity": 5}, Outcome.DEAD, Cause.PRICE_RANGE),
        ({"action": 99}, Outcome.DEAD, Cause.UNKNOWN_WORD),
        ({"action": Action.STATUS, "quantity": 17}, Outcome.DEAD, Cause.UNKNOWN_WORD),
        ({"action": Action.TRADE, "side": BID, "price": 99}, Outcome.DEAD, Cause.QUANTITY_RANGE),
        (trade(BID, 99, 1, event_ns=0), Outcome.DEAD, Cause.TIMESTAMP_RANGE),
        (trade(BID, 99, 1, event_ns=2**62), Outcome.DEAD, Cause.TIMESTAMP_RANGE),
        (trade(BID, 99, 1, arrival_ns=5), Outcome.DEAD, Cause.TIMESTAMP_RANGE),
        (trade(BID, 99, 1, event_ns=T0 + 60 * SECOND, arrival_ns=T0), Outcome.DEAD, Cause.TIMESTAMP_AHEAD),
        (trade(BID, 99, 1, flags=Flag.LAST | Flag.BLOCK), Outcome.FLAGGED, Cause.OFF_SESSION),
        (trade(BID, 99, 1, instrument=-1), Outcome.FLAGGED, Cause.UNKNOWN_INSTRUMENT),
    ],
)
def test_each_odd_row_has_its_outcome(row: dict[str, object], outcome: Outcome, cause: Cause) -> None:
    e = engine()
    e.step(events(add(1, BID, 99, 5), add(2, ASK, 101, 5)))
    outputs = e.step(events(row, add(3, BID, 98, 1)))
    assert (outputs.outcome[0], outputs.cause[0]) == (outcome, cause)
    assert outputs.outcome[1] == Outcome.USED  # the stream goes on


def test_a_row_of_no_known_instrument_or_source_is_refused() -> None:
    e = engine()
    with pytest.raises(IndexError, match=r"instrument: 1, must be in \[-1, 1\)"):
        e.step(events(trade(BID, 1, 1, instrument=1)))
    with pytest.raises(IndexError, match=r"source: 3, must be in \[0, 1\)"):
        e.step(events(trade(BID, 1, 1, source=3)))


def test_a_seeded_level_pays_for_unknown_orders() -> None:
    e = engine()
    e.step(events(*snapshot(NULL, (BID, 99, 10), (ASK, 101, 10)), add(1, BID, 99, 5)))
    o = e.step(events({"action": Action.CANCEL, "side": BID, "order_id": 50, "price": 99, "quantity": 4}))
    assert (o.outcome[0], o.cause[0]) == (Outcome.USED, Cause.NONE)
    assert e.best(0)[:2] == (99, 11)
    o = e.step(events({"action": Action.EXECUTE, "side": BID, "order_id": 51, "price": 99, "quantity": 7}))
    assert o.cause[0] == Cause.OVER_EXECUTED
    assert e.best(0)[:2] == (99, 5)


def test_a_chain_is_merged_with_an_older_snapshot() -> None:
    """Diffs 101..103 arrive, then a snapshot as of 102: 103 must survive it, and so must its removal of a level."""
    e = engine(BookSource.L2)
    rows = [diff(101, 100, BID, 90, 1), diff(102, 101, ASK, 110, 2), diff(103, 102, BID, 95, 0)]
    o = e.step(events(*rows))
    assert set(o.signals["status"]) == {Status.WARMING}
    o = e.step(events(*snapshot(102, (BID, 90, 1), (BID, 95, 9), (ASK, 110, 2))))
    assert e.best(0) == Best(90, 1, 110, 2)
    o = e.step(events(diff(104, 103, BID, 96, 3)))
    assert o.outcome[0] == Outcome.USED
    assert e.best(0) == Best(96, 3, 110, 2)


def test_a_gap_is_named_and_healed_by_a_snapshot() -> None:
    e = engine(BookSource.L2)
    e.step(events(*snapshot(100, (BID, 90, 1), (ASK, 110, 2)), diff(101, 100, BID, 91, 1)))
    o = e.step(events(diff(110, 109, BID, 92, 1)))
    assert o.signals["status"][-1] == Status.DEGRADED
    assert o.signals["reasons"][-1] & (1 << Reason.SEQUENCE_GAP)
    assert o.signals["reference_mid_x2"][-1] == NULL
    assert o.signals["last_good_mid_x2"][-1] == 91 + 110
    e.step(events(*snapshot(110, (BID, 92, 1), (ASK, 110, 2))))
    assert e.best(0) == Best(92, 1, 110, 2)
    o = e.step(events(diff(110, 109, BID, 92, 5)))
    assert (o.outcome[0], o.cause[0]) == (Outcome.FLAGGED, Cause.STALE_SEQUENCE)


def test_a_print_in_front_of_its_diff_does_not_hide_the_sequence() -> None:
    e = engine(BookSource.L2)
    e.step(events(*snapshot(100, (BID, 90, 5), (ASK, 110, 2))))
    e.step(events(trade(2, 90, 1, flags=0), diff(101, 100, BID, 90, 4)))
    o = e.step(events(diff(102, 101, BID, 90, 3)))
    assert not o.signals["reasons"].any() & (1 << Reason.SEQUENCE_GAP)
    assert e.best(0) == Best(90, 3, 110, 2)


def test_a_contiguous_snapshot_is_a_check() -> None:
    e = engine(BookSource.L2)
    e.step(events(*snapshot(100, (BID, 90, 1), (ASK, 110, 2))))
    o = e.step(events(*snapshot(100, (BID, 90, 1), (ASK, 110, 3)), diff(101, 100, BID, 91, 1)))
    assert e.best(0) == Best(91, 1, 110, 2)
    assert any(r & (1 << Reason.SNAPSHOT_MISMATCH) for r in o.signals["reasons"])
    o = e.step(events(*snapshot(90, (BID, 1, 1), (ASK, 110, 3))))
    assert set(o.outcome) == {Outcome.FLAGGED}


def test_rebasing_is_not_flow_but_a_new_best_quote_is() -> None:
    for source, flow in ((BookSource.L2, 0), (BookSource.BBO, 5)):
        e = engine(source)
        e.step(events(*snapshot(100, (BID, 90, 10), (ASK, 110, 10)), *snapshot(105, (BID, 90, 15), (ASK, 110, 10))))
        o = e.step(events(trade(BID, 110, 1, event_ns=T0 + 2 * SECOND)))
        assert o.windows["ofi"].tolist() == [flow]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([add(1, BID, 99, 1)], Reason.ONE_SIDED),
        ([add(1, BID, 99, 1), add(2, ASK, 99, 1)], Reason.LOCKED),
        ([add(1, BID, 99, 1), add(2, ASK, 98, 1)], Reason.CROSSED),
        ([{"action": Action.CLEAR}], Reason.EMPTY_BOOK),
        ([add(1, BID, 99, 1), {"action": Action.STATUS, "quantity": 4}], Reason.HALTED),
        ([add(1, BID, 99, 1), {"action": Action.STATUS, "quantity": 5}], Reason.CLOSED),
        ([add(1, BID, 99, 1), {"action": Action.STATUS, "quantity": 2}], Reason.AUCTION),
    ],
)
def test_the_state_of_the_book_is_named(rows: list[dict[str, object]], reason: Reason) -> None:
    o = engine().step(events(*rows, {"event_ns": T0 + 200_000_000}))
    assert o.signals["reasons"][-1] & (1 << reason)


def test_clearing_one_side_leaves_the_other() -> None:
    e = engine()
    e.step(events(add(1, BID, 99, 1), add(2, ASK, 101, 1), {"action": Action.CLEAR, "side": ASK}))
    assert e.best(0) == Best(99, 1, NULL, 0)


def test_limits_flag_and_go_on() -> None:
    e = engine(settings=EngineSettings(limits=LimitSettings(orders=1024, levels_per_side=3)))
    o = e.step(events(*(add(k, BID, 100 + k, 1) for k in range(1, 6))))
    assert o.cause.tolist() == [0, 0, 0, Cause.LIMIT, Cause.LIMIT]
    o = e.step(events(*(add(100 + k, BID, 101, 1) for k in range(1100))))
    assert (o.cause == Cause.LIMIT).sum() == 1100 - (1024 - 3)
    o = e.step(events(add(5000, BID, 101, 1, event_ns=T0 + 200_000_000)))
    assert o.signals["status"][-1] == Status.DEGRADED
    assert o.signals["reasons"][-1] & (1 << Reason.LIMIT)


def test_against_a_slow_book() -> None:
    """Thousands of random changes; the best quotes equal a book of dicts after each."""
    rng = np.random.default_rng(7)
    live: dict[int, list[int]] = {}
    rows, expected = [], []
    for k in range(400):
        if not live or rng.random() < 0.6:
            side = int(rng.integers(1, 3))
            price = int(rng.integers(0, 40)) + (100 if side == BID else 141)
            live[k] = [side, price, int(rng.integers(1, 9))]
            rows.append(add(k, *live[k]))
        else:
            order_id = int(rng.choice(list(live)))
            side, price, rests = live[order_id]
            taken = int(rng.integers(1, rests + 1))
            rows.append(
                {"action": Action.CANCEL, "side": side, "order_id": order_id, "price": price, "quantity": taken}
            )
            live[order_id][2] -= taken
            if live[order_id][2] == 0:
                del live[order_id]
        totals: dict[int, dict[int, int]] = {BID: defaultdict(int), ASK: defaultdict(int)}
        for side, price, rests in live.values():
            totals[side][price] += rests
        best = []
        for side, pick in ((BID, max), (ASK, min)):
            price = pick(totals[side], default=NULL)
            best += [price, totals[side].get(price, 0)]
        expected.append(best)
    e = Engine(table(), EngineSettings(trace_book=True))
    e.step(events(*rows))
    assert e.trace.tolist() == expected


def test_many_instruments_and_orders_outgrow_the_arenas() -> None:
    listed = table(*[BookSource.L3] * 40)
    e = Engine(listed)
    rows = [add(n, BID, 100 + n % 50, 1, instrument=n % 40) for n in range(4000)]
    e.step(events(*rows))
    again = Engine(listed)
    again.load(e.dump())
    for i in range(40):
        assert again.best(i) == e.best(i)
    listed.add(table().__getitem__(0).__class__("T", "LATER", listed[0].tick, listed[0].lot))
    o = e.step(events(add(1, BID, 7, 3, instrument=40)))
    assert o.outcome[0] == Outcome.USED
    assert e.best(40)[:2] == (7, 3)
    assert e.best(3) == again.best(3)


def test_wild_rows_never_break_a_book() -> None:
    listed = table(BookSource.L3, BookSource.L2)
    e = Engine(listed, EngineSettings(trace_book=True))
    n = 1500
    e.step(wild(11, n, listed))
    assert (e.trace[:, [1, 3]] >= 0).all()
