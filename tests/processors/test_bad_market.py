"""A market gone wrong: what becomes of it, and where a consumer of the signals sees it (docs/bad-input.md)."""

from decimal import Decimal

import numpy as np

from equipoise.processors.columns import NULL, Outputs
from equipoise.processors.engine import Best, Engine
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Outcome, Reason, Side, Status
from tests.processors.rows import MS, SECOND, T0, add, events, level, table, trade

BID, ASK = Side.BID, Side.ASK
SECONDS_LATER = T0 + 2 * SECOND


def book(source: BookSource = BookSource.L3) -> Engine:
    """Bids of 5 and 3 at 99 and 98, an ask of 4 at 101."""
    engine = Engine(table(source))
    make = add if source is BookSource.L3 else (lambda _order, *rest: level(*rest))
    engine.step(events(make(1, BID, 99, 5), make(2, BID, 98, 3), make(3, ASK, 101, 4)))
    return engine


def said(outputs: Outputs, row: int = -1) -> set[Reason]:
    """Reasons of a signal."""
    return {reason for reason in Reason if int(outputs.signals["reasons"][row]) >> reason & 1}


def shown(engine: Engine, *rows: dict[str, object], after: int = 0) -> Outputs:
    """Rows, each on a point of the grid of event time of its own, so that each has its signal."""
    return engine.step(events(*({"event_ns": T0 + 200 * MS * (1 + after + k)} | row for k, row in enumerate(rows))))


def test_an_unknown_order_changes_nothing_and_the_signal_says_so() -> None:
    engine = book()
    outputs = shown(engine, {"action": Action.CANCEL, "side": BID, "order_id": 77, "price": 99, "quantity": 1}, {})
    assert (outputs.outcome[0], outputs.cause[0]) == (Outcome.FLAGGED, Cause.UNKNOWN_ORDER)
    assert engine.best(0) == Best(99, 5, 101, 4)
    assert Reason.UNKNOWN_ORDERS in said(outputs)  # in the signal after it: by itself it publishes nothing
    outputs = shown(
        engine, {"action": Action.EXECUTE, "side": BID, "order_id": 78, "price": 99, "quantity": 2}, after=2
    )
    assert (outputs.outcome[0], outputs.cause[0]) == (Outcome.USED, Cause.UNKNOWN_ORDER)  # the trade is one
    assert Reason.UNKNOWN_ORDERS in said(outputs)
    assert engine.best(0) == Best(99, 5, 101, 4)


def test_a_cancel_of_more_than_rests_takes_the_order_and_no_more() -> None:
    engine = book()
    outputs = shown(engine, {"action": Action.CANCEL, "side": BID, "order_id": 1, "price": 99, "quantity": 50})
    assert (outputs.outcome[0], outputs.cause[0]) == (Outcome.USED, Cause.OVER_EXECUTED)
    assert Reason.UNKNOWN_ORDERS in said(outputs)
    assert engine.best(0) == Best(98, 3, 101, 4)


def test_an_execution_through_the_book_counts_in_full_and_leaves_no_depth_below_zero() -> None:
    engine = book()
    outputs = shown(engine, {"action": Action.EXECUTE, "side": BID, "order_id": 2, "price": 98, "quantity": 9})
    assert (outputs.outcome[0], outputs.cause[0]) == (Outcome.USED, Cause.OVER_EXECUTED)
    assert Reason.UNKNOWN_ORDERS in said(outputs)
    assert engine.best(0) == Best(99, 5, 101, 4)  # what rests before it stays: the venue did not say that it went
    outputs = engine.step(events(trade(ASK, 50, 1000, event_ns=SECONDS_LATER)))
    assert outputs.windows["sell_volume"].tolist() == [9]
    assert engine.best(0) == Best(99, 5, 101, 4)  # a print changes no book
    assert engine.step(events({"event_ns": SECONDS_LATER + SECOND})).windows["sell_volume"].tolist() == [1000]


def test_negative_depth_is_dead_and_the_neighbours_are_used() -> None:
    for engine, bad in ((book(), add(9, BID, 99, -5)), (book(BookSource.L2), level(BID, 99, -5))):
        outputs = shown(engine, bad, trade(BID, 101, 1))
        assert (outputs.outcome[0], outputs.cause[0]) == (Outcome.DEAD, Cause.QUANTITY_RANGE)
        assert outputs.outcome[1] == Outcome.USED
        assert engine.best(0) == Best(99, 5, 101, 4)


def test_a_reduction_below_nothing_is_refused() -> None:
    engine = book()
    less = {"action": Action.MODIFY, "side": BID, "order_id": 1, "quantity": -6, "flags": Flag.LAST | Flag.DELTA}
    outputs = shown(engine, less)
    assert outputs.cause[0] == Cause.QUANTITY_RANGE
    assert engine.best(0) == Best(99, 5, 101, 4)


