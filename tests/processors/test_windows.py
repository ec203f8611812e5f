"""Windows: what closes them, what is late, and that revisions equal a full recomputation."""

import numpy as np
import pytest

from equipoise.processors.columns import NULL, Events
from equipoise.processors.engine import Engine
from equipoise.processors.settings import EngineSettings, MeasureSettings, TimeSettings
from equipoise.schemas.enums import BookSource, Cause, Outcome, Trigger

from .rows import MS, SECOND, T0, add, events, level, table, trade

BUY, SELL = 1, 2


def last_revisions(windows: np.ndarray) -> dict[int, np.void]:
    """The latest revision of each window, by start."""
    latest: dict[int, np.void] = {}
    for row in windows:
        if row["start_ns"] not in latest or latest[row["start_ns"]]["revision"] < row["revision"]:
            latest[int(row["start_ns"])] = row
    return latest


COMMUTATIVE = ("trades", "buy_volume", "sell_volume", "unknown_volume", "cvd", "bucket_width", "n_buckets",
               "bucket", "bucket_buy", "bucket_sell", "bucket_other")  # fmt: skip


def trades(seed: int, n: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    stamps = T0 + np.sort(rng.integers(0, 6 * SECOND, n))
    return [
        trade(int(rng.integers(0, 3)), int(10_000 + rng.normal() * 400), int(rng.integers(1, 99)), event_ns=int(t))
        for t in stamps
    ]


def run(rows: list[dict[str, object]]) -> np.ndarray:
    closing = trade(BUY, 10_000, 1, event_ns=T0 + 100 * SECOND)
    return Engine(table()).step(events(*rows, closing)).windows


@pytest.mark.parametrize("seed", range(5))
def test_any_order_within_the_lateness_gives_the_same_windows(seed: int) -> None:
    rows = trades(seed, 150)
    rng = np.random.default_rng(seed + 99)
    delays = rng.integers(0, 480 * MS, len(rows))
    shuffled = [rows[k] for k in np.argsort([row["event_ns"] + d for row, d in zip(rows, delays, strict=True)])]
    ordered, mixed = last_revisions(run(rows)), last_revisions(run(shuffled))
    assert ordered.keys() == mixed.keys()
    for start, row in ordered.items():
        for name in COMMUTATIVE:
            assert np.array_equal(row[name], mixed[start][name]), name


def test_windows_equal_plain_sums() -> None:
    rows = trades(3, 300)
    for start, window in last_revisions(run(rows)).items():
        mine = [row for row in rows if start <= row["event_ns"] < start + SECOND]
        sums = [sum(row["quantity"] for row in mine if row["side"] == side) for side in (BUY, SELL, 0)]
        assert [window["buy_volume"], window["sell_volume"], window["unknown_volume"]] == sums
        until = [row for row in rows if row["event_ns"] < start + SECOND]
        signed = {BUY: 1, SELL: -1, 0: 0}
        assert window["cvd"] == sum(signed[row["side"]] * row["quantity"] for row in until)
        for n in range(window["n_buckets"]):
            low = window["bucket"][n]
            inside = [r for r in mine if low <= r["price"] < low + window["bucket_width"]]
            assert window["bucket_buy"][n] == sum(r["quantity"] for r in inside if r["side"] == BUY)
            assert window["bucket_sell"][n] == sum(r["quantity"] for r in inside if r["side"] == SELL)
        assert window["bucket_buy"].sum() == window["buy_volume"]


def test_a_late_trade_revises_and_a_later_one_is_dropped() -> None:
    e = Engine(table())
    o = e.step(events(trade(BUY, 100, 5), trade(SELL, 100, 1, event_ns=T0 + SECOND + 100 * MS)))
    assert [(w["start_ns"], w["revision"], w["buy_volume"]) for w in o.windows] == [(T0, 0, 5)]
    o = e.step(events(trade(BUY, 100, 7, event_ns=T0 + 700 * MS)))
    assert [(w["start_ns"], w["revision"], w["buy_volume"]) for w in o.windows] == [(T0, 1, 12)]
    assert o.signals["trigger"].tolist()[:1] == [Trigger.REVISION]
    o = e.step(events(trade(BUY, 100, 7, event_ns=T0 + 500 * MS)))
    assert (o.outcome[0], o.cause[0]) == (Outcome.LATE, Cause.LATE)
    assert len(o.windows) == 0
    o = e.step(events(trade(BUY, 100, 1, event_ns=T0 + 2 * SECOND)))
    assert o.windows["late_events"].tolist() == [1]


def test_a_late_change_of_the_book_is_still_made() -> None:
    e = Engine(table())
    o = e.step(events(add(1, 1, 99, 5, event_ns=T0 + 5 * SECOND), add(2, 2, 101, 5)))
    assert o.outcome.tolist() == [Outcome.USED, Outcome.LATE]
    assert e.best(0) == (99, 5, 101, 5)


def test_a_first_touch_of_a_closed_window_is_revision_0() -> None:
    e = Engine(table(BookSource.L3, BookSource.L3))
    o = e.step(events(trade(BUY, 100, 5), trade(BUY, 100, 5, event_ns=T0 + SECOND)))
    assert len(o.windows) == 1
    o = e.step(events(trade(SELL, 100, 3, instrument=1, event_ns=T0 + 900 * MS)))
    assert [(w["instrument"], w["start_ns"], w["revision"], w["sell_volume"]) for w in o.windows] == [(1, T0, 0, 3)]


def test_an_idle_source_does_not_hold_the_others_back() -> None:
    e = Engine(table(), sources=2)
    first = events(trade(BUY, 100, 1), trade(BUY, 100, 1, source=1))
    assert len(e.step(first).windows) == 0
    held = [trade(BUY, 100, 1, event_ns=T0 + k * SECOND) for k in range(1, 5)]
    assert len(e.step(events(*held)).windows) == 0
    o = e.step(events(trade(BUY, 100, 1, event_ns=T0 + 6 * SECOND)))
    assert o.windows["start_ns"].tolist() == [T0 + k * SECOND for k in range(5)]
    assert e.watermark_ns() == T0 + 6 * SECOND


def test_a_source_that_never_spoke_is_waited_for_only_so_long() -> None:
    e = Engine(table(), sources=2)
    o = e.step(events(*[trade(BUY, 100, 1, event_ns=T0 + k * SECOND) for k in range(5)]))
    assert len(o.windows) == 0
    o = e.step(events(*[trade(BUY, 100, 1, event_ns=T0 + k * SECOND) for k in range(5, 9)]))
    assert len(o.windows) > 0


def test_buckets_widen_when_a_price_jumps() -> None:
    rows = [trade(BUY, p, 1, event_ns=T0 + k) for k, p in enumerate((100, 101, 1_000_000, -5, 100))]
    (window,) = [w for w in run(rows) if w["start_ns"] == T0]
    assert window["bucket_buy"].sum() == 5
    assert window["n_buckets"] <= 16
    assert (np.diff(window["bucket"][: window["n_buckets"]]) > 0).all()


def test_a_session_starts_the_delta_afresh() -> None:
    midnight = (T0 // (86_400 * SECOND) + 1) * 86_400 * SECOND
    rows = [trade(BUY, 100, 5, event_ns=midnight - SECOND), trade(SELL, 100, 2, event_ns=midnight)]
    closing = trade(BUY, 100, 1, event_ns=midnight + 2 * SECOND)
    assert Engine(table()).step(events(*rows, closing)).windows["cvd"].tolist() == [5, -2]


def test_time_weighted_means_cover_the_window() -> None:
    """Bid queue 3:1 for 400 ms, then even: the mean is 0.5 x 0.4 s / 1 s."""
    e = Engine(table(BookSource.L2))
    rows = [level(1, 99, 3, flags=0), level(2, 101, 1), level(1, 99, 1, event_ns=T0 + 400 * MS)]
    o = e.step(events(*rows, level(1, 99, 1, event_ns=T0 + SECOND)))
    assert o.windows["queue"][0] == pytest.approx(0.2, rel=1e-12)
    assert o.windows["ofi"][0] == -2
    assert o.windows["mid_open_x2"][0] == 200


def test_settings_name_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="window_ns: 10, must be >= 1000000"):
        EngineSettings(time=TimeSettings(window_ns=10))
    with pytest.raises(ValueError, match="lateness_ns: 0, must be > 0"):
        EngineSettings(time=TimeSettings(lateness_ns=0))
    with pytest.raises(ValueError, match="lateness_ns / window_ns"):
        EngineSettings(time=TimeSettings(window_ns=MS, lateness_ns=SECOND))
    with pytest.raises(ValueError, match="bucket_ticks: -1"):
        EngineSettings(measures=MeasureSettings(bucket_ticks=-1))


def test_no_rows_no_output() -> None:
    o = Engine(table()).step(Events(*(column[:0] for column in events(add(1, 1, 1, 1)))))
    assert len(o.signals) == len(o.windows) == len(o.outcome) == 0
    assert Engine(table()).watermark_ns() == NULL


def test_the_profile_is_the_decayed_delta_by_price() -> None:
    rows = trades(8, 200)
    half_life = MeasureSettings().cvd_half_life_ns
    (window,) = [w for w in run([*rows, trade(0, 1, 1, event_ns=T0 + 7 * SECOND)]) if w["start_ns"] == T0 + 5 * SECOND]
    as_of = int(window["as_of_ns"])
    signed = {BUY: 1, SELL: -1, 0: 0}
    aged = [
        (r["price"], signed[r["side"]] * r["quantity"] * 2.0 ** (-(as_of - r["event_ns"]) / half_life)) for r in rows
    ]
    assert window["cvd_decayed"] == pytest.approx(sum(delta for _, delta in aged), rel=1e-9)
    assert window["n_profile"] > 3
    for price, delta in zip(window["profile_price"], window["profile_delta"][: window["n_profile"]], strict=False):
        inside = [d for p, d in aged if price <= p < price + window["profile_width"]]
        assert delta == pytest.approx(sum(inside), abs=1e-9 * sum(map(abs, inside)))


def test_a_slow_source_cannot_hold_more_windows_than_there_is_room_for() -> None:
    """Twenty windows of 100 ms while the other topic says nothing: each is published once, the oldest early."""
    short = EngineSettings(time=TimeSettings(window_ns=100 * MS))
    e = Engine(table(), short, sources=2)
    rows = [trade(BUY, 100, 1 + k, event_ns=T0 + k * 100 * MS) for k in range(40)]
    early = e.step(events(*rows)).windows
    assert 0 < len(early) < 40
    late = e.step(events(trade(SELL, 100, 500, source=1, event_ns=T0 + 3950 * MS))).windows
    rest = e.step(events(trade(BUY, 100, 1, event_ns=T0 + 9 * SECOND))).windows
    everything = np.concatenate([early, late, rest])
    assert everything["revision"].max() == 0
    assert everything["buy_volume"].tolist() == [1 + k for k in range(40)]
