"""Fee with a directional surcharge: who worsens the imbalance pays for it.

Above `surcharge_from` the surcharge rises linearly with |score| to `max_surcharge`, in whole steps; taker
buys pay it while buyers prevail, taker sells while sellers do. Rebates wait for a budget that
surcharges fill (a later version): until then the rebate is 0 and the budget null.
"""

from typing import NamedTuple

from equipoise.processors.jit import njit
from equipoise.processors.state import Array


class Fee(NamedTuple):
    """1e-6 of notional."""

    taker_buy: int
    taker_sell: int
    surcharge: int


@njit
def fee(score: float, policy: Array) -> Fee:
    """Fees for takers of either side at a score in [-1, 1]."""
    size = abs(score)
    surcharge = 0
    if size > policy.surcharge_from:
        share = (size - policy.surcharge_from) / (1.0 - policy.surcharge_from)
        surcharge = int(policy.max_surcharge * share / policy.fee_step) * policy.fee_step
    if score > 0.0:
        return Fee(policy.base_fee + surcharge, policy.base_fee, surcharge)
    return Fee(policy.base_fee, policy.base_fee + surcharge, surcharge)
