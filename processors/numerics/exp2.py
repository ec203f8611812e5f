"""2**x for x <= 0, from additions and multiplications only.

Compiled `exp` differs from NumPy's in about one argument of twenty, and `2.0**x` in one of a
thousand, so neither may enter a published number. Here x = n + f with f in (-1/2, 1/2]; 2**f is the
Taylor polynomial of e**(f ln 2) to degree 14 (remainder below 2e-19), and 2**n is looked up.
"""

import numpy as np

from equipoise.processors.jit import njit

_LN2 = 0.6931471805599453
# 2**0, 2**-1, ... 2**-1074; exact, subnormals included. One more entry is 0.
_POWERS = np.ldexp(1.0, -np.arange(1076))
_SMALLEST = -1074.0


@njit
def exp2(x: float) -> float:
    """2**x for x <= 0; 0 below 2**-1074, NaN for NaN. Relative error below 4e-16 where the result is normal."""
    if x != x:
        return np.nan
    if x < _SMALLEST:
        return 0.0
    whole = np.floor(x + 0.5)
    t = (x - whole) * _LN2
    p = 1.0 + t * (1.0 / 14.0)
    for divisor in range(13, 0, -1):
        p = 1.0 + t * p * (1.0 / divisor)
    n = -int(whole)
    if n < 0:
        return p * 2.0
    return p * _POWERS[n]
