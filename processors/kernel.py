"""The row loop: check, place in time, apply, and after each event group evaluate.

`run` may stop before any row and ask for room (orders, levels, output); nothing that it did until then
happens again when it is called anew with the same row.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors import ahead, evaluate, finals, publish, time
from equipoise.processors.book import ahead as book_ahead
from equipoise.processors.book import l2, l3, levels, orders, snapshot
from equipoise.processors.columns import NULL, Events
from equipoise.processors.jit import inner, njit
from equipoise.processors.measures import pending, volume
from equipoise.processors.panel import run as panel
from equipoise.processors.publish import Output, Scratch
from equipoise.processors.state import State
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Outcome, Reason, TradingStatus

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
UPSERT = int(Flag.UPSERT)
BAD_CHECKSUM = int(Flag.BAD_CHECKSUM)
HIDDEN = int(Flag.HIDDEN)
NOT_FLOW = int(Flag.CROSS | Flag.OFF_BOOK | Flag.BLOCK | Flag.SELF_TRADE)
MERGE_LATE = int(Flag.MERGE_LATE)

L3 = int(BookSource.L3)
MERGE_BIT = 1 << int(Reason.MERGE_TIMEOUT)
LIMIT_BIT = 1 << int(Reason.LIMIT)
UNKNOWN_BIT = 1 << int(Reason.UNKNOWN_ORDERS)

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


class Verdicts(NamedTuple):
    """What became of each row."""

    outcome: NDArray[np.uint8]  # (n,)
    cause: NDArray[np.uint8]  # (n,)
    best: NDArray[np.int64]  # (n, 4) bid, quantity, ask, quantity after each row; (0, 4) unless traced


@njit
def run(
    state: State, events: Events, out: Output, verdicts: Verdicts, scratch: Scratch, start: int
) -> tuple[int, int, int]:
    """Apply rows from `start` on. Returns (next row, what is wanted, how much of it)."""
    for r in range(start, len(events.instrument)):
        ahead.look(state, events, r)
        book_ahead.look(state, events, r)
        row = _read(events, r)
        outcome, cause = FLAGGED, UNKNOWN_INSTRUMENT
        if row.i >= 0:
            cause = check(row, state.settings[0].max_ahead_ns)
            late = False
            if cause != OK:
                state.instruments[row.i].ordinal += 1
                state.instruments[row.i].touched = state.partition[0].mark
                outcome = DEAD
            else:
                late = time.is_late(state, row.source, row.event_ns)
                time.advance(state, row.source, row.event_ns, row.arrival_ns)
                wanted = finals.close_due(state, out, scratch, row.event_ns, row.source, row.offset)
                if wanted == 0 and not _has_output_room(state, out):
                    wanted = 1
                if wanted > 0:
                    return r, WANT_OUTPUT, wanted
                want = _make_room(state, row.i, row.action, row.side)
                if want != DONE:
                    return r, want, 1
                outcome, cause = _take_in(state, row, late)
                _revise(state, out, scratch, row)
            if row.flags & LAST:
                _end_group(state, out, scratch, row, late)
            if len(verdicts.best) > 0:
                _trace(state, verdicts, r, row.i)
        verdicts.outcome[r] = outcome
        verdicts.cause[r] = cause
    return len(events.instrument), DONE, 0


@njit
def _read(events: Events, r: int) -> Row:
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


@inner
def _has_output_room(state: State, out: Output) -> bool:
    """Room for what one row can publish by itself: a live signal, and a revision of each kept window."""
    partition = state.partition[0]
    ring = state.slots.shape[1]
    return partition.signals + ring < len(out.signals) and partition.windows + ring <= len(out.windows)


@inner
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


@inner
def _take_in(state: State, row: Row, late: bool) -> tuple[int, int]:
    """Place a row in time and apply it. Returns (Outcome, Cause)."""
    inst = state.instruments[row.i]
    inst.ordinal += 1
    inst.touched = state.partition[0].mark
    if late:
        inst.late_events += 1
    else:
        inst.clock_ns = max(inst.clock_ns, row.event_ns)
        if inst.first_ns == NULL:
            inst.first_ns = row.event_ns
        session = volume.session_of(row.event_ns, state.session_ns[row.i])
        if session > inst.session:
            volume.roll_session(inst, session)
    source = state.sources[row.source]
    source.rows += 1
    source.offset = row.offset
    if row.flags & MERGE_LATE:
        inst.group_reasons |= MERGE_BIT
    cause, applied = _apply(state, row, late)
    if cause in (UNKNOWN_ORDER, OVER_EXECUTED):
        inst.group_reasons |= UNKNOWN_BIT
    elif cause == LIMIT:
        inst.group_reasons |= LIMIT_BIT
        inst.group_open = 1  # nothing was applied, and the signal must say so
    if applied:
        inst.group_open = 1
        if not late:
            _count_event(state, row.i, row.event_ns)
    if late:
        return LATE, C_LATE
    return (USED if applied else FLAGGED), cause


@inner
def _count_event(state: State, i: int, event_ns: int) -> None:
    window_ns = state.settings[0].window_ns
    number = event_ns // window_ns
    partition = state.partition[0]
    if partition.closed_number == NULL or number > partition.closed_number:
        k = time.open_slot(state, i, number)
        if k >= 0:
            state.slots[i, k].events += 1


@inner
def _apply(state: State, row: Row, late: bool) -> tuple[int, bool]:
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
    number = row.event_ns // state.settings[0].window_ns
    k = time.open_slot(state, row.i, number)
    if k >= 0:
        slot = state.slots[row.i, k]
        volume.add_to_slot(slot, bucket, row.quantity, side, state.spare)
        if slot.state == time.CLOSED:
            state.partition[0].revise = number
    return OK, True


@inner
def _revise(state: State, out: Output, scratch: Scratch, row: Row) -> None:
    """Publish what a late trade corrected."""
    number = state.partition[0].revise
    if number != NULL:
        state.partition[0].revise = NULL
        finals.revise(state, out, scratch, row.i, number, row.source, row.offset)


@inner
def _end_group(state: State, out: Output, scratch: Scratch, row: Row, late: bool) -> None:
    """After the last row of a group, take in the book as a whole and evaluate."""
    inst = state.instruments[row.i]
    if inst.in_snapshot != snapshot.NO_SNAPSHOT:
        snapshot.end(state, row.i)
    if row.flags & BAD_CHECKSUM:
        snapshot.distrust(state, row.i)
    inst.followed = 0
    if inst.group_open == 0 or inst.clock_ns == NULL:
        return
    if panel.is_on(state):
        panel.remember(state, row.i)
    book = evaluate.observe(state, row.i, row.event_ns, late)
    if panel.is_on(state):
        panel.group(state, row.i, book, row.event_ns, late)
    publish.live(state, out, scratch, row.i, book, row.source, row.offset)
    inst.group_open = 0
    inst.group_reasons = 0


@inner
def _trace(state: State, verdicts: Verdicts, r: int, i: int) -> None:
    inst = state.instruments[i]
    verdicts.best[r, 0] = inst.bid
    verdicts.best[r, 1] = inst.bid_quantity
    verdicts.best[r, 2] = inst.ask
    verdicts.best[r, 3] = inst.ask_quantity


def new_scratch(n_components: int) -> Scratch:
    """Workspace for one engine."""
    return Scratch._make([*(np.zeros(n_components) for _ in range(3)), np.zeros(n_components, np.uint8)])
