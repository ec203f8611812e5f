"""After each event group: quotes, flow, decayed means, and the components of the score."""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors import time
from equipoise.processors.book import levels, snapshot
from equipoise.processors.columns import N_COMPONENTS, NULL
from equipoise.processors.jit import inner, njit
from equipoise.processors.measures import depth, mean, ofi, pending, volume
from equipoise.processors.numerics.exp2 import exp2
from equipoise.processors.state import Array, State
from equipoise.schemas.enums import Component, Reason, TradingStatus

Floats = NDArray[np.float64]

DEPTH_1 = int(Component.DEPTH_1)
DEPTH_10 = int(Component.DEPTH_10)
QUEUE = int(Component.QUEUE)
OFI = int(Component.OFI)
CVD = int(Component.CVD)
PENDING = int(Component.PENDING)

NONE = int(Reason.NONE)
NO_BOOK = int(Reason.NO_BOOK)
EMPTY_BOOK = int(Reason.EMPTY_BOOK)
ONE_SIDED = int(Reason.ONE_SIDED)
LOCKED = int(Reason.LOCKED)
CROSSED = int(Reason.CROSSED)
SEQUENCE_GAP = int(Reason.SEQUENCE_GAP)
CHECKSUM_MISMATCH = int(Reason.CHECKSUM_MISMATCH)
WARMING = int(Reason.WARMING)
NO_TRADES = int(Reason.NO_TRADES)
NO_PENDING = int(Reason.NO_PENDING)
HALTED = int(Reason.HALTED)
CLOSED = int(Reason.CLOSED)
AUCTION = int(Reason.AUCTION)

_PRE_OPEN = int(TradingStatus.PRE_OPEN)
_AUCTION = int(TradingStatus.AUCTION)
_HALTED = int(TradingStatus.HALTED)
_CLOSED = int(TradingStatus.CLOSED)


@njit
def trading_reason(trading: int) -> int:
    """Why book measures say nothing in this trading status; NONE in continuous trading."""
    if trading == _HALTED:
        return HALTED
    if trading == _CLOSED:
        return CLOSED
    if trading in (_PRE_OPEN, _AUCTION):
        return AUCTION
    return NONE


@inner
def book_reason(inst: Array, bid: int, ask: int) -> int:
    """What is out of the ordinary about the book; NONE if nothing is."""
    trading = trading_reason(inst.trading)
    if trading != NONE:
        return trading
    if inst.seeded == 0:
        if inst.gapped == snapshot.CHECKSUM:
            return CHECKSUM_MISMATCH
        return SEQUENCE_GAP if inst.gapped == snapshot.SEQUENCE else NO_BOOK
    if bid == NULL and ask == NULL:
        return EMPTY_BOOK
    if bid == NULL or ask == NULL:
        return ONE_SIDED
    if bid > ask:
        return CROSSED
    return LOCKED if bid == ask else NONE


@njit
def is_known(reason: int) -> bool:
    """Whether depth measures have a value under a book reason."""
    return reason in (NONE, LOCKED, ONE_SIDED)


@inner
def observe(state: State, i: int, event_ns: int, late: bool) -> int:
    """Take in the book as it stands after a group; returns the book reason."""
    inst = state.instruments[i]
    _pass_time(state, i)
    bids, asks = state.sides[2 * i], state.sides[2 * i + 1]
    bid, bid_q, ask, ask_q = NULL, 0, NULL, 0
    if bids.length > 0:
        best = state.levels[bids.start + bids.length - 1]
        bid, bid_q = best.price, best.quantity
    if asks.length > 0:
        best = state.levels[asks.start + asks.length - 1]
        ask, ask_q = best.price, best.quantity
    reason = book_reason(inst, bid, ask)
    usable = inst.seeded == 1 and trading_reason(inst.trading) == NONE
    moved = bid != inst.bid or bid_q != inst.bid_quantity or ask != inst.ask or ask_q != inst.ask_quantity
    if moved and usable and inst.quotes_ok == 1 and inst.rebased == 0:
        e = ofi.contribution(bid, bid_q, ask, ask_q, inst.bid, inst.bid_quantity, inst.ask, inst.ask_quantity)
        _flow(state, i, e, event_ns, late)
    inst.quotes_ok = 1 if usable else 0
    inst.rebased = 0
    inst.bid, inst.bid_quantity = bid, bid_q
    inst.ask, inst.ask_quantity = ask, ask_q
    inst.bid_depth = levels.depth(state, 2 * i, 10)
    inst.ask_depth = levels.depth(state, 2 * i + 1, 10)
    inst.held[:] = np.nan
    if is_known(reason):
        inst.held[DEPTH_1] = depth.imbalance(bid_q, ask_q)
        inst.held[DEPTH_10] = depth.imbalance(inst.bid_depth, inst.ask_depth)
        inst.held[QUEUE] = inst.held[DEPTH_1]
    if reason in (NONE, LOCKED):
        inst.last_good_mid_x2 = bid + ask
        inst.last_good_mid_ns = inst.clock_ns
        _note_mid(state, i, bid + ask)
    return reason


