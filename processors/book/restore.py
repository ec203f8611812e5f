"""Orders and pending swaps of one instrument, put back from its state row."""

from equipoise.processors.book import orders
from equipoise.processors.jit import inner, njit
from equipoise.processors.state import Array, State


@njit
def place(state: State, i: int, stored: Array, listed: int) -> bool:
    """Enter `stored` (ORDER_DTYPE): the first `listed` in the order of their levels, then the pending swaps.

    The levels are in place and still have the heads and counts of the dump; False: the orders of a level do
    not add up to its quantity.
    """
    taken = 0
    for side in range(2 * i, 2 * i + 2):
        run = state.sides[side]
        for level in range(run.start, run.start + run.length):
            if state.levels[level].head >= 0:
                taken = _fill_level(state, side, level, stored, taken, listed)
                if taken < 0:
                    return False
    _fill_pending(state, i, stored, listed)
    return taken == listed


@inner
def _fill_level(state: State, side: int, level: int, stored: Array, taken: int, listed: int) -> int:
    """Returns how many orders are placed now, or -1."""
    at = state.levels[level]
    count, quantity = at.orders, at.quantity
    at.head = orders.NO_ROW
    at.tail = orders.NO_ROW
    at.orders = 0
    at.quantity = at.anonymous
    if taken + count > listed:
        return -1
    for k in range(taken, taken + count):
        row = orders.create(state, stored[k].id, side, stored[k].price, stored[k].quantity)
        orders.append(state, level, row)
    return taken + count if at.quantity == quantity else -1


@inner
def _fill_pending(state: State, i: int, stored: Array, listed: int) -> None:
    head = orders.NO_ROW
    for k in range(len(stored) - 1, listed - 1, -1):
        owner = 2 * (i + orders.PENDING) + (stored[k].owner & 1)
        row = orders.create(state, stored[k].id, owner, 0, stored[k].quantity)
        state.orders[row].next = head
        if head >= 0:
            state.orders[head].previous = row
        head = row
    state.instruments[i].pending_head = head
