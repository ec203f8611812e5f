import numpy as np
import pytest

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instruments
from equipoise.processors.pending import PendingPool, PendingSettings
from equipoise.processors.pending_records import PoolTarget
from equipoise.schemas import codec
from equipoise.schemas.enums import Action, Cause, Flag, Outcome, PendingState, Side
from equipoise.streams.simulator import default_markets
from equipoise.streams.simulator.curve import Curve

from .runs import simulate
from .slow_book import rows_of

POOL = default_markets()[-1]


@pytest.fixture(scope="module")
def run():
    return simulate(180, (POOL,), seed=3, chunk_ms=1_000)


def test_the_levels_are_a_valid_book_and_swaps_trade_at_its_prices(run):
    book, before, sequence, fresh = {}, {}, 0, True
    for row in rows_of(run.events):
        assert row["sequence"] == sequence + fresh
        assert row["previous_sequence"] == (row["sequence"] - 1 if row["sequence"] > 1 else NULL)
        sequence = row["sequence"]
        if row["action"] == Action.TRADE:
            best = min(p for s, p in before if s == Side.ASK) if row["side"] == Side.BID else None
            best = best if best is not None else max(p for s, p in before if s == Side.BID)
            assert (row["price"] - best) * (1 if row["side"] == Side.BID else -1) >= 0
            assert row["quantity"] > 0
        elif row["action"] == Action.LEVEL:
            assert row["quantity"] >= 0
            book[row["side"], row["price"]] = row["quantity"]
            if row["quantity"] == 0:
                del book[row["side"], row["price"]]
        else:
            assert (row["action"], row["sequence"]) == (Action.SNAPSHOT, 1)
        fresh = bool(row["flags"] & Flag.LAST)
        if fresh:
            bids = [p for s, p in book if s == Side.BID]
            asks = [p for s, p in book if s == Side.ASK]
            assert max(bids) < min(asks)
            assert 19 <= len(bids) <= 20
            assert 19 <= len(asks) <= 20
            before = dict(book)
    assert fresh


def test_records_are_pending_transactions(run):
    for record in run.pending:
        assert codec.decode("PendingTransaction", codec.encode("PendingTransaction", record)) == record
    stamps = [record["arrival_time_ns"] for record in run.pending]
    assert stamps == sorted(stamps)
    assert all(r["arrival_time_ns"] > r["event_time_ns"] for r in run.pending)


def test_every_public_swap_was_seen_before_its_trade(run):
    seen = {}
    for record in run.pending:
        if record["state"] == "SEEN":
            seen.setdefault(record["hash"], record["arrival_time_ns"])
    trades = {int(t["sequence"]): t for t in run.takers}
    traded = [o for o in run.outcomes if o["sequence"] != NULL]
    assert len(traded) > 500
    for outcome in traded:
        trade = trades.pop(int(outcome["sequence"]))
        assert trade["side"] == outcome["side"]
        assert trade["informed"] == outcome["informed"]
        assert trade["quantity"] <= outcome["lots"]
        if outcome["private"]:
            assert outcome["hash"] not in seen
        else:
            assert seen[outcome["hash"]] < trade["event_ns"] == outcome["ended_ns"]
    assert trades == {}, "no trade without a transaction"


def test_some_are_private_replaced_dropped_and_repeated(run):
    states = [record["state"] for record in run.pending]
    for state in ("SEEN", "INCLUDED", "REPLACED", "DROPPED"):
        assert states.count(state) >= 3, state
    first_seen = {r["hash"] for r in run.pending if r["state"] == "SEEN"}
    assert states.count("SEEN") > 1.05 * len(first_seen)
    share = np.mean(run.outcomes["private"])
    assert 0.2 < share < 0.4


def test_the_pending_pool_holds_exactly_what_waits_in_truth(run):
    table = Instruments()
    table.add(POOL.instrument)
    pools = {POOL.pool: PoolTarget(POOL.instrument.key)}
    pool = PendingPool(table, PendingSettings(pools=pools, max_age_ms=3_600_000))
    ended = {o["hash"]: o for o in run.outcomes}
    causes = []
    for record in run.pending:
        step = pool.step(record)
        assert step.outcome in (Outcome.USED, Outcome.FLAGGED), step.detail
        causes.append(step.cause)
        if step.cause == Cause.UNDERPRICED:
            assert ended[record["hash"]]["state"] == PendingState.DROPPED
    assert causes.count(Cause.UNDERPRICED) >= 3
    waiting = {r["hash"] for r in run.pending if r["state"] == "SEEN"}
    waiting -= {o["hash"] for o in run.outcomes if o["ended_ns"] <= run.pending[-1]["event_time_ns"]}
    assert set(pool._pending) == waiting


def test_arbitrage_trades_towards_the_value_and_never_past_it(run):
    informed = run.takers[run.takers["informed"]]
    last = np.searchsorted(run.bursts["start_ns"], informed["event_ns"]) - 1
    news = np.where(last >= 0, informed["event_ns"] - run.bursts["start_ns"][last], 2**62)
    settled = informed[news > 12e9]  # sent when the value was what it is
    fresh = informed[(news > 2e9) & (informed["burst"] >= 0)]
    assert min(len(settled), len(fresh)) > 10
    sign = np.where(settled["side"] == Side.BID, 1, -1)
    assert np.all((settled["value"] - settled["price"] * 256) * sign >= -256)
    towards = np.where(fresh["value"] > fresh["mid_x2"] * 128, Side.BID, Side.ASK)
    assert np.mean(fresh["side"] == towards) > 0.7


def test_a_swap_and_its_reverse_leave_the_curve_as_it_was():
    curve = Curve(1_000, 30, 3, 20)
    curve.changes()
    before = (curve.tick, curve.for_sale)
    bought = curve.swap(True, 500)
    assert sum(lots for _, lots in bought) == 500
    prices = [price for price, _ in bought]
    assert prices == sorted(prices)
    sold = curve.swap(False, 500)
    assert sum(lots for _, lots in sold) == 500
    assert (curve.tick, curve.for_sale) in (before, (before[0] + 1, 0))
    assert sum(p * q for p, q in bought) - sum(p * q for p, q in sold) == 2 * 3 * 500, "both ways pay the fee"


def test_a_limit_price_stops_a_swap():
    curve = Curve(1_000, 30, 3, 20)
    fills = curve.swap(True, 10_000, limit=1_005)
    assert [price for price, _ in fills] == [1_003, 1_004, 1_005]
    assert curve.swap(True, 1, limit=1_005) == []
