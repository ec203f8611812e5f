"""The kernel's side of the panel: fill the observation, call what is on, keep the values of closed windows.

A measure's value is asked for after each group only if it weighs in the score, and at each close of a window.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors import time
from equipoise.processors.columns import N_COMPONENTS, NULL
from equipoise.processors.jit import apart, inner
from equipoise.processors.measures.observation import CLOSE, GROUP, LEVELS, MAX_OUTPUTS, TRADE, VALUE
from equipoise.processors.measures.observation import RING as CELLS
from equipoise.processors.panel import call
from equipoise.processors.state import Array, State
from equipoise.schemas.enums import Reason

_NONE = int(Reason.NONE)
_KNOWN = (_NONE, int(Reason.LOCKED), int(Reason.ONE_SIDED))
_UNDEFINED = int(Reason.UNDEFINED)


@inner
def is_on(state: State) -> bool:
    """Whether there is anything to call."""
    return len(state.panel.calls) > 0


@inner
def remember(state: State, i: int) -> None:
    """Keep the quotes as they stand before a group is taken in."""
    inst = state.instruments[i]
    seen = state.panel.seen[0]
    seen.was_bid, seen.was_bid_quantity = inst.bid, inst.bid_quantity
    seen.was_ask, seen.was_ask_quantity = inst.ask, inst.ask_quantity
    seen.was_mid_x2 = _mid_x2(inst.bid, inst.ask)
    seen.comparable = 1 if inst.quotes_ok == 1 and inst.rebased == 0 else 0


@inner
def group(state: State, i: int, book: int, event_ns: int, late: bool) -> None:
    """Show a finished group, after `remember`. `book`: its Reason."""
    inst = state.instruments[i]
    seen = state.panel.seen[0]
    _common(state, i, book, event_ns)
    _no_trade(seen)
    seen.kind = GROUP
    seen.late = 1 if late else 0
    seen.comparable = 1 if seen.comparable == 1 and inst.quotes_ok == 1 else 0
    if state.panel.calls[0].any_levels == 1:
        _levels(state, i)
    for a in range(len(state.panel.calls)):
        if state.panel.calls[a].groups == 1:
            _update(state, i, a)


@inner
def trade(state: State, i: int, book: int, event_ns: int, price: int, quantity: int, side: int, hidden: bool) -> None:
    """Show a trade, with the quotes after the last finished group. `side`: of the aggressor, 0 unknown."""
    seen = state.panel.seen[0]
    _common(state, i, book, event_ns)
    _nothing_before(seen)
    seen.kind = TRADE
    if state.panel.calls[0].any_levels == 1:
        _no_levels(seen)
    seen.price, seen.quantity = price, quantity
    seen.side = side
    seen.hidden = 1 if hidden else 0
    for a in range(len(state.panel.calls)):
        if state.panel.calls[a].trades == 1:
            _update(state, i, a)


@inner
def components(state: State, i: int, values: NDArray, weights: NDArray, reasons: NDArray) -> None:  # type: ignore[type-arg]
    """The outputs that weigh in the score, after `group`. Arrays of shape (N_COMPONENTS + c,)."""
    inst = state.instruments[i]
    state.panel.seen[0].kind = VALUE
    for j in range(len(state.panel.live)):
        live = state.panel.live[j]
        _value(state, i, live.call)
        result = state.panel.result[0]
        k = N_COMPONENTS + j
        values[k] = _bounded(result.value[live.output])
        weights[k] = min(max(result.weight, 0.0), 1.0)
        reasons[k] = result.reason[live.output]
        if values[k] == values[k]:
            inst.last_good[k] = values[k]
            inst.last_good_ns[k] = inst.clock_ns


@apart
def freeze(state: State, i: int, k: int, book: int) -> None:
    """Keep the sequenced values of the window in slot `k` as it closes, so that revisions repeat them."""
    _show_window(state, i, k, book)
    for a in range(len(state.panel.calls)):
        if state.panel.calls[a].commutative == 0:
            _keep(state, i, k, a)


@apart
def settle(state: State, i: int, k: int, book: int) -> None:
    """Bring the commutative values of the window in slot `k` up to date."""
    _show_window(state, i, k, book)
    for a in range(len(state.panel.calls)):
        if state.panel.calls[a].commutative == 1:
            _keep(state, i, k, a)


@apart
def window_components(state: State, i: int, k: int, values: NDArray, weights: NDArray, reasons: NDArray) -> None:  # type: ignore[type-arg]
    """The closed window's values of the outputs that weigh in the score."""
    for j in range(len(state.panel.live)):
        live = state.panel.live[j]
        at = state.panel.calls[live.call].first + live.output
        c = N_COMPONENTS + j
        values[c] = _bounded(state.panel.values[i, k, at])
        weights[c] = 1.0 if values[c] == values[c] else 0.0
        reasons[c] = state.panel.reasons[i, k, at]


@apart
def fill_window(state: State, i: int, k: int, cells: Array) -> None:
    """Write the closed window's values into a row of the output, shape (o,)."""
    for at in range(len(cells)):
        cells[at].value = state.panel.values[i, k, at]
        cells[at].reason = state.panel.reasons[i, k, at]


