"""Spread and depth against their own history: in which share of the time were they below what they are now.

A histogram of logarithmic buckets, four to a factor of two (so 1, 2, 3, 4 are apart), to which each value adds the
time for which it held, decayed with a half-life. The middle of the current bucket is its rank: half of its own time
counts. The sketch is bounded and the same whatever the batches; its error is the width of one bucket, at most a fifth
of the value.
"""

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.jit import njit
from equipoise.processors.measures.measure import Array, Measure, Order, Output, Parameter
from equipoise.processors.measures.observation import GROUP
from equipoise.processors.numerics.exp2 import exp2
from equipoise.schemas.enums import Reason

SPREADS = 65  # 0, then sixteen factors of two of ticks
DEPTHS = 161  # 0, then forty factors of two of lots
SMALLEST = 2.0**-30  # of the common scale before it is multiplied out
_WARMING = int(Reason.WARMING)

STATE = np.dtype(
    [
        ("begun", "u1"),
        ("held", "i8", (2,)),  # bucket + 1 of spread and of depth since clock_ns, 0: none
        ("clock_ns", "i8"),
        ("scaled_ns", "i8"),  # a bucket's time is what stands there times 2**(-(clock - scaled) / half-life)
        ("spreads", "f8", (SPREADS,)),
        ("depths", "f8", (DEPTHS,)),
    ],
    align=True,
)


@njit
def bucket(value: int, buckets: int) -> int:
    """0 for 0, then four to a factor of two; what lies above the last is in the last."""
    if value <= 0:
        return 0
    octave = 0
    step = 32
    while step > 0:
        if value >> (octave + step) > 0:
            octave += step
        step >>= 1
    quarter = (value >> (octave - 2)) & 3 if octave >= 2 else (value << (2 - octave)) & 3
    return min(1 + 4 * octave + quarter, buckets - 1)


@njit
def rank(times: Array, at: int) -> float:
    """Share of the time below bucket `at`, with half of its own; NaN if there is no time at all."""
    below = 0.0
    total = 0.0
    for k in range(len(times)):
        if k < at:
            below += times[k]
        total += times[k]
    return (below + 0.5 * times[at]) / total if total > 0.0 else np.nan


def update(seen: Array, state: Array, parameters: Array) -> None:
    """After each group: what held until now gets its time."""
    if seen.kind != GROUP:
        return
    half_life_ns = parameters.half_life_s * 1e9
    if state.begun == 0:
        state.begun = 1
        state.clock_ns = seen.clock_ns
        state.scaled_ns = seen.clock_ns
    if seen.clock_ns > state.clock_ns:
        scale = exp2(-(seen.clock_ns - state.scaled_ns) / half_life_ns)
        if scale < SMALLEST:
            for k in range(SPREADS):
                state.spreads[k] *= scale
            for k in range(DEPTHS):
                state.depths[k] *= scale
            state.scaled_ns = seen.clock_ns
            scale = 1.0
        if state.held[0] > 0:
            held = (1.0 - exp2(-(seen.clock_ns - state.clock_ns) / half_life_ns)) / scale
            state.spreads[state.held[0] - 1] += held
            state.depths[state.held[1] - 1] += held
        state.clock_ns = seen.clock_ns
    if seen.known == 1 and seen.mid_x2 != NULL:
        state.held[0] = 1 + bucket(seen.ask - seen.bid, SPREADS)
        state.held[1] = 1 + bucket(seen.bid_depth + seen.ask_depth, DEPTHS)
    else:
        state.held[0] = 0
        state.held[1] = 0


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """Ranks of what holds now."""
    for k in range(2):
        out.reason[k] = seen.reason if seen.reason != 0 else _WARMING
    if state.held[0] > 0:
        out.value[0] = rank(state.spreads, state.held[0] - 1)
        out.value[1] = rank(state.depths, state.held[1] - 1)
    total = 0.0
    for k in range(SPREADS):
        total += state.spreads[k]
    out.weight = min(total * exp2(-(state.clock_ns - state.scaled_ns) / (parameters.half_life_s * 1e9)), 1.0)


MEASURE = Measure(
    name="percentile",
    title="Spread and depth against their own history",
    paper="none: an empirical distribution over decayed time",
    order=Order.SEQUENCED,
    answer="shares of decayed time written out",
    outputs=(
        Output("spread", "share of decayed time with a smaller spread, half of the own bucket's time", "1", 0.0, 1.0),
        Output("depth", "share of decayed time with less depth (ten levels, both sides), likewise", "1", 0.0, 1.0),
    ),
    nulls="the book's own reason without two sides; WARMING before any time has passed",
    notes="Buckets: four to a factor of two, up to 65,535 ticks and 2⁴⁰ lots.",
    parameters=(Parameter("half_life_s", "s", 3600.0, 1.0, 1e8, "an hour: a day's rhythm shows, a minute's does not"),),
    state=STATE,
    update=update,
    value=value,
    trades=False,
)  # fmt: skip
