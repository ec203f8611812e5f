"""Regimes with hysteresis: a threshold to enter, a lower one to leave.

| from \\ to | ELEVATED | STRESSED | back |
|---|---|---|---|
| CALM | score >= elevated_enter | score >= stressed_enter | - |
| ELEVATED | - | score >= stressed_enter | CALM below elevated_leave |
| STRESSED | below stressed_leave | - | CALM below elevated_leave |

HALT follows the venue's trading status, not the score.
"""

from equipoise.processors.jit import njit
from equipoise.processors.state import Array
from equipoise.schemas.enums import Regime

CALM = int(Regime.CALM)
ELEVATED = int(Regime.ELEVATED)
STRESSED = int(Regime.STRESSED)
HALT = int(Regime.HALT)


@njit
def follow(now: int, score: float, halted: bool, policy: Array) -> int:
    """The regime after a record, from the regime before it."""
    if halted:
        return HALT
    size = abs(score)
    if size >= policy.stressed_enter or (now == STRESSED and size >= policy.stressed_leave):
        return STRESSED
    if size >= policy.elevated_enter or (now in (ELEVATED, STRESSED) and size >= policy.elevated_leave):
        return ELEVATED
    return CALM
