"""Hawkes intensities beside hawkesbook, and the online fit beside the same sums taken anew."""

import math
from typing import Any

import numba
import numpy as np
import pytest

from equipoise.processors.measures import hawkes
from equipoise.processors.measures.observation import TRADE
from tests.measures.agreement import agree
from tests.measures.single import Alone, shown
from tests.measures.test_trade_side import MS, RNG, T0, recorded


def history() -> tuple[dict[str, Any], Any]:
    answer = recorded("impact_and_hawkes")
    at = T0 + np.array(answer["hawkes_ms"]) * MS
    return answer, shown(len(at), TRADE, event_ns=at, side=answer["hawkes_side"], quantity=1)


@pytest.mark.parametrize("k", range(3))
def test_intensities_are_hawkesbooks(k: int) -> None:
    answer, seen = history()
    alone = Alone(hawkes.MEASURE, half_life_ms=answer["hawkes_half_life_ms"], least_trades=1)
    alone.show(seen)
    alone.state["mu"], alone.state["branching"] = answer["hawkes_mu"], answer["hawkes_n"]
    later = shown(1, TRADE, event_ns=seen["event_ns"][-1] + answer["hawkes_after_ms"][k] * MS, side=0, quantity=1)
    found = alone.show(later)[0]
    agree("hawkes", "intensities: hawkesbook 0.1.0", found[:2], answer["hawkes_intensity"][k])
    eigenvalues = np.linalg.eigvals(np.array(answer["hawkes_n"]))
    agree("hawkes", "branching ratio: numpy.linalg.eigvals", found[2], max(abs(eigenvalues)), 1e-12)


def plain_fit(at_s: list[float], side: list[int], half_life_s: float, memory: float) -> tuple[Any, Any]:
    """Expectation-maximisation with forgetting, every sum taken anew over all trades so far."""
    b, keep = math.log(2) / half_life_s, 2.0 ** (-1 / memory)
    mu, n, chances = np.zeros(2), np.full((2, 2), 0.25), []
    for k, (t, i) in enumerate(zip(at_s, side, strict=True)):
        parts = [sum(b * math.exp(-b * (t - at_s[m])) for m in range(k) if side[m] == j) * n[i, j] for j in range(2)]
        intensity = mu[i] + sum(parts)
        if mu[i] > 0:
            chances.append((i, mu[i] / intensity, [part / intensity for part in parts]))
        else:  # the first of its side, or the first two trades, between which no time was measured
            chances.append((i, 1.0, [0.0, 0.0]))
        age = [keep ** (k - m) for m in range(k + 1)]
        seconds = sum(keep ** (k - m + 1) * (at_s[m] - at_s[m - 1]) for m in range(1, k + 1))
        spent = np.zeros(2)
        for m in range(1, k + 1):  # excitement that ran out between trades m - 1 and m
            for j in range(2):
                left = sum(math.exp(-b * (at_s[m - 1] - at_s[l])) for l in range(m) if side[l] == j)  # noqa: E741
                spent[j] += keep ** (k - m + 1) * left * (1 - math.exp(-b * (at_s[m] - at_s[m - 1])))
        for i2 in range(2):
            own = [(age[m], c) for m, c in enumerate(chances) if c[0] == i2]
            mu[i2] = sum(a * c[1] for a, c in own) / seconds if seconds else 0.0
            for j in range(2):
                n[i2, j] = (sum(a * c[2][j] for a, c in own) + 2.5) / (spent[j] + 10)
    return mu, n


def test_the_fit_is_the_plain_one() -> None:
    answer, seen = history()
    alone = Alone(hawkes.MEASURE, half_life_ms=500, memory_trades=30.0, least_trades=1)
    alone.show(seen)
    at = [ms / 1000 for ms in answer["hawkes_ms"]]
    mu, n = plain_fit(at, [side - 1 for side in answer["hawkes_side"]], 0.5, 30.0)
    agree("hawkes", "the fit: every sum taken anew at each trade", alone.state["mu"][0], mu)
    agree("hawkes", "the fit: every sum taken anew at each trade", alone.state["branching"][0], n)


def simulated(mu: list[float], n: list[list[float]], half_life_s: float, trades: int) -> tuple[list[float], list[int]]:
    """Ogata's thinning."""
    rng, b = RNG(11), math.log(2) / half_life_s
    t, excited, at, side = 0.0, np.zeros(2), [], []
    matrix = np.array(n)
    while len(at) < trades:
        bound = sum(mu) + b * (matrix @ excited).sum()
        wait = rng.exponential(1 / bound)
        t += wait
        excited *= math.exp(-b * wait)
        intensity = np.array(mu) + b * (matrix @ excited)
        draw = rng.random() * bound
        if draw < intensity.sum():
            i = 0 if draw < intensity[0] else 1
            excited[i] += 1
            at.append(t)
            side.append(i + 1)
    return at, side


def test_the_fit_finds_what_made_the_trades() -> None:
    mu, n = [0.8, 0.5], [[0.45, 0.1], [0.15, 0.35]]
    size = 4_000 if numba.config.DISABLE_JIT else 60_000
    at, side = simulated(mu, n, 0.2, size)
    seen = shown(size, TRADE, event_ns=T0 + (np.array(at) * 1e9).astype(np.int64), side=side, quantity=1)
    alone = Alone(hawkes.MEASURE, half_life_ms=200, memory_trades=size / 3)
    found = alone.show(seen)[-1]
    slack = 0.35 if numba.config.DISABLE_JIT else 0.12
    np.testing.assert_allclose(found[4:6], mu, rtol=slack)
    np.testing.assert_allclose(alone.state["branching"][0], n, atol=slack / 2)
    assert found[2] == pytest.approx(0.53, abs=slack / 2)


def test_trades_of_one_side_and_stamp_are_one_sweep_and_the_branching_is_bounded() -> None:
    at = [T0, T0, T0, T0 + 1, T0 + 2, T0 + 2, *(T0 + 100 + np.arange(5000))]
    side = [1, 1, 2, 2, 1, 1, *[1] * 5000]
    alone = Alone(hawkes.MEASURE, least_trades=1)
    found = alone.show(shown(len(at), TRADE, event_ns=at, side=side, quantity=1))
    assert alone.state[0].trades == 4 + 5000
    assert np.nanmax(found[:, 2]) <= 0.99 + 1e-12
