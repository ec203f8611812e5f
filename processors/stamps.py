"""Stamps of waiting rows, and the order of several topics by them (streams/merge.py says what they mean)."""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL, Events
from equipoise.processors.jit import inner, njit

MIN_STAMP_NS = 631_152_000_000_000_000  # 1990-01-01; what is outside is no stamp
MAX_STAMP_NS = 4_102_444_800_000_000_000  # 2100-01-01
MAX_STAMP_AHEAD_NS = 60_000_000_000  # of the event: one absurd arrival stamp holds its topic no longer

Times = NDArray[np.int64]


@inner
def _stamp(event_ns: int, arrival_ns: int) -> int:
    """Arrival, else event time, else NULL."""
    known = MIN_STAMP_NS <= event_ns < MAX_STAMP_NS
    if not MIN_STAMP_NS <= arrival_ns < MAX_STAMP_NS:
        return event_ns if known else NULL
    return min(arrival_ns, event_ns + MAX_STAMP_AHEAD_NS) if known else arrival_ns


@njit
def fill(stamps: Times, event_ns: Times, arrival_ns: Times, offset: Times, floor: int) -> int:
    """Ascending stamps, one a record, none below `floor`; all shape (n,). Returns the last."""
    reached = floor
    for r in range(len(offset)):
        if r == 0 or offset[r] != offset[r - 1]:
            reached = max(reached, _stamp(event_ns[r], arrival_ns[r]))
        stamps[r] = reached
    return reached


@njit
def of_kafka(stamp_ns: Times, timestamp_ms: Times) -> None:
    """Kafka's stamps in nanoseconds, NULL where they could be no arrival; both shape (n,)."""
    for r in range(len(timestamp_ms)):
        possible = MIN_STAMP_NS // 1_000_000 <= timestamp_ms[r] < MAX_STAMP_NS // 1_000_000
        stamp_ns[r] = timestamp_ms[r] * 1_000_000 if possible else NULL


@njit
def interleave(stamps: Times, starts: Times, ranks: Times, at: Times, order: Times) -> None:
    """The order of k ascending runs by (stamp, rank): `order[j]` is the row that comes j-th.

    Run s lies in rows starts[s] to starts[s + 1] and has the rank ranks[s]. `at`: workspace, shape (k,).
    """
    for s in range(len(at)):
        at[s] = starts[s]
    j = 0
    while j < len(order):
        first = _least(stamps, starts, ranks, at, -1)
        second = _least(stamps, starts, ranks, at, first)
        while at[first] < starts[first + 1]:
            if second >= 0 and not _before(stamps, ranks, at, first, second):
                break
            order[j] = at[first]
            j += 1
            at[first] += 1


@inner
def _least(stamps: Times, starts: Times, ranks: Times, at: Times, without: int) -> int:
    """The run whose next row comes first, -1: none has one."""
    least = -1
    for s in range(len(at)):
        if s != without and at[s] < starts[s + 1] and (least < 0 or _before(stamps, ranks, at, s, least)):
            least = s
    return least


@inner
def _before(stamps: Times, ranks: Times, at: Times, a: int, b: int) -> bool:
    mine, other = stamps[at[a]], stamps[at[b]]
    return mine < other or (mine == other and ranks[a] < ranks[b])


@njit
def gather(rows: Events, order: Times, out: Events) -> None:
    """out[j] = rows[order[j]], for every column."""
    for j in range(len(order)):
        r = order[j]
        out.instrument[j] = rows.instrument[r]
        out.action[j] = rows.action[r]
        out.side[j] = rows.side[r]
        out.flags[j] = rows.flags[r]
        out.price[j] = rows.price[r]
        out.quantity[j] = rows.quantity[r]
        out.order_id[j] = rows.order_id[r]
        out.sequence[j] = rows.sequence[r]
        out.previous_sequence[j] = rows.previous_sequence[r]
        out.event_ns[j] = rows.event_ns[r]
        out.arrival_ns[j] = rows.arrival_ns[r]
        out.source[j] = rows.source[r]
        out.offset[j] = rows.offset[r]
