"""Volume per price bucket in a ring of fixed size, exact whatever the order of arrival.

A bucket is floor(price / width). When the prices in use span more buckets than the ring has, the width
doubles and neighbours are added up: floor division nests, so the outcome depends on the set of trades
and not on their order. Commutative.
"""

from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner, njit
from equipoise.processors.state import RING, Array

_MASK = RING - 1


@njit
def _halve(low: int, high: int, shift: int, ring: Array, spare: Array) -> None:
    """Add up neighbouring buckets of `ring` as the width doubles. Both shape (RING,)."""
    for k in range(RING):  # a slice assignment would bring reference counts into the kernel
        spare[k] = ring[k]
        ring[k] = 0
    for b in range(low >> shift, (high >> shift) + 1):
        ring[(b >> 1) & _MASK] += spare[b & _MASK]


@inner
def widen(row: Array, bucket: int, spare: Array) -> None:
    """Let `bucket` (at the configured width) be in use in a window's `row`: ring_buy, ring_sell, low, high, shift."""
    if row.low == NULL:
        row.low = bucket
        row.high = bucket
        return
    low = min(row.low, bucket)
    high = max(row.high, bucket)
    while (high >> row.shift) - (low >> row.shift) >= RING:
        _halve(row.low, row.high, row.shift, row.ring_buy, spare)
        _halve(row.low, row.high, row.shift, row.ring_sell, spare)
        row.shift += 1
    row.low = low
    row.high = high


@inner
def add(row: Array, bucket: int, quantity: int, buy: bool, spare: Array) -> None:
    """Add a trade of `quantity` lots in `bucket`. `spare`: workspace, i8 (RING,)."""
    widen(row, bucket, spare)
    at = (bucket >> row.shift) & _MASK
    if buy:
        row.ring_buy[at] += quantity
    else:
        row.ring_sell[at] += quantity
