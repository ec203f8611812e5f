"""The row loop: check, place in time, apply, and after each event group evaluate.

`run` may stop before any row and ask for room (orders, levels, output); nothing that it did until then
happens again when it is called anew with the same row.
"""

import numpy as np

from equipoise.processors import evaluate, publish, time
from equipoise.processors.book import l2, l3, levels, orders, snapshot
from equipoise.processors.columns import NULL, Events
from equipoise.processors.jit import njit
from equipoise.processors.measures import pending, volume
from equipoise.processors.publish import Output, Scratch
from equipoise.processors.state import State
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Outcome, Reason

DONE, WANT_ORDERS, WANT_LEVELS, WANT_OUTPUT = 0, 1, 2, 3

USED = int(Outcome.USED)
LATE = int(Outcome.LATE)
FLAGGED = int(Outcome.FLAGGED)
DEAD = int(Outcome.DEAD)

OK = int(Cause.NONE)
C_LATE = int(Cause.LATE)
UNKNOWN_INSTRUMENT = int(Cause.UNKNOWN_INSTRUMENT)
UNKNOWN_ORDER = int(Cause.UNKNOWN_ORDER)
OFF_SESSION = int(Cause.OFF_SESSION)
OTHER_BOOK_SOURCE = int(Cause.OTHER_BOOK_SOURCE)
QUANTITY_RANGE = int(Cause.QUANTITY_RANGE)
PRICE_RANGE = int(Cause.PRICE_RANGE)
UNKNOWN_WORD = int(Cause.UNKNOWN_WORD)
LIMIT = int(Cause.LIMIT)
OVER_EXECUTED = int(Cause.OVER_EXECUTED)

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

LAST = int(Flag.LAST)
DELTA = int(Flag.DELTA)
HIDDEN = int(Flag.HIDDEN)
NOT_FLOW = int(Flag.CROSS | Flag.OFF_BOOK | Flag.BLOCK | Flag.SELF_TRADE)
MERGE_LATE = int(Flag.MERGE_LATE)

L3 = int(BookSource.L3)
MERGE_BIT = 1 << int(Reason.MERGE_TIMEOUT)
LIMIT_BIT = 1 << int(Reason.LIMIT)
UNKNOWN_BIT = 1 << int(Reason.UNKNOWN_ORDERS)

MAX_QUANTITY = 1 << 62
MAX_PRICE = 1 << 53


@njit
def run(state: State, events: Events, out: Output, scratch: Scratch, start: int) -> tuple[int, int, int]:
    """Apply rows from `start` on. Returns (next row, what is wanted, how much of it)."""
    for r in range(start, len(events.instrument)):
        i = events.instrument[r]
        if i < 0:
            out.outcome[r] = FLAGGED
            out.cause[r] = UNKNOWN_INSTRUMENT
            continue
        cause = check(events, r, state.settings[0].max_ahead_ns)
        if cause != OK:
            out.outcome[r] = DEAD
            out.cause[r] = cause
            state.instruments[i].ordinal += 1
            _end_group(state, events, out, scratch, r, True)
            continue
        s = events.source[r]
        late = time.is_late(state, s, events.event_ns[r])
        time.advance(state, s, events.event_ns[r], events.arrival_ns[r])
        wanted = publish.close_due(state, out, scratch, s, events.offset[r])
        if wanted == 0 and not _has_output_room(state, out):
            wanted = 1
        if wanted > 0:
            return r, WANT_OUTPUT, wanted
        want = _make_room(state, i, events.action[r], events.side[r])
        if want != DONE:
            return r, want, 1
        _row(state, events, out, scratch, r, late)
        _end_group(state, events, out, scratch, r, late)
        if len(out.best) > 0:
            _trace(state, out, r, i)
    return len(events.instrument), DONE, 0


@njit
def check(events: Events, r: int, max_ahead_ns: int) -> int:
    """Whether a row can be true; the edge has checked too, the kernel trusts nobody. Returns a Cause."""
    action = events.action[r]
    if action > RETRACT or events.side[r] > 2:
        return UNKNOWN_WORD
    quantity, price = events.quantity[r], events.price[r]
    least = 1 - MAX_QUANTITY if action == MODIFY and events.flags[r] & DELTA else 0
    if quantity != NULL and (quantity < least or quantity >= MAX_QUANTITY):
        return QUANTITY_RANGE
    if price != NULL and (price <= -MAX_PRICE or price >= MAX_PRICE):
        return PRICE_RANGE
    if action in (ADD, LEVEL, INTENT):
        if events.side[r] == 0:
            return UNKNOWN_WORD
        if action != INTENT and price == NULL:
            return PRICE_RANGE
    if action in (CANCEL, EXECUTE, MODIFY) and events.side[r] == 0:
        return UNKNOWN_WORD
    if quantity == NULL and action in (ADD, LEVEL, INTENT, MODIFY, EXECUTE, TRADE, STATUS):
        return QUANTITY_RANGE
    if quantity == 0 and action in (ADD, TRADE):
        return QUANTITY_RANGE
    if action == STATUS and quantity > 5:
        return UNKNOWN_WORD
    return time.check(events.event_ns[r], events.arrival_ns[r], max_ahead_ns)


