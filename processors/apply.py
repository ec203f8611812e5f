"""What one row does to its instrument: to the book, to the flow, to its pending orders, to its trading status."""

from equipoise.processors import evaluate, time
from equipoise.processors.book import l2, l3, levels, orders, snapshot
from equipoise.processors.jit import inner
from equipoise.processors.measures import pending, volume
from equipoise.processors.panel import run as panel
from equipoise.processors.row import (
    ADD,
    CANCEL,
    CLEAR,
    DELTA,
    EXECUTE,
    INTENT,
    LEVEL,
    MODIFY,
    OK,
    RETRACT,
    SNAPSHOT,
    STATUS,
    TRADE,
    Row,
)  # fmt: skip
from equipoise.processors.state import State
from equipoise.schemas.enums import BookSource, Cause, Flag

UNKNOWN_ORDER = int(Cause.UNKNOWN_ORDER)
OFF_SESSION = int(Cause.OFF_SESSION)
OTHER_BOOK_SOURCE = int(Cause.OTHER_BOOK_SOURCE)
LIMIT = int(Cause.LIMIT)

UPSERT = int(Flag.UPSERT)
HIDDEN = int(Flag.HIDDEN)
NOT_FLOW = int(Flag.CROSS | Flag.OFF_BOOK | Flag.BLOCK | Flag.SELF_TRADE)

L3 = int(BookSource.L3)


@inner
def apply(state: State, row: Row, late: bool) -> tuple[int, bool]:
    """(Cause, whether anything was applied)."""
    action = row.action
    if action == TRADE:
        return _trade(state, row, late)
    if action == STATUS:
        state.instruments[row.i].trading = row.quantity
        return OK, True
    if action == INTENT:
        if not orders.has_room(state):
            return LIMIT, False
        return pending.announce(state, row.i, row.order_id, row.side, row.quantity), True
    if action == RETRACT:
        cause = pending.retract(state, row.i, row.order_id)
        return cause, cause == OK
    return _book(state, row, late)


@inner
def _book(state: State, row: Row, late: bool) -> tuple[int, bool]:
    action = row.action
    inst = state.instruments[row.i]
    if action == SNAPSHOT:
        cause = snapshot.begin(state, row.i, row.sequence)
        return cause, cause == OK
    if inst.in_snapshot == snapshot.NO_SNAPSHOT and inst.followed == 0:
        cause = snapshot.follow(state, row.i, row.sequence, row.previous_sequence)
        if cause != OK:
            return cause, False
        inst.followed = 1
    if action == CLEAR:
        snapshot.clear(state, row.i, row.side)
        return OK, True
    if action == LEVEL:
        return _level(state, row)
    if action in (ADD, MODIFY, CANCEL, EXECUTE):
        if inst.book_source != L3 and not (action == EXECUTE and row.flags & HIDDEN):
            return OTHER_BOOK_SOURCE, False
        return _order(state, row, late)
    return OK, True


@inner
def _level(state: State, row: Row) -> tuple[int, bool]:
    inst = state.instruments[row.i]
    side = 2 * row.i + row.side - 1
    run = state.sides[side]
    price, quantity = row.price, row.quantity
    if run.length >= state.settings[0].max_levels and levels.seek(state, side, price) < 0:
        return LIMIT, False
    if inst.in_snapshot != snapshot.NO_SNAPSHOT:
        cause = snapshot.level(state, side, price, quantity)
        return cause, cause == OK
    if inst.book_source == L3:
        return OTHER_BOOK_SOURCE, False
    l2.set_level(state, side, price, quantity, row.sequence, inst.seeded == 0)
    return OK, True


@inner
def _order(state: State, row: Row, late: bool) -> tuple[int, bool]:
    action = row.action
    side = 2 * row.i + row.side - 1
    order_id, price, quantity = row.order_id, row.price, row.quantity
    if action == MODIFY and row.flags & UPSERT and orders.find(state, order_id, row.i) < 0:
        action = ADD
    if action == ADD:
        full = state.sides[side].length >= state.settings[0].max_levels and levels.seek(state, side, price) < 0
        if full or not orders.has_room(state):
            return LIMIT, False
        cause = l3.add(state, side, order_id, price, quantity)
        return cause, cause == OK
    if action == MODIFY:
        cause = l3.modify(state, side, order_id, price, quantity, row.flags & DELTA != 0)
        return cause, cause == OK
    cause = OK
    if not row.flags & HIDDEN:
        cause = l3.take(state, side, order_id, price, quantity)
    if action == CANCEL:
        return cause, cause != UNKNOWN_ORDER
    traded, _ = _trade(state, row, late)
    return (cause if cause != OK else traded), True


@inner
def _trade(state: State, row: Row, late: bool) -> tuple[int, bool]:
    """Count a print, or an execution against a resting order (whose aggressor is the other side)."""
    inst = state.instruments[row.i]
    if row.flags & NOT_FLOW or evaluate.trading_reason(inst.trading) != evaluate.NONE:
        return OFF_SESSION, False
    if late:
        return OK, True
    side = 3 - row.side if row.action == EXECUTE else row.side
    bucket = volume.bucket_of(row.price, state.settings[0].bucket_ticks)
    if side != 0:
        session = volume.session_of(row.event_ns, state.session_ns[row.i])
        half_life_ns = state.settings[0].cvd_half_life_ns
        volume.add_trade(inst, row.event_ns, session, bucket, row.quantity, side == 1, half_life_ns, state.spare_sums)
    if panel.is_on(state):
        book = evaluate.book_reason(inst, inst.bid, inst.ask)
        hidden = row.flags & HIDDEN != 0
        panel.trade(state, row.i, book, row.event_ns, row.price, row.quantity, side, hidden)
    number = time.number_of(state, row.event_ns)
    k = time.open_slot(state, row.i, number)
    if k >= 0:
        slot = state.slots[row.i, k]
        volume.add_to_slot(slot, bucket, row.quantity, side, state.spare)
        if slot.state == time.CLOSED:
            state.partition[0].revise = number
    return OK, True
