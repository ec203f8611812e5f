"""Books and pending swaps of many instruments as flat arrays, and back, for their state rows.

A level is five numbers (price, quantity, orders, anonymous, linked: how many orders follow for it), an order
two (id, quantity; side and price are its level's), a pending swap three (id, side, quantity). Bids come
before asks, the best level last, a level's orders in time priority.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.book import orders
from equipoise.processors.jit import inner, njit
from equipoise.processors.state import State

LEVEL, ORDER, PENDING = 5, 2, 3  # numbers of each
BIDS, ASKS, LISTED, WAITING = 0, 1, 2, 3  # columns of the counts

Numbers = NDArray[np.int64]


@njit
def count(state: State, rows: NDArray[np.intp], counts: Numbers) -> None:
    """How many levels a side, listed orders and pending swaps each row has. counts : shape (rows, 4)."""
    for r in range(len(rows)):
        i = rows[r]
        listed = 0
        for side in range(2 * i, 2 * i + 2):
            run = state.sides[side]
            counts[r, side & 1] = run.length
            for level in range(run.start, run.start + run.length):
                if state.levels[level].head >= 0:
                    listed += state.levels[level].orders
        counts[r, LISTED] = listed
        counts[r, WAITING] = state.instruments[i].pending_count


@njit
def pack(state: State, rows: NDArray[np.intp], levels: Numbers, listed: Numbers, waiting: Numbers) -> None:
    """Fill the arrays, whose lengths are the sums of the counts."""
    to_level = to_order = to_waiting = 0
    for r in range(len(rows)):
        for side in range(2 * rows[r], 2 * rows[r] + 2):
            run = state.sides[side]
            for level in range(run.start, run.start + run.length):
                to_order = _pack_level(state, level, levels[to_level], listed, to_order)
                to_level += 1
        row = state.instruments[rows[r]].pending_head
        while row >= 0:
            order = state.orders[row]
            waiting[to_waiting, 0] = order.id
            waiting[to_waiting, 1] = order.owner & 1
            waiting[to_waiting, 2] = order.quantity
            to_waiting += 1
            row = order.next


@inner
def _pack_level(state: State, level: int, out: Numbers, listed: Numbers, at: int) -> int:
    """Returns how many orders are packed now."""
    from_level = state.levels[level]
    out[0] = from_level.price
    out[1] = from_level.quantity
    out[2] = from_level.orders
    out[3] = from_level.anonymous
    row = from_level.head
    first = at
    while row >= 0:
        listed[at, 0] = state.orders[row].id
        listed[at, 1] = state.orders[row].quantity
        at += 1
        row = state.orders[row].next
    out[4] = at - first
    return at


@njit
def place(state: State, counts: Numbers, levels: Numbers, listed: Numbers, waiting: Numbers) -> int:
    """Put the arrays back as the books of the first instruments. Room must have been made.

    Returns -1, or the row whose orders do not add up to its levels' quantities.
    """
    from_level = from_order = from_waiting = 0
    for i in range(len(counts)):
        until = from_order + counts[i, LISTED]
        for side in range(2):
            n = counts[i, side]
            start = _reserve(state, 2 * i + side, n)
            for k in range(n):
                from_order = _place_level(
                    state, 2 * i + side, start + k, levels[from_level + k], listed, from_order, until
                )
                if from_order < 0:
                    return i
            from_level += n
        if from_order != until:
            return i
        state.instruments[i].pending_head = orders.NO_ROW
        for k in range(from_waiting + counts[i, WAITING] - 1, from_waiting - 1, -1):
            _place_pending(state, i, waiting[k])
        from_waiting += counts[i, WAITING]
    return -1


@inner
def _reserve(state: State, side: int, length: int) -> int:
    """A run of that length, with room for more; returns its first row."""
    run = state.sides[side]
    run.start = state.partition[0].level_end
    run.length = length
    run.room = room_of(length)
    state.partition[0].level_end += run.room
    return run.start


@njit
def room_of(length: int) -> int:
    """Rows given to a run of that length when it is put back."""
    return 0 if length == 0 else max(16, 2 * length)


@inner
def _place_level(state: State, side: int, level: int, stored: Numbers, listed: Numbers, at: int, until: int) -> int:
    """Returns how many orders are placed now, or -1."""
    into = state.levels[level]
    into.price = stored[0]
    into.anonymous = stored[3]
    into.quantity = stored[1]
    into.orders = stored[2]
    into.head = orders.NO_ROW
    into.tail = orders.NO_ROW
    if stored[4] == 0:
        return at
    if at + stored[4] > until:
        return -1
    into.quantity = stored[3]
    into.orders = 0
    for k in range(at, at + stored[4]):
        row = orders.create(state, listed[k, 0], side, stored[0], listed[k, 1])
        orders.append(state, level, row)
    return at + stored[4] if into.quantity == stored[1] and into.orders == stored[2] else -1


@inner
def _place_pending(state: State, i: int, stored: Numbers) -> None:
    """Put a pending swap before those that are there."""
    head = state.instruments[i].pending_head
    row = orders.create(state, stored[0], 2 * (i + orders.PENDING) + stored[1], 0, stored[2])
    state.orders[row].next = head
    if head >= 0:
        state.orders[head].previous = row
    state.instruments[i].pending_head = row
