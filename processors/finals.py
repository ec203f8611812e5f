"""Windows that close, and their revisions: one window row and one final signal each.

Revisions repeat the sequenced facts of the first close (regime, status, mid, pending) and bring the
commutative measures up to date.
"""

import numpy as np

from equipoise.processors import ahead, evaluate, publish, time
from equipoise.processors.columns import N_COMPONENTS, NULL
from equipoise.processors.jit import inner
from equipoise.processors.measures import depth, ofi, pending
from equipoise.processors.numerics import decay
from equipoise.processors.panel import run as panel
from equipoise.processors.policy import fee, score, spread
from equipoise.processors.publish import Output, Scratch
from equipoise.processors.state import RING, Array, State
from equipoise.schemas.enums import Kind, Reason, Trigger

FINAL = int(Kind.FINAL)
T_WINDOW = int(Trigger.WINDOW)
T_REVISION = int(Trigger.REVISION)
_LATE_BIT = 1 << int(Reason.LATE_EVENTS)


@inner
def close_due(state: State, out: Output, scratch: Scratch, event_ns: int, source: int, offset: int) -> int:
    """Close what is due before a row at `event_ns`. Returns 0, or how many output rows are wanted."""
    if not time.is_due(state, event_ns):
        return 0
    partition = state.partition[0]
    last = time.due(state, event_ns)
    if partition.closed_number == NULL:
        partition.closed_number = _before_first_open(state, last)
    ring = state.slots.shape[1]
    stop = min(last, partition.closed_number + ring)
    for number in range(partition.closed_number + 1, stop + 1):
        wanted = close_window(state, out, scratch, number, source, offset)
        if wanted > 0:
            return wanted
    partition.closed_number = max(partition.closed_number, last)
    return 0


@inner
def _before_first_open(state: State, last: int) -> int:
    """Number below which no window is open: a source that has not spoken yet holds the first ones open."""
    first = last + 1
    for k in range(state.slots.shape[1]):
        for m in range(state.member_count[k]):
            first = min(first, state.slots[state.members[k, m], k].number)
    return first - 1


@inner
def close_window(state: State, out: Output, scratch: Scratch, number: int, source: int, offset: int) -> int:
    """Publish window `number` of every instrument that has one. Returns as `close_due`."""
    partition = state.partition[0]
    k = number % state.slots.shape[1]
    count = state.member_count[k]
    room = min(len(out.signals) - partition.signals, len(out.windows) - partition.windows)
    if count > room:
        return count
    for m in range(count):
        i = state.members[k, m]
        if m + ahead.CLOSE < count:
            ahead.window(state, state.members[k, m + ahead.CLOSE], k)
        state.instruments[i].touched = partition.mark
        slot = state.slots[i, k]
        time.integrate(state, i, slot, (number + 1) * state.settings[0].window_ns)
        _freeze(state, i, slot, k)
        slot.state = time.CLOSED
        _final(state, out, scratch, i, k, T_WINDOW, source, offset)
    state.member_count[k] = 0
    partition.closed_number = number
    return 0


@inner
def _freeze(state: State, i: int, slot: Array, k: int) -> None:
    """Keep the sequenced facts of the moment, so that revisions repeat them."""
    inst = state.instruments[i]
    known = inst.quotes_ok == 1 and inst.bid != NULL and inst.ask != NULL and inst.bid <= inst.ask
    slot.close_mid_x2 = inst.bid + inst.ask if known else NULL
    slot.regime = inst.regime
    slot.status = inst.published_status if inst.published_ns != NULL else publish.STATUS_WARMING
    slot.reasons = inst.group_reasons
    book = evaluate.book_reason(inst, inst.bid, inst.ask)
    if book != evaluate.NONE:
        slot.reasons |= 1 << book
    if panel.is_on(state):
        panel.freeze(state, i, k, book)
    slot.pending_buy = inst.pending_buy
    slot.pending_sell = inst.pending_sell
    slot.late_events = inst.late_events
    if inst.late_events > 0:
        slot.reasons |= _LATE_BIT
    inst.late_events = 0


