"""What the engine is told once: windows, half-lives, limits, policy. Frozen; units in the names."""

from dataclasses import dataclass, field

from equipoise.processors.columns import MAX_COMPONENTS, N_COMPONENTS
from equipoise.processors.panel.settings import PanelSettings

MS = 1_000_000
SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TimeSettings:
    """Windows and what is late (SEMANTICS: Time)."""

    window_ns: int = SECOND  # tumbling windows: a second, the usual bar of flow studies
    lateness_ns: int = 500 * MS  # how far behind its own partition's watermark a record still counts
    idle_ns: int = 5 * SECOND  # a partition silent for this long no longer holds the others back
    max_ahead_ns: int = 10 * SECOND  # a stamp further past its arrival is refused
    grid_ns: int = 100 * MS  # a live signal at least once per step of event time in which anything happens
    min_gap_ns: int = 10 * MS  # live signals for moved quotes or fees are at least this far apart


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """Half-lives in nanoseconds, and the width of the price buckets."""

    depth_1_half_life_ns: int = 500 * MS
    depth_10_half_life_ns: int = 2 * SECOND  # deeper levels change, and mean, more slowly
    queue_half_life_ns: int = 500 * MS
    ofi_half_life_ns: int = 2 * SECOND
    cvd_half_life_ns: int = 10 * SECOND  # trades are rarer than quotes
    bucket_ticks: int = 10  # volume delta per price bucket
    ready_weight: float = 0.9  # of a full half-life's weight; below it a value is WARMING


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """From components to a spread and a fee."""

    version: int = 1
    # depth_1, depth_10, queue, ofi, cvd, pending. The first and the third are one formula: one of them weighs 0.
    weights: tuple[float, ...] = (0.0, 0.15, 0.15, 0.35, 0.25, 0.10)
    elevated_enter: float = 0.35
    elevated_leave: float = 0.25
    stressed_enter: float = 0.60
    stressed_leave: float = 0.45
    base_half_spread_bps: float = 2.0
    regime_widen: tuple[float, float, float, float] = (1.0, 1.5, 2.5, 4.0)  # calm, elevated, stressed, halt
    score_widen: float = 1.0  # widening by |score| on top of the regime's
    degraded_widen: float = 2.0  # fail safe: wider when an input is missing or gapped
    max_widen: float = 8.0
    skew_bps: float = 2.0  # shift of both quotes at |score| = 1
    max_skew_bps: float = 5.0
    min_half_spread_ticks: float = 0.5
    max_half_spread_bps: float = 50.0
    base_fee: int = 300  # 1e-6 of notional
    max_surcharge: int = 700
    surcharge_from: float = 0.25  # |score| below which there is none
    fee_step: int = 10
    liquidity_threshold_lots: int = 0  # depth of ten levels below which rebalancing is asked for; 0: never
    validity_ns: int = 2 * SECOND  # a signal is not used after as_of + this

    def __post_init__(self) -> None:
        """Refuse thresholds that cannot work.

        Raises:
            ValueError: naming the field, the value and the bound.
        """
        if len(self.weights) != N_COMPONENTS:
            raise ValueError(f"policy.weights: {len(self.weights)} values, must be {N_COMPONENTS}")
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            raise ValueError(f"policy.weights: {self.weights}, must be >= 0 and not all 0")
        order = (self.elevated_leave, self.elevated_enter, self.stressed_enter)
        if not 0 < order[0] < order[1] < order[2] <= 1:
            raise ValueError(
                f"policy.elevated_leave < elevated_enter < stressed_enter: {order}, must rise within (0, 1]"
            )
        if not self.elevated_enter <= self.stressed_leave < self.stressed_enter:
            raise ValueError(
                f"policy.stressed_leave: {self.stressed_leave}, must be in "
                f"[elevated_enter {self.elevated_enter}, stressed_enter {self.stressed_enter})"
            )
        if not 0 <= self.surcharge_from < 1:
            raise ValueError(f"policy.surcharge_from: {self.surcharge_from}, must be in [0, 1)")
        if self.fee_step < 1:
            raise ValueError(f"policy.fee_step: {self.fee_step}, must be >= 1")


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Bounds on memory; at each the stated thing happens and a counter rises."""

    orders: int = 4_000_000  # resting and pending orders of a partition; a further one is flagged LIMIT
    levels_per_side: int = 100_000  # of one book; a further level is flagged LIMIT


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Everything the engine is told."""

    time: TimeSettings = field(default_factory=TimeSettings)
    measures: MeasureSettings = field(default_factory=MeasureSettings)
    policy: PolicySettings = field(default_factory=PolicySettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    panel: PanelSettings = field(default_factory=PanelSettings)
    trace_book: bool = False  # also give the best quotes after every row (Engine.trace)

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: naming the field, the value and the bound.
        """
        for group in (self.time, self.measures):
            for name in group.__dataclass_fields__:
                value = getattr(group, name)
                if value <= 0:
                    raise ValueError(f"{name}: {value}, must be > 0")
        if self.time.window_ns < MS:
            raise ValueError(f"window_ns: {self.time.window_ns}, must be >= {MS} (1 ms)")
        if len(self.panel.components) > MAX_COMPONENTS - N_COMPONENTS:
            raise ValueError(
                f"weights of measures: {len(self.panel.components)} above 0, must be <= {MAX_COMPONENTS - N_COMPONENTS}"
            )
        if self.slots > 256:
            raise ValueError(
                f"lateness_ns / window_ns: {self.time.lateness_ns} / {self.time.window_ns}, must be <= 240"
            )

    @property
    def slots(self) -> int:
        """Windows kept per instrument: those still open for revision, and room for sources that run apart."""
        return self.time.lateness_ns // self.time.window_ns + 12
