"""One spread signal as people read it: prices instead of ticks, words instead of numbers."""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor
from typing import Final

from equipoise.schemas.enums import Cap, Component, Kind, Reason, Rebalance, Regime, Status, Trigger
from equipoise.schemas.signals import ScoreComponent, SpreadSignal

NAMES: Final = {
    Component.DEPTH_1: "Best-level depth",
    Component.DEPTH_10: "Ten-level depth",
    Component.QUEUE: "Queue imbalance",
    Component.OFI: "OFI",
    Component.CVD: "Volume delta",
    Component.PENDING: "Pending swaps",
}
MEANINGS: Final = {
    Component.DEPTH_1: "size waiting at the best bid against the best ask",
    Component.DEPTH_10: "size waiting in ten levels of bids against asks",
    Component.QUEUE: "who is likelier to run out first at the best price",
    Component.OFI: "order-flow imbalance: orders joining and leaving the best prices",
    Component.CVD: "taker buys less taker sells",
    Component.PENDING: "swaps that wait in the mempool",
}
REASONS: Final = {
    Reason.NO_BOOK: "no order book yet",
    Reason.EMPTY_BOOK: "the order book is empty",
    Reason.ONE_SIDED: "only one side of the book has orders",
    Reason.LOCKED: "best bid and best ask are equal",
    Reason.CROSSED: "the best bid is above the best ask",
    Reason.SEQUENCE_GAP: "messages are missing",
    Reason.CHECKSUM_MISMATCH: "the book is not the venue's",
    Reason.WARMING: "too little seen yet",
    Reason.NO_TRADES: "no trades yet",
    Reason.NO_PENDING: "no pending swaps seen",
    Reason.HALTED: "the venue has halted trading",
    Reason.CLOSED: "the venue is closed",
    Reason.AUCTION: "the venue is in an auction",
    Reason.MERGE_TIMEOUT: "one of the topics came late",
    Reason.STALE_INPUT: "an input has gone quiet",
    Reason.LIMIT: "a memory bound was reached",
    Reason.SNAPSHOT_MISMATCH: "a snapshot disagreed with the book",
    Reason.UNKNOWN_ORDERS: "orders changed that were never seen",
    Reason.NOT_CONFIGURED: "not configured",
    Reason.LOW_LIQUIDITY: "depth is below the liquidity threshold",
    Reason.LATE_EVENTS: "events came late",
    Reason.UNDEFINED: "the formula has no value here",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One component of the score."""

    measure: str  # as it is published
    value: float | None  # in [-1, 1], positive: buying
    weight: float
    contribution: float  # contributions sum to the score
    seen: float  # in [0, 1]: how much of the decay window has been seen
    reason: Reason

    @property
    def name(self) -> str:
        """What people call it."""
        component = self.component
        return self.measure.replace("_", " ").capitalize() if component is None else NAMES[component]

    @property
    def meaning(self) -> str:
        """In a few words; empty for a measure that the registry describes."""
        component = self.component
        return "" if component is None else MEANINGS[component]

    @property
    def component(self) -> Component | None:
        """Which of the kernel's own components it is, None: another measure's output."""
        return Component.__members__.get(self.measure)


@dataclass(frozen=True, slots=True)
class Reading:
    """A SpreadSignal; prices are floats for display only."""

    key: str
    id: str
    revision: int
    kind: Kind
    trigger: Trigger
    regime: Regime
    status: Status
    reasons: tuple[Reason, ...]
    cap: Cap
    rebalance: Rebalance
    as_of_ns: int
    valid_until_ns: int
    catching_up: bool  # the worker was behind when it sent this
    decimals: int  # of a price
    mid: float | None
    bid: float | None
    ask: float | None
    bid_bps: float | None  # how far the bid is below the mid
    ask_bps: float | None
    widen: float | None
    skew_bps: float | None
    score: float | None
    parts: tuple[Part, ...]

    def part(self, component: Component) -> Part | None:
        """The part of one measure, None if the signal does not have it."""
        return next((part for part in self.parts if part.component is component), None)

    @property
    def base_bps(self) -> float | None:
        """The half-spread of calm, balanced flow; None while a bound holds the published one."""
        if self.bid_bps is None or self.ask_bps is None or not self.widen or self.cap is not Cap.NONE:
            return None
        return (self.bid_bps + self.ask_bps) / 2 / self.widen

    def price(self, value: float | None) -> str:
        """A price with the decimals of the tick; a dash where there is none."""
        return "–" if value is None else f"{value:,.{self.decimals}f}"


def read(signal: SpreadSignal) -> Reading:
    """A SpreadSignal as a Reading."""
    tick, mid = Decimal(signal.tick), signal.reference_mid
    bid, ask = signal.bid_half_spread, signal.ask_half_spread

    return Reading(
        key=signal.instrument,
        id=signal.id,
        revision=signal.revision,
        kind=signal.kind,
        trigger=signal.trigger,
        regime=signal.regime,
        status=signal.status,
        reasons=signal.reasons,
        cap=signal.binding_cap,
        rebalance=signal.rebalance,
        as_of_ns=signal.as_of_ns,
        valid_until_ns=signal.valid_until_ns,
        catching_up=signal.catching_up,
        decimals=max(0, -int(tick.normalize().as_tuple().exponent)),
        mid=None if mid is None else float(tick) * mid,
        # Quotes are whole ticks, rounded away from the mid as the policy rounds them.
        bid=None if mid is None or bid is None else float(tick) * floor(mid - bid),
        ask=None if mid is None or ask is None else float(tick) * ceil(mid + ask),
        bid_bps=signal.bid_half_spread_bps,
        ask_bps=signal.ask_half_spread_bps,
        widen=signal.widen_factor,
        skew_bps=signal.skew_bps,
        score=signal.score,
        parts=tuple(map(_part, signal.components)),
    )


def _part(component: ScoreComponent) -> Part:
    return Part(
        measure=component.name,
        value=component.value,
        weight=component.weight,
        contribution=component.contribution,
        seen=component.effective_weight,
        reason=component.reason,
    )