@inner
def revise(state: State, out: Output, scratch: Scratch, i: int, number: int, source: int, offset: int) -> None:
    """Publish anew a closed window that a late trade changed, and the closed ones after it (their CVD moved)."""
    ring = state.slots.shape[1]
    for later in range(number, min(state.partition[0].closed_number, number + ring - 1) + 1):
        k = time.find_slot(state, i, later)
        if k >= 0 and state.slots[i, k].state == time.CLOSED:
            slot = state.slots[i, k]
            if slot.revision < 0:
                _freeze(state, i, slot, k)
            slot.revision += 1
            _final(state, out, scratch, i, k, T_WINDOW if slot.revision == 0 else T_REVISION, source, offset)


@inner
def _cvd_at(state: State, i: int, slot: Array) -> int:
    """Session delta at the window's end: the session's total without the windows after it."""
    inst = state.instruments[i]
    if slot.session == inst.session:
        total = inst.cvd
    elif slot.session == inst.session - 1:
        total = inst.cvd_previous
    else:
        return slot.buy - slot.sell
    for k in range(state.slots.shape[1]):
        other = state.slots[i, k]
        if other.number != NULL and other.number > slot.number and other.session == slot.session:
            total -= other.buy - other.sell
    return total


@inner
def _final(state: State, out: Output, scratch: Scratch, i: int, k: int, trigger: int, source: int, offset: int) -> None:
    """One window row and its signal row."""
    slot = state.slots[i, k]
    inst = state.instruments[i]
    partition = state.partition[0]
    window_ns = state.settings[0].window_ns
    at = partition.windows
    partition.windows += 1
    window = out.windows[at]
    window.instrument = i
    window.revision = slot.revision
    window.start_ns = slot.number * window_ns
    window.end_ns = window.start_ns + window_ns
    window.as_of_ns = partition.watermark_ns
    window.events = slot.events
    window.late_events = slot.late_events
    window.trades = slot.trades
    window.buy_volume = slot.buy
    window.sell_volume = slot.sell
    window.unknown_volume = slot.unknown
    window.cvd = _cvd_at(state, i, slot)
    window.ofi = slot.ofi
    window.ofi_gross = slot.ofi_gross
    _window_components(state, slot, scratch)
    if panel.is_on(state):
        panel.settle(state, i, k, evaluate.book_reason(inst, inst.bid, inst.ask))
        panel.window_components(state, i, k, scratch.values, scratch.seen, scratch.reasons)
        panel.fill_window(state, i, k, out.measures[at])
    window.depth_1 = scratch.values[evaluate.DEPTH_1]
    window.depth_10 = scratch.values[evaluate.DEPTH_10]
    window.queue = scratch.values[evaluate.QUEUE]
    window.pending_buy = slot.pending_buy
    window.pending_sell = slot.pending_sell
    window.mid_open_x2 = slot.mid_open_x2
    window.mid_close_x2 = slot.mid_close_x2
    window.regime = slot.regime
    window.status = slot.status
    window.reasons = slot.reasons
    window.source = source
    window.offset = offset
    _window_buckets(state, slot, window)
    _window_profile(state, i, window)
    _final_signal(state, out, scratch, i, slot, window, at, trigger)


@inner
def _window_components(state: State, slot: Array, scratch: Scratch) -> None:
    for j in range(3):
        known = slot.known_ns[j]
        scratch.values[j] = slot.area[j] / known if known > 0.0 else np.nan
        scratch.seen[j] = known / state.settings[0].window_ns
        scratch.reasons[j] = evaluate.NONE if known > 0.0 else evaluate.NO_BOOK
    values, reasons = scratch.values, scratch.reasons
    values[evaluate.OFI] = ofi.normalised(float(slot.ofi), float(slot.ofi_gross))
    reasons[evaluate.OFI] = evaluate.NONE if slot.ofi_gross > 0 else evaluate.NO_BOOK
    values[evaluate.CVD] = depth.imbalance(slot.buy, slot.sell)
    reasons[evaluate.CVD] = evaluate.NONE if slot.buy + slot.sell > 0 else evaluate.NO_TRADES
    values[evaluate.PENDING] = pending.value(slot.pending_buy, slot.pending_sell, 0)
    waiting = slot.pending_buy + slot.pending_sell > 0
    reasons[evaluate.PENDING] = evaluate.NONE if waiting else evaluate.NO_PENDING
    for j in range(3, N_COMPONENTS):
        scratch.seen[j] = 1.0 if values[j] == values[j] else 0.0


