"""Measures for tests: they show what a measure is shown."""

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.measures.measure import Measure, Order, Output, Parameter
from equipoise.processors.measures.observation import CLOSE, GROUP, TRADE
from equipoise.schemas.enums import Reason

NO_TRADES = int(Reason.NO_TRADES)
STATE = np.dtype(
    [("trades", "i8"), ("groups", "i8"), ("total", "f8"), ("best", "i8"), ("second", "i8"), ("ring", "f8", (4,))],
    align=True,
)


def watch(seen, state, parameters):
    if seen.kind == TRADE:
        state.trades += 1
        state.total += seen.quantity * parameters.factor if seen.side != 2 else -seen.quantity * parameters.factor
        state.ring[state.trades & 3] = seen.was_mid_x2 if seen.mid_x2 == NULL else seen.mid_x2
    if seen.kind == GROUP:
        state.groups += 1
        state.best, state.second = seen.bids[0], seen.asks[1]
        state.total += 0.1 * (seen.bid_depth - seen.ask_depth) + 0.01 * seen.was_bid_quantity * seen.comparable


def tell(seen, state, parameters, out):
    out.value[0] = state.trades
    out.value[1] = state.groups
    if state.trades == 0:
        out.reason[2] = NO_TRADES
    else:
        out.value[2] = state.total
        out.value[3] = state.ring[1] + state.best + state.second if seen.known else np.nan
    out.value[4] = state.total / (1.0 + abs(state.total))
    out.value[5] = 1.0 if seen.kind == CLOSE else 0.0
    out.weight = min(state.groups / parameters.full, 1.0)


def number(name, **more):
    return Output(name, name, "1", **more)


PROBE = Measure(
    name="probe",
    title="Probe",
    paper="none",
    order=Order.SEQUENCED,
    outputs=(
        number("trades"), number("groups"), number("sum"), number("mixed"),
        number("lean", low=-1.0, high=1.0, sign=-1, component=True), number("close"),
    ),
    nulls="sum: NO_TRADES before the first trade",
    parameters=(Parameter("factor", "1", 2.0, 0.0, 9.0, "any"), Parameter("full", "groups", 10, 1, 1000, "any")),
    state=STATE,
    update=watch,
    value=tell,
    needs_levels=True,
)  # fmt: skip


def volumes(seen, state, parameters, out):
    out.value[0] = seen.window_buy - seen.window_sell
    cells = 0
    for n in range(seen.cell_low, seen.cell_high + 1):
        cells += seen.cell_buy[n % 16] + seen.cell_sell[n % 16]
    if cells > 0:
        out.value[1] = cells


EXACT = Measure(
    name="exact",
    title="Exact",
    paper="none",
    order=Order.COMMUTATIVE,
    outputs=(number("delta", sign=-1), number("cells")),
    nulls="cells: UNDEFINED without priced trades",
    value=volumes,
)
