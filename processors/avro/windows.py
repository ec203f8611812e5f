"""Rows of windows to the Avro bodies of ImbalanceWindow.

The bytes are those of `codec.encode("ImbalanceWindow", rows.window_record(row…))`; a property test holds them equal.
The order of what is written is that of the schema's fields.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.texts import FACTOR, INVERSE, LINEAR, NAMES, PRICE, Texts
from equipoise.processors.avro.write import Room, byte, double, identity, long, mid, optional_double, reasons, text
from equipoise.processors.columns import NULL
from equipoise.processors.jit import apart, njit
from equipoise.schemas.enums import Kind

Array = Any  # rows of a structured dtype: neither NumPy nor numba types their fields

_FINAL = int(Kind.FINAL)


@njit
def write_windows(windows: Array, measures: Array, texts: Texts, out: Room, ends: NDArray[np.int64]) -> int:
    """Write all rows into `out`, which has the room; `ends`, shape (rows,), gets where each body ends."""
    at = 0
    for r in range(len(windows)):
        window = windows[r]
        at = _head(out, at, window, texts)
        at = _volumes(out, at, window, texts)
        at = _book(out, at, window)
        at = _buckets(out, at, window)
        at = double(out, at, window.cvd_decayed)
        at = long(out, at, window.profile_width)
        at = _profile(out, at, window)
        at = _measures(out, at, measures[r], texts)
        ends[r] = at
    return at


@apart
def _head(out: Room, at: int, window: Array, texts: Texts) -> int:
    i = window.instrument
    at = identity(out, at, texts, i, _FINAL, window.start_ns)
    at = long(out, at, window.revision)
    at = long(out, at, _FINAL)
    at = text(out, at, texts.data, texts.instruments[i, NAMES], texts.instruments[i, NAMES + 1])
    at = long(out, at, window.start_ns)
    at = long(out, at, window.end_ns)
    at = long(out, at, window.as_of_ns)
    at = long(out, at, window.status)
    at = reasons(out, at, window.reasons)
    at = long(out, at, window.regime)
    at = long(out, at, window.events)
    at = long(out, at, window.late_events)
    return long(out, at, window.trades)


@apart
def _volumes(out: Room, at: int, window: Array, texts: Texts) -> int:
    """In lots; the share whose aggressor is known; in units of the underlying."""
    at = long(out, at, window.buy_volume)
    at = long(out, at, window.sell_volume)
    at = long(out, at, window.unknown_volume)
    known = np.float64(window.buy_volume) + np.float64(window.sell_volume)
    total = known + np.float64(window.unknown_volume)
    at = optional_double(out, at, known / total if total != 0.0 else np.nan)
    i = window.instrument
    factor, contract = texts.units[i, FACTOR], texts.contracts[i]
    if contract == INVERSE and window.mid_close_x2 != NULL and window.mid_close_x2 != 0:
        factor /= window.mid_close_x2 / 2 * texts.units[i, PRICE]
    elif contract != LINEAR:
        return byte(out, byte(out, byte(out, at, 0), 0), 0)
    at = double(out, byte(out, at, 2), window.buy_volume * factor)
    at = double(out, byte(out, at, 2), window.sell_volume * factor)
    return double(out, byte(out, at, 2), window.unknown_volume * factor)


@apart
def _book(out: Room, at: int, window: Array) -> int:
    at = long(out, at, window.cvd)
    at = long(out, at, window.ofi)
    at = long(out, at, window.ofi_gross)
    at = optional_double(out, at, window.depth_1)
    at = optional_double(out, at, window.depth_10)
    at = optional_double(out, at, window.queue)
    at = long(out, at, window.pending_buy)
    at = long(out, at, window.pending_sell)
    at = mid(out, at, window.mid_open_x2)
    return mid(out, at, window.mid_close_x2)


@apart
def _buckets(out: Room, at: int, window: Array) -> int:
    at = long(out, at, window.bucket_width)
    at = long(out, at, window.bucket_other)
    if window.n_buckets > 0:
        at = long(out, at, window.n_buckets)
        for k in range(window.n_buckets):
            at = long(out, at, window.bucket[k])
            at = long(out, at, window.bucket_buy[k])
            at = long(out, at, window.bucket_sell[k])
    return byte(out, at, 0)


@apart
def _profile(out: Room, at: int, window: Array) -> int:
    if window.n_profile > 0:
        at = long(out, at, window.n_profile)
        for k in range(window.n_profile):
            at = long(out, at, window.profile_price[k])
            at = double(out, at, window.profile_delta[k])
    return byte(out, at, 0)


@apart
def _measures(out: Room, at: int, measures: Array, texts: Texts) -> int:
    """Name, value or null, and why it is null, of each output of a measure."""
    if len(measures) > 0:
        at = long(out, at, len(measures))
        for k in range(len(measures)):
            at = text(out, at, texts.data, texts.measures[k, 0], texts.measures[k, 1])
            value = measures[k].value if measures[k].reason == 0 else np.nan
            at = optional_double(out, at, value)
            at = long(out, at, measures[k].reason)
    return byte(out, at, 0)
