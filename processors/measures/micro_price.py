"""Stoikov's micro-price: the mid plus what is expected of it, given imbalance and spread, estimated while it runs.

Stoikov: The Micro-Price: A High-Frequency Estimator of Future Prices, Quantitative Finance 18 (2018), section 3.
A state is a bin of I = bid queue / (bid queue + ask queue) with a spread in ticks. With Q the probabilities of steps
between states without a move of the mid, T those of steps with one, and r the expected move of one step,

    g1 = (1 - Q)**-1 r,   B = (1 - Q)**-1 T,   g = g1 + B g1 + ... + B**5 g1

The paper symmetrises: each step is counted with its mirror image (sides swapped, moves negated). Then g of a mirrored
state is -g and g of balance is 0, so twelve states (four bins below balance, three spreads) and counts with signs are
enough: a step to a mirrored state counts -1. Steps are changes of the best quotes; moves above `max_move` are left
out, like those outside of the paper's set K. The table is made anew at each multiple of `refresh_s` of event time, and
counts are halved there once there are more than `memory`.
"""

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.jit import njit
from equipoise.processors.measures.measure import Array, Measure, Order, Output, Parameter
from equipoise.processors.measures.observation import GROUP
from equipoise.schemas.enums import Reason

HALF = 4  # bins below balance; 2 HALF + 1 in all
SPREADS = 3  # of 1, 2, and 3 or more ticks
STATES = HALF * SPREADS
TERMS = 6
TINY = 1e-9  # of a pivot: no move of the mid can be reached from there
_NONE = int(Reason.NONE)
_WARMING = int(Reason.WARMING)

STATE = np.dtype(
    [
        ("period", "i8"),  # number of the refresh interval
        ("tables", "i8"),  # made so far: the version of the table
        ("steps", "i8", (STATES,)),  # from each state
        ("still", "i4", (STATES * STATES,)),  # steps without a move, to a state less to its mirror image
        ("moving", "i4", (STATES * STATES,)),  # steps with a move, likewise
        ("moved", "i8", (STATES,)),  # sum of moves, half-ticks
        ("table", "f8", (STATES,)),  # g, half-ticks
        ("matrix", "f8", (STATES * STATES,)),  # workspace: 1 - Q, factorised
        ("term", "f8", (STATES,)),
        ("right", "f8", (STATES,)),
    ],
    align=True,
)


@njit
def lean_of(bid_quantity: int, ask_quantity: int) -> int:
    """-HALF (nearly all asks) to HALF; 0 is balance. Swapped sides give the negative."""
    share = min(bid_quantity, ask_quantity) / (bid_quantity + ask_quantity)
    off = HALF - int((2 * HALF + 1) * share)
    return off if bid_quantity > ask_quantity else -off


@njit
def state_of(lean: int, spread: int) -> int:
    """Row of the table for |lean| > 0."""
    return (HALF - abs(lean)) * SPREADS + min(spread, SPREADS) - 1


@njit
def factorise(state: Array) -> None:
    """1 - Q into L and U in place. Rows are diagonally dominant, so no pivoting is needed."""
    matrix = state.matrix
    for a in range(STATES):
        steps = max(state.steps[a], 1)
        for b in range(STATES):
            matrix[a * STATES + b] = (1.0 if a == b else 0.0) - state.still[a * STATES + b] / steps
    for k in range(STATES):
        pivot = matrix[k * STATES + k]
        for a in range(k + 1, STATES):
            factor = matrix[a * STATES + k] / pivot if abs(pivot) > TINY else 0.0
            matrix[a * STATES + k] = factor
            for b in range(k + 1, STATES):
                matrix[a * STATES + b] -= factor * matrix[k * STATES + b]


@njit
def solve(state: Array) -> None:
    """(1 - Q) term = right."""
    matrix, term = state.matrix, state.term
    for a in range(STATES):
        known = state.right[a]
        for b in range(a):
            known -= matrix[a * STATES + b] * term[b]
        term[a] = known
    for a in range(STATES - 1, -1, -1):
        known = term[a]
        for b in range(a + 1, STATES):
            known -= matrix[a * STATES + b] * term[b]
        pivot = matrix[a * STATES + a]
        term[a] = known / pivot if abs(pivot) > TINY else 0.0


@njit
def make_table(state: Array) -> None:
    """g out of the counts."""
    factorise(state)
    for a in range(STATES):
        state.right[a] = state.moved[a] / max(state.steps[a], 1)
        state.table[a] = 0.0
    for _ in range(TERMS):
        solve(state)
        for a in range(STATES):
            state.table[a] += state.term[a]
            state.right[a] = 0.0
            for b in range(STATES):
                state.right[a] += state.moving[a * STATES + b] / max(state.steps[a], 1) * state.term[b]


