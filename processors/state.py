"""All state of a partition as a few flat arrays, and how much room they have.

Rows of an instrument are written out by `dump`; scratch space (arenas, hash table) is rebuilt from them.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from equipoise.processors.columns import MAX_COMPONENTS, NULL
from equipoise.processors.measures.observation import RING as RING  # price buckets of a window or profile
from equipoise.processors.numerics.decay import EPOCHS
from equipoise.processors.panel.arrays import Panel, new_panel
from equipoise.processors.settings import EngineSettings
from equipoise.schemas.enums import TradingStatus

Array = Any  # numpy.recarray of a dtype below: neither NumPy nor numba types its fields

SUMS: Final = ("u8", (EPOCHS, 2))
RING_SUMS: Final = ("u8", (RING, EPOCHS, 2))

# One row an instrument.
INSTRUMENT_DTYPE: Final = np.dtype(
    [
        # small ones side by side, what is not read at each row last: every line of the cache counts
        ("group_open", "u1"),  # rows of an unfinished event group were applied
        ("followed", "u1"),  # its message was found to follow on
        ("group_reasons", "u4"),  # reasons that arose in it
        ("trading", "u1"),  # TradingStatus
        ("book_source", "u1"),
        ("seeded", "u1"),  # the book is complete
        ("chained", "u1"),  # the feed names each message's predecessor, so gaps show
        ("gapped", "u1"),  # book.snapshot: SEQUENCE or CHECKSUM
        ("in_snapshot", "u1"),  # book.snapshot: mode of the snapshot that is being read
        ("rebased", "u1"),  # OFI must not difference across what just happened
        ("quotes_ok", "u1"),  # they may be differenced
        ("pending_seen", "u1"),
        ("regime", "u1"),
        ("published_regime", "u1"),
        ("published_status", "u1"),
        ("ordinal", "i8"),  # rows of this instrument seen
        ("touched", "i8"),  # the partition's mark when this instrument last changed
        ("clock_ns", "i8"),  # highest event time of a row that was not late
        ("first_ns", "i8"),
        ("late_events", "i8"),  # since the last window that was published
        # book
        ("sequence", "i8"),
        ("chain_from", "i8"),  # predecessor of the oldest diff held while unseeded
        ("snapshot_sequence", "i8"),
        ("mismatches", "i8"),
        # best quotes after the last finished group
        ("bid", "i8"),
        ("bid_quantity", "i8"),
        ("ask", "i8"),
        ("ask_quantity", "i8"),
        ("bid_depth", "i8"),  # of ten levels, lots
        ("ask_depth", "i8"),
        ("last_good_mid_x2", "i8"),
        ("last_good_mid_ns", "i8"),
        # time-weighted decayed means: value held since held_ns
        ("held", "f8", (3,)),  # depth_1, depth_10, queue; NaN: null
        ("decayed", "f8", (3,)),
        ("decayed_weight", "f8", (3,)),
        ("held_ns", "i8"),
        # order flow
        ("ofi", "f8"),
        ("ofi_gross", "f8"),
        ("ofi_weight", "f8"),
        # volume
        ("session", "i8"),
        ("cvd", "i8"),  # lots since the session's start
        ("cvd_previous", "i8"),  # total of the session before
        ("volume_epoch", "i8"),
        ("first_trade_ns", "i8"),
        ("buys", *SUMS),
        ("sells", *SUMS),
        ("profile_low", "i8"),  # lowest and highest bucket in use
        ("profile_high", "i8"),
        ("profile_shift", "i8"),  # buckets are 2**shift times the configured width
        # pending swaps
        ("pending_head", "i8"),
        ("pending_count", "i8"),
        ("pending_buy", "i8"),
        ("pending_sell", "i8"),
        # published
        ("last_good", "f8", (MAX_COMPONENTS,)),
        ("last_good_ns", "i8", (MAX_COMPONENTS,)),
        ("score", "f8"),
        ("published_ns", "i8"),  # event time of the last live signal
        ("published_bid", "i8"),
        ("published_ask", "i8"),
        ("published_buy_fee", "i8"),
        ("published_sell_fee", "i8"),
        ("grid", "i8"),
        # decayed volume per price bucket of the session
        ("profile_buys", *RING_SUMS),
        ("profile_sells", *RING_SUMS),
    ],
    align=True,
)

# One row a window of an instrument; the ring is addressed by window number.
SLOT_DTYPE: Final = np.dtype(
    [
        ("number", "i8"),  # start / window length, NULL: free
        ("state", "u1"),  # time.FREE, OPEN, CLOSED (and open to revision)
        ("opened", "i8"),  # the partition's count when it was opened: windows of one number close in this order
        ("revision", "i4"),
        ("session", "i8"),
        ("events", "i8"),
        ("trades", "i8"),
        ("buy", "i8"),
        ("sell", "i8"),
        ("unknown", "i8"),
        ("unpriced", "i8"),
        ("ofi", "i8"),
        ("ofi_gross", "i8"),
        ("area", "f8", (3,)),  # integral of depth_1, depth_10, queue over the time they were known
        ("known_ns", "f8", (3,)),
        ("mid_open_x2", "i8"),
        ("mid_close_x2", "i8"),
        ("low", "i8"),
        ("high", "i8"),
        ("shift", "i8"),
        ("ring_buy", "i8", (RING,)),
        ("ring_sell", "i8", (RING,)),
        # sequenced facts as they stood at the close, so that a revision repeats them
        ("regime", "u1"),
        ("status", "u1"),
        ("reasons", "u4"),
        ("close_mid_x2", "i8"),
        ("pending_buy", "i8"),
        ("pending_sell", "i8"),
        ("late_events", "i8"),
    ],
    align=True,
)

SIDE_DTYPE: Final = np.dtype([("start", "i8"), ("length", "i8"), ("room", "i8")])  # a run of levels, best last

LEVEL_DTYPE: Final = np.dtype(
    [
        ("price", "i8"),
        ("quantity", "i8"),  # total at the price
        ("orders", "i8"),  # number of orders; L2: sequence of the last change
        ("anonymous", "i8"),  # quantity that no known order accounts for
        ("head", "i8"),  # first and last order in time priority, -1: none
        ("tail", "i8"),
    ]
)

ORDER_DTYPE: Final = np.dtype(
    [
        ("id", "i8"),
        ("owner", "i8"),  # 2 * instrument + side bit; + PENDING for intents
        ("price", "i8"),
        ("quantity", "i8"),
        ("previous", "i8"),
        ("next", "i8"),  # in the level's or the pending list; in the free list
    ]
)

# One row a source topic of the partition.
SOURCE_DTYPE: Final = np.dtype(
    [
        ("watermark_ns", "i8"),
        ("arrival_ns", "i8"),  # newest arrival stamp
        ("rows", "i8"),
        ("offset", "i8"),  # last row's
    ]
)

PARTITION_DTYPE: Final = np.dtype(
    [
        ("watermark_ns", "i8"),  # of the task: the least of the sources that are not idle
        ("arrival_ns", "i8"),
        ("first_arrival_ns", "i8"),
        ("closed_number", "i8"),  # windows up to this number are closed
        ("opened", "i8"),  # windows opened so far
        ("revise", "i8"),  # window that the row just applied corrected, NULL: none
        ("order_count", "i8"),
        ("free_order", "i8"),
        ("order_end", "i8"),  # order rows ever used
        ("level_end", "i8"),  # level rows ever used
        ("mark", "i8"),  # from 1, raised by each snapshot
        ("signals", "i8"),  # rows filled in the output
        ("windows", "i8"),
        # the window last asked for (time.number_of): its number, its place in the ring, its first and past-last ns
        ("window_number", "i8"),
        ("window_place", "i8"),
        ("window_from_ns", "i8"),
        ("window_to_ns", "i8"),
    ]
)

SETTINGS_DTYPE: Final = np.dtype(
    [(name, "i8") for name in (
        "window_ns", "lateness_ns", "idle_ns", "max_ahead_ns", "grid_ns", "min_gap_ns",
        "depth_1_half_life_ns", "depth_10_half_life_ns", "queue_half_life_ns", "ofi_half_life_ns",
        "cvd_half_life_ns", "bucket_ticks", "max_orders", "max_levels",
    )]
    + [("ready_weight", "f8")]
)  # fmt: skip

POLICY_DTYPE: Final = np.dtype(
    [
        ("version", "i8"),
        ("weights", "f8", (MAX_COMPONENTS,)),
        ("elevated_enter", "f8"),
        ("elevated_leave", "f8"),
        ("stressed_enter", "f8"),
        ("stressed_leave", "f8"),
        ("base_half_spread_bps", "f8"),
        ("regime_widen", "f8", (4,)),
        ("score_widen", "f8"),
        ("degraded_widen", "f8"),
        ("max_widen", "f8"),
        ("skew_bps", "f8"),
        ("max_skew_bps", "f8"),
        ("min_half_spread_ticks", "f8"),
        ("max_half_spread_bps", "f8"),
        ("base_fee", "i8"),
        ("max_surcharge", "i8"),
        ("surcharge_from", "f8"),
        ("fee_step", "i8"),
        ("liquidity_threshold_lots", "i8"),
        ("validity_ns", "i8"),
    ],
    align=True,
)


class State(NamedTuple):
    """The arrays that every kernel gets; (i,) instruments, (s,) sources."""

    instruments: Array  # INSTRUMENT_DTYPE (i,)
    session_ns: Array  # i8 (i,): offset of the session boundary
    slots: Array  # SLOT_DTYPE (i, slots)
    members: Array  # i4 (slots, i): instruments with a window of that number
    member_count: Array  # i8 (slots,)
    sides: Array  # SIDE_DTYPE (2 i,)
    levels: Array  # LEVEL_DTYPE (room,)
    orders: Array  # ORDER_DTYPE (room,)
    index: Array  # i8 (power of two,): order row + 1, 0 free
    sources: Array  # SOURCE_DTYPE (s,)
    partition: Array  # PARTITION_DTYPE (1,)
    settings: Array  # SETTINGS_DTYPE (1,)
    policy: Array  # POLICY_DTYPE (i,)
    spare: Array  # i8 (RING,), workspace: kernels allocate nothing
    spare_sums: Array  # u8 (RING, EPOCHS, 2), workspace
    panel: Panel  # the measures that are on


def records(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Zeroed rows whose fields are read as attributes, compiled or not."""
    return np.zeros(shape, dtype).view(np.recarray)


