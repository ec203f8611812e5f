"""Depth imbalance with weights that fall with the rank of a level, or with its distance from the mid.

    (sum of w q over bids - the same over asks) / (their sum),   w = 2**(-rank / half) or 2**(-distance / half)

Rank 0 is the best level. An exponential weight by rank is that of Cartea, Donnelly, Jaimungal: Enhancing Trading
Strategies with Order Book Signals, Applied Mathematical Finance 25 (2018), section 2, with a half instead of a rate.
"""

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.measures.measure import Array, Measure, Order, Output, Parameter
from equipoise.processors.measures.observation import LEVELS
from equipoise.processors.numerics.exp2 import exp2
from equipoise.schemas.enums import Reason

_ONE_SIDED = int(Reason.ONE_SIDED)


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """The book as it stands."""
    out.reason[0] = seen.reason
    out.reason[1] = seen.reason if seen.reason != 0 else _ONE_SIDED
    if seen.known == 0:
        return
    bids = 0.0
    asks = 0.0
    near_bids = 0.0
    near_asks = 0.0
    for k in range(LEVELS):
        by_rank = exp2(-k / parameters.half_rank)
        bids += by_rank * seen.bid_quantities[k]
        asks += by_rank * seen.ask_quantities[k]
        if seen.mid_x2 == NULL:
            continue
        if seen.bids[k] != NULL:
            near_bids += exp2((2 * seen.bids[k] - seen.mid_x2) / (2.0 * parameters.half_ticks)) * seen.bid_quantities[k]
        if seen.asks[k] != NULL:
            near_asks += exp2((seen.mid_x2 - 2 * seen.asks[k]) / (2.0 * parameters.half_ticks)) * seen.ask_quantities[k]
    out.value[0] = (bids - asks) / (bids + asks)
    out.value[1] = (near_bids - near_asks) / (near_bids + near_asks) if seen.mid_x2 != NULL else np.nan


MEASURE = Measure(
    name="weighted_depth",
    title="Depth imbalance with weights",
    paper="Cartea, Donnelly, Jaimungal: Enhancing Trading Strategies with Order Book Signals (2018), section 2",
    order=Order.SEQUENCED,
    answer="both weights level by level, and worked values by hand",
    outputs=(
        Output("rank", "(Σ w·bid − Σ w·ask) / (Σ w·bid + Σ w·ask), w = 2^(−rank / half_rank)", "1", -1.0, 1.0, sign=-1,
               component=True),
        Output("distance", "the same with w = 2^(−ticks from the mid / half_ticks)", "1", -1.0, 1.0, sign=-1,
               component=True),
    ),
    nulls="the book's own reason where depth is not known; distance: ONE_SIDED without a mid",
    notes="Of the ten best levels, as the book stands. A one-sided book gives ±1 by rank.",
    parameters=(
        Parameter("half_rank", "levels", 2.0, 0.1, 100.0, "the third level counts half of the best one"),
        Parameter("half_ticks", "ticks", 5.0, 0.1, 1e6, "what lies five ticks from the mid counts half"),
    ),
    value=value,
    needs_levels=True,
)  # fmt: skip
