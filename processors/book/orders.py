"""Orders by id: rows in one pool, found through an open-addressing table, linked in time priority.

Pending swaps live in the same pool under keys of their own. Deletion shifts later entries back, so
the table needs no tombstones; the engine enlarges pool and table together.

A table's entry is an order's row + 1 and, above it, 31 bits of hash: other orders' rows need not be looked at,
neither to find nor to shift. Eight ids that differ only in their last three bits lie in one line of the cache,
since venues count their ids.
"""

from equipoise.processors.jit import inner, njit
from equipoise.processors.state import Array, State

PENDING = 1 << 40  # added to the owner of a pending swap
NO_ROW = -1
HASH_AT = 32  # bit of an entry where its hash begins
ROW = (1 << HASH_AT) - 1


@inner
def hashed(order_id: int, key: int) -> int:
    """31 bits. A table's first place for an order is this, modulo the table's length."""
    low = ((order_id >> 3) & 0xFFFFFFFF) * 0x5BD1E995
    high = ((order_id >> 35) & 0x1FFFFFFF) * 0x27D4EB2F
    mixed = low ^ high ^ ((key & 0x7FFFFFFF) * 0x165667B1)
    return ((mixed ^ (mixed >> 29)) & 0xFFFFFFF) << 3 | (order_id & 7)


@inner
def find(state: State, order_id: int, key: int) -> int:
    """Row of the order `order_id` of `key` (owner without its side bit), or NO_ROW."""
    index, orders = state.index, state.orders
    mask = len(index) - 1
    wanted = hashed(order_id, key)
    at = wanted & mask
    entry = index[at]
    while entry != 0:
        if entry >> HASH_AT == wanted:
            row = (entry & ROW) - 1
            if orders[row].id == order_id and orders[row].owner >> 1 == key:
                return row
        at = (at + 1) & mask
        entry = index[at]
    return NO_ROW


@inner
def _enter(index: Array, orders: Array, row: int) -> None:
    mask = len(index) - 1
    own = hashed(orders[row].id, orders[row].owner >> 1)
    at = own & mask
    while index[at] != 0:
        at = (at + 1) & mask
    index[at] = own << HASH_AT | (row + 1)


@inner
def _leave(index: Array, orders: Array, row: int) -> None:
    mask = len(index) - 1
    own = hashed(orders[row].id, orders[row].owner >> 1)
    at = own & mask
    while index[at] != own << HASH_AT | (row + 1):
        at = (at + 1) & mask
    hole = at
    at = (at + 1) & mask
    while index[at] != 0:
        home = (index[at] >> HASH_AT) & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            index[hole] = index[at]
            hole = at
        at = (at + 1) & mask
    index[hole] = 0


@njit
def reindex(index: Array, orders: Array, end: int) -> None:
    """Enter the first `end` rows, all in use, into an empty table."""
    for row in range(end):
        _enter(index, orders, row)


@inner
def has_room(state: State) -> bool:
    """Whether one more order fits into the pool."""
    return state.partition[0].free_order >= 0 or state.partition[0].order_end < len(state.orders)


@inner
def create(state: State, order_id: int, owner: int, price: int, quantity: int) -> int:
    """A row for a new order, not yet in any list. Room must have been checked and the id be new."""
    partition = state.partition[0]
    row = partition.free_order
    if row >= 0:
        partition.free_order = state.orders[row].next
    else:
        row = partition.order_end
        partition.order_end += 1
    partition.order_count += 1
    order = state.orders[row]
    order.id = order_id
    order.owner = owner
    order.price = price
    order.quantity = quantity
    order.previous = NO_ROW
    order.next = NO_ROW
    _enter(state.index, state.orders, row)
    return row


@inner
def destroy(state: State, row: int) -> None:
    """Give back the row of an order that is in no list."""
    _leave(state.index, state.orders, row)
    partition = state.partition[0]
    state.orders[row].owner = -1
    state.orders[row].next = partition.free_order
    partition.free_order = row
    partition.order_count -= 1


@inner
def append(state: State, level: int, row: int) -> None:
    """Put an order last in its level's time priority, and count its quantity there."""
    at = state.levels[level]
    order = state.orders[row]
    order.previous = at.tail
    order.next = NO_ROW
    if at.tail >= 0:
        state.orders[at.tail].next = row
    else:
        at.head = row
    at.tail = row
    at.orders += 1
    at.quantity += order.quantity


@inner
def unlink(state: State, level: int, row: int) -> None:
    """Take an order out of its level, with its quantity."""
    at = state.levels[level]
    order = state.orders[row]
    if order.previous >= 0:
        state.orders[order.previous].next = order.next
    else:
        at.head = order.next
    if order.next >= 0:
        state.orders[order.next].previous = order.previous
    else:
        at.tail = order.previous
    at.orders -= 1
    at.quantity -= order.quantity
