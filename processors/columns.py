"""The columns that go into the engine and the rows that come out.

Everything after the edge is integer: prices in ticks, quantities in lots, times in nanoseconds since
the epoch. `NULL` marks an absent integer, NaN an absent float.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.schemas.enums import COMPONENT_NAMES, Component

NULL: Final = -(2**63)
N_COMPONENTS: Final = len(Component)  # of the score that the kernel computes itself
MAX_COMPONENTS: Final = 16  # with those of measures
N_BUCKETS: Final = 16


class Events(NamedTuple):
    """Event rows in the order in which they are to be applied. Every array has shape (n,).

    One source record may give several rows (a depth message with many levels); they share `source`
    and `offset`, are contiguous, and only the last carries `Flag.LAST`.
    """

    instrument: NDArray[np.int32]  # index in the Instruments table; -1: unknown
    action: NDArray[np.uint8]  # enums.Action
    side: NDArray[np.uint8]  # enums.Side
    flags: NDArray[np.uint32]  # enums.Flag
    price: NDArray[np.int64]  # ticks, NULL where there is none
    quantity: NDArray[np.int64]  # lots, NULL where there is none
    order_id: NDArray[np.int64]  # the venue's id, or 64 bits of a hash of it; 0 where there is none
    sequence: NDArray[np.int64]  # venue sequence of the message, NULL where there is none
    previous_sequence: NDArray[np.int64]  # what `sequence` was before this message, NULL where unknown
    event_ns: NDArray[np.int64]  # the venue's stamp
    arrival_ns: NDArray[np.int64]  # the recorder's stamp, NULL where there is none
    source: NDArray[np.int16]  # index of the topic within its partition's task
    offset: NDArray[np.int64]  # the source record's offset (offline: its number from 0)


EVENT_DTYPES: Final = tuple(
    np.dtype(kind) for kind in ("i4", "u1", "u1", "u4", "i8", "i8", "i8", "i8", "i8", "i8", "i8", "i2", "i8")
)


def empty_events(n: int) -> Events:
    """`n` rows, NULL in every nullable integer column and 0 in the others."""
    nullable = {"price", "quantity", "sequence", "previous_sequence", "arrival_ns"}
    return Events(*(
        np.full(n, NULL if name in nullable else 0, dtype)
        for name, dtype in zip(Events._fields, EVENT_DTYPES, strict=True)
    ))  # fmt: skip


# One row a component and signal.
COMPONENT_DTYPE: Final = np.dtype(
    [
        ("value", "f8"),  # in [-1, 1], NaN: null
        ("weight", "f8"),  # of the score, before null components are left out
        ("contribution", "f8"),  # contributions sum to the score
        ("effective_weight", "f8"),  # in [0, 1]: how much of the decay window has been seen
        ("last_good", "f8"),  # last value that was not null, NaN: never
        ("last_good_ns", "i8"),  # event time of it, NULL: never
        ("reason", "u1"),  # enums.Reason, why value is null
    ],
    align=True,
)

# One row a spread or fee signal, or both at once (`emits`).
SIGNAL_DTYPE: Final = np.dtype(
    [
        ("instrument", "i4"),  # Instruments table
        ("kind", "u1"),  # enums.Kind
        ("emits", "u1"),  # bit 0: SpreadSignal, bit 1: FeeSignal
        ("trigger", "u1"),  # enums.Trigger
        ("regime", "u1"),
        ("status", "u1"),
        ("binding_cap", "u1"),
        ("rebalance", "u1"),
        ("reasons", "u4"),  # bit 1 << Reason
        ("revision", "i4"),
        ("policy_version", "i4"),
        ("ordinal", "i8"),  # live: the instrument's input ordinal; final: the window's start (ns)
        ("as_of_ns", "i8"),
        ("valid_until_ns", "i8"),
        ("reference_mid_x2", "i8"),  # best bid + best ask, ticks; NULL: none
        ("reference_mid_ns", "i8"),  # event time of the mid
        ("last_good_mid_x2", "i8"),
        ("last_good_mid_ns", "i8"),
        ("bid_half_spread", "f8"),  # ticks below the mid, after skew
        ("ask_half_spread", "f8"),  # ticks above the mid, after skew
        ("bid_half_spread_bps", "f8"),
        ("ask_half_spread_bps", "f8"),
        ("widen_factor", "f8"),
        ("skew_bps", "f8"),
        ("score", "f8"),
        ("fee_taker_buy", "i8"),  # 1e-6 of notional
        ("fee_taker_sell", "i8"),
        ("surcharge", "i8"),
        ("rebate", "i8"),
        ("rebate_budget", "i8"),  # 1e-6 of notional x lots, NULL: no budget is configured
        ("source", "i2"),  # of the record that triggered
        ("offset", "i8"),
        ("window", "i4"),  # row in the windows of the same output, -1 for live
    ],
    align=True,
)

# One row a closed window, and one for each revision of it.
WINDOW_DTYPE: Final = np.dtype(
    [
        ("instrument", "i4"),
        ("revision", "i4"),
        ("start_ns", "i8"),
        ("end_ns", "i8"),
        ("as_of_ns", "i8"),  # watermark that closed it
        ("events", "i8"),  # rows used
        ("late_events", "i8"),  # rows of the instrument past the lateness since the last window
        ("trades", "i8"),
        ("buy_volume", "i8"),  # lots, taker buys
        ("sell_volume", "i8"),
        ("unknown_volume", "i8"),  # lots of trades without an aggressor
        ("cvd", "i8"),  # buy - sell since the session's start, at the close of the window
        ("ofi", "i8"),  # lots
        ("ofi_gross", "i8"),  # sum of |e|, lots
        ("depth_1", "f8"),  # time-weighted mean in the window, NaN: null
        ("depth_10", "f8"),
        ("queue", "f8"),
        ("pending_buy", "i8"),  # expected lots at the close
        ("pending_sell", "i8"),
        ("mid_open_x2", "i8"),  # first and last good mid in the window
        ("mid_close_x2", "i8"),
        ("regime", "u1"),
        ("status", "u1"),
        ("n_buckets", "u1"),
        ("reasons", "u4"),
        ("bucket_width", "i8"),  # ticks
        ("bucket_other", "i8"),  # signed volume outside the buckets below
        ("bucket", "i8", (N_BUCKETS,)),  # lowest price of the bucket, ticks, ascending
        ("bucket_buy", "i8", (N_BUCKETS,)),
        ("bucket_sell", "i8", (N_BUCKETS,)),
        ("cvd_decayed", "f8"),  # lots, buys - sells decayed to as_of_ns
        ("profile_width", "i8"),  # ticks; the decayed delta per price bucket of the session
        ("n_profile", "u1"),
        ("profile_price", "i8", (N_BUCKETS,)),  # lowest price of the bucket, ticks, ascending
        ("profile_delta", "f8", (N_BUCKETS,)),  # lots, buys - sells decayed to as_of_ns
        ("source", "i2"),
        ("offset", "i8"),  # of the record that moved the watermark past the end
    ],
    align=True,
)


# One row a window and output of a measure.
MEASURE_DTYPE: Final = np.dtype([("value", "f8"), ("reason", "u1")], align=True)  # NaN: null, for that enums.Reason


class Names(NamedTuple):
    """What the columns of `Outputs.components` and `Outputs.measures` are called."""

    components: tuple[str, ...] = COMPONENT_NAMES  # in capitals
    measures: tuple[str, ...] = ()


class Outputs(NamedTuple):
    """What one step publishes, in order, and the outcome of each input row."""

    signals: NDArray[np.void]  # SIGNAL_DTYPE, shape (s,)
    components: NDArray[np.void]  # COMPONENT_DTYPE, shape (s, components)
    windows: NDArray[np.void]  # WINDOW_DTYPE, shape (w,)
    measures: NDArray[np.void]  # MEASURE_DTYPE, shape (w, outputs)
    outcome: NDArray[np.uint8]  # enums.Outcome, shape (n,)
    cause: NDArray[np.uint8]  # enums.Cause, shape (n,)
    names: Names = Names()
