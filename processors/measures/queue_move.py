"""Where the mid moves next, from the queue imbalance: a logistic link, fitted while it runs.

    P(next move is up | I) = 1 / (1 + e**(-slope I)),   I = (bid queue - ask queue) / (their sum)

Gould, Bonart: Queue Imbalance as a One-Tick-Ahead Price Predictor in a Limit Order Book (2016), arXiv 1512.03492,
section 4. Their intercept is left out: swapping the sides must turn up into down. They take one instant of each
interval between two moves at random; here each interval counts once with its expectation over its instants, the
time spent in each of 21 bins of I. One step of Newton's method per move, its curvature decayed by half in `memory`
moves; the slope stays within +-`bound`. Until there are moves the slope is `seed`.
"""

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.jit import njit
from equipoise.processors.measures.measure import Array, Measure, Order, Output, Parameter
from equipoise.processors.measures.observation import GROUP
from equipoise.processors.numerics.exp2 import exp2
from equipoise.schemas.enums import Reason

HALF = 10  # bins on each side of balance
LOG2_E = 1.4426950408889634
_NONE = int(Reason.NONE)
_ONE_SIDED = int(Reason.ONE_SIDED)

STATE = np.dtype(
    [
        ("clock_ns", "i8"),
        ("held", "i8"),  # bin + 1 that holds since clock_ns, 0: none
        ("spent", "f8", (2 * HALF + 1,)),  # ns in each bin since the last move
        ("learned", "f8"),  # slope less its seed
        ("curvature", "f8"),
        ("moves", "f8"),
    ],
    align=True,
)


@njit
def bin_of(bid_quantity: int, ask_quantity: int) -> int:
    """0 (all asks) to 2 HALF (all bids), the same distance from the middle when the sides are swapped."""
    off = int(HALF * (abs(bid_quantity - ask_quantity) / (bid_quantity + ask_quantity)) + 0.5)
    return HALF + off if bid_quantity >= ask_quantity else HALF - off


@njit
def logistic(z: float) -> float:
    """1 / (1 + e**-z)."""
    e = exp2(-abs(z) * LOG2_E)
    return 1.0 / (1.0 + e) if z >= 0 else e / (1.0 + e)


def update(seen: Array, state: Array, parameters: Array) -> None:
    """After each group: let the imbalance before it have held, and learn if the mid has moved."""
    if seen.kind != GROUP:
        return
    if state.held > 0 and seen.clock_ns > state.clock_ns:
        state.spent[state.held - 1] += seen.clock_ns - state.clock_ns
    state.clock_ns = seen.clock_ns
    whole = seen.comparable == 1 and seen.reason == _NONE
    moved = whole and seen.was_mid_x2 != NULL and seen.mid_x2 != seen.was_mid_x2
    if moved:
        toward = 1.0 if seen.mid_x2 > seen.was_mid_x2 else -1.0
        total = 0.0
        for k in range(2 * HALF + 1):
            total += state.spent[k]
        slope = parameters.seed + state.learned
        gradient = 0.0
        curvature = 0.0
        for k in range(HALF + 1):  # both bins of a distance at once: a mirrored book gives the same bits
            imbalance = k / HALF
            with_it = state.spent[HALF + k] if toward > 0 else state.spent[HALF - k]
            against = state.spent[HALF - k] if toward > 0 else state.spent[HALF + k]
            p = logistic(slope * imbalance)
            gradient += imbalance * (with_it * (1.0 - p) - against * p)
            curvature += imbalance * imbalance * p * (1.0 - p) * (with_it + against)
        if total > 0:
            state.curvature = state.curvature * exp2(-1.0 / parameters.memory) + curvature / total
            state.learned += gradient / total / (state.curvature + parameters.prior)
            bounded = min(max(parameters.seed + state.learned, -parameters.bound), parameters.bound)
            state.learned = bounded - parameters.seed
            state.moves = state.moves * exp2(-1.0 / parameters.memory) + 1.0
    if moved or not whole:
        for k in range(2 * HALF + 1):
            state.spent[k] = 0.0
    state.held = 0
    if seen.reason == _NONE:
        state.held = 1 + bin_of(seen.bid_quantity, seen.ask_quantity)


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """What the link says of the book as it stands, and the link."""
    slope = parameters.seed + state.learned
    out.value[1] = slope
    out.value[2] = state.moves
    out.reason[0] = seen.reason
    if seen.reason == _NONE:
        imbalance = (seen.bid_quantity - seen.ask_quantity) / (seen.bid_quantity + seen.ask_quantity)
        up = logistic(slope * abs(imbalance))
        out.value[0] = 2.0 * up - 1.0 if imbalance >= 0 else 1.0 - 2.0 * up
    out.weight = min(state.moves / parameters.enough, 1.0)


MEASURE = Measure(
    name="queue_move",
    title="Next move from the queue imbalance",
    paper="Gould, Bonart: Queue Imbalance as a One-Tick-Ahead Price Predictor in a Limit Order Book (2016), section 4",
    order=Order.SEQUENCED,
    answer="the recursion written apart; finds the slope of simulated moves",
    outputs=(
        Output("lean", "2 P(up) − 1, P(up) = 1 / (1 + e^(−slope·I)), I = (bid − ask) / (bid + ask)", "1", -1.0, 1.0,
               sign=-1, component=True),
        Output("slope", "fitted online by Newton's method, one step a move of the mid", "1"),
        Output("moves", "moves that the slope rests on, decayed", "moves", 0.0),
    ),
    nulls="lean: the book's own reason, unless it has two sides that neither touch nor cross",
    parameters=(
        Parameter("seed", "1", 0.0, -50.0, 50.0, "slope before any move; 0: the queues say nothing yet"),
        Parameter("prior", "1", 1.0, 1e-6, 1e6, "curvature that the seed counts for"),
        Parameter("memory", "moves", 2000.0, 10.0, 1e9, "a move that many moves ago counts half"),
        Parameter("bound", "1", 20.0, 0.1, 50.0, "no slope in the paper is near it"),
        Parameter("enough", "moves", 200.0, 1.0, 1e6, "fewer weigh less"),
    ),
    state=STATE,
    update=update,
    value=value,
    trades=False,
)  # fmt: skip
