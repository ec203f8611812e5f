"""Random variates that are the same bits everywhere.

Draws are PCG64's raw outputs, shifted to 63 bits so that kernels never mix signed and unsigned (numba
would turn the mixture into a float). libm's exp and log differ in the last bit between machines; these use
+ - * / only. numba contracts nothing into fused multiply-adds without fastmath, so a compiled kernel, an
interpreted one and another CPU agree.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from equipoise.streams.simulator.jit import njit

Draws = NDArray[np.int64]

_LN2: Final = 0.6931471805599453
_TINY: Final = 2.0**-53


def raw_draws(bits: np.random.PCG64, n: int) -> Draws:
    """`n` integers uniform on [0, 2**63), shape (n,), int64."""
    return (bits.random_raw(n) >> np.uint64(1)).astype(np.int64)


def stream(seed: int, *path: int) -> np.random.PCG64:
    """The independent generator of one part of the simulation, named by its path of integers."""
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=path))


@njit
def uniform(draw: int) -> float:
    """Uniform on [0, 1) in steps of 2**-53."""
    return (draw >> 10) * _TINY


@njit
def below(draw: int, n: int) -> int:
    """Uniform integer on [0, n), n < 2**31 (bias below 2**-32)."""
    return ((draw >> 31) * n) >> 32


@njit
def exp2_negative(x: float) -> float:
    """2**-x for x >= 0, relative error below 1e-15: the fraction by a series, the integer part by halving."""
    if x > 1000.0:
        return 0.0
    whole = int(x)
    z = (x - whole) * -_LN2
    total = 1.0
    for k in range(18, 0, -1):
        total = 1.0 + total * z / k
    for _ in range(whole):
        total *= 0.5
    return total


@njit
def natural_log(x: float) -> float:
    """ln x for 0 < x <= 1, absolute error below 1e-14: scaled to [2/3, 4/3], then the series of artanh."""
    halvings = 0
    while x < 2.0 / 3.0:
        x *= 2.0
        halvings += 1
    z = (x - 1.0) / (x + 1.0)
    square = z * z
    total = 0.0
    for k in range(21, 0, -2):
        total = total * square + 1.0 / k
    return 2.0 * z * total - halvings * _LN2


@njit
def exponential(draw: int) -> float:
    """Exponential with mean 1, in [0, 36.8)."""
    return -natural_log(1.0 - uniform(draw))
