"""VPIN beside flowrisk's own values on its own bars, and by hand.

`plain_bulk` follows Easley, Lopez de Prado and O'Hara (2012) with lists and loops. With flowrisk's three
peculiarities switched on (whole shares, the partial bucket counts, its way to begin) it gives every value
recorded from flowrisk 0.3.0; with them off it is what the measure must give.
"""

import math
import statistics
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from equipoise.processors.measures.vpin import BINS, MEASURE
from equipoise.processors.numerics.normal import normal_cdf
from equipoise.schemas.enums import Reason
from tests.measures.single import SECOND, columns_of, outputs_of, trades

T0 = 1_700_006_400 * SECOND  # a day's start
MINUTE = 60 * SECOND
V, N, DECAY = 100_000, 20, 0.8
CDF = statistics.NormalDist().cdf


class PlainBuckets:
    def __init__(self, size: float, n: int, floor: bool) -> None:
        self.size, self.n, self.floor = size, n, floor
        self.filled: list[tuple[float, float]] = []  # bought, sold of full buckets
        self.volume = self.bought = self.sold = 0.0

    def pour(self, volume: float, share: float) -> None:
        while volume > 0:
            part = min(volume, self.size - self.volume)
            bought = math.floor(share * part) if self.floor else share * part
            self.volume, self.bought, self.sold = self.volume + part, self.bought + bought, self.sold + part - bought
            volume -= part
            if self.volume == self.size:
                self.filled.append((self.bought, self.sold))
                self.volume = self.bought = self.sold = 0.0

    def vpin(self) -> float | None:
        last = self.filled[-self.n :]
        return sum(abs(b - s) for b, s in last) / (self.n * self.size) if len(last) == self.n else None

    def flowrisk(self) -> float:
        last = [*self.filled[-(self.n - 1) :], (self.bought, self.sold)]
        return sum(abs(b - s) for b, s in last) / sum(b + s for b, s in last)


def plain_bulk(prices: list[float], volumes: list[float]) -> list[float | None]:
    """VPIN after each bar; the first bar only gives a price."""
    buckets = PlainBuckets(V, N, floor=False)
    variance, found = None, [None]
    for before, price, volume in zip(prices, prices[1:], volumes[1:], strict=False):
        change = price - before
        variance = change**2 if variance is None else (1 - DECAY) * change**2 + DECAY * variance
        buckets.pour(volume, CDF(change / math.sqrt(variance)) if variance else 0.5)
        found.append(buckets.vpin())
    return found


def plain_flowrisk(prices: list[float], volumes: list[float], begin: int = 50) -> list[float]:
    """The same with flowrisk's peculiarities: 50 bars share one sigma, whole shares, the partial bucket counts."""
    buckets = PlainBuckets(V, N, floor=True)
    variance = (prices[1] - prices[0]) ** 2
    for before, price in pairwise(prices[1:begin]):
        variance = DECAY * variance + (1 - DECAY) * (price - before) ** 2
    before = sum(prices[:begin]) / begin
    for price, volume in zip(prices[:begin], volumes[:begin], strict=True):
        buckets.pour(volume, CDF((price - before) / math.sqrt(variance)))
        before = price
    found = []
    for price, volume in zip(prices[begin:], volumes[begin:], strict=True):
        variance = (1 - DECAY) * (price - before) ** 2 + DECAY * variance
        buckets.pour(volume, CDF((price - before) / math.sqrt(variance)))
        before = price
        found.append(buckets.flowrisk())
    return [found[0]] * begin + found


def bars(folder: Path, symbol: str) -> tuple[list[float], list[float]]:
    table = pl.read_csv(folder / f"{symbol}_2018_11_22.csv")
    return table["4. close"].to_list(), table["5. volume"].to_list()


@pytest.mark.recorded
@pytest.mark.parametrize("symbol", ["GS", "AAPL", "NDLS"])
def test_the_plain_answer_is_flowrisks(shared_data, symbol: str) -> None:
    folder = shared_data / "flowrisk-vpin"
    reference = pl.read_csv(folder / f"reference_vpin_{symbol}.csv")["vpin"].to_numpy()
    np.testing.assert_allclose(plain_flowrisk(*bars(folder, symbol)), reference, rtol=1e-12)


@pytest.mark.recorded
@pytest.mark.parametrize("symbol", ["GS", "AAPL", "NDLS"])
def test_bulk_vpin_is_the_plain_answer_on_flowrisks_bars(shared_data, symbol: str) -> None:
    prices, volumes = bars(shared_data / "flowrisk-vpin", symbol)
    ticks = [round(price * 10_000) for price in prices]
    kept = [(tick, volume) for tick, volume in zip(ticks, volumes, strict=True) if volume > 0]
    rows = [(T0 + k * MINUTE, tick, int(volume)) for k, (tick, volume) in enumerate(kept)]
    expected = plain_bulk([tick for tick, _ in kept], [volume for _, volume in kept])
    events = trades([row[0] for row in rows], [1] * len(rows), [row[1] for row in rows], [row[2] for row in rows])
    given = {"buckets": N, "bucket_lots": V, "sigma_decay": DECAY, "bar_ms": 60_000}
    found = columns_of(MEASURE, events, window_ms=60_000, **given)["bulk"]
    # a bar is known once the next begins, so the window of bar k shows bars up to k - 1
    shown = np.array([math.nan if vpin is None else vpin for vpin in expected], float)[: len(found) - 1]
    # a session's end drops the partial bucket: compare up to the first one
    day = min(len(found) - 1, 24 * 60 - 1)
    np.testing.assert_allclose(found[1:day], shown[: day - 1], rtol=1e-9, atol=1e-12)
    assert np.isfinite(found[1:day]).sum() > 300


