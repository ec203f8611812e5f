"""Order-flow imbalance at the best level.

Cont, Kukanov, Stoikov: The Price Impact of Order Book Events, J. Financial Econometrics 12 (2014),
equation 4: a rise of the bid adds its new queue, a fall takes away the old one, and so on. A missing
side is a price at infinity with size 0. Never taken across a gap or a rebase. Sequenced.
"""

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.jit import njit

NO_ASK = 2**62  # sorts after every price; a missing bid is NULL, which sorts before


@njit
def contribution(
    bid: int, bid_q: int, ask: int, ask_q: int, was_bid: int, was_bid_q: int, was_ask: int, was_ask_q: int
) -> int:
    """e_n in lots, from the best quotes after and before one event. Prices in ticks, NULL where missing."""
    a = NO_ASK if ask == NULL else ask
    was_a = NO_ASK if was_ask == NULL else was_ask
    e = 0
    if bid >= was_bid:
        e += bid_q
    if bid <= was_bid:
        e -= was_bid_q
    if a <= was_a:
        e -= ask_q
    if a >= was_a:
        e += was_ask_q
    return e


@njit
def normalised(signed: float, gross: float) -> float:
    """Signed flow over gross flow, in [-1, 1]; NaN if there was none."""
    if gross <= 0.0:
        return np.nan
    return min(max(signed / gross, -1.0), 1.0)
