"""The row loop: check, place in time, apply, and after each event group evaluate.

`run` may stop before any row and ask for room (orders, levels, output); nothing that it did until then
happens again when it is called anew with the same row.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors import ahead, evaluate, finals, publish, time
from equipoise.processors.apply import apply
from equipoise.processors.book import ahead as book_ahead
from equipoise.processors.book import levels, orders, snapshot
from equipoise.processors.columns import NULL, Events
from equipoise.processors.jit import inner, njit
from equipoise.processors.measures import volume
from equipoise.processors.panel import run as panel
from equipoise.processors.publish import Output, Scratch
from equipoise.processors.row import ADD, INTENT, LEVEL, MODIFY, OK, Row, check, read
from equipoise.processors.state import State
from equipoise.schemas.enums import Cause, Flag, Outcome, Reason

DONE, WANT_ORDERS, WANT_LEVELS, WANT_OUTPUT = 0, 1, 2, 3

USED = int(Outcome.USED)
LATE = int(Outcome.LATE)
FLAGGED = int(Outcome.FLAGGED)
DEAD = int(Outcome.DEAD)

C_LATE = int(Cause.LATE)
UNKNOWN_INSTRUMENT = int(Cause.UNKNOWN_INSTRUMENT)
UNKNOWN_ORDER = int(Cause.UNKNOWN_ORDER)
LIMIT = int(Cause.LIMIT)
OVER_EXECUTED = int(Cause.OVER_EXECUTED)

LAST = int(Flag.LAST)
BAD_CHECKSUM = int(Flag.BAD_CHECKSUM)
MERGE_LATE = int(Flag.MERGE_LATE)

MERGE_BIT = 1 << int(Reason.MERGE_TIMEOUT)
LIMIT_BIT = 1 << int(Reason.LIMIT)
UNKNOWN_BIT = 1 << int(Reason.UNKNOWN_ORDERS)


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
        row = read(events, r)
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
        if row.event_ns >= volume.session_end(inst.session, state.session_ns[row.i]):
            volume.roll_session(inst, volume.session_of(row.event_ns, state.session_ns[row.i]))
    source = state.sources[row.source]
    source.rows += 1
    source.offset = row.offset
    if row.flags & MERGE_LATE:
        inst.group_reasons |= MERGE_BIT
    cause, applied = apply(state, row, late)
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
    number = time.number_of(state, event_ns)
    partition = state.partition[0]
    if partition.closed_number == NULL or number > partition.closed_number:
        k = time.open_slot(state, i, number)
        if k >= 0:
            state.slots[i, k].events += 1


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