@njit
def _has_output_room(state: State, out: Output) -> bool:
    """Room for what one row can publish by itself: a live signal, and a revision of each kept window."""
    partition = state.partition[0]
    ring = state.slots.shape[1]
    return partition.signals + ring < len(out.signals) and partition.windows + ring <= len(out.windows)


@njit
def _make_room(state: State, i: int, action: int, side: int) -> int:
    if action not in (ADD, LEVEL, MODIFY, INTENT):
        return DONE
    if action in (ADD, INTENT) and not orders.has_room(state):
        return DONE if len(state.orders) >= state.settings[0].max_orders else WANT_ORDERS
    if action == INTENT:
        return DONE
    if action in (ADD, LEVEL):
        return DONE if levels.make_room(state, 2 * i + side - 1) else WANT_LEVELS
    # MODIFY: the side that counts is the order's own, which the row may get wrong
    both = levels.make_room(state, 2 * i) and levels.make_room(state, 2 * i + 1)
    return DONE if both or action != MODIFY else WANT_LEVELS


@njit
def _row(state: State, events: Events, out: Output, scratch: Scratch, r: int, late: bool) -> None:
    i = events.instrument[r]
    inst = state.instruments[i]
    inst.dirty = 1
    inst.ordinal += 1
    event_ns = events.event_ns[r]
    if late:
        inst.late_events += 1
    else:
        inst.clock_ns = max(inst.clock_ns, event_ns)
        if inst.first_ns == NULL:
            inst.first_ns = event_ns
        session = volume.session_of(event_ns, state.session_ns[i])
        if session > inst.session:
            volume.roll_session(inst, session)
    source = state.sources[events.source[r]]
    source.rows += 1
    source.offset = events.offset[r]
    if events.flags[r] & MERGE_LATE:
        inst.group_reasons |= MERGE_BIT
    cause, applied = _apply(state, events, out, scratch, r, late)
    out.cause[r] = cause
    out.outcome[r] = USED if applied else FLAGGED
    if cause in (UNKNOWN_ORDER, OVER_EXECUTED):
        inst.group_reasons |= UNKNOWN_BIT
    elif cause == LIMIT:
        inst.group_reasons |= LIMIT_BIT
    if late:
        out.outcome[r] = LATE
        out.cause[r] = C_LATE
    if applied:
        inst.group_open = 1
        if not late:
            _count_event(state, i, event_ns)


@njit
def _count_event(state: State, i: int, event_ns: int) -> None:
    window_ns = state.settings[0].window_ns
    number = event_ns // window_ns
    partition = state.partition[0]
    if partition.closed_number == NULL or number > partition.closed_number:
        k = time.open_slot(state, i, number)
        if k >= 0:
            state.slots[i, k].events += 1


@njit
def _apply(state: State, events: Events, out: Output, scratch: Scratch, r: int, late: bool) -> tuple[int, bool]:
    """(Cause, whether anything was applied)."""
    action = events.action[r]
    i = events.instrument[r]
    if action == TRADE:
        return _trade(state, events, out, scratch, r, late)
    if action == STATUS:
        state.instruments[i].trading = events.quantity[r]
        return OK, True
    if action == INTENT:
        if not orders.has_room(state):
            return LIMIT, False
        return pending.announce(state, i, events.order_id[r], events.side[r], events.quantity[r]), True
    if action == RETRACT:
        cause = pending.retract(state, i, events.order_id[r])
        return cause, cause == OK
    return _book(state, events, out, scratch, r, late)


@njit
def _book(state: State, events: Events, out: Output, scratch: Scratch, r: int, late: bool) -> tuple[int, bool]:
    action = events.action[r]
    i = events.instrument[r]
    inst = state.instruments[i]
    if action == SNAPSHOT:
        cause = snapshot.begin(state, i, events.sequence[r])
        return cause, cause == OK
    if inst.in_snapshot == snapshot.NO_SNAPSHOT and inst.group_open == 0:
        cause = snapshot.follow(state, i, events.sequence[r], events.previous_sequence[r])
        if cause != OK:
            return cause, False
    if action == CLEAR:
        snapshot.clear(state, i, events.side[r])
        return OK, True
    if action == LEVEL:
        return _level(state, events, r)
    if action in (ADD, MODIFY, CANCEL, EXECUTE):
        if inst.book_source != L3 and not (action == EXECUTE and events.flags[r] & HIDDEN):
            return OTHER_BOOK_SOURCE, False
        return _order(state, events, out, scratch, r, late)
    return OK, True


