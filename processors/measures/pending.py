"""Pending imbalance: swaps that wait for inclusion, by direction.

Each intent carries expected lots (amount times inclusion probability), so buys less sells is the
expected imbalance. It is set against all that is pending plus the liquidity it will meet (ten levels
of both sides), so that one small swap does not read as +-1. Sequenced: it is a level, not a flow.
"""

import numpy as np

from equipoise.processors.book import orders
from equipoise.processors.jit import inner, njit
from equipoise.processors.state import State
from equipoise.schemas.enums import Cause

_OK = int(Cause.NONE)
_UNKNOWN_ORDER = int(Cause.UNKNOWN_ORDER)


@inner
def _count(state: State, i: int, owner: int, quantity: int) -> None:
    inst = state.instruments[i]
    if owner & 1:
        inst.pending_sell += quantity
    else:
        inst.pending_buy += quantity


@inner
def announce(state: State, i: int, intent_id: int, side: int, quantity: int) -> int:
    """A new intent, or new terms of a known one. `side`: 1 buys, 2 sells the base asset. Returns a Cause."""
    retract(state, i, intent_id)
    inst = state.instruments[i]
    owner = 2 * (i + orders.PENDING) + side - 1
    row = orders.create(state, intent_id, owner, 0, quantity)
    order = state.orders[row]
    order.next = inst.pending_head
    if inst.pending_head >= 0:
        state.orders[inst.pending_head].previous = row
    inst.pending_head = row
    inst.pending_count += 1
    inst.pending_seen = 1
    _count(state, i, owner, quantity)
    return _OK


@inner
def retract(state: State, i: int, intent_id: int) -> int:
    """An intent is gone. Returns a Cause."""
    row = orders.find(state, intent_id, i + orders.PENDING)
    if row < 0:
        return _UNKNOWN_ORDER
    inst = state.instruments[i]
    order = state.orders[row]
    if order.previous >= 0:
        state.orders[order.previous].next = order.next
    else:
        inst.pending_head = order.next
    if order.next >= 0:
        state.orders[order.next].previous = order.previous
    inst.pending_count -= 1
    _count(state, i, order.owner, -order.quantity)
    orders.destroy(state, row)
    return _OK


@njit
def value(buys: int, sells: int, liquidity: int) -> float:
    """(buys - sells) / (buys + sells + liquidity), all in lots; NaN if nothing is pending."""
    total = buys + sells
    if total <= 0:
        return np.nan
    return (buys - sells) / (total + liquidity)
