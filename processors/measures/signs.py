"""Signed volume with the missing sides filled in, and how often each rule agrees with the venue.

A trade of known side keeps it. One of unknown side gets that of the chosen rule (`classify`). The agreement of
a rule is measured on the trades whose side the venue gives, so that a user sees what the rule is worth here.
"""

from typing import Final

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.measures.classify import RULES, by_rule, tick
from equipoise.processors.measures.measure import INF, Array, Measure, Order, Output, Parameter
from equipoise.processors.numerics.exp2 import exp2
from equipoise.schemas.enums import Reason

_N: Final = len(RULES)
_NO_TRADES: Final = int(Reason.NO_TRADES)
_UNDEFINED: Final = int(Reason.UNDEFINED)
_MS: Final = 1e6

STATE: Final = np.dtype(
    [
        ("priced", "i8"),
        ("last_price", "i8"),
        ("last_tick", "i8"),
        ("first_ns", "i8"),
        ("last_ns", "i8"),
        ("bought", "f8"),  # decayed lots
        ("sold", "f8"),
        ("unsigned", "f8"),
        ("known", "f8"),
        ("agreed", "f8", (_N,)),
    ],
    align=True,
)


def update(seen: Array, state: Array, parameters: Array) -> None:
    """Take in a trade."""
    if state.first_ns == 0:
        state.first_ns = seen.event_ns
        state.last_ns = seen.event_ns
    passed = seen.event_ns - state.last_ns
    if passed > 0:
        kept = exp2(-passed / (parameters.half_life_ms * _MS))
        state.bought *= kept
        state.sold *= kept
        state.unsigned *= kept
        state.known *= kept
        for rule in range(_N):
            state.agreed[rule] *= kept
        state.last_ns = seen.event_ns
    sign = 1 if seen.side == 1 else (-1 if seen.side == 2 else 0)
    if seen.price != NULL:
        of_tick = tick(state, seen.price)
        if sign != 0:
            state.known += seen.quantity
            for rule in range(_N):
                if by_rule(rule, seen.price, seen.bid, seen.ask, of_tick) == sign:
                    state.agreed[rule] += seen.quantity
        else:
            sign = by_rule(parameters.rule, seen.price, seen.bid, seen.ask, of_tick)
    if sign > 0:
        state.bought += seen.quantity
    elif sign < 0:
        state.sold += seen.quantity
    else:
        state.unsigned += seen.quantity


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """Write shares of decayed volume."""
    if state.first_ns == 0:
        for k in range(_N + 2):
            out.reason[k] = _NO_TRADES
        return
    signed = state.bought + state.sold
    if signed > 0.0:
        out.value[0] = (state.bought - state.sold) / signed
    if signed + state.unsigned > 0.0:
        out.value[1] = signed / (signed + state.unsigned)
    if state.known > 0.0:
        for rule in range(_N):
            out.value[2 + rule] = min(state.agreed[rule] / state.known, 1.0)
    out.weight = 1.0 - exp2(-max(seen.clock_ns - state.first_ns, 0) / (parameters.half_life_ms * _MS))


MEASURE: Final = Measure(
    name="signs",
    title="Signed volume with missing sides classified, and what each rule is worth",
    paper=(
        "Lee and Ready (1991); Ellis, Michaely and O'Hara (2000); Chakrabarty, Li, Nguyen and Van Ness (2007): "
        "see processors/measures/classify.py"
    ),
    order=Order.SEQUENCED,
    answer="each rule: tclf 0.4.0 on 60 trades, every sign; shares: the sums written out",
    outputs=(
        Output("imbalance", "(buys - sells) / (buys + sells), decayed lots", "1", -1, 1, sign=-1, component=True),
        Output("signed_share", "share of decayed volume with a side, the venue's or a rule's", "1", 0, 1),
        *(
            Output(f"{rule}_agreement", f"share of volume of known side that the {rule} rule gives the same", "1", 0, 1)
            for rule in RULES
        ),
    ),
    nulls="NO_TRADES before the first trade; agreements: UNDEFINED until the venue has given a side",
    notes="Quotes are those after the last finished event group, so strictly before the trade.",
    parameters=(
        Parameter("rule", "0 tick, 1 quote, 2 Lee-Ready, 3 EMO, 4 CLNV", 2, 0, 4, "the usual one"),
        Parameter("half_life_ms", "ms", 60_000, 1, INF, "long enough to hold trades of both sides"),
    ),
    state=STATE,
    update=update,
    value=value,
    groups=False,
)  # fmt: skip
