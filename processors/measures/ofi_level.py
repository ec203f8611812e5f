"""Multi-level order-flow imbalance: the formula of `ofi.py` for each rank of level, summed over a window.

Xu, Gould, Howison: Multi-Level Order-Flow Imbalance in a Limit Order Book, Market Microstructure and Liquidity 4
(2018), arXiv 1907.06230, section 3: a vector, one sum a rank. A missing level is a price at infinity with size 0.
Never taken across a gap, a snapshot or a halt.
"""

import numpy as np

from equipoise.processors.measures import ofi
from equipoise.processors.measures.measure import Array, Measure, Order, Output, Parameter
from equipoise.processors.measures.observation import GROUP, LEVELS
from equipoise.schemas.enums import Reason

WINDOWS = 4  # kept at a time: a slow topic may hold a window open while rows of later ones come
_NONE = int(Reason.NONE)
_WARMING = int(Reason.WARMING)
_NOT_CONFIGURED = int(Reason.NOT_CONFIGURED)

STATE = np.dtype(
    [
        ("bids", "i8", (LEVELS,)),  # as they stood after the group before
        ("bid_quantities", "i8", (LEVELS,)),
        ("asks", "i8", (LEVELS,)),
        ("ask_quantities", "i8", (LEVELS,)),
        ("window", "i8", (WINDOWS,)),  # number + 1 of the window that a place holds, 0: none
        ("sums", "i8", (WINDOWS * LEVELS,)),
        ("gross", "i8", (WINDOWS,)),  # of all ranks
    ],
    align=True,
)


def update(seen: Array, state: Array, parameters: Array) -> None:
    """After each group: add what each rank contributes, then keep the levels."""
    if seen.kind != GROUP:
        return
    if seen.comparable == 1 and seen.late == 0:
        place = seen.window % WINDOWS
        if state.window[place] <= seen.window:
            state.window[place] = seen.window + 1
            state.gross[place] = 0
            for k in range(LEVELS):
                state.sums[place * LEVELS + k] = 0
        if state.window[place] == seen.window + 1:
            for k in range(parameters.levels):
                e = ofi.contribution(
                    seen.bids[k], seen.bid_quantities[k], seen.asks[k], seen.ask_quantities[k],
                    state.bids[k], state.bid_quantities[k], state.asks[k], state.ask_quantities[k],
                )  # fmt: skip
                state.sums[place * LEVELS + k] += e
                state.gross[place] += abs(e)
    for k in range(LEVELS):
        state.bids[k] = seen.bids[k]
        state.bid_quantities[k] = seen.bid_quantities[k]
        state.asks[k] = seen.asks[k]
        state.ask_quantities[k] = seen.ask_quantities[k]


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """The window's sums."""
    place = seen.window % WINDOWS
    there = state.window[place] == seen.window + 1
    signed = 0
    for k in range(LEVELS):
        out.reason[k] = seen.reason if seen.reason != _NONE else _WARMING
        if k >= parameters.levels:
            out.reason[k] = _NOT_CONFIGURED
        elif there:
            out.value[k] = state.sums[place * LEVELS + k]
            signed += state.sums[place * LEVELS + k]
    out.reason[LEVELS] = seen.reason
    if there and state.gross[place] > 0:
        out.value[LEVELS] = signed / state.gross[place]


MEASURE = Measure(
    name="ofi_level",
    title="Multi-level order-flow imbalance",
    paper="Xu, Gould, Howison: Multi-Level Order-Flow Imbalance in a Limit Order Book (2018), section 3",
    order=Order.SEQUENCED,
    answer="orderflow-metrics 0.40.0 multi_level_ofi, and the paper's formula with missing levels",
    outputs=(
        *(
            Output(str(k), f"Σ e over the window at rank {k}, e as in order-flow imbalance", "lots", sign=-1,
                   quantity_power=1.0)
            for k in range(1, LEVELS + 1)
        ),
        Output("lean", "Σ e over all ranks / Σ |e|", "1", -1.0, 1.0, sign=-1, component=True),
    ),
    nulls="the book's own reason, or WARMING, where the window holds no comparable books; NOT_CONFIGURED past `levels`",
    notes="A vector: regress on it whole, its ranks are collinear.",
    parameters=(Parameter("levels", "levels", 10, 1, LEVELS, "as in the paper's figures"),),
    state=STATE,
    update=update,
    value=value,
    trades=False,
    needs_levels=True,
)  # fmt: skip
