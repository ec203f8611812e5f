"""The last signal of each instrument, and the signals that say that there is no new one: their Avro bodies.

A heartbeat names the last signal and the silence since, and carries no number of the policy: an old price must never
look new. `as_of` and `valid_until` stay those of the last signal. A worker of ten thousand quiet instruments publishes
twenty thousand of them a second, so they are written from rows that are kept, as signals are.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.signals import FEE, SPREAD
from equipoise.processors.avro.texts import NAMES, TICK, Texts
from equipoise.processors.avro.write import (
    Room,
    byte,
    identity,
    long,
    mid,
    optional_double,
    optional_long,
    reasons,
    text,
)
from equipoise.processors.columns import NULL, SIGNAL_DTYPE
from equipoise.processors.jit import apart, njit
from equipoise.schemas.enums import Kind, Reason, Status, Trigger

Array = Any  # rows of a structured dtype: neither NumPy nor numba types their fields
Ints = NDArray[np.int64]

KINDS: Final = 2  # SpreadSignal, FeeSignal
NEVER: Final = np.iinfo(np.int64).max

_HEARTBEAT, _STALE, _NO_TRIGGER = int(Kind.HEARTBEAT), int(Status.STALE), int(Trigger.NONE)
_STALE_INPUT: Final = np.uint32(1 << Reason.STALE_INPUT)
_NUMBERS: Final = (6, 5)  # of the policy, by kind


class Last(NamedTuple):
    """By row and kind of signal, shape (rows, KINDS): the last one, when it left, and when a heartbeat is due."""

    rows: NDArray[np.int32]  # by the instrument's index in the table, -1: none
    used: Ints  # shape (1,): how many rows
    signals: Array  # SIGNAL_DTYPE
    left_ns: Ints  # wall clock
    due_ns: Ints  # NEVER: nothing has left


def last_of(instruments: int, rows: int) -> Last:
    """Room for so many."""
    return Last(
        np.full(instruments, -1, np.int32),
        np.zeros(1, np.int64),
        np.zeros((rows, KINDS), SIGNAL_DTYPE),
        np.zeros((rows, KINDS), np.int64),
        np.full((rows, KINDS), NEVER),
    )


@njit
def note(last: Last, signals: Array, now_ns: int, due_ns: int) -> None:
    """These signals left at `now_ns`. There must be a row free for each instrument."""
    for r in range(len(signals)):
        emits, i = signals[r].emits, signals[r].instrument
        if emits == 0:
            continue
        row = last.rows[i]
        if row < 0:
            row = last.used[0]
            last.rows[i] = row
            last.used[0] = row + 1
        for kind in range(KINDS):
            if emits & (SPREAD if kind == 0 else FEE):
                last.signals[row, kind] = signals[r]
                last.left_ns[row, kind] = now_ns
                last.due_ns[row, kind] = due_ns


@njit
def write_heartbeats(last: Last, at: Ints, clock: Ints, texts: Texts, out: Room, found: Ints) -> int:
    """Write those that are due into `out`, which has the room, and have them due again an interval later.

    Args:
        last: what is known of the instruments.
        at: shape (1,), 2 * row + kind where to go on; moved.
        clock: now, the interval, and the silence from which on the status is STALE, ns.
        texts: of the instruments.
        out: room.
        found: shape (most, 3), gets instrument, kind and where the body ends of each.

    Returns:
        How many were written; fewer than `most` where no more are due.
    """
    now_ns, count, end = clock[0], 0, 0
    while at[0] < KINDS * last.used[0] and count < len(found):
        row, kind = at[0] // KINDS, at[0] % KINDS
        at[0] += 1
        due_ns, left_ns = last.due_ns[row, kind], last.left_ns[row, kind]
        if due_ns == NEVER or (due_ns > now_ns and left_ns <= now_ns):
            continue
        if left_ns > now_ns:  # the clock was set back
            last.left_ns[row, kind] = left_ns = now_ns
        last.due_ns[row, kind] = now_ns + clock[1]
        signal, silence_ns = last.signals[row, kind], now_ns - left_ns
        end = _frame(out, end, signal, now_ns, silence_ns >= clock[2], texts)
        end = _numbers(out, end, signal, kind)
        end = identity(out, byte(out, end, 2), texts, signal.instrument, signal.kind, signal.ordinal)
        end = optional_long(out, end, silence_ns)
        found[count, 0], found[count, 1], found[count, 2] = signal.instrument, kind, end
        count += 1
    return count


@apart
def _frame(out: Room, at: int, signal: Array, now_ns: int, stale: bool, texts: Texts) -> int:
    """What both kinds of signal begin with."""
    i = signal.instrument
    at = identity(out, at, texts, i, _HEARTBEAT, now_ns)
    at = long(out, at, 0)
    at = long(out, at, _HEARTBEAT)
    at = text(out, at, texts.data, texts.instruments[i, NAMES], texts.instruments[i, NAMES + 1])
    at = long(out, at, _NO_TRIGGER)
    at = long(out, at, signal.as_of_ns)
    at = long(out, at, signal.valid_until_ns)
    at = long(out, at, _STALE if stale else signal.status)
    at = reasons(out, at, signal.reasons | _STALE_INPUT if stale else signal.reasons)
    at = long(out, at, signal.regime)
    at = long(out, at, signal.rebalance)
    at = long(out, at, signal.policy_version)
    at = optional_double(out, at, np.nan)  # the score
    at = byte(out, at, 0)  # no components
    at = text(out, at, texts.data, texts.instruments[i, TICK], texts.instruments[i, TICK + 1])
    at = mid(out, at, NULL)
    at = optional_long(out, at, NULL)
    known = signal.reference_mid_x2 != NULL
    at = mid(out, at, signal.reference_mid_x2 if known else signal.last_good_mid_x2)
    return optional_long(out, at, signal.reference_mid_ns if known else signal.last_good_mid_ns)


@apart
def _numbers(out: Room, at: int, signal: Array, kind: int) -> int:
    """None, and of a spread which cap bound."""
    for _ in range(_NUMBERS[kind]):
        at = byte(out, at, 0)
    return long(out, at, signal.binding_cap) if kind == 0 else at
