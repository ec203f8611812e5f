"""Amihud's illiquidity: how far the mid moves for the volume traded.

    ILLIQ = mean over bars of |dP / P| / volume

Amihud, Illiquidity and Stock Returns, J. Financial Markets 5 (2002), equation 1, over short bars instead of
days, each bar weighing less by its age, in basis points per lot. Bars without volume do not count.
"""

from typing import Final

import numpy as np

from equipoise.processors.measures import bars
from equipoise.processors.measures.measure import INF, Array, Measure, Order, Output, Parameter
from equipoise.processors.numerics.exp2 import exp2
from equipoise.schemas.enums import Reason

_WARMING: Final = int(Reason.WARMING)
_BPS: Final = 1e4
STATE: Final = np.dtype([*bars.FIELDS, ("n", "i8"), ("weight", "f8"), ("total", "f8")], align=True)


def update(seen: Array, state: Array, parameters: Array) -> None:
    """Take in a trade or a group."""
    if bars.is_over(seen, state, parameters.bar_ms):
        if bars.is_known(state) and state.volume > 0 and state.before_x2 > 0:
            kept = exp2(-1.0 / parameters.half_life_bars)
            moved = abs(float(state.mid_x2 - state.before_x2)) / float(state.before_x2)
            state.n += 1
            state.weight = kept * state.weight + 1.0
            state.total = kept * state.total + _BPS * moved / float(state.volume)
        bars.begin(seen, state, parameters.bar_ms)
    bars.take(seen, state)


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """Write the mean."""
    if state.n < parameters.least_bars:
        out.reason[0] = _WARMING
    else:
        out.value[0] = state.total / state.weight


MEASURE: Final = Measure(
    name="amihud",
    title="Amihud's illiquidity",
    paper="Amihud, Illiquidity and Stock Returns, J. Financial Markets 5 (2002), eq. 1",
    order=Order.SEQUENCED,
    answer="Amihud's equation 1 bar by bar",
    outputs=(
        Output("amihud", "mean over bars of |dP / P| / volume, decayed", "bps / lot", 0, sign=0, quantity_power=-1),
    ),
    nulls="WARMING before least_bars bars with volume; prices at or below 0 do not count",
    parameters=(
        Parameter("bar_ms", "ms", 1000, 1, 86_400_000, "as Kyle's lambda"),
        Parameter("half_life_bars", "bars", 600.0, 1.0, INF, "ten minutes of seconds with trades"),
        Parameter("least_bars", "bars", 30, 1, 2**31, "a mean of fewer is noise"),
    ),
    state=STATE,
    update=update,
    value=value,
)
