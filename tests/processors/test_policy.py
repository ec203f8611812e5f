"""Score, regimes, spreads and fees by hand-computed cases and by symmetry."""

import numpy as np
import pytest

from equipoise.processors.columns import NULL
from equipoise.processors.engine import Engine
from equipoise.processors.measures import depth, ofi
from equipoise.processors.policy import fee, regime, score, spread
from equipoise.processors.settings import EngineSettings, PolicySettings
from equipoise.processors.state import new_state
from equipoise.schemas.enums import BookSource, Cap, Regime, Status

from .rows import MS, SECOND, T0, add, events, level, table, trade

POLICY = new_state(1, 1, EngineSettings()).policy[0]


def test_contributions_sum_to_the_score_and_nulls_leave_it() -> None:
    values, weights, parts = np.array([0.5, np.nan, -1.0]), np.array([1.0, 5.0, 3.0]), np.zeros(3)
    total = score.contributions(values, weights, parts)
    assert total == parts.sum() == pytest.approx((0.5 - 3.0) / 4)
    assert parts[1] == 0.0
    assert score.contributions(np.full(3, np.nan), weights, parts) == 0.0


@pytest.mark.parametrize(
    ("now", "size", "halted", "expected"),
    [
        (Regime.CALM, 0.34, False, Regime.CALM),
        (Regime.CALM, 0.35, False, Regime.ELEVATED),
        (Regime.ELEVATED, 0.26, False, Regime.ELEVATED),
        (Regime.ELEVATED, 0.24, False, Regime.CALM),
        (Regime.CALM, 0.6, False, Regime.STRESSED),
        (Regime.STRESSED, 0.5, False, Regime.STRESSED),
        (Regime.STRESSED, 0.44, False, Regime.ELEVATED),
        (Regime.STRESSED, 0.1, False, Regime.CALM),
        (Regime.CALM, 0.1, True, Regime.HALT),
        (Regime.HALT, 0.3, False, Regime.CALM),
    ],
)
def test_regimes_have_hysteresis(now: Regime, size: float, halted: bool, expected: Regime) -> None:
    assert regime.follow(int(now), size, halted, POLICY) == expected
    assert regime.follow(int(now), -size, halted, POLICY) == expected


def test_a_spread_by_hand() -> None:
    s = spread.spread(0.5, int(Regime.ELEVATED), False, 10_000.0, POLICY)
    assert s.widen == pytest.approx(1.5 * 1.5)
    assert s.skew_bps == pytest.approx(1.0)
    assert (s.bid_bps, s.ask_bps) == (pytest.approx(3.5), pytest.approx(5.5))
    assert (s.bid_half, s.ask_half) == (pytest.approx(3.5), pytest.approx(5.5))
    assert spread.quotes(10_000.0, s.bid_half, s.ask_half) == (9996, 10006)


def test_spreads_are_symmetric_in_the_sign() -> None:
    up, down = (spread.spread(x, int(Regime.CALM), True, 5000.0, POLICY) for x in (0.3, -0.3))
    assert (up.bid_half, up.ask_half, up.skew_bps) == (down.ask_half, down.bid_half, -down.skew_bps)


def test_bounds_are_named() -> None:
    wide = PolicySettings(base_half_spread_bps=40, max_skew_bps=1.0)
    policy = new_state(1, 1, EngineSettings(policy=wide)).policy[0]
    assert spread.spread(0.9, 2, False, 5000.0, policy).cap == Cap.MAX_HALF_SPREAD
    assert spread.spread(0.9, 0, False, 5000.0, POLICY).cap == Cap.NONE
    assert spread.spread(0.0, 0, False, 10.0, POLICY).cap == Cap.MIN_HALF_SPREAD
    tight = new_state(1, 1, EngineSettings(policy=PolicySettings(max_skew_bps=1.0))).policy[0]
    assert spread.spread(-0.9, 0, False, 5000.0, tight).cap == Cap.MAX_SKEW
    none = spread.spread(0.2, 0, False, float("nan"), POLICY)
    assert np.isnan(none.bid_half)
    assert spread.quotes(float("nan"), none.bid_half, none.ask_half) == (NULL, NULL)


