"""Rows of signals to the Avro bodies of SpreadSignal and FeeSignal.

The bytes are those of `codec.encode(name, rows.*_record(row…))`; a property test holds them equal. The order of what is
written is that of the schema's fields.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.texts import NAMES, TICK, Texts
from equipoise.processors.avro.write import (
    Room,
    byte,
    double,
    identity,
    long,
    mid,
    optional_double,
    optional_long,
    reasons,
    text,
)
from equipoise.processors.jit import apart, inner, njit

Array = Any  # rows of a structured dtype: neither NumPy nor numba types their fields

SPREAD, FEE = 1, 2  # bits of `emits`


@njit
def write_signals(signals: Array, components: Array, texts: Texts, out: Room, ends: NDArray[np.int64]) -> int:
    """Write all rows into `out`, which has the room; `ends`, shape (rows, 2), gets where each body ends."""
    at = 0
    for r in range(len(signals)):
        signal, start = signals[r], at
        if signal.emits == 0:
            ends[r, 0] = ends[r, 1] = at
            continue
        at = _frame(out, at, signal, components[r], texts)
        size = at - start
        if signal.emits & SPREAD:
            at = _spread(out, at, signal)
            ends[r, 0] = at
            if signal.emits & FEE:
                for k in range(size):
                    out.data[at + k] = out.data[start + k]
                at += size
        else:
            ends[r, 0] = start
        if signal.emits & FEE:
            at = _fee(out, at, signal)
        ends[r, 1] = at
    return at


@apart
def _frame(out: Room, at: int, signal: Array, components: Array, texts: Texts) -> int:
    """What both kinds of signal begin with."""
    i = signal.instrument
    at = identity(out, at, texts, i, signal.kind, signal.ordinal)
    at = long(out, at, signal.revision)
    at = long(out, at, signal.kind)
    at = text(out, at, texts.data, texts.instruments[i, NAMES], texts.instruments[i, NAMES + 1])
    at = long(out, at, signal.trigger)
    at = long(out, at, signal.as_of_ns)
    at = long(out, at, signal.valid_until_ns)
    at = long(out, at, signal.status)
    at = reasons(out, at, signal.reasons)
    at = long(out, at, signal.regime)
    at = long(out, at, signal.rebalance)
    at = long(out, at, signal.policy_version)
    at = optional_double(out, at, signal.score)
    at = long(out, at, len(components))
    for k in range(len(components)):
        at = text(out, at, texts.data, texts.components[k, 0], texts.components[k, 1])
        at = _component(out, at, components[k])
    at = byte(out, at, 0)
    at = text(out, at, texts.data, texts.instruments[i, TICK], texts.instruments[i, TICK + 1])
    at = mid(out, at, signal.reference_mid_x2)
    at = optional_long(out, at, signal.reference_mid_ns)
    at = mid(out, at, signal.last_good_mid_x2)
    return optional_long(out, at, signal.last_good_mid_ns)


@apart
def _component(out: Room, at: int, row: Array) -> int:
    at = optional_double(out, at, row.value)
    at = double(out, at, row.weight)
    at = double(out, at, row.contribution)
    at = double(out, at, row.effective_weight)
    at = optional_double(out, at, row.last_good)
    at = optional_long(out, at, row.last_good_ns)
    return long(out, at, row.reason)


@apart
def _spread(out: Room, at: int, signal: Array) -> int:
    at = optional_double(out, at, signal.bid_half_spread)
    at = optional_double(out, at, signal.ask_half_spread)
    at = optional_double(out, at, signal.bid_half_spread_bps)
    at = optional_double(out, at, signal.ask_half_spread_bps)
    at = optional_double(out, at, signal.widen_factor)
    at = optional_double(out, at, signal.skew_bps)
    at = long(out, at, signal.binding_cap)
    return _no_heartbeat(out, at)


@apart
def _fee(out: Room, at: int, signal: Array) -> int:
    at = optional_long(out, at, signal.fee_taker_buy)
    at = optional_long(out, at, signal.fee_taker_sell)
    at = optional_long(out, at, signal.surcharge)
    at = optional_long(out, at, signal.rebate)
    at = optional_long(out, at, signal.rebate_budget)
    return _no_heartbeat(out, at)


@inner
def _no_heartbeat(out: Room, at: int) -> int:
    """Neither `last_id` nor `silence_ns`."""
    return byte(out, byte(out, at, 0), 0)
