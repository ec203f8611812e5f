"""What a measure is shown, and where it writes what it found.

The kernel fills one OBSERVATION at each trade and after each event group, and once more when a value is
asked for. A trade's quotes are those after the last finished group, so strictly before its own message.
"""

from typing import Final

import numpy as np

RING: Final = 16  # price buckets of a window or profile; a power of two
LEVELS: Final = 10
MAX_OUTPUTS: Final = 16  # of one measure

TRADE: Final = 1  # one trade: price, quantity, side, hidden
GROUP: Final = 2  # an event group is complete: quotes, depth, levels, and the quotes before it
VALUE: Final = 3  # a value is asked for after a group
CLOSE: Final = 4  # a window closes, or is revised: its exact sums are in window_*

_QUOTES: Final = [("bid", "i8"), ("bid_quantity", "i8"), ("ask", "i8"), ("ask_quantity", "i8"), ("mid_x2", "i8")]

OBSERVATION: Final = np.dtype(
    [
        ("kind", "u1"),  # TRADE, GROUP, VALUE or CLOSE
        ("reason", "u1"),  # enums.Reason: what is out of the ordinary about the book, NONE if nothing is
        ("known", "u1"),  # depth measures have a value: the book is complete, in continuous trading, and not crossed
        ("comparable", "u1"),  # quotes may be differenced with those before: no gap, snapshot or halt lies between
        ("late", "u1"),  # GROUP: its last row was past the lateness
        ("side", "u1"),  # TRADE: enums.Side of the aggressor, 0: the venue does not say
        ("hidden", "u1"),  # TRADE: against hidden liquidity
        ("clock_ns", "i8"),  # highest event time of the instrument so far; CLOSE: at least the window's end
        ("event_ns", "i8"),  # of the row; CLOSE: the window's end
        ("session", "i8"),  # number of the instrument's session
        ("window", "i8"),  # number of the window that event_ns lies in; CLOSE: of the window that closes
        ("window_ns", "i8"),
        # best quotes, ticks and lots; NULL price and quantity 0 where a side is empty, mid NULL unless both are there
        *_QUOTES,
        ("bid_depth", "i8"),  # total of the best ten levels, lots
        ("ask_depth", "i8"),
        # GROUP and VALUE: the same after the group before (otherwise as now)
        *[(f"was_{name}", kind) for name, kind in _QUOTES],
        # TRADE
        ("price", "i8"),  # ticks, NULL: none
        ("quantity", "i8"),  # lots, > 0
        # for measures with needs_levels, not in TRADE: best first, NULL price and quantity 0 past the last
        ("bids", "i8", (LEVELS,)),
        ("bid_quantities", "i8", (LEVELS,)),
        ("asks", "i8", (LEVELS,)),
        ("ask_quantities", "i8", (LEVELS,)),
        # CLOSE: exact sums of the window, the same in whatever order its trades arrived
        ("window_trades", "i8"),
        ("window_buy", "i8"),  # lots
        ("window_sell", "i8"),
        ("window_unknown", "i8"),
        ("cell_ticks", "i8"),  # width of a price cell
        ("cell_low", "i8"),  # number of the lowest and highest cell in use; cell n begins at n * cell_ticks
        ("cell_high", "i8"),  # below cell_low: none is in use
        ("cell_buy", "i8", (RING,)),  # lots in cell n are at n % RING
        ("cell_sell", "i8", (RING,)),
    ],
    align=True,
)

RESULT: Final = np.dtype(
    [
        ("value", "f8", (MAX_OUTPUTS,)),  # NaN (null) unless the measure writes
        ("reason", "u1", (MAX_OUTPUTS,)),  # enums.Reason, why a value is null; NONE (0) unless the measure writes
        ("weight", "f8"),  # in [0, 1]: how much of its memory has been filled; 1 unless the measure writes
    ],
    align=True,
)