def test_true_vpin_by_hand() -> None:
    # V = 10, n = 2: buckets (7 buy, 3 sell), (10 sell) from one trade of 25 that fills 2.2, ...
    at = [T0 + k * SECOND for k in range(5)]
    events = trades([*at, T0 + 9 * SECOND], [1, 2, 2, 0, 1, 1], [100] * 6, [7, 3, 12, 50, 8, 1])
    found = columns_of(MEASURE, events, buckets=2, bucket_lots=10)["true"]
    expected = [math.nan, math.nan, (0.4 + 1.0) / 2, (0.4 + 1.0) / 2, (1.0 + 0.6) / 2]
    np.testing.assert_allclose(found[:5], expected, rtol=1e-15)


def test_a_huge_trade_fills_many_buckets_at_once() -> None:
    events = trades([T0, T0 + SECOND, T0 + 2 * SECOND], [1, 1, 2], [5, 5, 5], [3, 2**61, 1])
    found = outputs_of(MEASURE, events, buckets=8, bucket_lots=1)
    row = dict(zip(found.names.measures, found.measures[1]["value"].tolist(), strict=True))
    assert row["vpin_true"] == row["vpin_true_cdf"] == 1.0


def test_the_distribution_is_the_share_of_values_in_the_same_bin_or_below() -> None:
    rng = np.random.default_rng(0)
    side, quantity = rng.integers(1, 3, 400), rng.integers(1, 30, 400)
    at = T0 + np.arange(400) * SECOND
    found = columns_of(MEASURE, trades(at, side, [7] * 400, quantity), buckets=5, bucket_lots=40)
    plain, vpins, answers = PlainBuckets(40, 5, floor=False), [], []
    for way, volume in zip(side.tolist(), quantity.tolist(), strict=True):
        for _ in range(volume):  # lot by lot, so that no value is skipped
            before = len(plain.filled)
            plain.pour(1, 1.0 if way == 1 else 0.0)
            if len(plain.filled) > before and (vpin := plain.vpin()) is not None:
                vpins.append(vpin)
        bins = [min(int(vpin * BINS), BINS - 1) for vpin in vpins]
        answers.append(sum(b <= bins[-1] for b in bins) / len(bins) if len(bins) >= 5 else math.nan)
    np.testing.assert_allclose(found["true_cdf"], answers[: len(found["true_cdf"])], rtol=1e-12)


def test_without_a_seed_the_bucket_is_learnt_and_then_follows_the_session_before() -> None:
    hour = 3600 * SECOND
    at = [T0 + 12 * hour + k * MINUTE for k in range(60)]  # from noon: 10 lots a minute
    at += [T0 + (24 + k) * hour for k in range(25)]  # the next day: 100 lots an hour
    quantity = [10] * 60 + [100] * 25
    found = columns_of(MEASURE, trades(at, [1] * 85, [5] * 85, quantity), window_ms=60_000)["bucket"]
    learnt = int(10 * 31 * (24 * 60 / 30) / 50)  # 31 trades in the first half hour
    assert np.isnan(found[:30]).all()
    assert found[31] == found[70] == learnt  # half a session teaches nothing more
    rows = columns_of(MEASURE, trades([*at, T0 + 49 * hour], [1] * 86, [5] * 86, [*quantity, 1]), window_ms=60_000)
    assert rows["bucket"][-1] == int(2400 / 50)


def test_what_is_not_known_is_null() -> None:
    outputs = outputs_of(MEASURE, trades([T0, T0 + SECOND], [1, 1], [5, 5], [3, 3]), bucket_lots=1, buckets=3)
    said = dict(zip(outputs.names.measures, outputs.measures[0].tolist(), strict=True))
    assert said["vpin_true"][0] == 1.0
    assert said["vpin_bulk"][1] == said["vpin_true_cdf"][1] == said["vpin_disagreement"][1] == Reason.WARMING


@pytest.mark.parametrize("x", [-9.0, -8.4, -6.0, -2.5, -1.0, -1e-3, 0.0, 1e-9, 0.3, 1.0, 3.3, 7.7, 8.6])
def test_the_normal_distribution(x: float) -> None:
    assert abs(normal_cdf(x) - CDF(x)) < 1e-15
    assert normal_cdf(x) + normal_cdf(-x) == pytest.approx(1.0, rel=1e-15)
