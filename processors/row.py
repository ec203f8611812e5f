"""One row as scalars, and whether it can be true."""

from typing import NamedTuple

import numpy as np

from equipoise.processors import time
from equipoise.processors.columns import NULL, Events
from equipoise.processors.jit import inner, njit
from equipoise.schemas.enums import Action, Cause, Flag, TradingStatus

OK = int(Cause.NONE)
QUANTITY_RANGE = int(Cause.QUANTITY_RANGE)
PRICE_RANGE = int(Cause.PRICE_RANGE)
UNKNOWN_WORD = int(Cause.UNKNOWN_WORD)

ADD = int(Action.ADD)
MODIFY = int(Action.MODIFY)
CANCEL = int(Action.CANCEL)
EXECUTE = int(Action.EXECUTE)
LEVEL = int(Action.LEVEL)
TRADE = int(Action.TRADE)
SNAPSHOT = int(Action.SNAPSHOT)
CLEAR = int(Action.CLEAR)
STATUS = int(Action.STATUS)
INTENT = int(Action.INTENT)
RETRACT = int(Action.RETRACT)

DELTA = int(Flag.DELTA)

MAX_QUANTITY = 1 << 62
MAX_PRICE = 1 << 53
MAX_STATUS = max(TradingStatus)


class Row(NamedTuple):
    """One row's scalars: inner functions get these and not the columns, which compiles in half the time."""

    i: int
    action: int
    side: int
    flags: int
    price: int
    quantity: int
    order_id: int
    sequence: int
    previous_sequence: int
    event_ns: int
    arrival_ns: int
    source: int
    offset: int


@njit
def read(events: Events, r: int) -> Row:
    """Row `r` of the columns."""
    return Row(
        np.int64(events.instrument[r]),  # type: ignore[arg-type]  # numba's int is np.int64, and int() would not widen
        np.int64(events.action[r]),  # type: ignore[arg-type]
        np.int64(events.side[r]),  # type: ignore[arg-type]
        np.int64(events.flags[r]),  # type: ignore[arg-type]
        events.price[r],
        events.quantity[r],
        events.order_id[r],
        events.sequence[r],
        events.previous_sequence[r],
        events.event_ns[r],
        events.arrival_ns[r],
        np.int64(events.source[r]),  # type: ignore[arg-type]
        events.offset[r],
    )


@inner
def check(row: Row, max_ahead_ns: int) -> int:
    """Whether a row can be true; the edge has checked too, the kernel trusts nobody. Returns a Cause."""
    action, quantity, price = row.action, row.quantity, row.price
    if action > RETRACT or row.side > 2:
        return UNKNOWN_WORD
    least = 1 - MAX_QUANTITY if action == MODIFY and row.flags & DELTA else 0
    if quantity != NULL and (quantity < least or quantity >= MAX_QUANTITY):
        return QUANTITY_RANGE
    if price != NULL and (price <= -MAX_PRICE or price >= MAX_PRICE):
        return PRICE_RANGE
    if row.side == 0 and action in (ADD, LEVEL, INTENT, CANCEL, EXECUTE, MODIFY):
        return UNKNOWN_WORD
    if price == NULL and action in (ADD, LEVEL):
        return PRICE_RANGE
    if quantity == NULL and action in (ADD, LEVEL, INTENT, MODIFY, EXECUTE, TRADE, STATUS):
        return QUANTITY_RANGE
    if quantity == 0 and action in (ADD, TRADE):
        return QUANTITY_RANGE
    if action == STATUS and quantity > MAX_STATUS:
        return UNKNOWN_WORD
    return time.check(row.event_ns, row.arrival_ns, max_ahead_ns)
