"""A book kept by itself, without time, measures or policy: what `benchmarks.book` times."""

from equipoise.processors.book import ahead, l3, levels, orders
from equipoise.processors.columns import Events
from equipoise.processors.jit import njit
from equipoise.processors.state import State
from equipoise.schemas.enums import Action

_ADD = int(Action.ADD)
_MODIFY = int(Action.MODIFY)


@njit
def maintain(state: State, events: Events) -> int:
    """Apply adds, modifies, cancels and executions. Room must be there. Returns how many were refused."""
    refused = 0
    for r in range(len(events.instrument)):
        ahead.look(state, events, r)
        side = 2 * events.instrument[r] + events.side[r] - 1
        order_id, price, quantity = events.order_id[r], events.price[r], events.quantity[r]
        if events.action[r] == _ADD:
            if not (orders.has_room(state) and levels.make_room(state, side)):
                return -1
            refused += l3.add(state, side, order_id, price, quantity) != l3.OK
        elif events.action[r] == _MODIFY:
            refused += l3.modify(state, side, order_id, price, quantity, False) != l3.OK
        else:
            refused += l3.take(state, side, order_id, price, quantity) != l3.OK
    return refused
