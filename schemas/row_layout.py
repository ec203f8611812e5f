"""The columns of the engine's output rows, as `rows` reads them.

The dtypes themselves are numpy's (`processors.columns`); a test keeps names and order equal.
"""

from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

NULL: Final = -(2**63)  # processors.columns.NULL; a test keeps them equal


class InstrumentLike(Protocol):
    """What is used of `processors.instruments.Instrument`."""

    @property
    def venue(self) -> str:
        """Venue of the instrument."""
        ...

    @property
    def symbol(self) -> str:
        """The venue's own symbol."""
        ...

    @property
    def key(self) -> str:
        """VENUE:SYMBOL."""
        ...

    @property
    def tick(self) -> Decimal:
        """Price units of one tick."""
        ...

    @property
    def lot(self) -> Decimal:
        """Quantity units of one lot."""
        ...

    @property
    def contract(self) -> str:
        """linear, inverse or quanto."""
        ...

    @property
    def multiplier(self) -> Decimal:
        """Underlying (linear) or quote (inverse) units of one quantity unit."""
        ...


class Row(Protocol):
    """One row of a structured array."""

    def item(self) -> Any:
        """The row as a tuple of Python values."""
        ...


class Rows(Protocol):
    """A structured array of shape (n,)."""

    def tolist(self) -> list[Any]:
        """The rows as tuples of Python values."""
        ...


class SignalRow(NamedTuple):
    """The columns of SIGNAL_DTYPE, in its order."""

    instrument: int
    kind: int
    emits: int
    trigger: int
    regime: int
    status: int
    binding_cap: int
    rebalance: int
    reasons: int
    revision: int
    policy_version: int
    ordinal: int
    as_of_ns: int
    valid_until_ns: int
    reference_mid_x2: int
    reference_mid_ns: int
    last_good_mid_x2: int
    last_good_mid_ns: int
    bid_half_spread: float
    ask_half_spread: float
    bid_half_spread_bps: float
    ask_half_spread_bps: float
    widen_factor: float
    skew_bps: float
    score: float
    fee_taker_buy: int
    fee_taker_sell: int
    surcharge: int
    rebate: int
    rebate_budget: int
    source: int
    offset: int
    window: int


class ComponentRow(NamedTuple):
    """The columns of COMPONENT_DTYPE, in its order."""

    value: float
    weight: float
    contribution: float
    effective_weight: float
    last_good: float
    last_good_ns: int
    reason: int


class MeasureRow(NamedTuple):
    """The columns of MEASURE_DTYPE, in its order."""

    value: float
    reason: int


class WindowRow(NamedTuple):
    """The columns of WINDOW_DTYPE, in its order."""

    instrument: int
    revision: int
    start_ns: int
    end_ns: int
    as_of_ns: int
    events: int
    late_events: int
    trades: int
    buy_volume: int
    sell_volume: int
    unknown_volume: int
    cvd: int
    ofi: int
    ofi_gross: int
    depth_1: float
    depth_10: float
    queue: float
    pending_buy: int
    pending_sell: int
    mid_open_x2: int
    mid_close_x2: int
    regime: int
    status: int
    n_buckets: int
    reasons: int
    bucket_width: int
    bucket_other: int
    bucket: Rows
    bucket_buy: Rows
    bucket_sell: Rows
    cvd_decayed: float
    profile_width: int
    n_profile: int
    profile_price: Rows
    profile_delta: Rows
    source: int
    offset: int
