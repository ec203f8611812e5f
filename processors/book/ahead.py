"""Ask for what the rows that follow will need of the book's memory, so that it is there when their turn comes.

An order's place in a large book is four misses of the cache, each of which depends on the one before: entry of the
table, order, neighbours in its level. Looked for in three steps, so many rows ahead, they cost almost nothing.
"""

from equipoise.processors.book import orders
from equipoise.processors.columns import Events
from equipoise.processors.jit import inner
from equipoise.processors.prefetch import line
from equipoise.processors.state import State
from equipoise.schemas.enums import Action

FAR, NEAR, CLOSE = 24, 16, 8  # rows ahead
LEAST_ORDERS = 1 << 12  # a smaller pool lies in the cache anyway
_ORDER_TAIL = 40  # bytes into an order's row: it may lie on two lines
_ADD = int(Action.ADD)
_EXECUTE = int(Action.EXECUTE)


@inner
def look(state: State, events: Events, r: int) -> None:
    """Before row `r` is applied."""
    n = len(events.instrument)
    if len(state.orders) < LEAST_ORDERS or r + CLOSE >= n:
        return
    if r + FAR < n:
        line(state.index, _hash(events, r + FAR) & (len(state.index) - 1), 0)
    if r + NEAR < n:
        row = _row(state, events, r + NEAR)
        if row >= 0:
            line(state.orders, row, 0)
            line(state.orders, row, _ORDER_TAIL)
    row = _row(state, events, r + CLOSE)
    if row >= 0:
        order = state.orders[row]
        if order.previous >= 0:
            line(state.orders, order.previous, 0)
        if order.next >= 0:
            line(state.orders, order.next, _ORDER_TAIL)


@inner
def _hash(events: Events, r: int) -> int:
    return orders.hashed(events.order_id[r], events.instrument[r])


@inner
def _row(state: State, events: Events, r: int) -> int:
    """The row that the first entry for an order names: most often its own; a guess need not be right."""
    if not _ADD < events.action[r] <= _EXECUTE:
        return -1
    return (state.index[_hash(events, r) & (len(state.index) - 1)] & orders.ROW) - 1
