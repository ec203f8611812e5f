"""exp2, wide sums and forward decay against Python's exact arithmetic."""

from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.processors.numerics import decay, wide
from equipoise.processors.numerics.exp2 import exp2

getcontext().prec = 40
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND


@settings(max_examples=200, deadline=None)
@given(st.floats(-1000, 0))
def test_exp2_is_right_to_the_last_bits(x: float) -> None:
    exact = Decimal(2) ** Decimal.from_float(x)
    assert abs(Decimal.from_float(exp2(x)) - exact) <= exact * Decimal("4e-16")


def test_exp2_at_the_edges() -> None:
    assert [exp2(x) for x in (0.0, -1.0, -10.0, -1074.0, -1075.0, -1e9)] == [1.0, 0.5, 2.0**-10, 5e-324, 0.0, 0.0]
    assert np.isnan(exp2(float("nan")))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1)), max_size=8))
def test_wide_sums_are_exact(products: list[tuple[int, int]]) -> None:
    total = np.zeros(2, np.uint64)
    other = np.zeros(2, np.uint64)
    for k, (x, y) in enumerate(products):
        wide.add_product(total if k % 2 else other, x, y)
    wide.add(total, other)
    exact = sum(x * y for x, y in products) % 2**128
    assert (int(total[1]) << 64) + int(total[0]) == exact
    assert wide.to_float(total) == pytest.approx(float(exact), rel=1e-15)


def _decayed(rows: list[tuple[int, int]], half_life: int, epoch: int) -> np.ndarray:
    sums = np.zeros((decay.EPOCHS, 2), np.uint64)
    for t, x in rows:
        of_addend, weight = decay.weight(t, half_life)
        decay.add(sums, epoch, of_addend, weight, x)
    return sums


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60 * SECOND), st.integers(0, 10**12)), min_size=1, max_size=30),
    st.integers(10**6, 10 * SECOND),
    st.randoms(),
)
def test_decayed_sums_do_not_depend_on_order(rows: list[tuple[int, int]], half_life: int, random) -> None:
    rows = [(T0 + t, x) for t, x in rows]
    now = T0 + 60 * SECOND
    epoch = now // (half_life * decay.EPOCH_HALF_LIVES)
    sums = _decayed(rows, half_life, epoch)
    random.shuffle(rows)
    assert np.array_equal(sums, _decayed(rows, half_life, epoch))
    exact = sum(x * 2.0 ** (-(now - t) / half_life) for t, x in rows)
    assert decay.at(sums, epoch, now, half_life) == pytest.approx(exact, rel=1e-9, abs=1e-6)


def test_advancing_an_epoch_keeps_the_sum() -> None:
    half_life = SECOND
    epoch = T0 // (half_life * decay.EPOCH_HALF_LIVES)
    sums = _decayed([(T0, 1000)], half_life, epoch)
    later = (epoch + 1) * half_life * decay.EPOCH_HALF_LIVES + 5
    decay.advance(sums, epoch, epoch + 1)
    assert decay.at(sums, epoch + 1, later, half_life) == pytest.approx(
        1000 * 2.0 ** (-(later - T0) / half_life), rel=1e-9
    )
    decay.advance(sums, epoch + 1, epoch + 9)
    assert not sums.any()
