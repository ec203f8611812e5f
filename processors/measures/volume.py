"""Cumulative volume delta: taker buys less taker sells, in total and per price bucket.

Three readings of the same trades: per session (integers), decayed with a half-life (forward decay,
processors/numerics/decay.py), and per window. All are exact sums, so the order of arrival never
matters. A trade of unknown side enters none of them. Commutative.
"""

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner, njit
from equipoise.processors.measures import buckets
from equipoise.processors.numerics import decay, wide
from equipoise.processors.numerics.exp2 import exp2
from equipoise.processors.state import RING, Array

DAY_NS = 86_400_000_000_000
_MASK = RING - 1


@njit
def session_of(t_ns: int, offset_ns: int) -> int:
    """Number of the session that `t_ns` falls into; sessions start daily at 00:00 UTC + offset."""
    return (t_ns - offset_ns) // DAY_NS


@njit
def session_end(session: int, offset_ns: int) -> int:
    """First nanosecond behind a session; NULL for that of an instrument of which nothing has been seen."""
    return NULL if session == NULL else (session + 1) * DAY_NS + offset_ns


@inner
def roll_session(inst: Array, session: int) -> None:
    """Start a session: the totals and the price profile begin afresh."""
    inst.cvd_previous = inst.cvd if inst.session == session - 1 else 0
    inst.session = session
    inst.cvd = 0
    inst.profile_low = NULL
    inst.profile_high = NULL
    inst.profile_shift = 0
    inst.profile_buys[:] = 0
    inst.profile_sells[:] = 0


@inner
def add_trade(
    inst: Array, t_ns: int, session: int, bucket: int, quantity: int, buy: bool, half_life_ns: int, spare: Array
) -> None:
    """Count one trade of `quantity` lots; `bucket` NULL: it has no price. `spare`: workspace, u8 (RING, EPOCHS, 2)."""
    if session == inst.session:
        inst.cvd += quantity if buy else -quantity
    elif session == inst.session - 1:
        inst.cvd_previous += quantity if buy else -quantity
    epoch, weight = decay.weight(t_ns, half_life_ns)
    if inst.first_trade_ns == NULL:
        inst.first_trade_ns = t_ns
        inst.volume_epoch = epoch
    elif epoch > inst.volume_epoch:
        _advance(inst, epoch)
    decay.add(inst.buys if buy else inst.sells, inst.volume_epoch, epoch, weight, quantity)
    if bucket != NULL and session == inst.session:
        _widen_profile(inst, bucket, spare)
        at = (bucket >> inst.profile_shift) & _MASK
        ring = inst.profile_buys if buy else inst.profile_sells
        decay.add(ring[at], inst.volume_epoch, epoch, weight, quantity)


@inner
def _advance(inst: Array, epoch: int) -> None:
    decay.advance(inst.buys, inst.volume_epoch, epoch)
    decay.advance(inst.sells, inst.volume_epoch, epoch)
    for k in range(RING):
        decay.advance(inst.profile_buys[k], inst.volume_epoch, epoch)
        decay.advance(inst.profile_sells[k], inst.volume_epoch, epoch)
    inst.volume_epoch = epoch


@njit
def _halve(low: int, high: int, shift: int, ring: Array, spare: Array) -> None:
    for k in range(RING):
        for e in range(decay.EPOCHS):
            for half in range(2):
                spare[k, e, half] = ring[k, e, half]
                ring[k, e, half] = np.uint64(0)
    for b in range(low >> shift, (high >> shift) + 1):
        for k in range(decay.EPOCHS):
            wide.add(ring[(b >> 1) & _MASK, k], spare[b & _MASK, k])


@inner
def _widen_profile(inst: Array, bucket: int, spare: Array) -> None:
    """As buckets.widen, for decayed sums."""
    if inst.profile_low == NULL:
        inst.profile_low = bucket
        inst.profile_high = bucket
        return
    low = min(inst.profile_low, bucket)
    high = max(inst.profile_high, bucket)
    while (high >> inst.profile_shift) - (low >> inst.profile_shift) >= RING:
        _halve(inst.profile_low, inst.profile_high, inst.profile_shift, inst.profile_buys, spare)
        _halve(inst.profile_low, inst.profile_high, inst.profile_shift, inst.profile_sells, spare)
        inst.profile_shift += 1
    inst.profile_low = low
    inst.profile_high = high


@inner
def decayed_imbalance(inst: Array) -> float:
    """Decayed (buys - sells) / (buys + sells) in [-1, 1]; NaN without trades. Both sides age alike."""
    buys = decay.at_landmark(inst.buys)
    sells = decay.at_landmark(inst.sells)
    if buys + sells <= 0.0:
        return np.nan
    return (buys - sells) / (buys + sells)


@inner
def effective_weight(inst: Array, half_life_ns: int) -> float:
    """How much of the decay window has been watched, in [0, 1]."""
    return 1.0 - exp2(-(inst.clock_ns - inst.first_ns) / half_life_ns)


@njit
def bucket_of(price: int, width: int) -> int:
    """floor(price / width) for any sign; NULL stays NULL."""
    if price == NULL:
        return NULL
    return price // width


@inner
def add_to_slot(slot: Array, bucket: int, quantity: int, side: int, spare: Array) -> None:
    """Count a trade in its window. `side` of the aggressor: 0 unknown, 1 buy, 2 sell."""
    slot.trades += 1
    if side == 0:
        slot.unknown += quantity
        return
    if side == 1:
        slot.buy += quantity
    else:
        slot.sell += quantity
    if bucket == NULL:
        slot.unpriced += quantity if side == 1 else -quantity
    else:
        buckets.add(slot, bucket, quantity, side == 1, spare)