@inner
def _window_buckets(state: State, slot: Array, window: Array) -> None:
    width = state.settings[0].bucket_ticks
    window.bucket_width = width << slot.shift
    window.bucket_other = slot.unpriced
    window.bucket[:] = 0
    window.bucket_buy[:] = 0
    window.bucket_sell[:] = 0
    n = 0
    if slot.low != NULL:
        for b in range(slot.low >> slot.shift, (slot.high >> slot.shift) + 1):
            at = b & (RING - 1)
            if slot.ring_buy[at] != 0 or slot.ring_sell[at] != 0:
                window.bucket[n] = (b << slot.shift) * width
                window.bucket_buy[n] = slot.ring_buy[at]
                window.bucket_sell[n] = slot.ring_sell[at]
                n += 1
    window.n_buckets = n


@inner
def _window_profile(state: State, i: int, window: Array) -> None:
    """Volume delta, in total and per price bucket, decayed to the watermark."""
    inst = state.instruments[i]
    half_life_ns = state.settings[0].cvd_half_life_ns
    width = state.settings[0].bucket_ticks
    as_of = max(window.as_of_ns, inst.clock_ns)
    epoch = inst.volume_epoch
    window.profile_width = width << inst.profile_shift
    window.profile_price[:] = 0
    window.profile_delta[:] = 0.0
    window.cvd_decayed = 0.0
    n = 0
    if inst.first_trade_ns != NULL:
        buys = decay.at(inst.buys, epoch, as_of, half_life_ns)
        window.cvd_decayed = buys - decay.at(inst.sells, epoch, as_of, half_life_ns)
    if inst.profile_low != NULL:
        for b in range(inst.profile_low >> inst.profile_shift, (inst.profile_high >> inst.profile_shift) + 1):
            at = b & (RING - 1)
            buys = decay.at(inst.profile_buys[at], epoch, as_of, half_life_ns)
            sells = decay.at(inst.profile_sells[at], epoch, as_of, half_life_ns)
            if buys != 0.0 or sells != 0.0:
                window.profile_price[n] = (b << inst.profile_shift) * width
                window.profile_delta[n] = buys - sells
                n += 1
    window.n_profile = n


@inner
def _final_signal(
    state: State, out: Output, scratch: Scratch, i: int, slot: Array, window: Array, at: int, trigger: int
) -> None:
    inst = state.instruments[i]
    policy = state.policy[i]
    total = score.contributions(scratch.values, policy.weights, scratch.parts)
    row = state.partition[0].signals
    state.partition[0].signals += 1
    signal = out.signals[row]
    signal.instrument = i
    signal.kind = FINAL
    signal.emits = publish.SPREAD_BIT | publish.FEE_BIT
    signal.trigger = trigger
    signal.regime = slot.regime
    signal.status = slot.status
    signal.rebalance = publish.thin_sides(state, i)
    signal.reasons = slot.reasons
    signal.revision = slot.revision
    signal.ordinal = window.start_ns
    signal.as_of_ns = window.end_ns
    signal.valid_until_ns = window.end_ns + policy.validity_ns
    signal.reference_mid_x2 = slot.close_mid_x2
    signal.reference_mid_ns = window.end_ns if slot.close_mid_x2 != NULL else NULL
    signal.last_good_mid_x2 = inst.last_good_mid_x2
    signal.last_good_mid_ns = inst.last_good_mid_ns
    mid = np.nan
    if slot.close_mid_x2 != NULL:
        mid = slot.close_mid_x2 / 2.0
    half = spread.spread(total, slot.regime, slot.status == publish.DEGRADED, mid, policy)
    publish.fill_policy(state, i, signal, total, half, fee.fee(total, policy))
    signal.source = window.source
    signal.offset = window.offset
    signal.window = at
    publish.fill_components(state, i, out, row, scratch)
