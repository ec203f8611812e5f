"""What takers pay: quoted, effective and realised spread, and the price impact between the last two.

    effective = 2 D (P - m),  realised = 2 D (P - m'),  impact = effective - realised = 2 D (m' - m)

D is the aggressor's sign, m the mid strictly before the trade, m' the mid a while later. Huang, Stoll, Dealer
versus Auction Markets, J. Financial Economics 41 (1996), section 2. Means weigh trades by volume and age.

So that memory is bounded, trades are gathered in slices of an eighth of the horizon: a slice is settled
by the mid that stands one horizon after its end. Where there is no mid then, the slice is left out.
"""

from typing import Final

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner
from equipoise.processors.measures.classify import LEE_READY, by_rule, tick
from equipoise.processors.measures.measure import Array, Measure, Order, Output, Parameter
from equipoise.processors.measures.observation import TRADE
from equipoise.processors.numerics.exp2 import exp2
from equipoise.schemas.enums import Reason

_SLICES: Final = 16  # kept; of a horizon at most nine wait
_PER_HORIZON: Final = 8
_MS: Final = 1_000_000
_NO_TRADES: Final = int(Reason.NO_TRADES)
_WARMING: Final = int(Reason.WARMING)

STATE: Final = np.dtype(
    [
        ("priced", "i8"),
        ("last_price", "i8"),
        ("last_tick", "i8"),
        ("started", "i8"),
        ("mid_x2", "i8"),
        ("oldest", "i8"),  # number of the oldest slice that waits
        ("newest", "i8"),
        ("due_ns", "i8"),  # when the oldest is settled
        # sums over the trades of a slice, by number modulo _SLICES
        ("lots", "f8", (_SLICES,)),
        ("signed", "f8", (_SLICES,)),  # D q
        ("paid", "f8", (_SLICES,)),  # D q 2 P
        ("cost", "f8", (_SLICES,)),  # q effective
        # decayed means: volume and volume times spread
        ("effective_ns", "i8"),
        ("effective_lots", "f8"),
        ("effective", "f8"),
        ("realised_ns", "i8"),
        ("realised_lots", "f8"),
        ("realised", "f8"),
        ("settled", "f8"),  # effective spread of what was settled
    ],
    align=True,
)


@inner
def _settle(state: Array, half_life_ns: float) -> None:
    """Settle the oldest slice with the mid as it stands, and empty it."""
    k = state.oldest % _SLICES
    if state.lots[k] > 0.0 and state.mid_x2 != NULL:
        kept = exp2(-max(state.due_ns - state.realised_ns, 0) / half_life_ns)
        state.realised_ns = max(state.due_ns, state.realised_ns)
        state.realised_lots = kept * state.realised_lots + state.lots[k]
        state.realised = kept * state.realised + (state.paid[k] - state.signed[k] * state.mid_x2)
        state.settled = kept * state.settled + state.cost[k]
    state.lots[k] = 0.0
    state.signed[k] = 0.0
    state.paid[k] = 0.0
    state.cost[k] = 0.0


@inner
def _settle_due(seen: Array, state: Array, parameters: Array) -> None:
    horizon_ns = parameters.horizon_ms * _MS
    slice_ns = max(horizon_ns // _PER_HORIZON, 1)
    half_life_ns = float(parameters.half_life_ms) * _MS
    while state.oldest <= state.newest and state.due_ns <= seen.event_ns:
        _settle(state, half_life_ns)
        state.oldest += 1
        state.due_ns = (state.oldest + 1) * slice_ns + horizon_ns


@inner
def _slice(seen: Array, state: Array, parameters: Array) -> int:
    """Where the trade's slice lies; a late trade goes with the newest."""
    horizon_ns = parameters.horizon_ms * _MS
    slice_ns = max(horizon_ns // _PER_HORIZON, 1)
    number = seen.event_ns // slice_ns
    if state.oldest > state.newest:  # none waits
        state.oldest = max(number, state.newest)
        state.newest = state.oldest
        state.due_ns = (state.oldest + 1) * slice_ns + horizon_ns
    state.newest = max(state.newest, number)
    return state.newest % _SLICES


def update(seen: Array, state: Array, parameters: Array) -> None:
    """Settle what is due, then take in a trade or the mid after a group."""
    if state.started == 0:
        state.started = 1
        state.mid_x2 = NULL
        state.oldest = 1
    if state.due_ns <= seen.event_ns:
        _settle_due(seen, state, parameters)
    if seen.kind != TRADE:
        state.mid_x2 = seen.mid_x2 if seen.known == 1 else NULL
        return
    if seen.price == NULL:
        return
    sign = by_rule(LEE_READY, seen.price, seen.bid, seen.ask, tick(state, seen.price))
    if seen.side != 0:
        sign = 1 if seen.side == 1 else -1
    if sign == 0 or state.mid_x2 == NULL:
        return
    lots = float(seen.quantity)
    cost = lots * sign * (2.0 * seen.price - state.mid_x2)
    kept = exp2(-max(seen.event_ns - state.effective_ns, 0) / (float(parameters.half_life_ms) * _MS))
    state.effective_ns = max(seen.event_ns, state.effective_ns)
    state.effective_lots = kept * state.effective_lots + lots
    state.effective = kept * state.effective + cost
    k = _slice(seen, state, parameters)
    state.lots[k] += lots
    state.signed[k] += lots * sign
    state.paid[k] += lots * sign * 2.0 * seen.price
    state.cost[k] += cost


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """Write the spreads."""
    if seen.known == 1 and seen.mid_x2 != NULL:
        out.value[0] = float(seen.ask - seen.bid)
    else:
        out.reason[0] = seen.reason
    out.reason[1] = _NO_TRADES
    if state.effective_lots > 0.0:
        out.value[1] = state.effective / state.effective_lots
    out.reason[2] = _WARMING
    out.reason[3] = _WARMING
    if state.realised_lots > 0.0:
        out.value[2] = state.realised / state.realised_lots
        out.value[3] = (state.settled - state.realised) / state.realised_lots


MEASURE: Final = Measure(
    name="spread",
    title="Quoted, effective and realised spread, and price impact",
    paper="Huang and Stoll, Dealer versus Auction Markets, J. Financial Economics 41 (1996), section 2",
    order=Order.SEQUENCED,
    answer="Huang and Stoll's formulas trade by trade",
    outputs=(
        Output("quoted", "ask - bid as it stands", "ticks", 0),
        Output("effective", "2 D (P - m), mean by volume, decayed", "ticks"),
        Output("realised", "2 D (P - m'), m' the mid one horizon later, mean by volume, decayed", "ticks"),
        Output("impact", "2 D (m' - m) of the same trades", "ticks"),
    ),
    nulls=(
        "quoted: the book's reason without both quotes; effective: NO_TRADES before a trade with a mid; "
        "realised and impact: WARMING until the first slice is settled"
    ),
    notes="A trade of unknown side is signed by Lee and Ready's rule. Trades with no mid before them do not count.",
    parameters=(
        Parameter("horizon_ms", "ms", 5000, 8, 3_600_000, "five seconds: what a maker can unwind in"),
        Parameter("half_life_ms", "ms", 60_000, 1, 2**53, "a minute of trades"),
    ),
    state=STATE,
    update=update,
    value=value,
)
