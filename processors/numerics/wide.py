"""Unsigned 128-bit sums, kept as two 64-bit halves in an array: exact, so order never matters."""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.jit import njit

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_TWO_64 = 18446744073709551616.0


@njit
def add_product(total: NDArray[np.uint64], x: int, y: int) -> None:
    """`total` += x * y for 0 <= x, y < 2**63. `total`: shape (2,), low and high half; wraps at 2**128."""
    a, b = np.uint64(x), np.uint64(y)
    a0, a1 = a & _LOW, a >> _HALF
    b0, b1 = b & _LOW, b >> _HALF
    p00 = a0 * b0
    middle = a1 * b0 + (p00 >> _HALF)  # cannot overflow: (2**32-1)**2 + 2**32-1 < 2**64
    middle2 = a0 * b1 + (middle & _LOW)
    low = (middle2 << _HALF) | (p00 & _LOW)
    high = a1 * b1 + (middle >> _HALF) + (middle2 >> _HALF)
    room = ~low  # 2**64 - 1 - low: a carry leaves if the old low half exceeds it
    if total[0] > room:
        total[0] = total[0] - room - np.uint64(1)
        high += np.uint64(1)
    else:
        total[0] = total[0] + low
    total[1] = total[1] + high


@njit
def to_float(total: NDArray[np.uint64]) -> float:
    """The nearest float of the high half times 2**64, plus that of the low half."""
    return float(total[1]) * _TWO_64 + float(total[0])


@njit
def add(total: NDArray[np.uint64], other: NDArray[np.uint64]) -> None:
    """`total` += `other`, both shape (2,); wraps at 2**128."""
    room = ~other[0]
    if total[0] > room:
        total[0] = total[0] - room - np.uint64(1)
        total[1] = total[1] + other[1] + np.uint64(1)
    else:
        total[0] = total[0] + other[0]
        total[1] = total[1] + other[1]
