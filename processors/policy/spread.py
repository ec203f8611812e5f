"""Half-spreads around the mid: widened by regime and score, shifted by the sign of the score, bounded.

    half = base * min(regime_widen * (1 + score_widen * |score|) * degraded, max_widen)
    skew = skew_bps * score, both quotes up on buying pressure, bounded by max_skew_bps
    ask = half + skew, bid = half - skew, each within [min_half_spread, max_half_spread]

The quotes that follow are rounded outward to whole ticks; a live signal leaves when one of them moves.
"""

from typing import NamedTuple

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.jit import njit
from equipoise.processors.state import Array
from equipoise.schemas.enums import Cap

_NONE = int(Cap.NONE)
_MIN = int(Cap.MIN_HALF_SPREAD)
_MAX = int(Cap.MAX_HALF_SPREAD)
_SKEW = int(Cap.MAX_SKEW)
_BPS = 1e-4


class Spread(NamedTuple):
    """What one evaluation gives; half-spreads NaN without a mid."""

    widen: float
    skew_bps: float
    bid_half: float  # ticks
    ask_half: float
    bid_bps: float
    ask_bps: float
    cap: int


class Quotes(NamedTuple):
    """The quotes that a spread means at a mid, whole ticks; NULL without a mid."""

    bid: int
    ask: int


@njit
def spread(score: float, regime: int, degraded: bool, mid_ticks: float, policy: Array) -> Spread:
    """Half-spreads for a score in [-1, 1] at `mid_ticks` (NaN or <= 0: only factor and skew are given)."""
    widen = policy.regime_widen[regime] * (1.0 + policy.score_widen * abs(score))
    if degraded:
        widen *= policy.degraded_widen
    widen = min(widen, policy.max_widen)
    cap = _NONE
    skew = policy.skew_bps * score
    if abs(skew) > policy.max_skew_bps:
        skew = policy.max_skew_bps if skew > 0.0 else -policy.max_skew_bps
        cap = _SKEW
    if not mid_ticks > 0.0:
        return Spread(widen, skew, np.nan, np.nan, np.nan, np.nan, cap)
    half = policy.base_half_spread_bps * widen
    low = policy.min_half_spread_ticks / (mid_ticks * _BPS)
    high = max(policy.max_half_spread_bps, low)
    bid = half - skew
    ask = half + skew
    if bid > high or ask > high:
        cap = _MAX
    elif bid < low or ask < low:
        cap = _MIN
    bid = min(max(bid, low), high)
    ask = min(max(ask, low), high)
    return Spread(widen, skew, bid * _BPS * mid_ticks, ask * _BPS * mid_ticks, bid, ask, cap)


@njit
def quotes(mid_ticks: float, bid_half: float, ask_half: float) -> Quotes:
    """Whole-tick quotes, rounded outward."""
    if not mid_ticks > 0.0:
        return Quotes(NULL, NULL)
    return Quotes(int(np.floor(mid_ticks - bid_half)), int(np.ceil(mid_ticks + ask_half)))