def new_instruments(n: int) -> Array:
    """`n` instruments of which nothing has been seen."""
    rows = records(n, INSTRUMENT_DTYPE)
    for name in ("clock_ns", "first_ns", "sequence", "chain_from", "snapshot_sequence", "bid", "ask", "held_ns",
                 "last_good_mid_x2", "last_good_mid_ns", "session", "first_trade_ns", "last_good_ns",
                 "published_ns", "published_bid", "published_ask", "grid", "profile_low", "profile_high"):  # fmt: skip
        rows[name] = NULL
    for name in ("held", "last_good"):
        rows[name] = np.nan
    rows["pending_head"] = -1
    rows["trading"] = TradingStatus.UNKNOWN
    return rows


def new_state(n: int, n_sources: int, settings: EngineSettings) -> State:
    """Empty state for `n` instruments."""
    slots = records((n, settings.slots), SLOT_DTYPE)
    slots["number"] = NULL
    sources = records(n_sources, SOURCE_DTYPE)
    partition = records(1, PARTITION_DTYPE)
    for rows, names in (
        (sources, ("watermark_ns", "arrival_ns")),
        (partition, ("watermark_ns", "arrival_ns", "first_arrival_ns", "closed_number", "revise")),
    ):
        for name in names:
            rows[name] = NULL
    sources["offset"] = -1
    partition["free_order"] = -1
    partition["mark"] = 1
    policy = records(n, POLICY_DTYPE)
    for name in POLICY_DTYPE.names or ():
        if name != "weights":
            policy[name] = getattr(settings.policy, name)
    weights = (*settings.policy.weights, *(weight for _, _, weight in settings.panel.components))
    policy["weights"][:, : len(weights)] = weights
    return State(
        instruments=new_instruments(n),
        session_ns=np.zeros(n, np.int64),
        slots=slots,
        members=np.zeros((settings.slots, n), np.int32),
        member_count=np.zeros(settings.slots, np.int64),
        sides=records(2 * n, SIDE_DTYPE),
        levels=records(1024, LEVEL_DTYPE),
        orders=records(1024, ORDER_DTYPE),
        index=np.zeros(4096, np.int64),
        sources=sources,
        partition=partition,
        settings=_settings_row(settings),
        policy=policy,
        spare=np.zeros(RING, np.int64),
        spare_sums=np.zeros((RING, EPOCHS, 2), np.uint64),
        panel=new_panel(n, settings.slots, settings.panel),
    )


def _settings_row(settings: EngineSettings) -> Array:
    row = records(1, SETTINGS_DTYPE)
    for group in (settings.time, settings.measures):
        for name in group.__dataclass_fields__:
            row[name] = getattr(group, name)
    row["max_orders"] = settings.limits.orders
    row["max_levels"] = settings.limits.levels_per_side
    return row
