"""Measures of trades beside outside answers, and beside slow formulas written from the papers."""

import json
import math
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from equipoise.processors.measures import amihud, classify, footprint, kyle, signs, spreads
from equipoise.processors.measures.observation import CLOSE, GROUP, TRADE
from tests.measures.agreement import agree
from tests.measures.single import Alone, outputs_of, shown, trades

MS, SECOND = 1_000_000, 1_000_000_000
T0 = 1_700_006_400 * SECOND
RECORDED = Path(__file__).parent / "recorded"
RNG = np.random.default_rng


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return found


# --- whose side


def _signs(price, bid, ask, state, out):
    for k in range(len(price)):
        of_tick = classify.tick(state[0], price[k])
        for rule in range(5):
            out[k, rule] = classify.by_rule(rule, price[k], bid[k], ask[k], of_tick)


classified = numba.njit(_signs)


@pytest.mark.parametrize("rule", classify.RULES)
def test_rules_give_tclfs_signs(rule: str) -> None:
    answer = recorded("tclf")
    price, bid, ask = (np.array(answer[name]) for name in ("price", "bid", "ask"))
    found = np.zeros((len(price), 5), np.int64)
    classified(price, bid, ask, np.zeros(1, signs.STATE).view(np.recarray), found)
    agree("signs", "tclf 0.4.0, each rule on 60 trades", found[:, classify.RULES.index(rule)], answer[rule], allowed=0)


def test_volume_of_unknown_side_is_signed_by_the_rule_and_agreement_measured_on_the_known() -> None:
    answer = recorded("tclf")
    n = len(answer["price"])
    side, quantity = RNG(1).choice([0, 1, 2], n), RNG(2).integers(1, 9, n)
    at = T0 + np.cumsum(RNG(3).integers(0, 900, n)) * MS
    seen = shown(
        n, TRADE, event_ns=at, price=answer["price"], bid=answer["bid"], ask=answer["ask"], side=side, quantity=quantity
    )
    half_life = 2000
    found = Alone(signs.MEASURE, rule=classify.EMO, half_life_ms=half_life).show(seen)[-1]
    weight = quantity * 2.0 ** (-(at[-1] - at) / (half_life * MS))
    true = np.where(side == 1, 1, np.where(side == 2, -1, 0))
    sign = np.where(true != 0, true, answer["emo"])
    plain = [(weight * sign).sum() / weight[sign != 0].sum(), weight[sign != 0].sum() / weight.sum()]
    for rule in classify.RULES:
        same = (np.array(answer[rule]) == true) & (true != 0)
        plain.append(weight[same].sum() / weight[true != 0].sum())
    agree("signs", "shares: decayed sums written out", found[: len(plain)], plain)


# --- footprint


def plain_footprint(buys: dict[int, int], sells: dict[int, int], ratio: float, least: int) -> list[float]:
    prices = range(min([*buys, *sells]), max([*buys, *sells]) + 1)
    total = {p: buys.get(p, 0) + sells.get(p, 0) for p in prices}
    control = min(p for p in prices if total[p] == max(total.values()))

    def over(strong: int, weak: int) -> bool:
        return strong >= max(least, 1) and strong >= ratio * weak

    up = [over(buys.get(p, 0), sells.get(p - 1, 0)) for p in prices]
    down = [over(sells.get(p, 0), buys.get(p + 1, 0)) for p in prices]
    runs = [max(map(len, "".join("x" if flag else " " for flag in flags).split()), default=0) for flags in (up, down)]
    both = sum(up) + sum(down)
    lean = (sum(up) - sum(down)) / both if both else math.nan
    return [control, total[control] / sum(total.values()), sum(up), sum(down), *runs, lean]


@pytest.mark.parametrize("seed", range(5))
def test_footprint_is_the_plain_one(seed: int) -> None:
    rng = RNG(seed)
    n = 60
    price, side, quantity = rng.integers(-7, 8, n), rng.integers(1, 3, n), rng.integers(1, 30, n)
    events = trades([*[T0] * n, T0 + 2 * SECOND], [*side, 1], [*price, 0], [*quantity, 1])
    outputs = outputs_of(footprint.MEASURE, events, ratio=2.0, filter_lots=15)
    cells: dict[int, dict[int, int]] = {1: {}, 2: {}}
    for p, s, q in zip(price.tolist(), side.tolist(), quantity.tolist(), strict=True):
        cells[s][p] = cells[s].get(p, 0) + q
    found, plain = outputs.measures[0]["value"], plain_footprint(cells[1], cells[2], 2.0, 15)
    counts = [0, 2, 3, 4, 5]
    agree("footprint", "counts and point of control, from dictionaries", found[counts], np.array(plain)[counts], 0)
    agree("footprint", "shares, from dictionaries", found[[1, 6]], np.array(plain)[[1, 6]], 1e-12)


def test_footprint_by_hand() -> None:
    seen = shown(1, CLOSE, cell_ticks=2, cell_low=5, cell_high=8)
    seen["cell_buy"][0, 5:9] = [0, 40, 90, 10]
    seen["cell_sell"][0, 5:9] = [10, 30, 5, 0]
    found = Alone(footprint.MEASURE).show(seen)[0]
    # cell 6: 40 against 10 below; cell 7: 90 against 30 below; cell 8: 10 is under the filter of 30
    assert found.tolist()[:6] == [14, 95 / 185, 2, 0, 2, 0]
    assert found[6] == 1.0


# --- impact


