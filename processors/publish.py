"""Live signals: the policy evaluated after a group, published if something that matters changed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors import evaluate
from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner
from equipoise.processors.panel import run as panel
from equipoise.processors.policy import fee, regime, score, spread
from equipoise.processors.state import Array, State
from equipoise.schemas.enums import Kind, Reason, Status, Trigger

LIVE = int(Kind.LIVE)
SPREAD_BIT, FEE_BIT = 1, 2
OK = int(Status.OK)
STATUS_WARMING = int(Status.WARMING)
DEGRADED = int(Status.DEGRADED)
STATUS_HALTED = int(Status.HALTED)
STATUS_CLOSED = int(Status.CLOSED)
T_NONE = int(Trigger.NONE)
T_REGIME = int(Trigger.REGIME)
T_STATUS = int(Trigger.STATUS)
T_QUOTE = int(Trigger.QUOTE)
T_FEE = int(Trigger.FEE)
T_GRID = int(Trigger.GRID)
_LOW_LIQUIDITY = 1 << int(Reason.LOW_LIQUIDITY)
_WARMING_BIT = 1 << int(Reason.WARMING)
_DEGRADING = (
    (1 << int(Reason.MERGE_TIMEOUT)) | (1 << int(Reason.LIMIT)) | (1 << int(Reason.SNAPSHOT_MISMATCH))
    | (1 << int(Reason.SEQUENCE_GAP))
    | (1 << int(Reason.CHECKSUM_MISMATCH))
)  # fmt: skip


class Output(NamedTuple):
    """Room for what a step publishes."""

    signals: Array  # SIGNAL_DTYPE (s,)
    components: Array  # COMPONENT_DTYPE (s, components)
    windows: Array  # WINDOW_DTYPE (w,)
    measures: Array  # MEASURE_DTYPE (w, outputs)


class Scratch(NamedTuple):
    """Per-component workspace of one step, each (components,)."""

    values: NDArray[np.float64]
    seen: NDArray[np.float64]
    parts: NDArray[np.float64]
    reasons: NDArray[np.uint8]


@inner
def _status(state: State, i: int, book: int, reasons: int, scratch: Scratch) -> int:
    if book == evaluate.CLOSED:
        return STATUS_CLOSED
    if book == evaluate.HALTED:
        return STATUS_HALTED
    if book == evaluate.NO_BOOK:
        return STATUS_WARMING
    if book not in (evaluate.NONE, evaluate.LOCKED) or reasons & _DEGRADING:
        return DEGRADED
    ready = state.settings[0].ready_weight
    weights = state.policy[i].weights
    for k in range(len(scratch.seen)):
        if weights[k] > 0.0 and k != evaluate.PENDING and scratch.seen[k] < ready:
            return STATUS_WARMING
    return OK


@inner
def thin_sides(state: State, i: int) -> int:
    """Which sides' depth is below the liquidity threshold (enums.Rebalance)."""
    threshold = state.policy[i].liquidity_threshold_lots
    inst = state.instruments[i]
    thin = 0
    if threshold > 0 and inst.seeded == 1:
        if inst.bid_depth < threshold:
            thin += 1
        if inst.ask_depth < threshold:
            thin += 2
    return thin


@inner
def fill_components(state: State, i: int, out: Output, row: int, scratch: Scratch) -> None:
    """Write the component rows of a signal."""
    inst = state.instruments[i]
    for k in range(len(scratch.values)):
        cell = out.components[row, k]
        cell.value = scratch.values[k]
        cell.weight = state.policy[i].weights[k]
        cell.contribution = scratch.parts[k]
        cell.effective_weight = scratch.seen[k]
        cell.last_good = inst.last_good[k]
        cell.last_good_ns = inst.last_good_ns[k]
        cell.reason = scratch.reasons[k]


@inner
def fill_policy(state: State, i: int, signal: Array, total: float, half: spread.Spread, fees: fee.Fee) -> None:
    """Write what the policy gave into a signal row."""
    signal.score = total
    signal.bid_half_spread = half.bid_half
    signal.ask_half_spread = half.ask_half
    signal.bid_half_spread_bps = half.bid_bps
    signal.ask_half_spread_bps = half.ask_bps
    signal.widen_factor = half.widen
    signal.skew_bps = half.skew_bps
    signal.binding_cap = half.cap
    signal.fee_taker_buy = fees.taker_buy
    signal.fee_taker_sell = fees.taker_sell
    signal.surcharge = fees.surcharge
    signal.rebate = 0
    signal.rebate_budget = NULL
    signal.policy_version = state.policy[i].version


