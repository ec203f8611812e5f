"""VPIN beside flowrisk's own values on its own bars, and by hand.

With flowrisk's three habits (whole shares, the partial bucket counts, its way to begin) the plain loops of
`tests/oracles/vpin.py` give every value recorded from flowrisk 0.3.0; without them they are what the measure must give.
"""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from equipoise.processors.measures.vpin import BINS, MEASURE
from equipoise.processors.numerics.normal import normal_cdf
from equipoise.schemas.enums import Reason
from tests.measures.agreement import agree
from tests.measures.single import SECOND, columns_of, outputs_of, trades
from tests.oracles.vpin import CDF, Buckets, bulk, flowrisk

T0 = 1_700_006_400 * SECOND  # a day's start
MINUTE = 60 * SECOND
DAY = 24 * 60  # bars of a session
V, N, DECAY = 100_000, 20, 0.8
SLOW = pytest.mark.slow  # uncompiled


def bars(folder: Path, symbol: str) -> tuple[list[float], list[float]]:
    table = pl.read_csv(folder / f"{symbol}_2018_11_22.csv")
    return table["4. close"].to_list(), table["5. volume"].to_list()


@pytest.mark.recorded
@pytest.mark.parametrize("symbol", ["GS", "AAPL", "NDLS"])
def test_the_plain_answer_is_flowrisks(shared_data, symbol: str) -> None:
    folder = shared_data / "flowrisk-vpin"
    reference = pl.read_csv(folder / f"reference_vpin_{symbol}.csv")["vpin"].to_numpy()
    found = flowrisk(*bars(folder, symbol), Buckets(V, N, floor=True), DECAY)
    agree("vpin", "flowrisk 0.3.0, every value of three files, by the plain loops with its habits", found, reference)


@pytest.mark.recorded
@pytest.mark.parametrize("symbol", [pytest.param("GS", marks=SLOW), pytest.param("AAPL", marks=SLOW), "NDLS"])
def test_bulk_vpin_is_the_plain_answer_on_flowrisks_bars(shared_data, symbol: str) -> None:
    prices, volumes = bars(shared_data / "flowrisk-vpin", symbol)
    ticks = [round(price * 10_000) for price in prices]
    kept = [(tick, volume) for tick, volume in zip(ticks, volumes, strict=True) if volume > 0]
    rows = [(T0 + k * MINUTE, tick, int(volume)) for k, (tick, volume) in enumerate(kept)]
    expected = bulk([tick for tick, _ in kept], [volume for _, volume in kept], Buckets(V, N), DECAY, DAY)
    events = trades([row[0] for row in rows], [1] * len(rows), [row[1] for row in rows], [row[2] for row in rows])
    given = {"buckets": N, "bucket_lots": V, "sigma_decay": DECAY, "bar_ms": 60_000}
    found = columns_of(MEASURE, events, window_ms=60_000, **given)["bulk"]
    # a bar is known once the next begins, so the window of bar k shows bars up to k - 1
    shown = np.array([math.nan if vpin is None else vpin for vpin in expected], float)[: len(found) - 1]
    agree("vpin", "bulk, by the plain loops without flowrisk's habits, on its bars", found[1:], shown)
    assert np.isfinite(found).sum() > 300


def test_true_vpin_by_hand() -> None:
    # V = 10, n = 2: buckets (7 buy, 3 sell), (10 sell) from one trade of 25 that fills 2.2, ...
    at = [T0 + k * SECOND for k in range(5)]
    events = trades([*at, T0 + 9 * SECOND], [1, 2, 2, 0, 1, 1], [100] * 6, [7, 3, 12, 50, 8, 1])
    found = columns_of(MEASURE, events, buckets=2, bucket_lots=10)["true"]
    expected = [math.nan, math.nan, (0.4 + 1.0) / 2, (0.4 + 1.0) / 2, (1.0 + 0.6) / 2]
    agree("vpin", "true side, by hand", found[:5], expected, allowed=1e-15)


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
    plain, vpins, answers = Buckets(40, 5), [], []
    for way, volume in zip(side.tolist(), quantity.tolist(), strict=True):
        for _ in range(volume):  # lot by lot, so that no value is skipped
            before = len(plain.filled)
            plain.pour(1, 1.0 if way == 1 else 0.0)
            if len(plain.filled) > before and (vpin := plain.vpin()) is not None:
                vpins.append(vpin)
        bins = [min(int(vpin * BINS), BINS - 1) for vpin in vpins]
        answers.append(sum(b <= bins[-1] for b in bins) / len(bins) if len(bins) >= 5 else math.nan)
    answers = answers[: len(found["true_cdf"])]
    agree("vpin", "distribution of true side, lot by lot in plain loops", found["true_cdf"], answers, allowed=1e-12)


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
