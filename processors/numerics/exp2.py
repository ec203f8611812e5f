"""2**x for x <= 0, from additions, multiplications and two tables only.

Compiled `exp` differs from NumPy's in about one argument of twenty, and `2.0**x` in one of a
thousand, so neither may enter a published number. Here x = n + j/64 + r/64 with whole n, 0 <= j < 64 and
|r| <= 1/2; 2**n and 2**(j/64) are looked up, and 2**(r/64) - 1 is the Taylor polynomial of e**t - 1 to degree 5,
t = r ln(2)/64 (remainder below 4e-17). Tried before: one polynomial of degree 14 for |f| <= 1/2. Its forty operations
wait for each other, and took half of the engine's time.
"""

from decimal import Context, Decimal

import numpy as np

from equipoise.processors.jit import njit

_PARTS = 64
_BITS, _MASK = 6, _PARTS - 1
_LN2 = 0.6931471805599453 / _PARTS
# 2**(j/64), correctly rounded: 40 decimal digits, then once to a double.
_ROOTS = np.array([float(Context(prec=40).power(Decimal(2), Decimal(j) / _PARTS)) for j in range(_PARTS)])
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
    scaled = x * _PARTS
    whole = np.floor(scaled + 0.5)
    t = (scaled - whole) * _LN2
    square = t * t
    # in pairs, so that no operation waits for more than four others
    high = (1.0 / 24.0) + t * (1.0 / 120.0)
    low = 0.5 + t * (1.0 / 6.0)
    p = t + square * (low + square * high)
    number = int(whole)
    root = _ROOTS[number & _MASK]
    return (root + root * p) * _POWERS[-(number >> _BITS)]