def bars_of(change: list[float], signed: list[int], bar_ms: int = 1000) -> Any:
    """Observations that make bars with these changes of the mid and this signed volume."""
    rows, mid_x2 = [(GROUP, T0, 0, 0, 2000)], 2000
    for k, (p, q) in enumerate(zip([*change, 0], [*signed, 0], strict=True), 1):
        at = T0 + k * bar_ms * MS
        if q:
            rows.append((TRADE, at, 1 if q > 0 else 2, abs(q), mid_x2))
        mid_x2 += round(2 * p)
        rows.append((GROUP, at + 1, 0, 0, mid_x2))
    seen = shown(len(rows), TRADE)
    for name, values in zip(("kind", "event_ns", "side", "quantity", "mid_x2"), zip(*rows, strict=True), strict=True):
        seen[name] = values
    seen["known"] = 1
    return seen


def test_kyles_lambda_is_orderflow_metrics() -> None:
    answer = recorded("impact_and_hawkes")
    seen = bars_of(answer["price_change"], answer["signed_volume"])
    found = Alone(kyle.MEASURE, half_life_bars=1e17, least_bars=2).show(seen)[-1]
    agree("kyle", "orderflow-metrics 0.40.0 kyle_lambda", found[0], answer["kyle_lambda"])
    r2 = np.corrcoef(answer["signed_volume"], answer["price_change"])[0, 1] ** 2
    agree("kyle", "r2: numpy.corrcoef", found[1], r2)


def test_kyles_lambda_forgets_by_bars() -> None:
    answer = recorded("impact_and_hawkes")
    p, q = np.array(answer["price_change"]), np.array(answer["signed_volume"])
    found = Alone(kyle.MEASURE, half_life_bars=7.0).show(bars_of(p.tolist(), q.tolist()))[-1]
    weight = 2.0 ** (-np.arange(len(p))[::-1] / 7)
    of_p, of_q = (x - (weight * x).sum() / weight.sum() for x in (p, q))
    plain = (weight * of_p * of_q).sum() / (weight * of_q**2).sum()
    agree("kyle", "weighted least squares written out", found[0], plain)


def test_amihuds_ratio() -> None:
    rng = RNG(4)
    change, signed = rng.integers(-4, 5, 50).tolist(), rng.integers(-20, 21, 50).tolist()
    found = Alone(amihud.MEASURE, half_life_bars=9.0, least_bars=3).show(bars_of(change, signed))[-1, 0]
    mid, ratios = 1000.0, []
    for p, q in zip(change, signed, strict=True):
        if q:
            ratios.append(1e4 * abs(p / mid) / abs(q))
        mid += p
    weight = 2.0 ** (-np.arange(len(ratios))[::-1] / 9)
    agree("amihud", "Amihud's equation 1, bar by bar", found, (weight * ratios).sum() / weight.sum())


def test_a_bar_that_ends_without_a_mid_teaches_nothing() -> None:
    seen = bars_of([1, 1, 1, 1], [5, 5, 5, 5])
    lost = (seen["kind"] == GROUP) & (seen["event_ns"] == T0 + 2 * SECOND + 1)
    seen["known"][lost] = 0
    alone = Alone(kyle.MEASURE, least_bars=2)
    alone.show(seen)
    assert alone.state[0].n == 2  # bars 1 and 4


# --- spreads


def plain_spreads(seen: Any, horizon_ms: int, half_life_ms: int) -> list[float]:
    """Effective, realised and impact: every trade waits until one horizon after its slice, then meets the mid."""
    slice_ns = horizon_ms * MS // 8
    paid, late = [], []
    for row in seen:
        if row["kind"] == TRADE:
            sign = 1 if row["side"] == 1 else -1
            due = (row["event_ns"] // slice_ns + 1) * slice_ns + horizon_ms * MS
            paid.append((row["event_ns"], due, int(row["quantity"]), sign, int(row["price"]), row["mid_x2"] / 2))
    for _, due, q, sign, price, mid in paid:
        if due <= seen["event_ns"][-1]:
            before = [r for r in seen if r["kind"] == GROUP and r["event_ns"] < due]
            then = before[-1]["mid_x2"] / 2
            late.append((due, q, 2 * sign * (price - then), 2 * sign * (then - mid)))

    def mean(rows: list[tuple[float, int, float]]) -> float:
        newest = max(t for t, _, _ in rows)
        weights = [q * 2.0 ** (-(newest - t) / (half_life_ms * MS)) for t, q, _ in rows]
        return sum(w * x for w, (_, _, x) in zip(weights, rows, strict=True)) / sum(weights)

    effective = mean([(t, q, 2 * sign * (price - mid)) for t, _, q, sign, price, mid in paid])
    return [effective, mean([(t, q, r) for t, q, r, _ in late]), mean([(t, q, i) for t, q, _, i in late])]


@pytest.mark.parametrize("seed", range(3))
def test_spreads_are_the_plain_ones(seed: int) -> None:
    rng = RNG(seed)
    n = 400
    bid = 1000 + np.cumsum(rng.integers(-1, 2, n))
    seen = shown(
        n, GROUP, event_ns=T0 + np.cumsum(rng.integers(1, 250, n)) * MS, bid=bid, ask=bid + rng.integers(1, 6, n)
    )
    for k in range(1, n):
        if rng.random() < 0.4:  # a trade, which sees the quotes of the group before
            seen["kind"][k] = TRADE
            for name in ("bid", "ask", "mid_x2"):
                seen[name][k] = seen[name][k - 1]
            seen["side"][k], seen["quantity"][k] = rng.integers(1, 3), rng.integers(1, 40)
            seen["price"][k] = seen["ask"][k] if seen["side"][k] == 1 else seen["bid"][k]
    found = Alone(spreads.MEASURE, horizon_ms=2000, half_life_ms=9000).show(seen)[-1]
    assert found[0] == seen["ask"][-1] - seen["bid"][-1]
    agree("spread", "Huang and Stoll's formulas, trade by trade", found[1:], plain_spreads(seen, 2000, 9000))
