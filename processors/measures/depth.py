"""Depth imbalance and queue imbalance: (bids - asks) / (bids + asks) in [-1, 1].

Over the best level it is the queue imbalance of Gould and Bonart (arXiv 1512.03492, section 3); over
the best ten it is depth imbalance with equal weights. Sequenced: consumed in log order.
"""

import numpy as np

from equipoise.processors.jit import njit


@njit
def imbalance(bids: int, asks: int) -> float:
    """(bids - asks) / (bids + asks), quantities in lots; NaN if both are 0; +-1 on a one-sided book."""
    total = bids + asks
    if total <= 0:
        return np.nan
    return (bids - asks) / total
