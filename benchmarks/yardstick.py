"""Two figures of the machine itself, so that a nanosecond here can be set beside one elsewhere.

    python -m benchmarks.yardstick

`reach`: a read of 128 MiB whose place depends on the read before, so that nothing can run ahead: the way to memory.
`step`: a shift, an xor and a multiplication that depend on the ones before: the clock of the core.
CPU time, the least of some runs.
"""

import time
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.jit import njit

PLACES: Final = 1 << 24  # of 8 bytes
READS: Final = 1 << 20
STEPS: Final = 1 << 24
ODD: Final = 6_364_136_223_846_793_005


class Yardstick(NamedTuple):
    """Nanoseconds."""

    reach: float
    step: float

    def __str__(self) -> str:
        return f"yardstick: {self.reach:.0f} ns a dependent read of 128 MiB, {self.step:.2f} ns a dependent step"


@njit
def _walk(table: NDArray[np.int64], at: int, n: int) -> int:
    for _ in range(n):
        at = table[at]
    return at


@njit
def _multiply(x: int, n: int) -> int:
    for _ in range(n):
        x = (x ^ (x >> 29)) * ODD  # the shift: several steps cannot be folded into one
    return x


def yardstick(runs: int = 5) -> Yardstick:
    """Measure."""
    table = np.empty(PLACES, np.int64)
    order = np.random.default_rng(1).permutation(PLACES)
    table[order] = np.roll(order, -1)  # one cycle in no order
    reach: list[float] = []
    step: list[float] = []
    at = int(_walk(table, 0, 1))  # compiles
    product = int(_multiply(1, 1))
    for _ in range(runs):
        began = time.thread_time_ns()
        at = int(_walk(table, at, READS))
        reach.append((time.thread_time_ns() - began) / READS)
        began = time.thread_time_ns()
        product = int(_multiply(product, STEPS))  # used by the next run: it cannot be left out
        step.append((time.thread_time_ns() - began) / STEPS)
    return Yardstick(min(reach), min(step))


if __name__ == "__main__":
    print(yardstick())
