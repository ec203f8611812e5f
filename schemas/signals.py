"""The published records as values for a downstream service: immutable, typed, with the rule of when to use them."""

from dataclasses import dataclass, fields
from typing import Any, Final, Self

from equipoise.schemas.codec import Record
from equipoise.schemas.enums import Cap, Kind, Reason, Rebalance, Regime, Status, Trigger

# A signal with one of these may be used; what it lacks or doubts is in its reasons.
USABLE: Final = frozenset({Status.OK, Status.WARMING, Status.DEGRADED})


@dataclass(frozen=True, slots=True)
class ScoreComponent:
    """One measure's part in the score."""

    name: str
    value: float | None  # in [-1, 1], positive for buying pressure
    weight: float
    contribution: float  # contributions sum to the score
    effective_weight: float  # in [0, 1]
    last_good: float | None
    last_good_as_of: int | None  # ns
    reason: Reason

    @classmethod
    def of(cls, record: Record) -> Self:
        """From a decoded Avro record."""
        return cls(**record | {"reason": Reason[record["reason"]]})


@dataclass(frozen=True, slots=True)
class PriceBucket:
    """Taker volume in one price bucket."""

    price: int  # lowest price, ticks
    buy: int  # lots
    sell: int  # lots


@dataclass(frozen=True, slots=True)
class PriceDelta:
    """Decayed volume delta in one price bucket."""

    price: int  # lowest price, ticks
    delta: float  # lots


@dataclass(frozen=True, slots=True)
class MeasureValue:
    """One output of a measure (`equipoise measures` lists them)."""

    name: str
    value: float | None
    reason: Reason  # why the value is null

    @classmethod
    def of(cls, record: Record) -> Self:
        """From a decoded Avro record."""
        return cls(**record | {"reason": Reason[record["reason"]]})


@dataclass(frozen=True, slots=True)
class Published:
    """What every published record has."""

    id: str
    revision: int
    kind: Kind
    venue: str
    symbol: str
    status: Status
    reasons: tuple[Reason, ...]
    regime: Regime
    as_of_ns: int
    catching_up: bool  # the worker was behind when it sent this (a header, not in the bytes)

    @property
    def instrument(self) -> str:
        """VENUE:SYMBOL."""
        return f"{self.venue}:{self.symbol}"

    @classmethod
    def of(cls, record: Record, *, catching_up: bool = False) -> Self:
        """From a decoded Avro record, and what its headers say."""
        values: dict[str, Any] = record | {
            "kind": Kind[record["kind"]],
            "status": Status[record["status"]],
            "reasons": tuple(Reason[reason] for reason in record["reasons"]),
            "regime": Regime[record["regime"]],
            "catching_up": catching_up,
        }
        return cls(**cls._typed(values))

    @classmethod
    def _typed(cls, values: dict[str, Any]) -> dict[str, Any]:
        return values


@dataclass(frozen=True, slots=True)
class Signal(Published):
    """The frame of both signals. Stamps are nanoseconds since the epoch (UTC)."""

    trigger: Trigger
    valid_until_ns: int
    rebalance: Rebalance
    policy_version: int
    score: float | None  # in [-1, 1], positive for buying pressure
    components: tuple[ScoreComponent, ...]
    tick: str  # price units of one tick, exact decimal text
    reference_mid: float | None  # ticks
    reference_mid_ns: int | None
    last_good_mid: float | None  # ticks
    last_good_mid_ns: int | None
    last_id: str | None  # heartbeats: id of the last signal
    silence_ns: int | None  # heartbeats: since the last signal

    @classmethod
    def _typed(cls, values: dict[str, Any]) -> dict[str, Any]:
        return values | {
            "trigger": Trigger[values["trigger"]],
            "rebalance": Rebalance[values["rebalance"]],
            "components": tuple(map(ScoreComponent.of, values["components"])),
        }

    def usable(self, now_ns: int) -> bool:
        """Whether to act on the signal at `now_ns` (your clock; in a replay, its event time)."""
        return not self.why_unusable(now_ns)

    def why_unusable(self, now_ns: int) -> str:
        """Why `usable` says no, in a few words; empty where it says yes."""
        if self.kind is Kind.HEARTBEAT:
            return f"heartbeat: nothing new since {self.last_id}"
        if self.catching_up:
            return "catching up: the worker was behind when it sent this"
        if self.status not in USABLE:
            return f"status {self.status.name}"
        if now_ns > self.valid_until_ns:
            return f"expired {(now_ns - self.valid_until_ns) / 1e9:.3f} s ago"
        return self._missing()

    def _missing(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class SpreadSignal(Signal):
    """How wide to quote, and how far to lean. Half-spreads are ticks from the mid, skew included."""

    bid_half_spread: float | None
    ask_half_spread: float | None
    bid_half_spread_bps: float | None
    ask_half_spread_bps: float | None
    widen_factor: float | None  # × your own base half-spread
    skew_bps: float | None  # positive: both quotes up
    binding_cap: Cap

    @classmethod
    def _typed(cls, values: dict[str, Any]) -> dict[str, Any]:
        return super(SpreadSignal, cls)._typed(values) | {"binding_cap": Cap[values["binding_cap"]]}

    def _missing(self) -> str:
        return "widen_factor is null" if self.widen_factor is None else ""


@dataclass(frozen=True, slots=True)
class FeeSignal(Signal):
    """What takers should pay, in 1e-6 of notional."""

    fee_taker_buy: int | None
    fee_taker_sell: int | None
    surcharge: int | None
    rebate: int | None
    rebate_budget: int | None  # 1e-6 of notional × lots

    def _missing(self) -> str:
        return "a fee is null" if self.fee_taker_buy is None or self.fee_taker_sell is None else ""


@dataclass(frozen=True, slots=True)
class ImbalanceWindow(Published):
    """Every measure over the window [start_ns, end_ns). Volumes in lots and in units of the underlying."""

    start_ns: int
    end_ns: int
    events: int
    late_events: int
    trades: int
    buy_volume: int
    sell_volume: int
    unknown_volume: int
    classified_share: float | None
    buy_volume_underlying: float | None
    sell_volume_underlying: float | None
    unknown_volume_underlying: float | None
    cvd: int
    ofi: int
    ofi_gross: int
    depth_1: float | None
    depth_10: float | None
    queue: float | None
    pending_buy: int
    pending_sell: int
    mid_open: float | None  # ticks
    mid_close: float | None  # ticks
    bucket_width: int  # ticks
    bucket_other: int
    buckets: tuple[PriceBucket, ...]
    cvd_decayed: float  # lots
    profile_width: int  # ticks
    profile: tuple[PriceDelta, ...]
    measures: tuple[MeasureValue, ...]

    @classmethod
    def _typed(cls, values: dict[str, Any]) -> dict[str, Any]:
        return values | {
            "buckets": tuple(PriceBucket(**bucket) for bucket in values["buckets"]),
            "profile": tuple(PriceDelta(**bucket) for bucket in values["profile"]),
            "measures": tuple(map(MeasureValue.of, values["measures"])),
        }


RECORDS: Final = {cls.__name__: cls for cls in (SpreadSignal, FeeSignal, ImbalanceWindow)}


def field_names(record: type[Published]) -> set[str]:
    """The names that a record's schema must have, too."""
    return {field.name for field in fields(record)} - {"catching_up"}