def test_fees_charge_the_side_that_worsens() -> None:
    assert fee.fee(0.2, POLICY) == (300, 300, 0)
    buyers = fee.fee(1.0, POLICY)
    assert buyers == (1000, 300, 700)
    assert fee.fee(-1.0, POLICY) == (300, 1000, 700)
    assert fee.fee(0.5, POLICY).surcharge % 10 == 0


def test_ofi_cases_of_the_paper() -> None:
    """Equation 4: new bid size, cancelled ask, trade through, and both sides at once."""
    before = (100, 10, 101, 20)
    assert ofi.contribution(100, 15, 101, 20, *before) == 5
    assert ofi.contribution(100, 10, 101, 12, *before) == 8
    assert ofi.contribution(99, 7, 101, 20, *before) == -10
    assert ofi.contribution(100, 10, 102, 9, *before) == 20
    assert ofi.contribution(101, 4, 102, 9, *before) == 24
    assert ofi.contribution(NULL, 0, 101, 20, *before) == -10
    assert ofi.contribution(100, 10, NULL, 0, *before) == 20


def test_imbalance_edges() -> None:
    assert np.isnan(depth.imbalance(0, 0))
    assert (depth.imbalance(5, 0), depth.imbalance(0, 5), depth.imbalance(3, 1)) == (1.0, -1.0, 0.5)


def swap_sides(row: dict[str, object]) -> dict[str, object]:
    return row | {"side": 3 - int(row["side"]), "price": 200 - int(row["price"])}  # type: ignore[call-overload]


def test_swapping_the_sides_negates_every_score() -> None:
    rng = np.random.default_rng(2)
    rows = [level(1, 99, 5), level(2, 101, 5)]
    for k in range(300):
        side = int(rng.integers(1, 3))
        price = 100 + (1 if side == 2 else -1) * int(rng.integers(1, 6))
        make = level if rng.random() < 0.7 else trade
        rows.append(make(side, price, int(rng.integers(1, 30)), event_ns=T0 + k * 20 * MS))
    mirrored = [swap_sides(row) for row in rows]
    a, b = (Engine(table(BookSource.L2)).step(events(*r)) for r in (rows, mirrored))
    assert np.array_equal(a.signals["score"], -b.signals["score"])
    assert np.array_equal(a.windows["ofi"], -b.windows["ofi"])
    assert np.array_equal(a.windows["cvd"], -b.windows["cvd"])
    assert np.array_equal(a.signals["fee_taker_buy"], b.signals["fee_taker_sell"])


def test_a_market_warms_up_and_then_is_ok() -> None:
    rows = [add(1, 1, 99, 5), add(2, 2, 101, 5), trade(1, 101, 1)]
    rows += [add(10 + k, 1, 98, 1, event_ns=T0 + k * SECOND) for k in range(1, 60)]
    o = Engine(table()).step(events(*rows))
    statuses = o.signals["status"].tolist()
    assert statuses[0] in (Status.WARMING, Status.DEGRADED)
    assert statuses[-1] == Status.OK


def test_thin_depth_asks_for_rebalancing() -> None:
    settings = EngineSettings(policy=PolicySettings(liquidity_threshold_lots=10))
    o = Engine(table(), settings).step(events(add(1, 1, 99, 5), add(2, 2, 101, 50, event_ns=T0 + 200 * MS)))
    assert o.signals["rebalance"].tolist() == [3, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": (1.0,)}, "policy.weights: 1 values, must be 6"),
        ({"weights": (0.0,) * 6}, "must be >= 0 and not all 0"),
        ({"elevated_leave": 0.5}, "must rise within"),
        ({"stressed_leave": 0.1}, "policy.stressed_leave: 0.1"),
        ({"surcharge_from": 1.0}, "policy.surcharge_from: 1.0"),
        ({"fee_step": 0}, "policy.fee_step: 0, must be >= 1"),
    ],
)
def test_policies_that_cannot_work_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PolicySettings(**changes)  # type: ignore[arg-type]