@inner
def live(state: State, out: Output, scratch: Scratch, i: int, book: int, source: int, offset: int) -> None:
    """Evaluate the policy after a group, and publish if something that matters changed."""
    inst = state.instruments[i]
    policy = state.policy[i]
    settings = state.settings[0]
    evaluate.components(state, i, book, scratch.values, scratch.seen, scratch.reasons)
    if panel.is_on(state):
        panel.components(state, i, scratch.values, scratch.seen, scratch.reasons)
    total = score.contributions(scratch.values, policy.weights, scratch.parts)
    reasons = inst.group_reasons
    if book != evaluate.NONE:
        reasons |= 1 << book
    status = _status(state, i, book, reasons, scratch)
    if status == STATUS_WARMING:
        reasons |= _WARMING_BIT
    thin = thin_sides(state, i)
    if thin != 0:
        reasons |= _LOW_LIQUIDITY
    halted = book in (evaluate.HALTED, evaluate.CLOSED)
    inst.regime = regime.follow(inst.regime, total, halted, policy)
    inst.score = total
    trigger = _certain(inst, settings, status)
    if trigger == T_NONE and inst.clock_ns - inst.published_ns < settings.min_gap_ns:
        return  # before the quotes are worked out, which most rows need not
    mid = np.nan
    if inst.last_good_mid_x2 != NULL:
        mid = inst.last_good_mid_x2 / 2.0
    half = spread.spread(total, inst.regime, status == DEGRADED, mid, policy)
    quotes = spread.quotes(mid, half.bid_half, half.ask_half)
    fees = fee.fee(total, policy)
    emits = SPREAD_BIT | FEE_BIT
    if trigger == T_NONE:
        trigger, emits = _moved(inst, quotes, fees, policy.fee_step)
        if trigger == T_NONE:
            return
    row = state.partition[0].signals
    state.partition[0].signals += 1
    signal = out.signals[row]
    signal.emits = emits
    signal.trigger = trigger
    signal.status = status
    signal.rebalance = thin
    signal.reasons = reasons
    signal.source = source
    signal.offset = offset
    _fill_live(state, i, signal, book in (evaluate.NONE, evaluate.LOCKED))
    fill_policy(state, i, signal, total, half, fees)
    fill_components(state, i, out, row, scratch)
    inst.grid = inst.clock_ns // settings.grid_ns
    _remember(inst, status, emits, quotes, fees)


@inner
def _remember(inst: Array, status: int, emits: int, quotes: spread.Quotes, fees: fee.Fee) -> None:
    """Keep what leaves, to tell later whether anything has changed."""
    inst.published_ns = inst.clock_ns
    inst.published_regime = inst.regime
    inst.published_status = status
    if emits & SPREAD_BIT:
        inst.published_bid, inst.published_ask = quotes.bid, quotes.ask
    if emits & FEE_BIT:
        inst.published_buy_fee, inst.published_sell_fee = fees.taker_buy, fees.taker_sell


@inner
def _fill_live(state: State, i: int, signal: Array, has_mid: bool) -> None:
    inst = state.instruments[i]
    signal.instrument = i
    signal.kind = LIVE
    signal.regime = inst.regime
    signal.revision = 0
    signal.ordinal = inst.ordinal
    signal.as_of_ns = inst.clock_ns
    signal.valid_until_ns = inst.clock_ns + state.policy[i].validity_ns
    signal.reference_mid_x2 = inst.last_good_mid_x2 if has_mid else NULL
    signal.reference_mid_ns = inst.clock_ns if has_mid else NULL
    signal.last_good_mid_x2 = inst.last_good_mid_x2
    signal.last_good_mid_ns = inst.last_good_mid_ns
    signal.window = -1


@inner
def _certain(inst: Array, settings: Array, status: int) -> int:
    """Why a live signal leaves now whatever its quotes are; T_NONE: it need not."""
    if inst.published_ns == NULL or inst.regime != inst.published_regime:
        return T_REGIME
    if status != inst.published_status:
        return T_STATUS
    return T_GRID if inst.clock_ns >= (inst.grid + 1) * settings.grid_ns else T_NONE


@inner
def _moved(inst: Array, quotes: spread.Quotes, fees: fee.Fee, fee_step: int) -> tuple[int, int]:
    """(what makes a live signal leave now, which signals leave), by what changed since the last one."""
    moved = quotes.bid != inst.published_bid or quotes.ask != inst.published_ask
    buy, sell = inst.published_buy_fee, inst.published_sell_fee
    stepped = abs(fees.taker_buy - buy) >= fee_step or abs(fees.taker_sell - sell) >= fee_step
    emits = (SPREAD_BIT if moved else 0) | (FEE_BIT if stepped else 0)
    if moved:
        return T_QUOTE, emits
    return (T_FEE, emits) if stepped else (T_NONE, 0)
