"""The truth behind the events, kept apart from them."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

VALUE_UNIT: Final = 256  # hidden values are integers of 1/256 tick

# One row a taker's order, joined to its rows by (instrument, sequence).
TAKER_DTYPE: Final = np.dtype(
    [
        ("instrument", "i4"),  # Instruments table
        ("sequence", "i8"),  # venue sequence of its event group
        ("offset", "i8"),  # of its first row in the simulation's events
        ("event_ns", "i8"),
        ("side", "u1"),  # enums.Side, the aggressor's
        ("informed", "?"),
        ("burst", "i4"),  # index of the burst of the underlying, -1: background, or arbitrage of a pool outside bursts
        ("quantity", "i8"),  # lots filled
        ("price", "i8"),  # ticks, of the last fill
        ("mid_x2", "i8"),  # best bid + best ask just before, ticks
        ("value", "i8"),  # hidden value at that time, 1/VALUE_UNIT tick
    ],
    align=True,
)

# One row a burst and instrument. The hidden value is `before` up to `start_ns` and `after` from then on.
BURST_DTYPE: Final = np.dtype(
    [
        ("instrument", "i4"),
        ("burst", "i4"),
        ("start_ns", "i8"),
        ("end_ns", "i8"),  # informed trading stops, the news is public
        ("before", "i8"),  # 1/VALUE_UNIT tick
        ("after", "i8"),
    ],
    align=True,
)


# One row a transaction that is over, or a bid that the network ignored (DROPPED as soon as it was seen).
OUTCOME_DTYPE: Final = np.dtype(
    [
        ("instrument", "i4"),
        ("hash", "U66"),
        ("submitted_ns", "i8"),
        ("ended_ns", "i8"),
        ("side", "u1"),
        ("lots", "i8"),
        ("informed", "?"),
        ("private", "?"),  # never in the mempool's records
        ("state", "u1"),  # enums.PendingState: INCLUDED, DROPPED or REPLACED
        ("sequence", "i8"),  # of its trade's event group, NULL: none (not included, or its limit was passed)
    ],
    align=True,
)


class Labels(NamedTuple):
    """Truth about one chunk."""

    takers: NDArray[np.void]  # TAKER_DTYPE, shape (t,), in the order of their rows
    bursts: NDArray[np.void]  # BURST_DTYPE, shape (b,): those that start within the chunk's span of event time
    outcomes: NDArray[np.void]  # OUTCOME_DTYPE, shape (o,): transactions that ended in the chunk's span of event time
