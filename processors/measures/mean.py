"""Time-weighted, exponentially decayed mean of a value that holds until the next record.

    mean(t) = integral of v(u) 2**(-(t-u)/h) du / integral of the same where v is known

The denominator, scaled so that a full history gives 1, is the effective weight: time during which the
value was null weighs nothing. Sequenced.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.jit import njit
from equipoise.processors.numerics.exp2 import exp2


@njit
def hold(
    held: NDArray[np.float64],
    mean: NDArray[np.float64],
    weight: NDArray[np.float64],
    k: int,
    dt_ns: int,
    half_life_ns: int,
) -> None:
    """Let `dt_ns` >= 0 pass while value `k` stays as held. Arrays of shape (3,)."""
    kept = exp2(-dt_ns / half_life_ns)
    mean[k] *= kept
    weight[k] *= kept
    if held[k] == held[k]:
        mean[k] += held[k] * (1.0 - kept)
        weight[k] += 1.0 - kept


@njit
def value(mean: float, weight: float) -> float:
    """The mean over the time that was known; NaN if none was."""
    if weight <= 0.0:
        return np.nan
    return min(max(mean / weight, -1.0), 1.0)
