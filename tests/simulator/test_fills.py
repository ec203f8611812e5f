import numpy as np
import pytest

from equipoise.processors.columns import NULL, SIGNAL_DTYPE
from equipoise.schemas.enums import Kind, Side
from equipoise.streams.simulator import TAKER_DTYPE
from equipoise.streams.simulator.fills import (
    LossTotals,
    Quotes,
    half_spreads_met,
    loss_totals,
    moves_to_mid,
    moves_to_value,
    quotes_of,
)

BUY, SELL = Side.BID, Side.ASK


def takers(*orders):
    rows = np.zeros(len(orders), TAKER_DTYPE)
    for row, (instrument, event_ns, side, informed, mid, value) in zip(rows, orders, strict=True):
        row["instrument"], row["event_ns"], row["side"], row["informed"] = instrument, event_ns, side, informed
        row["mid_x2"], row["value"] = 2 * mid, 256 * value
    return rows


def quotes(*rows):
    columns = list(zip(*rows, strict=True))
    kinds = (np.int32, np.int64, np.int64, float, float)
    return Quotes(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))


def test_a_fill_by_hand():
    """Mid 10,000, value 10,020: a buyer at +5 bps takes 15 bps from the maker, a seller gives 25."""
    orders = takers((0, 10, BUY, True, 10_000, 10_020), (0, 11, SELL, False, 10_000, 10_020))
    move = moves_to_value(orders)
    assert move.tolist() == pytest.approx([20.0, -20.0])
    totals = loss_totals(orders, np.array([5.0, 4.0]), move)
    assert totals.informed_loss_ours_bps == pytest.approx(15.0)
    assert totals.equal_half_spread_bps == pytest.approx(4.0)
    assert totals.informed_loss_fixed_bps() == pytest.approx(16.0)
    assert totals.saved_bps == pytest.approx(1.0)
    assert totals.informed_loss_fixed_bps(10.0) == pytest.approx(10.0)


def test_it_goes_against_us_where_we_were_narrow_to_the_informed():
    orders = takers((0, 10, BUY, True, 10_000, 10_020), (0, 11, SELL, False, 10_000, 10_000))
    totals = loss_totals(orders, np.array([4.0, 9.0]), moves_to_value(orders))
    assert totals.saved_bps == pytest.approx(-5.0)


def test_a_spread_that_knows_nothing_saves_nothing():
    orders = takers(*((0, i, BUY if i % 2 else SELL, i % 3 == 0, 10_000, 10_005) for i in range(90)))
    totals = loss_totals(orders, np.full(90, 7.0), moves_to_value(orders))
    assert totals.saved_bps == pytest.approx(0.0, abs=1e-9)


def test_the_quote_in_force_is_the_last_one_strictly_before():
    orders = takers(*((0, t, BUY, False, 100, 100) for t in (9, 10, 11, 20, 21, 31)))
    given = quotes((0, 10, NULL, 1.0, 2.0), (0, 20, 30, 3.0, 4.0), (1, 5, NULL, 9.0, 9.0))
    met = half_spreads_met(orders, given)
    assert np.array_equal(met, [np.nan, np.nan, 2.0, 2.0, 4.0, np.nan], equal_nan=True)
    late = half_spreads_met(orders, given, delay_ns=1)
    assert np.array_equal(late, [np.nan, np.nan, np.nan, 2.0, 2.0, np.nan], equal_nan=True)


def test_sellers_meet_the_bid_and_each_instrument_its_own_quotes():
    orders = takers((1, 50, SELL, False, 100, 100), (0, 50, SELL, False, 100, 100), (2, 50, BUY, False, 100, 100))
    given = quotes((0, 10, NULL, 1.0, 2.0), (1, 10, NULL, 3.0, 4.0))
    met = half_spreads_met(orders, given)
    assert np.array_equal(met, [3.0, 1.0, np.nan], equal_nan=True)
    totals = loss_totals(orders, met, moves_to_value(orders))
    assert (totals.background, totals.unquoted) == (2, 1)


def test_the_later_mid_is_the_instruments_own():
    orders = takers((0, 0, BUY, False, 100, 0), (1, 5, SELL, False, 200, 0), (0, 10, SELL, False, 101, 0),
                    (1, 15, BUY, False, 198, 0))  # fmt: skip
    moves = moves_to_mid(orders, later_ns=10)
    assert np.allclose(moves, [100.0, 100.0, np.nan, np.nan], equal_nan=True)


def test_totals_of_two_spans_add_up():
    generator = np.random.default_rng(5)
    orders = takers(*((0, i, BUY, bool(generator.integers(2)), 10_000, 10_003) for i in range(50)))
    half, move = generator.random(50), moves_to_value(orders)
    half[7] = np.nan
    whole = loss_totals(orders, half, move)
    parts = loss_totals(orders[:20], half[:20], move[:20]) + loss_totals(orders[20:], half[20:], move[20:])
    for name in LossTotals.__dataclass_fields__:
        assert getattr(parts, name) == pytest.approx(getattr(whole, name))
    assert np.isnan(LossTotals().saved_bps)


def test_only_live_spread_signals_are_quotes():
    rows = np.zeros(4, SIGNAL_DTYPE)
    rows["kind"] = [Kind.LIVE, Kind.FINAL, Kind.LIVE, Kind.LIVE]
    rows["emits"] = [1, 1, 2, 3]
    rows["as_of_ns"] = [1, 2, 3, 4]
    assert quotes_of(rows).as_of_ns.tolist() == [1, 4]