@inner
def _pass_time(state: State, i: int) -> None:
    """Let held values hold until the instrument's clock: decayed means and open windows."""
    inst = state.instruments[i]
    settings = state.settings[0]
    if inst.held_ns == NULL:
        inst.held_ns = inst.clock_ns
        return
    dt = inst.clock_ns - inst.held_ns
    if dt <= 0:
        return
    last = time.number_of(state, inst.clock_ns)
    first = last
    if inst.held_ns < state.partition[0].window_from_ns:
        first = max(inst.held_ns // settings.window_ns, last - state.slots.shape[1] + 1)
    for number in range(first, last + 1):
        k = time.find_slot(state, i, number)
        if k >= 0 and state.slots[i, k].state == time.OPEN:
            time.integrate(state, i, state.slots[i, k], inst.clock_ns)
    mean.hold(inst.held, inst.decayed, inst.decayed_weight, DEPTH_1, dt, settings.depth_1_half_life_ns)
    mean.hold(inst.held, inst.decayed, inst.decayed_weight, DEPTH_10, dt, settings.depth_10_half_life_ns)
    mean.hold(inst.held, inst.decayed, inst.decayed_weight, QUEUE, dt, settings.queue_half_life_ns)
    kept = exp2(-dt / settings.ofi_half_life_ns)
    inst.ofi *= kept
    inst.ofi_gross *= kept
    inst.ofi_weight = inst.ofi_weight * kept + (1.0 - kept)
    inst.held_ns = inst.clock_ns


@inner
def _flow(state: State, i: int, e: int, event_ns: int, late: bool) -> None:
    inst = state.instruments[i]
    inst.ofi += e
    inst.ofi_gross += abs(e)
    if late:
        return
    k = time.find_slot(state, i, time.number_of(state, event_ns))
    if k >= 0 and state.slots[i, k].state == time.OPEN:
        slot = state.slots[i, k]
        slot.ofi += e
        slot.ofi_gross += abs(e)


@inner
def _note_mid(state: State, i: int, mid_x2: int) -> None:
    inst = state.instruments[i]
    k = time.find_slot(state, i, time.number_of(state, inst.clock_ns))
    if k >= 0:
        slot = state.slots[i, k]
        if slot.mid_open_x2 == NULL:
            slot.mid_open_x2 = mid_x2
        slot.mid_close_x2 = mid_x2


@inner
def components(state: State, i: int, book: int, values: Floats, seen: Floats, reasons: NDArray[np.uint8]) -> None:
    """Fill value, effective weight and reason of the kernel's own components. Arrays of shape (components,)."""
    inst = state.instruments[i]
    for k in range(3):
        seen[k] = min(inst.decayed_weight[k], 1.0)
        values[k] = mean.value(inst.decayed[k], inst.decayed_weight[k]) if is_known(book) else np.nan
        reasons[k] = book if not is_known(book) else (WARMING if values[k] != values[k] else NONE)
    flowing = is_known(book) or book in (EMPTY_BOOK, CROSSED)
    values[OFI] = ofi.normalised(inst.ofi, inst.ofi_gross) if flowing else np.nan
    seen[OFI] = inst.ofi_weight
    reasons[OFI] = book if not flowing else (WARMING if values[OFI] != values[OFI] else NONE)
    values[CVD] = volume.decayed_imbalance(inst)
    seen[CVD] = volume.effective_weight(inst, state.settings[0].cvd_half_life_ns)
    reasons[CVD] = NO_TRADES if values[CVD] != values[CVD] else NONE
    liquidity = inst.bid_depth + inst.ask_depth if is_known(book) else 0
    values[PENDING] = pending.value(inst.pending_buy, inst.pending_sell, liquidity)
    seen[PENDING] = 1.0 if inst.pending_seen == 1 else 0.0
    reasons[PENDING] = NO_PENDING if values[PENDING] != values[PENDING] else NONE
    for k in range(N_COMPONENTS):
        if values[k] == values[k]:
            inst.last_good[k] = values[k]
            inst.last_good_ns[k] = inst.clock_ns
