"""Price levels of one side: a sorted run in an arena shared by all books, the best price last.

Almost every change is near the best price, so insertion moves few rows. A run that is full moves to
the end of the arena with twice the room; the engine packs or enlarges the arena when it is used up.
"""

from equipoise.processors.jit import inner
from equipoise.processors.state import Array, State

_FIRST_ROOM = 16
_LINEAR = 8  # levels looked at from the best one before bisecting


@inner
def find(levels: Array, start: int, length: int, ask: int, price: int) -> int:
    """Position in the run of the first level not worse-ranked than `price`; `length` if all are worse."""
    low = 0
    high = length
    bottom = max(length - _LINEAR, 0)
    k = length
    while k > bottom:
        at = levels[start + k - 1].price
        if (at < price) if ask == 0 else (at > price):
            return k
        k -= 1
    high = bottom
    if high > 0:
        # Prices differ by a tick at least, so no level lies deeper than so many ticks; in a dense book it lies there.
        low = max(0, length - 1 - abs(levels[start + length - 1].price - price))
        if low < high:
            at = levels[start + low].price
            if (at >= price) if ask == 0 else (at <= price):
                return low
            low += 1
    while low < high:
        middle = (low + high) >> 1
        at = levels[start + middle].price
        if (at < price) if ask == 0 else (at > price):
            low = middle + 1
        else:
            high = middle
    return low


@inner
def seek(state: State, side: int, price: int) -> int:
    """Row in the arena of the level at `price`, or -1. `side` = 2 * instrument + (1 for asks)."""
    run = state.sides[side]
    k = find(state.levels, run.start, run.length, side & 1, price)
    if k < run.length and state.levels[run.start + k].price == price:
        return run.start + k
    return -1


@inner
def make_room(state: State, side: int) -> bool:
    """See that one level can be inserted; False: the arena is used up and must be enlarged."""
    run = state.sides[side]
    if run.length < run.room:
        return True
    room = max(_FIRST_ROOM, 2 * run.room)
    start = state.partition[0].level_end
    if start + room > len(state.levels):
        return False
    for k in range(run.length):
        state.levels[start + k] = state.levels[run.start + k]
    run.start = start
    run.room = room
    state.partition[0].level_end = start + room
    return True


@inner
def insert(state: State, side: int, price: int) -> int:
    """A new empty level at `price`, which must not exist; returns its row. Room must have been made."""
    run = state.sides[side]
    k = find(state.levels, run.start, run.length, side & 1, price)
    row = run.start + k
    for at in range(run.start + run.length, row, -1):
        state.levels[at] = state.levels[at - 1]
    run.length += 1
    level = state.levels[row]
    level.price = price
    level.quantity = 0
    level.orders = 0
    level.anonymous = 0
    level.head = -1
    level.tail = -1
    return row


@inner
def remove(state: State, side: int, row: int) -> None:
    """Take the level at `row` out of the run."""
    run = state.sides[side]
    for at in range(row, run.start + run.length - 1):
        state.levels[at] = state.levels[at + 1]
    run.length -= 1


@inner
def depth(state: State, side: int, count: int) -> int:
    """Total quantity of the best `count` levels, lots."""
    run = state.sides[side]
    total = 0
    for k in range(max(run.length - count, 0), run.length):
        total += state.levels[run.start + k].quantity
    return total
