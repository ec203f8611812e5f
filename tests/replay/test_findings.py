"""The statistics of docs/findings.md, by hand."""

import numpy as np
import pytest

from benchmarks.findings import statistics
from benchmarks.findings.__main__ import held_back, sums
from benchmarks.findings.runs import held

NAN = np.nan


def test_least_squares_of_a_line_with_noise():
    rng = np.random.default_rng(2)
    x = rng.normal(0, 2, 4000)
    y = 3 * x + 1 + rng.normal(0, 6, 4000)
    y[5] = NAN
    found = statistics.line(x, y)
    assert found.n == 3999
    assert found.slope == pytest.approx(3, abs=4 * found.slope_error)
    assert found.slope_error == pytest.approx(6 / (2 * np.sqrt(4000)), rel=0.1)
    assert found.r2 == pytest.approx(0.5, abs=0.04)
    assert found.r2_low < found.r2 < found.r2_high < 0.6


def test_adjusted_r2_takes_useless_columns_back():
    rng = np.random.default_rng(3)
    y, useless = rng.normal(size=200), rng.normal(size=(200, 30))
    assert abs(statistics.r2_of(y, *useless.T)) < 0.15
    assert np.isnan(statistics.r2_of(np.ones(9), y[:9]))


def test_ratios_and_shares_have_their_errors():
    ratio, low, high = statistics.mean_ratio(np.full(100, 2.0), np.full(100, 4.0))
    assert (ratio, low, high) == (0.5, 0.5, 0.5)
    assert statistics.share_error(0.5, 100) == 0.05


def test_values_are_held_and_looked_ahead_for():
    values = np.array([NAN, 1.0, NAN, 2.0, NAN])
    np.testing.assert_array_equal(held(values), [NAN, 1, 1, 2, 2])
    np.testing.assert_array_equal(held_back(values), [1, 1, 2, 2, NAN])
    np.testing.assert_array_equal(sums(np.arange(7.0), 3), [3, 12])
