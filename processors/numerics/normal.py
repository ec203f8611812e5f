"""The normal distribution's cumulative function, from + - * / and exp2 only."""

from equipoise.processors.jit import njit
from equipoise.processors.numerics.exp2 import exp2

_HALF_LOG2_E = 0.7213475204444817
_DENSITY_0 = 0.3989422804014327  # 1 / sqrt(2 pi)
_ALL = 8.5  # beyond it the rest is below 2**-53


@njit
def normal_cdf(x: float) -> float:
    """P(Z <= x), absolute error below 1e-15; NaN for NaN.

    1/2 + density * (x + x**3/3 + x**5/(3*5) + ...): Marsaglia, Evaluating the Normal Distribution, 2004, section 2.
    """
    if x > _ALL:
        return 1.0
    if x < -_ALL:
        return 0.0
    term = x
    total = x
    k = 1.0
    while abs(term) > 1e-18 * abs(total):
        k += 2.0
        term *= x * x / k
        total += term
    return 0.5 + total * _DENSITY_0 * exp2(-x * x * _HALF_LOG2_E)
