"""Hawkes intensities of taker buys and sells, fitted online.

    lambda_i(t) = mu_i + sum_j n_ij sum_{t_k < t, of side j} b exp(-b (t - t_k)),   b = ln 2 / half-life

Hawkes, Spectra of Some Self-exciting and Mutually Exciting Point Processes, Biometrika 58 (1971); exponential
kernel with one decay, which is a parameter. n_ij is how many trades of side i one trade of side j
brings about; the branching ratio is the spectral radius of n, and is held below `most_branching`.

The fit is expectation-maximisation with forgetting: at each trade, its chance to be spontaneous, or brought
about by either side, is added to decayed counts (Lewis, Mohler, A Nonparametric EM Algorithm for Multiscale
Hawkes Processes (2011), section 2, with the exponential kernel); mu and n are counts over exposures.

Ties: trades of one side with the same stamp are one sweep and count once.
"""

import math
from typing import Final

import numpy as np

from equipoise.processors.jit import inner
from equipoise.processors.measures.measure import INF, Array, Measure, Order, Output, Parameter
from equipoise.processors.numerics.exp2 import exp2
from equipoise.schemas.enums import Reason

_NO_TRADES: Final = int(Reason.NO_TRADES)
_WARMING: Final = int(Reason.WARMING)
_LN2: Final = 0.6931471805599453
_NS: Final = 1e-9
_FIRST_GUESS: Final = 0.25  # of n_ij, worth _GUESS_EVENTS trades
_GUESS_EVENTS: Final = 10.0

STATE: Final = np.dtype(
    [
        ("trades", "i8"),
        ("last_ns", "i8"),
        ("last_side", "i8"),
        ("excited", "f8", (2,)),  # sum over past trades of side j of exp(-b age), at last_ns
        # decayed counts and exposures
        ("spontaneous", "f8", (2,)),
        ("seconds", "f8"),
        ("caused", "f8", (2, 2)),  # trades of side i that one of side j brought about
        ("exposed", "f8", (2,)),  # how many trades of side j have spent their excitement
        # as fitted
        ("mu", "f8", (2,)),
        ("branching", "f8", (2, 2)),
    ],
    align=True,
)


@inner
def radius(n: Array) -> float:
    """Spectral radius of a matrix of two rows with entries >= 0."""
    a, b, c, d = n[0, 0], n[0, 1], n[1, 0], n[1, 1]
    return 0.5 * (a + d + math.sqrt((a - d) * (a - d) + 4.0 * b * c))


@inner
def _fit(state: Array, most: float) -> None:
    for i in range(2):
        state.mu[i] = state.spontaneous[i] / state.seconds if state.seconds > 0.0 else 0.0
        for j in range(2):
            counted = state.caused[i, j] + _FIRST_GUESS * _GUESS_EVENTS
            state.branching[i, j] = counted / (state.exposed[j] + _GUESS_EVENTS)
    found = radius(state.branching)
    if found > most:
        for i in range(2):
            for j in range(2):
                state.branching[i, j] *= most / found


@inner
def _age(state: Array, passed_ns: int, half_life_ns: float, kept: float) -> None:
    """Let time pass, and counts fade by one trade."""
    fade = exp2(-passed_ns / half_life_ns)
    state.seconds = kept * (state.seconds + passed_ns * _NS)
    for j in range(2):
        state.exposed[j] = kept * (state.exposed[j] + state.excited[j] * (1.0 - fade))
        state.excited[j] *= fade
        state.spontaneous[j] *= kept
        state.caused[0, j] *= kept
        state.caused[1, j] *= kept


@inner
def _attribute(state: Array, i: int, rate: float) -> None:
    """Split a trade of side i into what brought it about; the first of its side came by itself. `rate`: b."""
    first = rate * state.branching[i, 0] * state.excited[0]
    second = rate * state.branching[i, 1] * state.excited[1]
    intensity = state.mu[i] + first + second
    if state.mu[i] > 0.0:
        state.caused[i, 0] += first / intensity
        state.caused[i, 1] += second / intensity
        state.spontaneous[i] += state.mu[i] / intensity
    else:
        state.spontaneous[i] += 1.0


def update(seen: Array, state: Array, parameters: Array) -> None:
    """Take in a trade of known side."""
    if seen.side == 0:
        return
    if state.trades > 0 and seen.event_ns == state.last_ns and seen.side == state.last_side:
        return
    half_life_ns = float(parameters.half_life_ms) * 1e6
    if state.trades > 0:
        _age(state, max(seen.event_ns - state.last_ns, 0), half_life_ns, exp2(-1.0 / parameters.memory_trades))
    side = 0 if seen.side == 1 else 1
    _attribute(state, side, _LN2 / (half_life_ns * _NS))
    state.excited[side] += 1.0
    state.trades += 1
    state.last_ns = max(seen.event_ns, state.last_ns)
    state.last_side = seen.side
    _fit(state, parameters.most_branching)


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """Write the intensities as they stand at the clock."""
    if state.trades < parameters.least_trades:
        for k in range(6):
            out.reason[k] = _NO_TRADES if state.trades == 0 else _WARMING
        return
    half_life_ns = float(parameters.half_life_ms) * 1e6
    rate = _LN2 / (half_life_ns * _NS) * exp2(-max(seen.clock_ns - state.last_ns, 0) / half_life_ns)
    for i in range(2):
        caused = state.branching[i, 0] * state.excited[0] + state.branching[i, 1] * state.excited[1]
        out.value[i] = state.mu[i] + rate * caused
        out.value[4 + i] = state.mu[i]
    out.value[2] = radius(state.branching)
    if out.value[0] + out.value[1] > 0.0:
        out.value[3] = (out.value[0] - out.value[1]) / (out.value[0] + out.value[1])
    out.weight = 1.0 - exp2(-state.trades / parameters.memory_trades)


MEASURE: Final = Measure(
    name="hawkes",
    title="Hawkes intensities of buys and sells, and their branching ratio",
    paper="Hawkes, Spectra of Some Self-exciting and Mutually Exciting Point Processes, Biometrika 58 (1971)",
    order=Order.SEQUENCED,
    answer="intensities: hawkesbook 0.1.0; fit: the sums taken anew at each trade, and simulated trades",
    outputs=(
        Output("buys", "lambda_buy(t) = mu_buy + b sum_j n_buy,j R_j(t)", "1/s", 0, mirror="sells"),
        Output("sells", "lambda_sell(t)", "1/s", 0, mirror="buys"),
        Output("branching", "spectral radius of n, at most most_branching", "1", 0, 1),
        Output("imbalance", "(lambda_buy - lambda_sell) / (both)", "1", -1, 1, sign=-1, component=True),
        Output("background_buys", "mu_buy", "1/s", 0, mirror="background_sells"),
        Output("background_sells", "mu_sell", "1/s", 0, mirror="background_buys"),
    ),
    nulls="NO_TRADES before the first trade of known side, WARMING before least_trades of them",
    notes="Trades of unknown side are left out. The decay is not fitted: it is yours to choose.",
    parameters=(
        Parameter("half_life_ms", "ms", 500, 1, 3_600_000, "of the excitement after a trade: within a second"),
        Parameter("memory_trades", "trades", 500.0, 1.0, INF, "half-life of the fit, in trades"),
        Parameter("least_trades", "trades", 100, 1, 2**31, "a fit of fewer is mostly the first guess"),
        Parameter("most_branching", "1", 0.99, 0.0, 0.999, "below 1, or the process would run away"),
    ),
    state=STATE,
    update=update,
    value=value,
    groups=False,
)
