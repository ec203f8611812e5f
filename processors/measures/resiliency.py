"""Resiliency: how much of a deviation of depth from its mean is gone one interval later.

    D(t) - D(t-1) = kappa (theta - D(t-1)) + e,   kappa = -Cov(change, D(t-1)) / Var(D(t-1))

Kempf, Mayston, Gehde-Trapp, Yadav: Resiliency: A Dynamic View of Liquidity (2015), equation 1, without lagged changes:
least squares whose samples, one an interval of event time, are decayed with a half-life. 0: depth that was taken does
not come back; 1: it is back after one interval. D is the total of the ten best levels of a side.
"""

import numpy as np

from equipoise.processors.jit import njit
from equipoise.processors.measures.measure import Array, Measure, Order, Output, Parameter
from equipoise.processors.measures.observation import GROUP
from equipoise.processors.numerics.exp2 import exp2
from equipoise.schemas.enums import Reason

_WARMING = int(Reason.WARMING)
_UNDEFINED = int(Reason.UNDEFINED)

STATE = np.dtype(
    [
        ("number", "i8"),  # of the interval of the last group
        ("holds", "u1"),  # depth is known since
        ("sampled", "u1"),  # there is a sample before
        ("held", "f8", (2,)),  # depth of bids, asks
        ("sample", "f8", (2,)),
        ("samples", "f8"),  # decayed
        ("depth", "f8", (2,)),  # mean of D(t-1)
        ("change", "f8", (2,)),  # mean of the changes
        ("spread", "f8", (2,)),  # sum of squares of D(t-1) about its mean
        ("shared", "f8", (2,)),  # sum of products with the changes
    ],
    align=True,
)


@njit
def take_in(state: Array, side: int, depth: float, change: float, count: float, kept: float) -> None:
    """`count` equal pairs; what was there before is multiplied by `kept`. West (1979), weighted, for one side."""
    before = state.samples * kept
    share = count / (before + count)
    off = depth - state.depth[side]
    off_change = change - state.change[side]
    state.spread[side] = state.spread[side] * kept + before * share * off * off
    state.shared[side] = state.shared[side] * kept + before * share * off * off_change
    state.depth[side] += off * share
    state.change[side] += off_change * share


def update(seen: Array, state: Array, parameters: Array) -> None:
    """After each group: sample the depth that held at each point of the grid since the group before."""
    if seen.kind != GROUP:
        return
    number = seen.clock_ns // (parameters.interval_ms * 1_000_000)
    whole = seen.comparable == 1 and seen.known == 1
    passed = number - state.number
    if state.holds == 1 and passed > 0:
        one = exp2(-1.0 / parameters.half_life)
        if state.sampled == 1:
            for side in range(2):
                take_in(state, side, state.sample[side], state.held[side] - state.sample[side], 1.0, one)
            state.samples = state.samples * one + 1.0
        if passed > 1:
            kept = exp2(-(passed - 1) / parameters.half_life)
            count = (1.0 - kept) / (1.0 - one)
            for side in range(2):
                take_in(state, side, state.held[side], 0.0, count, kept)
            state.samples = state.samples * kept + count
        for side in range(2):
            state.sample[side] = state.held[side]
        state.sampled = 1
    state.number = max(number, state.number)
    if not whole:
        state.sampled = 0
    state.holds = seen.known
    state.held[0] = seen.bid_depth
    state.held[1] = seen.ask_depth


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """Minus the slope of the regression, for each side."""
    for side in range(2):
        out.reason[side] = _WARMING
        if state.samples >= parameters.least:
            out.reason[side] = _UNDEFINED
            if state.spread[side] > 0.0:
                out.value[side] = -state.shared[side] / state.spread[side]
    out.weight = min(state.samples * (1.0 - exp2(-1.0 / parameters.half_life)), 1.0)


MEASURE = Measure(
    name="resiliency",
    title="Resiliency of depth",
    paper="Kempf, Mayston, Gehde-Trapp, Yadav: Resiliency: A Dynamic View of Liquidity (2015), equation 1",
    order=Order.SEQUENCED,
    answer="NumPy's weighted least squares; orderflow-metrics 0.40.0 mean_reversion_speed",
    outputs=(
        Output("bid", "−Cov(D(t) − D(t−1), D(t−1)) / Var(D(t−1)) of the bids' depth", "1 per interval", mirror="ask"),
        Output("ask", "the same of the asks' depth", "1 per interval", mirror="bid"),
    ),
    nulls="WARMING below `least` samples; UNDEFINED where depth never changed",
    notes="0: what was taken stays away; 1: it is back after one interval. No sample pair spans a gap.",
    parameters=(
        Parameter("interval_ms", "ms", 1000, 1, 3_600_000, "the paper's minute is long for an order book of today"),
        Parameter("half_life", "intervals", 600.0, 2.0, 1e9, "ten minutes: slower than a shock, faster than a session"),
        Parameter("least", "intervals", 30.0, 3.0, 1e9, "fewer give no slope worth the name"),
    ),
    state=STATE,
    update=update,
    value=value,
    trades=False,
)  # fmt: skip
