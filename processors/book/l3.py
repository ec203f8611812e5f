"""Order by order: add, modify, cancel, execute.

Outcomes where the market is not tidy (docs/bad-input.md):
- a second ADD of a live id: flagged DUPLICATE_ORDER, the first stays;
- a change of an id never seen: taken from quantity at that price which no known order accounts for
  (a book seeded from levels), else flagged UNKNOWN_ORDER;
- more taken than rests: the order goes, flagged OVER_EXECUTED.
"""

from equipoise.processors.book import levels, orders
from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner
from equipoise.processors.state import State
from equipoise.schemas.enums import Cause

OK = int(Cause.NONE)
UNKNOWN_ORDER = int(Cause.UNKNOWN_ORDER)
DUPLICATE_ORDER = int(Cause.DUPLICATE_ORDER)
OVER_EXECUTED = int(Cause.OVER_EXECUTED)
QUANTITY_RANGE = int(Cause.QUANTITY_RANGE)


@inner
def add(state: State, side: int, order_id: int, price: int, quantity: int) -> int:
    """A new resting order. Returns a Cause."""
    if orders.find(state, order_id, side >> 1) >= 0:
        return DUPLICATE_ORDER
    row = orders.create(state, order_id, side, price, quantity)
    level = levels.seek(state, side, price)
    if level < 0:
        level = levels.insert(state, side, price)
    orders.append(state, level, row)
    return OK


@inner
def take(state: State, side: int, order_id: int, price: int, quantity: int) -> int:
    """Take `quantity` (NULL: all) off an order, by cancel or execution. Returns a Cause."""
    row = orders.find(state, order_id, side >> 1)
    if row < 0:
        return _take_anonymous(state, side, price, quantity)
    rests = state.orders[row].quantity
    if quantity != NULL and quantity < rests:
        level = levels.seek(state, state.orders[row].owner, state.orders[row].price)
        state.orders[row].quantity -= quantity
        state.levels[level].quantity -= quantity
        return OK
    drop(state, row)
    return OVER_EXECUTED if quantity != NULL and quantity > rests else OK


@inner
def _take_anonymous(state: State, side: int, price: int, quantity: int) -> int:
    level = levels.seek(state, side, price) if price != NULL else -1
    if level < 0 or state.levels[level].anonymous <= 0 or quantity == NULL:
        return UNKNOWN_ORDER
    at = state.levels[level]
    taken = min(quantity, at.anonymous)
    at.anonymous -= taken
    at.quantity -= taken
    if at.quantity <= 0:
        levels.remove(state, side, level)
    return OK if taken == quantity else OVER_EXECUTED


@inner
def drop(state: State, row: int) -> None:
    """Remove an order, and its level if nothing else rests there."""
    owner = state.orders[row].owner
    level = levels.seek(state, owner, state.orders[row].price)
    orders.unlink(state, level, row)
    orders.destroy(state, row)
    if state.levels[level].quantity <= 0 and state.levels[level].orders == 0:
        levels.remove(state, owner, level)


@inner
def modify(state: State, side: int, order_id: int, price: int, quantity: int, delta: bool) -> int:
    """A new remainder (or a change of it) and perhaps a new price. Returns a Cause.

    A smaller remainder at the same price keeps time priority; anything else goes to the end.
    """
    row = orders.find(state, order_id, side >> 1)
    if row < 0:
        return UNKNOWN_ORDER
    order = state.orders[row]
    remainder = order.quantity + quantity if delta else quantity
    if remainder < 0:
        return QUANTITY_RANGE
    if remainder == 0:
        drop(state, row)
        return OK
    owner = order.owner
    at = price if price != NULL else order.price
    level = levels.seek(state, owner, order.price)
    if at == order.price and remainder <= order.quantity:
        state.levels[level].quantity += remainder - order.quantity
        order.quantity = remainder
        return OK
    orders.unlink(state, level, row)
    if state.levels[level].orders == 0 and state.levels[level].quantity <= 0:
        levels.remove(state, owner, level)
    order.price = at
    order.quantity = remainder
    level = levels.seek(state, owner, at)
    if level < 0:
        level = levels.insert(state, owner, at)
    orders.append(state, level, row)
    return OK


@inner
def clear_side(state: State, side: int) -> None:
    """Remove every level and order of one side."""
    run = state.sides[side]
    for k in range(run.length):
        row = state.levels[run.start + k].head
        while row >= 0:
            after = state.orders[row].next
            orders.destroy(state, row)
            row = after
    run.length = 0