@inner
def _bounded(value: float) -> float:
    if value != value:
        return np.nan
    return min(max(value, -1.0), 1.0)


@inner
def _update(state: State, i: int, a: int) -> None:
    panel = state.panel
    row = panel.calls[a]
    if row.update != 0:
        call.update(row.update, panel.seen, panel.states, i, row.state_at, panel.parameters, row.parameters_at)


@inner
def _value(state: State, i: int, a: int) -> None:
    panel = state.panel
    row = panel.calls[a]
    result = panel.result[0]
    for k in range(MAX_OUTPUTS):
        result.value[k] = np.nan
        result.reason[k] = _NONE
    result.weight = 1.0
    call.value(row.value, panel.seen, panel.states, i, row.state_at, panel.parameters, row.parameters_at, panel.result)
    for k in range(row.outputs):
        value = result.value[k]
        if value - value == 0.0:  # finite
            result.reason[k] = _NONE
        else:
            result.value[k] = np.nan
            if result.reason[k] == _NONE:
                result.reason[k] = _UNDEFINED


@inner
def _keep(state: State, i: int, k: int, a: int) -> None:
    _value(state, i, a)
    result = state.panel.result[0]
    row = state.panel.calls[a]
    for j in range(row.outputs):
        state.panel.values[i, k, row.first + j] = result.value[j]
        state.panel.reasons[i, k, row.first + j] = result.reason[j]


@inner
def _mid_x2(bid: int, ask: int) -> int:
    return NULL if bid == NULL or ask == NULL else bid + ask


@inner
def _common(state: State, i: int, book: int, event_ns: int) -> None:
    inst = state.instruments[i]
    seen = state.panel.seen[0]
    seen.reason = book
    seen.known = 1 if book in _KNOWN else 0
    seen.clock_ns = inst.clock_ns
    seen.event_ns = event_ns
    seen.session = inst.session
    seen.window_ns = state.settings[0].window_ns
    seen.window = time.number_of(state, event_ns)
    seen.bid, seen.bid_quantity = inst.bid, inst.bid_quantity
    seen.ask, seen.ask_quantity = inst.ask, inst.ask_quantity
    seen.mid_x2 = _mid_x2(inst.bid, inst.ask)
    seen.bid_depth, seen.ask_depth = inst.bid_depth, inst.ask_depth
    seen.window_trades = 0
    seen.window_buy, seen.window_sell, seen.window_unknown = 0, 0, 0
    seen.cell_low, seen.cell_high = 0, -1


@inner
def _nothing_before(seen: Array) -> None:
    """What belongs to another kind of observation must not be seen: it is of any instrument."""
    seen.was_bid, seen.was_bid_quantity = seen.bid, seen.bid_quantity
    seen.was_ask, seen.was_ask_quantity = seen.ask, seen.ask_quantity
    seen.was_mid_x2 = seen.mid_x2
    seen.comparable = 0
    seen.late = 0


@inner
def _no_trade(seen: Array) -> None:
    seen.price, seen.quantity = NULL, 0
    seen.side = 0
    seen.hidden = 0


@inner
def _no_levels(seen: Array) -> None:
    for k in range(LEVELS):
        seen.bids[k], seen.bid_quantities[k] = NULL, 0
        seen.asks[k], seen.ask_quantities[k] = NULL, 0


@inner
def _levels(state: State, i: int) -> None:
    seen = state.panel.seen[0]
    _side(state, 2 * i, seen.bids, seen.bid_quantities)
    _side(state, 2 * i + 1, seen.asks, seen.ask_quantities)


@inner
def _side(state: State, side: int, prices: NDArray, quantities: NDArray) -> None:  # type: ignore[type-arg]
    run = state.sides[side]
    best = run.start + run.length - 1
    for k in range(LEVELS):
        if k < run.length:
            level = state.levels[best - k]
            prices[k], quantities[k] = level.price, level.quantity
        else:
            prices[k], quantities[k] = NULL, 0


@inner
def _show_window(state: State, i: int, k: int, book: int) -> None:
    slot = state.slots[i, k]
    seen = state.panel.seen[0]
    window_ns = state.settings[0].window_ns
    end_ns = (slot.number + 1) * window_ns
    _common(state, i, book, end_ns)
    _nothing_before(seen)
    _no_trade(seen)
    seen.kind = CLOSE
    seen.clock_ns = max(seen.clock_ns, end_ns)
    seen.window = slot.number
    if state.panel.calls[0].any_levels == 1:
        _levels(state, i)
    seen.window_trades = slot.trades
    seen.window_buy, seen.window_sell = slot.buy, slot.sell
    seen.window_unknown = slot.unknown
    seen.cell_ticks = state.settings[0].bucket_ticks << slot.shift
    if slot.low != NULL:
        seen.cell_low, seen.cell_high = slot.low >> slot.shift, slot.high >> slot.shift
    for c in range(CELLS):
        seen.cell_buy[c] = slot.ring_buy[c]
        seen.cell_sell[c] = slot.ring_sell[c]