@njit
def halve(state: Array) -> None:
    """Make room for newer steps."""
    for a in range(STATES):
        state.steps[a] -= state.steps[a] // 2
        state.moved[a] -= int(state.moved[a] / 2)
    for k in range(STATES * STATES):
        state.still[k] = int(state.still[k] / 2)
        state.moving[k] = int(state.moving[k] / 2)


@njit
def total_steps(state: Array) -> int:
    """Steps counted, from all states."""
    total = 0
    for a in range(STATES):
        total += state.steps[a]
    return total


def update(seen: Array, state: Array, parameters: Array) -> None:
    """After each group: make the table if its time has come, then count the step."""
    if seen.kind != GROUP:
        return
    period = seen.clock_ns // int(parameters.refresh_s * 1e9)
    if period > state.period:
        state.period = period
        total = total_steps(state)
        if total >= parameters.least:
            make_table(state)
            state.tables += 1
        if total > parameters.memory:
            halve(state)
    if seen.comparable == 0 or seen.reason != _NONE or seen.was_mid_x2 == NULL or seen.was_ask <= seen.was_bid:
        return
    if (
        seen.bid == seen.was_bid and seen.bid_quantity == seen.was_bid_quantity
        and seen.ask == seen.was_ask and seen.ask_quantity == seen.was_ask_quantity
    ):  # fmt: skip
        return
    move = seen.mid_x2 - seen.was_mid_x2
    was = lean_of(seen.was_bid_quantity, seen.was_ask_quantity)
    if was == 0 or abs(move) > 2 * parameters.max_move:
        return
    a = state_of(was, seen.was_ask - seen.was_bid)
    sign = 1 if was < 0 else -1
    state.steps[a] += 1
    state.moved[a] += sign * move
    now = lean_of(seen.bid_quantity, seen.ask_quantity)
    if now != 0:
        b = state_of(now, seen.ask - seen.bid)
        same = sign if now < 0 else -sign
        if move == 0:
            state.still[a * STATES + b] += same
        else:
            state.moving[a * STATES + b] += same


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """Of the book as it stands, by the last table."""
    out.value[2] = state.tables
    for k in range(2):
        out.reason[k] = seen.reason if seen.reason != _NONE else _WARMING
    if seen.reason == _NONE and state.tables > 0:
        lean = lean_of(seen.bid_quantity, seen.ask_quantity)
        expected = 0.0
        if lean != 0:
            expected = state.table[state_of(lean, seen.ask - seen.bid)] * (0.5 if lean < 0 else -0.5)
        out.value[0] = expected
        out.value[1] = min(max(2.0 * expected / (seen.ask - seen.bid), -1.0), 1.0)
    out.weight = min(total_steps(state) / parameters.enough, 1.0)


MEASURE = Measure(
    name="micro_price",
    title="Micro-price",
    paper="Stoikov: The Micro-Price: A High-Frequency Estimator of Future Prices (2018), section 3",
    order=Order.SEQUENCED,
    answer="the paper's matrices in NumPy; a chain whose micro-price is known",
    outputs=(
        Output("adjustment", "micro-price − mid = Σ_{i<6} Bⁱ(1 − Q)⁻¹r at the state of imbalance and spread", "ticks",
               sign=-1),
        Output("lean", "adjustment / half of the spread, at most ±1", "1", -1.0, 1.0, sign=-1, component=True),
        Output("tables", "version of the table: how often it was made", "1", 0.0),
    ),
    nulls="the book's own reason, unless it has two sides that neither touch nor cross; WARMING before the first table",
    notes="Nine bins of imbalance, spreads of 1, 2 and 3 or more ticks. A state never left has adjustment 0.",
    parameters=(
        Parameter("refresh_s", "s", 60.0, 0.1, 86_400.0, "how often the table is made anew"),
        Parameter("least", "steps", 500, 1, 1 << 30, "no table before that many"),
        Parameter("memory", "steps", 200_000, 100, 1 << 30, "above it, older counts are halved"),
        Parameter("max_move", "ticks", 5.0, 0.5, 1e6, "moves above it are left out: a jump is not a step"),
        Parameter("enough", "steps", 5_000.0, 1.0, 1e9, "fewer weigh less"),
    ),
    state=STATE,
    update=update,
    value=value,
    trades=False,
)  # fmt: skip
