"""Does the market do what it says? Estimated from its output alone, by other methods than it was made with."""

import numpy as np
import pytest

from equipoise.schemas.enums import Side
from equipoise.streams.simulator import BurstSettings, FlowSettings, default_markets
from equipoise.streams.simulator.fills import moves_to_mid

from .runs import simulate

BOOK = default_markets()[:1]
QUIET = BurstSettings(enabled=False)


def past_excitation(times, sides, beta):
    """For each order, the decayed number of earlier ones of its own side and of the other, by recursion."""
    own, other, last = np.zeros(len(times)), np.zeros(len(times)), times[0]
    sums = np.zeros(2)
    for i, (t, side) in enumerate(zip(times, sides, strict=True)):
        sums *= np.exp(-beta * (t - last))
        own[i], other[i] = sums[side], sums[1 - side]
        sums[side] += 1.0
        last = t
    return own, other


def branching_by_expectation_maximisation(times, sides, beta, rounds=300):
    """(self, cross): offspring of each order on its own side and on the other; Veen & Schoenberg 2008."""
    own, other = past_excitation(times, sides, beta)
    span = times[-1] - times[0]
    mean, same, cross = len(times) / span / 4, 0.3, 0.3
    for _ in range(rounds):
        parts = np.stack([np.full(len(times), mean), same * beta * own, cross * beta * other])
        shares = (parts / parts.sum(axis=0)).sum(axis=1)
        mean, same, cross = shares[0] / (2 * span), shares[1] / len(times), shares[2] / len(times)
    return same, cross


def test_the_branching_ratio_is_recovered():
    run = simulate(3_000, BOOK, seed=12, rate=300, bursts=QUIET, chunk_ms=60_000)
    times = run.takers["event_ns"].astype(float)
    times = (times - times[0]) / 1e9
    assert len(times) > 40_000
    sides = (run.takers["side"] == Side.ASK).astype(int)
    same, cross = branching_by_expectation_maximisation(times, sides, beta=np.log(2) / 0.25)
    assert same == pytest.approx(0.5, abs=0.03)
    assert cross == pytest.approx(0.15, abs=0.03)
    # Rate and clustering of the two sides together: mean rate, and variance over mean of counts = 1 / (1 - n)^2.
    assert len(times) / times[-1] == pytest.approx(0.06 * 300, rel=0.05)
    counts = np.histogram(times, bins=int(times[-1] // 15))[0]
    assert 1 - 1 / np.sqrt(counts.var() / counts.mean()) == pytest.approx(0.65, abs=0.08)


def test_without_excitation_it_is_poisson():
    flow = FlowSettings(self_excitation=0.0, cross_excitation=0.0)
    run = simulate(1_000, BOOK, seed=2, rate=300, flow=flow, bursts=QUIET, chunk_ms=60_000)
    gaps = np.diff(run.takers["event_ns"]) / 1e9
    assert np.std(gaps) / np.mean(gaps) == pytest.approx(1.0, abs=0.03)
    assert abs(np.corrcoef(gaps[1:], gaps[:-1])[0, 1]) < 0.04


@pytest.fixture(scope="module")
def long_run():
    return simulate(900, default_markets()[:2], seed=5, rate=800, chunk_ms=10_000)


def test_informed_takers_earn_and_the_others_do_not(long_run):
    takers = long_run.takers
    moves = moves_to_mid(takers, 1_000_000_000)
    known = np.isfinite(moves)
    informed, background = moves[known & takers["informed"]], moves[known & ~takers["informed"]]
    error = informed.std() / np.sqrt(len(informed) / 50)  # orders of one burst are no independent samples
    assert informed.mean() > 5 * error
    assert informed.mean() > 3 * background.mean()


def test_a_burst_moves_the_price_to_the_hidden_value(long_run):
    gaps = []
    for burst in long_run.bursts:
        mids = long_run.takers[long_run.takers["instrument"] == burst["instrument"]]
        at = np.searchsorted(mids["event_ns"], [burst["start_ns"], burst["end_ns"]])
        if at[1] < len(mids):
            gaps.append(np.abs(mids["mid_x2"][at] / 2 - burst["after"] / 256))
    before, after = np.array(gaps).T
    assert len(gaps) > 60
    assert np.median(before) > 20, "ticks from the value when the informed learn of it"
    assert np.median(after) < 4, "and when everyone does"
    assert np.mean(after < 0.5 * before) > 0.85


def test_the_first_orders_of_a_burst_tell_its_direction(long_run):
    """What a flow measure can know: net taker volume of the first half second."""
    right = []
    for burst in long_run.bursts:
        takers = long_run.takers[long_run.takers["instrument"] == burst["instrument"]]
        since = takers["event_ns"] - burst["start_ns"]
        first = takers[(since >= 0) & (since < 500_000_000)]
        net = np.sum(np.where(first["side"] == Side.BID, 1, -1) * first["quantity"])
        right.append(net * (burst["after"] - burst["before"]) > 0)
    assert np.mean(right) > 0.85


def test_between_bursts_the_book_neither_drains_nor_drifts_away(long_run):
    takers = long_run.takers
    quiet = np.ones(len(takers), bool)
    for burst in long_run.bursts:
        near = (takers["event_ns"] >= burst["start_ns"]) & (takers["event_ns"] < burst["end_ns"] + 2_000_000_000)
        quiet &= ~(near & (takers["instrument"] == burst["instrument"]))
    away = takers["mid_x2"][quiet] / 2 - takers["value"][quiet] / 256
    assert abs(away.mean()) < 3
    assert np.quantile(np.abs(away), 0.95) < 25
    slip = np.abs(takers["price"][quiet] - takers["mid_x2"][quiet] / 2)
    assert 0.5 <= np.median(slip) <= 3, "half-spread and walk of a usual order, ticks"


def test_pending_informed_swaps_point_to_the_value():
    run = simulate(600, default_markets()[-1:], seed=8, chunk_ms=10_000)
    informed = run.outcomes[run.outcomes["informed"] & ~run.outcomes["private"]]
    right = []
    for burst in run.bursts:
        mine = (informed["submitted_ns"] >= burst["start_ns"]) & (informed["submitted_ns"] < burst["end_ns"])
        up = burst["after"] > burst["before"]
        right += list((informed["side"][mine] == Side.BID) == up)
    assert len(right) > 60
    assert np.mean(right) > 0.9
