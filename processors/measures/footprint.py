"""Footprint of a window: who hit whom at which price.

The cells themselves (taker sells x taker buys per price) are the window's `buckets`. Read here: where most
volume changed hands, and where one side overran the other. Buyers overrun a cell if the bought volume is at
least `ratio` times what was sold one cell below (the diagonal: buyers lift the ask, sellers hit the bid, and
these lie one step apart); sellers if what was sold is at least `ratio` times what was bought one cell above.
Overruns of neighbouring cells are stacked.

A cell is as wide as the window's price buckets, which double as prices spread over more than 16 of them.
Commutative: a function of exact sums, so a revision equals a full recomputation. There is no paper; the
definitions are those of footprint charts (ratio 300 %, a filter of 30 lots).
"""

from typing import Final

from equipoise.processors.jit import inner
from equipoise.processors.measures.measure import INF, Array, Measure, Order, Output, Parameter
from equipoise.processors.measures.observation import RING
from equipoise.schemas.enums import Reason

_NO_TRADES: Final = int(Reason.NO_TRADES)
_MASK: Final = RING - 1
_C: Final = "cells"


@inner
def _buy(seen: Array, cell: int) -> int:
    return seen.cell_buy[cell & _MASK] if seen.cell_low <= cell <= seen.cell_high else 0


@inner
def _sell(seen: Array, cell: int) -> int:
    return seen.cell_sell[cell & _MASK] if seen.cell_low <= cell <= seen.cell_high else 0


@inner
def _overruns(strong: int, weak: int, parameters: Array) -> bool:
    return strong >= parameters.filter_lots and strong > 0 and float(strong) >= parameters.ratio * float(weak)


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """Read the window's cells."""
    if seen.cell_low > seen.cell_high:
        for k in range(7):
            out.reason[k] = _NO_TRADES
        return
    buyers, sellers, buy_run, sell_run, buy_stack, sell_stack = 0, 0, 0, 0, 0, 0
    top, at, total = -1, seen.cell_low, 0
    for cell in range(seen.cell_low, seen.cell_high + 1):
        volume = _buy(seen, cell) + _sell(seen, cell)
        total += volume
        if volume > top:
            top, at = volume, cell
        if _overruns(_buy(seen, cell), _sell(seen, cell - 1), parameters):
            buyers += 1
            buy_run += 1
            buy_stack = max(buy_stack, buy_run)
        else:
            buy_run = 0
        if _overruns(_sell(seen, cell), _buy(seen, cell + 1), parameters):
            sellers += 1
            sell_run += 1
            sell_stack = max(sell_stack, sell_run)
        else:
            sell_run = 0
    out.value[0] = at * seen.cell_ticks
    out.value[1] = top / total
    out.value[2] = buyers
    out.value[3] = sellers
    out.value[4] = buy_stack
    out.value[5] = sell_stack
    if buyers + sellers > 0:
        out.value[6] = (buyers - sellers) / (buyers + sellers)


MEASURE: Final = Measure(
    name="footprint",
    title="Footprint: point of control, diagonal and stacked imbalance",
    paper="none: the usual definitions of footprint charts",
    order=Order.COMMUTATIVE,
    answer="a footprint from dictionaries, price by price",
    outputs=(
        Output("point_of_control", "lowest price of the cell with most volume (the lowest of equals)", "ticks", sign=0),
        Output("control_share", "that cell's share of the window's volume", "1", 0, 1),
        Output("buy_imbalances", "cells with buys(p) >= ratio sells(p - 1), filter", _C, 0, mirror="sell_imbalances"),
        Output("sell_imbalances", "cells with sells(p) >= ratio buys(p + 1), filter", _C, 0, mirror="buy_imbalances"),
        Output("buy_stack", "longest run of neighbouring buy imbalances", _C, 0, mirror="sell_stack"),
        Output("sell_stack", "longest run of neighbouring sell imbalances", _C, 0, mirror="buy_stack"),
        Output("diagonal", "(buy_imbalances - sell_imbalances) / (both)", "1", -1, 1, sign=-1, component=True),
    ),
    nulls="NO_TRADES in a window without priced trades of known side; diagonal: UNDEFINED where no cell is imbalanced",
    notes="The cells are published as the window's `buckets`. Live, outside of a window's close, it is null.",
    parameters=(
        Parameter("ratio", "1", 3.0, 1.0, INF, "300 %, the usual default of footprint charts"),
        Parameter("filter_lots", "lots", 30, 0, 2**53, "the usual volume filter, on a cell's strong side"),
    ),
    value=value,
)  # fmt: skip
