"""Event time: what a stamp may be, watermarks, and when windows open and close.

A source (a topic of the partition) has a watermark: the highest event time seen on it. The partition's
is the least of those of the sources that are not idle; a source is idle when its newest arrival stamp
lies more than `idle_ns` behind the partition's newest, so that idleness too follows from the records
alone. A window closes when the partition's watermark reaches its end.
"""

from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner, njit
from equipoise.processors.measures import volume
from equipoise.processors.state import Array, State
from equipoise.schemas.enums import Cause

FREE, OPEN, CLOSED = 0, 1, 2
EARLIEST_NS = 631_152_000_000_000_000  # 1990-01-01
LATEST_NS = 4_102_444_800_000_000_000  # 2100-01-01

_OK = int(Cause.NONE)
_RANGE = int(Cause.TIMESTAMP_RANGE)
_AHEAD = int(Cause.TIMESTAMP_AHEAD)


@njit
def check(event_ns: int, arrival_ns: int, max_ahead_ns: int) -> int:
    """Whether a stamp can be true. Returns a Cause."""
    if event_ns < EARLIEST_NS or event_ns >= LATEST_NS:
        return _RANGE
    if arrival_ns != NULL:
        if arrival_ns < EARLIEST_NS or arrival_ns >= LATEST_NS:
            return _RANGE
        if event_ns - arrival_ns > max_ahead_ns:
            return _AHEAD
    return _OK


@inner
def is_late(state: State, s: int, event_ns: int) -> bool:
    """Past the lateness of its own source."""
    watermark = state.sources[s].watermark_ns
    return watermark != NULL and event_ns < watermark - state.settings[0].lateness_ns


@inner
def advance(state: State, s: int, event_ns: int, arrival_ns: int) -> None:
    """Move the watermarks of the source and of the partition. Calling it again changes nothing."""
    source = state.sources[s]
    partition = state.partition[0]
    arrival = event_ns if arrival_ns == NULL else arrival_ns
    source.watermark_ns = max(source.watermark_ns, event_ns)
    source.arrival_ns = max(source.arrival_ns, arrival)
    partition.arrival_ns = max(partition.arrival_ns, arrival)
    if partition.first_arrival_ns == NULL:
        partition.first_arrival_ns = arrival
    if len(state.sources) == 1:
        partition.watermark_ns = source.watermark_ns
        return
    idle_before = partition.arrival_ns - state.settings[0].idle_ns
    least = source.watermark_ns
    for k in range(len(state.sources)):
        other = state.sources[k]
        if other.arrival_ns == NULL:
            if partition.first_arrival_ns >= idle_before:
                return  # it has not spoken yet and may still
        elif other.arrival_ns >= idle_before:
            least = min(least, other.watermark_ns)
    partition.watermark_ns = max(partition.watermark_ns, least)


@inner
def number_of(state: State, t_ns: int) -> int:
    """Number of the window that `t_ns` falls into. Most rows fall into the last one's: that saves a division."""
    partition = state.partition[0]
    if t_ns < partition.window_from_ns or t_ns >= partition.window_to_ns:
        window_ns = state.settings[0].window_ns
        number = t_ns // window_ns
        partition.window_number = number
        partition.window_place = number % state.slots.shape[1]
        partition.window_from_ns = number * window_ns
        partition.window_to_ns = partition.window_from_ns + window_ns
    return partition.window_number


@inner
def place_of(state: State, number: int) -> int:
    """Place in the ring of window `number`."""
    partition = state.partition[0]
    if number == partition.window_number and partition.window_to_ns != 0:
        return partition.window_place
    return number % state.slots.shape[1]


@inner
def is_due(state: State, event_ns: int) -> bool:
    """Whether `due` is past the last window that was closed, without a division."""
    partition, window_ns = state.partition[0], state.settings[0].window_ns
    closed = partition.closed_number
    if closed == NULL:
        return True
    outgrown = event_ns >= (closed + 1 + state.slots.shape[1]) * window_ns
    return outgrown or partition.watermark_ns >= (closed + 2) * window_ns  # NULL is below everything


@inner
def due(state: State, event_ns: int) -> int:
    """Number of the last window to close before a row at `event_ns` is applied.

    It is the last whose end the partition's watermark has reached. Where a slow source holds the watermark
    back for longer than the ring of windows is, the oldest closes all the same: what comes for it revises it.
    """
    outgrown = number_of(state, event_ns) - state.slots.shape[1]
    watermark = state.partition[0].watermark_ns
    if watermark == NULL:
        return outgrown
    return max(number_of(state, watermark) - 1, outgrown)


@inner
def find_slot(state: State, i: int, number: int) -> int:
    """Position in the ring of the instrument's window `number`, or -1."""
    k = place_of(state, number)
    return k if state.slots[i, k].number == number else -1


@inner
def open_slot(state: State, i: int, number: int) -> int:
    """Position of the instrument's window `number`, made if need be; -1: the ring has moved past it.

    A window that is first touched after its number was closed begins as CLOSED at revision -1, so that
    its first publication is revision 0.
    """
    k = place_of(state, number)
    slot = state.slots[i, k]
    if slot.number == number:
        return k
    if slot.number > number:
        return -1
    _reset(slot, number)
    start = number * state.settings[0].window_ns
    slot.session = volume.session_of(start, state.session_ns[i])
    if state.partition[0].closed_number != NULL and number <= state.partition[0].closed_number:
        slot.state = CLOSED
        slot.revision = -1
    else:
        slot.state = OPEN
        slot.opened = state.partition[0].opened
        state.partition[0].opened += 1
        state.members[k, state.member_count[k]] = i
        state.member_count[k] += 1
    return k


@inner
def _reset(slot: Array, number: int) -> None:
    slot.number = number
    slot.revision = 0
    slot.events = 0
    slot.trades = 0
    slot.buy = 0
    slot.sell = 0
    slot.unknown = 0
    slot.unpriced = 0
    slot.ofi = 0
    slot.ofi_gross = 0
    slot.area[:] = 0.0
    slot.known_ns[:] = 0.0
    slot.mid_open_x2 = NULL
    slot.mid_close_x2 = NULL
    slot.low = NULL
    slot.high = NULL
    slot.shift = 0
    slot.ring_buy[:] = 0
    slot.ring_sell[:] = 0
    slot.late_events = 0


@inner
def integrate(state: State, i: int, slot: Array, until_ns: int) -> None:
    """Add what the instrument's held values contribute to an open window up to `until_ns`."""
    inst = state.instruments[i]
    if inst.held_ns == NULL:
        return
    window_ns = state.settings[0].window_ns
    start = max(inst.held_ns, slot.number * window_ns)
    stop = min(until_ns, (slot.number + 1) * window_ns)
    if stop <= start:
        return
    for k in range(3):
        value = inst.held[k]
        if value == value:
            slot.area[k] += value * (stop - start)
            slot.known_ns[k] += stop - start
