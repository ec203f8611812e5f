"""Exponentially decayed sums whose bits do not depend on the order of arrival.

Forward decay (Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay, ICDE 2009, section 3): instead of
ageing the sum, weigh each addend by 2**((t - L) / h) from a landmark L and divide once when reading.
With integer weights the sum is exact, so any order gives the same bits, and a late addend lands
exactly where it would have been.

Landmarks are multiples of 32 half-lives (an epoch). Weights stay below 2**62 and hold 30 bits after
the point (relative rounding below 5e-10). The sums of the current epoch and of the two before it are
kept; what is older weighs less than 2**-64 and is dropped.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.jit import njit
from equipoise.processors.numerics.exp2 import exp2
from equipoise.processors.numerics.wide import add_product, to_float

EPOCH_HALF_LIVES = 32
EPOCHS = 3
_SCALE = 1 << 30
_EPOCH_RATIO = 2.0**-EPOCH_HALF_LIVES


@njit
def weight(t_ns: int, half_life_ns: int) -> tuple[int, int]:
    """(epoch, integer weight) of an addend at `t_ns`."""
    epoch_ns = half_life_ns * EPOCH_HALF_LIVES
    epoch = t_ns // epoch_ns
    inside = t_ns - epoch * epoch_ns
    doublings = inside // half_life_ns
    fraction = (inside - doublings * half_life_ns) / half_life_ns
    mantissa = int(exp2(fraction - 1.0) * (2.0 * _SCALE) + 0.5)
    return epoch, mantissa << doublings


@njit
def advance(sums: NDArray[np.uint64], old_epoch: int, epoch: int) -> None:
    """Shift `sums`, shape (EPOCHS, 2), newest first, so that row 0 is `epoch`."""
    shift = min(epoch - old_epoch, EPOCHS)
    for k in range(EPOCHS - 1, -1, -1):
        if k >= shift:
            sums[k, 0] = sums[k - shift, 0]
            sums[k, 1] = sums[k - shift, 1]
        else:
            sums[k, 0] = np.uint64(0)
            sums[k, 1] = np.uint64(0)


@njit
def add(sums: NDArray[np.uint64], epoch: int, of_addend: int, addend_weight: int, x: int) -> None:
    """Add x >= 0, weighed by `weight`, to the row of its epoch; too old addends weigh nothing."""
    age = epoch - of_addend
    if 0 <= age < EPOCHS:
        add_product(sums[age], x, addend_weight)


@njit
def at_landmark(sums: NDArray[np.uint64]) -> float:
    """The sum as it stands at the landmark of row 0; a ratio of two such sums needs no exp2."""
    total = 0.0
    for k in range(EPOCHS - 1, -1, -1):
        total = total * _EPOCH_RATIO + to_float(sums[k])
    return total / _SCALE


@njit
def at(sums: NDArray[np.uint64], epoch: int, t_ns: int, half_life_ns: int) -> float:
    """The decayed sum at `t_ns`, which must not lie before the landmark of `epoch`."""
    since = t_ns - epoch * half_life_ns * EPOCH_HALF_LIVES
    return at_landmark(sums) * exp2(-since / half_life_ns)
