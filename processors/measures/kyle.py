"""Kyle's lambda: how far signed volume moves the mid.

    lambda = Cov(dP, Q) / Var(Q)

over bars, dP the change of the mid and Q the signed taker volume, each bar weighing less by its age. Kyle,
Continuous Auctions and Insider Trading, Econometrica 53 (1985), equation 3.9, as it is estimated in
practice (Hasbrouck, Trading Costs and Returns for US Equities, J. Finance 64 (2009), section I).
Means and products about them are updated one bar at a time (West, Updating Mean and Variance, CACM 22 (1979)).
"""

from typing import Final

import numpy as np

from equipoise.processors.jit import inner
from equipoise.processors.measures import bars
from equipoise.processors.measures.measure import INF, Array, Measure, Order, Output, Parameter
from equipoise.processors.numerics.exp2 import exp2
from equipoise.schemas.enums import Reason

_WARMING: Final = int(Reason.WARMING)
STATE: Final = np.dtype(
    [
        *bars.FIELDS,
        ("n", "i8"),  # bars taken in
        ("weight", "f8"),
        ("mean_q", "f8"),
        ("mean_p", "f8"),
        ("qq", "f8"),
        ("qp", "f8"),
        ("pp", "f8"),
    ],
    align=True,
)


@inner
def _take_bar(state: Array, kept: float) -> None:
    q = float(state.signed)
    p = 0.5 * float(state.mid_x2 - state.before_x2)
    state.n += 1
    state.weight = kept * state.weight + 1.0
    of_q, of_p = q - state.mean_q, p - state.mean_p
    state.mean_q += of_q / state.weight
    state.mean_p += of_p / state.weight
    state.qq = kept * state.qq + of_q * (q - state.mean_q)
    state.qp = kept * state.qp + of_q * (p - state.mean_p)
    state.pp = kept * state.pp + of_p * (p - state.mean_p)


def update(seen: Array, state: Array, parameters: Array) -> None:
    """Take in a trade or a group."""
    if bars.is_over(seen, state, parameters.bar_ms):
        if bars.is_known(state):
            _take_bar(state, exp2(-1.0 / parameters.half_life_bars))
        bars.begin(seen, state, parameters.bar_ms)
    bars.take(seen, state)


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """Write the slope, and how much of the mid's variance it explains."""
    if state.n < parameters.least_bars:
        out.reason[0] = _WARMING
        out.reason[1] = _WARMING
        return
    if state.qq > 0.0:
        out.value[0] = state.qp / state.qq
        if state.pp > 0.0:
            out.value[1] = min(state.qp * state.qp / (state.qq * state.pp), 1.0)


MEASURE: Final = Measure(
    name="kyle",
    title="Kyle's lambda",
    paper="Kyle, Continuous Auctions and Insider Trading, Econometrica 53 (1985), eq. 3.9",
    order=Order.SEQUENCED,
    answer="orderflow-metrics 0.40.0 kyle_lambda; weighted least squares written out",
    outputs=(
        Output("lambda", "Cov(dP, Q) / Var(Q) over bars, decayed", "ticks / lot", quantity_power=-1),
        Output("r2", "Cov(dP, Q)^2 / (Var(dP) Var(Q))", "1", 0, 1),
    ),
    nulls="WARMING before least_bars bars; UNDEFINED while signed volume, or for r2 the mid, does not vary",
    parameters=(
        Parameter("bar_ms", "ms", 1000, 1, 86_400_000, "a second: impact is seen before other news blurs it"),
        Parameter("half_life_bars", "bars", 600.0, 1.0, INF, "ten minutes of seconds"),
        Parameter("least_bars", "bars", 30, 2, 2**31, "a slope of fewer is noise"),
    ),
    state=STATE,
    update=update,
    value=value,
)