def test_a_band_that_jumps_by_a_million_ticks_is_a_price_like_any_other() -> None:
    engine, jump = book(BookSource.L2), 10**6
    engine.step(events(trade(BID, 101, 3, event_ns=T0 + MS)))
    rows = [level(side, price, 0) for side, price in ((BID, 99), (BID, 98), (ASK, 101))]
    rows += [level(BID, 99 + jump, 5), level(ASK, 101 + jump, 4), trade(BID, 101 + jump, 2)]
    outputs = shown(engine, *rows)
    assert set(outputs.outcome) == {Outcome.USED}
    assert engine.best(0) == Best(99 + jump, 5, 101 + jump, 4)
    assert outputs.signals["reference_mid_x2"][-1] == 2 * (100 + jump)
    outputs = engine.step(events({"event_ns": T0 + 3 * SECOND}))
    windows = outputs.windows[outputs.windows["buy_volume"] > 0]
    assert int(windows["buy_volume"].sum()) == int(windows["bucket_buy"].sum())  # every lot has a bucket
    crossed = shown(engine, level(BID, 99 + 3 * jump, 1, event_ns=T0 + 4 * SECOND))
    assert Reason.CROSSED in said(crossed)
    assert crossed.signals["reference_mid_x2"][-1] == NULL
    far = shown(engine, level(ASK, 2**53, 1, event_ns=T0 + 5 * SECOND))
    assert (far.outcome[0], far.cause[0]) == (Outcome.DEAD, Cause.PRICE_RANGE)


def test_a_symbol_that_starts_in_mid_session_warms_up_and_says_what_it_lacks() -> None:
    orders = Engine(table(BookSource.L3))
    leaves = {"action": Action.EXECUTE, "side": ASK, "order_id": 500, "price": 101, "quantity": 1}
    outputs = shown(orders, leaves, add(1, BID, 99, 5), add(2, ASK, 101, 5))
    assert outputs.signals["status"][-1] == Status.WARMING
    assert Reason.UNKNOWN_ORDERS in said(outputs, 0)
    levels = Engine(table(BookSource.L2))
    outputs = shown(levels, level(BID, 99, 5, sequence=900, previous_sequence=899))
    assert outputs.signals["status"][-1] == Status.WARMING
    assert Reason.NO_BOOK in said(outputs)
    assert outputs.signals["reference_mid_x2"][-1] == NULL


def test_two_venues_that_share_a_symbol_are_two_instruments() -> None:
    listed = Instruments()
    for venue in ("A", "B"):
        listed.add(Instrument(venue, "BTCUSD", Decimal("0.01"), Decimal(1), BookSource.L3))
    engine = Engine(listed)
    both = [
        add(7, side, price + 10 * i, 5 + i, instrument=i) for i in (0, 1) for side, price in ((BID, 99), (ASK, 101))
    ]
    both[1]["order_id"] = both[3]["order_id"] = 8
    outputs = engine.step(events(*both, trade(BID, 101, 3, instrument=0), trade(ASK, 109, 2, instrument=1)))
    assert set(outputs.cause) == {Cause.NONE}  # one order id at both venues is no duplicate
    assert (engine.best(0), engine.best(1)) == (Best(99, 5, 101, 5), Best(109, 6, 111, 6))
    outputs = engine.step(events({"event_ns": SECONDS_LATER}))
    assert outputs.windows[["instrument", "buy_volume", "sell_volume"]].tolist() == [(0, 3, 0), (1, 0, 2)]
    assert [listed[int(i)].key for i in outputs.windows["instrument"]] == ["A:BTCUSD", "B:BTCUSD"]


def test_a_clock_that_steps_back_makes_late_rows_and_never_an_older_signal() -> None:
    engine = book()
    engine.step(events(trade(BID, 101, 3, event_ns=T0 + 10 * SECOND)))
    back = [trade(BID, 101, 1, event_ns=T0 + 5 * SECOND + k * MS) for k in range(3)]
    outputs = engine.step(events(*back, add(4, BID, 100, 7, event_ns=T0 + 5 * SECOND)))
    assert set(outputs.outcome) == {Outcome.LATE}
    assert engine.best(0) == Best(100, 7, 101, 4)  # a book without one change would be wrong for ever
    outputs = engine.step(events(trade(ASK, 100, 2, event_ns=T0 + 12 * SECOND), {"event_ns": T0 + 14 * SECOND}))
    assert outputs.windows["late_events"].sum() == len(back) + 1
    assert outputs.windows["buy_volume"].tolist()[-2:] == [3, 0]
    assert (np.diff(outputs.signals["as_of_ns"]) >= 0).all()
    assert (outputs.signals["reference_mid_ns"] <= outputs.signals["as_of_ns"]).all()