@njit
def _level(state: State, events: Events, r: int) -> tuple[int, bool]:
    i = events.instrument[r]
    inst = state.instruments[i]
    side = 2 * i + events.side[r] - 1
    run = state.sides[side]
    price, quantity = events.price[r], events.quantity[r]
    if run.length >= state.settings[0].max_levels and levels.seek(state, side, price) < 0:
        return LIMIT, False
    if inst.in_snapshot != snapshot.NO_SNAPSHOT:
        cause = snapshot.level(state, side, price, quantity)
        return cause, cause == OK
    if inst.book_source == L3:
        return OTHER_BOOK_SOURCE, False
    l2.set_level(state, side, price, quantity, events.sequence[r], inst.seeded == 0)
    return OK, True


@njit
def _order(state: State, events: Events, out: Output, scratch: Scratch, r: int, late: bool) -> tuple[int, bool]:
    action = events.action[r]
    i = events.instrument[r]
    side = 2 * i + events.side[r] - 1
    order_id, price, quantity = events.order_id[r], events.price[r], events.quantity[r]
    if action == ADD:
        full = state.sides[side].length >= state.settings[0].max_levels and levels.seek(state, side, price) < 0
        if full or not orders.has_room(state):
            return LIMIT, False
        cause = l3.add(state, side, order_id, price, quantity)
        return cause, cause == OK
    if action == MODIFY:
        cause = l3.modify(state, side, order_id, price, quantity, events.flags[r] & DELTA != 0)
        return cause, cause == OK
    cause = OK
    if not events.flags[r] & HIDDEN:
        cause = l3.take(state, side, order_id, price, quantity)
    if action == CANCEL:
        return cause, cause != UNKNOWN_ORDER
    traded, _ = _trade(state, events, out, scratch, r, late)
    return (cause if cause != OK else traded), True


@njit
def _trade(state: State, events: Events, out: Output, scratch: Scratch, r: int, late: bool) -> tuple[int, bool]:
    """Count a print, or an execution against a resting order (whose aggressor is the other side)."""
    i = events.instrument[r]
    inst = state.instruments[i]
    if events.flags[r] & NOT_FLOW or evaluate.trading_reason(inst.trading) != evaluate.NONE:
        return OFF_SESSION, False
    if late:
        return OK, True
    side = int(events.side[r])
    if events.action[r] == EXECUTE:
        side = 3 - side
    event_ns, quantity = events.event_ns[r], events.quantity[r]
    bucket = volume.bucket_of(events.price[r], state.settings[0].bucket_ticks)
    if side != 0:
        session = volume.session_of(event_ns, state.session_ns[i])
        volume.add_trade(inst, event_ns, session, bucket, quantity, side == 1, state.settings[0].cvd_half_life_ns)
    number = event_ns // state.settings[0].window_ns
    k = time.open_slot(state, i, number)
    if k >= 0:
        slot = state.slots[i, k]
        volume.add_to_slot(slot, bucket, quantity, side)
        if slot.state == time.CLOSED:
            publish.revise(state, out, scratch, i, number, events.source[r], events.offset[r])
    return OK, True


@njit
def _end_group(state: State, events: Events, out: Output, scratch: Scratch, r: int, late: bool) -> None:
    """After the last row of a group, take in the book as a whole and evaluate."""
    if not events.flags[r] & LAST:
        return
    i = events.instrument[r]
    inst = state.instruments[i]
    if inst.in_snapshot != snapshot.NO_SNAPSHOT:
        snapshot.end(state, i)
    if inst.group_open == 0 or inst.clock_ns == NULL:
        return
    book = evaluate.observe(state, i, events.event_ns[r], late)
    publish.live(state, out, scratch, i, book, events.source[r], events.offset[r])
    inst.group_open = 0
    inst.group_reasons = 0


@njit
def _trace(state: State, out: Output, r: int, i: int) -> None:
    inst = state.instruments[i]
    out.best[r, 0] = inst.bid
    out.best[r, 1] = inst.bid_quantity
    out.best[r, 2] = inst.ask
    out.best[r, 3] = inst.ask_quantity


def new_scratch(n_components: int) -> Scratch:
    """Workspace for one engine."""
    return Scratch._make([*(np.zeros(n_components) for _ in range(3)), np.zeros(n_components, np.uint8)])
