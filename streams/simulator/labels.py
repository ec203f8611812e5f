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
        ("event_ns", "i8"),
        ("side", "u1"),  # enums.Side, the aggressor's
        ("informed", "?"),
        ("burst", "i4"),  # index of the burst of the underlying, -1: background
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


class Labels(NamedTuple):
    """Truth about one chunk."""

    takers: NDArray[np.void]  # TAKER_DTYPE, shape (t,), in the order of their rows
    bursts: NDArray[np.void]  # BURST_DTYPE, shape (b,): those that start within the chunk's span of event time
