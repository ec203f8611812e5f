"""Volume per price bucket in a ring of fixed size, exact whatever the order of arrival.

A bucket is floor(price / width). When the prices in use span more buckets than the ring has, the width
doubles and neighbours are added up: floor division nests, so the outcome depends on the set of trades
and not on their order. Commutative.
"""

from equipoise.processors.columns import NULL
from equipoise.processors.jit import njit
from equipoise.processors.state import RING, Array

_MASK = RING - 1


@njit
def _halve(low: int, high: int, shift: int, ring: Array) -> None:
    """Add up neighbouring buckets of `ring`, shape (RING, ...), as the width doubles."""
    old = ring.copy()
    ring[:] = 0
    for b in range(low >> shift, (high >> shift) + 1):
        ring[(b >> 1) & _MASK] += old[b & _MASK]


@njit
def widen(row: Array, bucket: int) -> None:
    """Let `bucket` (at the configured width) be in use in a window's `row`: ring_buy, ring_sell, low, high, shift."""
    if row.low == NULL:
        row.low = bucket
        row.high = bucket
        return
    low = min(row.low, bucket)
    high = max(row.high, bucket)
    while (high >> row.shift) - (low >> row.shift) >= RING:
        _halve(row.low, row.high, row.shift, row.ring_buy)
        _halve(row.low, row.high, row.shift, row.ring_sell)
        row.shift += 1
    row.low = low
    row.high = high


@njit
def add(row: Array, bucket: int, quantity: int, buy: bool) -> None:
    """Add a trade of `quantity` lots in `bucket`."""
    widen(row, bucket)
    at = (bucket >> row.shift) & _MASK
    if buy:
        row.ring_buy[at] += quantity
    else:
        row.ring_sell[at] += quantity
