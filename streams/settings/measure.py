"""Event time, merging, measures and policy: what changes the bytes of a signal."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from equipoise.streams.settings.base import Group, setting


class Merge(StrEnum):
    """How several topics of one instrument become one order of rows."""

    STAMPED = "stamped"
    DELIVERED = "delivered"


class Time(Group):
    """Windows and what counts as late. Event time only."""

    window_ms: int = setting(1_000, "length of a tumbling window, aligned to the epoch", ge=10)
    lateness_ms: int = setting(500, "older than the watermark by this much still revises its closed window", ge=0)
    idle_ms: int = setting(5_000, "a source this far behind the newest arrival does not hold windows open", ge=1)
    max_ahead_ms: int = setting(
        10_000, "an event stamped further past its arrival is dead-lettered: one bad stamp must not age the rest", ge=0
    )
    grid_ms: int = setting(100, "a live signal at least when event time crosses such a point", ge=1)
    min_gap_ms: int = setting(10, "at most one live signal for moved quotes in this much event time", ge=1)
    merge: Merge = setting(
        Merge.STAMPED, "`stamped`: by arrival stamp, the same live and offline; `delivered`: no wait, no such promise"
    )
    merge_wait_ms: int = setting(20, "longest wait for a slower topic of the same instruments", ge=0)


class Measures(Group):
    """How quickly each measure forgets (half-lives in event time), the price buckets, and which measures are on.

    A group of a measure's own name sets its parameters: `measures.vpin.buckets`. `equipoise measures` lists them.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, float]] = Field(init=False)

    on: list[str] = setting(["all"], "measures beside those of the score, by name; `all`: every one; []: none")
    depth_1_half_life_ms: int = setting(500, "depth imbalance, one level: the book itself is the memory", ge=1)
    depth_10_half_life_ms: int = setting(2_000, "ten levels: deeper ones change, and mean, more slowly", ge=1)
    queue_half_life_ms: int = setting(500, "queue imbalance at the best prices, as depth", ge=1)
    ofi_half_life_ms: int = setting(2_000, "order-flow imbalance: impact of flow fades within seconds", ge=1)
    cvd_half_life_ms: int = setting(10_000, "volume delta: trades are rarer than quotes", ge=1)
    bucket_ticks: int = setting(10, "width of a price bucket of the volume delta", ge=1)
    ready_weight: float = setting(0.9, "of a full half-life's weight; below it a value says WARMING", gt=0, le=1)


class Weights(Group):
    """Weight of each measure in the score; null measures leave and the rest share what they had.

    An output of another measure weighs by its name: `policy.weights.hawkes_imbalance`.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float] = Field(init=False)

    depth_1: float = setting(0.0, "the same formula as the queue, which weighs instead of it", ge=0)
    depth_10: float = setting(0.15, "ten levels: slower, sturdier", ge=0)
    queue: float = setting(0.15, "tells the next mid move's side (Gould and Bonart)", ge=0)
    ofi: float = setting(0.35, "best single explanation of short moves (Cont, Kukanov and Stoikov)", ge=0)
    cvd: float = setting(0.25, "what takers really did", ge=0)
    pending: float = setting(0.10, "what takers announce; null without a mempool", ge=0)


class Regimes(Group):
    """Thresholds on |score|, each with a lower one to leave by (hysteresis), and how far each widens."""

    elevated_enter: float = setting(0.35, "above this: elevated", gt=0, le=1)
    elevated_leave: float = setting(0.25, "below this: calm again", gt=0, le=1)
    stressed_enter: float = setting(0.60, "above this: stressed", gt=0, le=1)
    stressed_leave: float = setting(0.45, "below this: elevated again", gt=0, le=1)
    calm_widen: float = setting(1.0, "times the base half-spread when calm", ge=0)
    elevated_widen: float = setting(1.5, "times the base half-spread when elevated", ge=0)
    stressed_widen: float = setting(2.5, "times the base half-spread when stressed", ge=0)
    halt_widen: float = setting(4.0, "times the base half-spread when halted", ge=0)


class Spread(Group):
    """Half-spreads around the mid."""

    base_half_spread_bps: float = setting(2.0, "half-spread in calm, balanced flow", gt=0)
    score_widen: float = setting(1.0, "widening by |score| on top of the regime's", ge=0)
    degraded_widen: float = setting(2.0, "fail safe: wider when an input is missing or gapped", ge=1)
    max_widen: float = setting(8.0, "no widening is above this", ge=1)
    skew_bps: float = setting(2.0, "both quotes move by score times this, up on buying pressure", ge=0)
    max_skew_bps: float = setting(5.0, "cap of the skew", ge=0)
    min_half_spread_ticks: float = setting(0.5, "no half-spread is below this", ge=0)
    max_half_spread_bps: float = setting(50.0, "no half-spread is above this: users dislike quotes far away", gt=0)


class Fee(Group):
    """Taker fees."""

    base_millionths: int = setting(300, "taker fee in balanced flow (3 bps)", ge=0)
    max_surcharge_millionths: int = setting(700, "added at |score| = 1 to the side that worsens the imbalance", ge=0)
    surcharge_from: float = setting(0.25, "|score| below which there is no surcharge", ge=0, le=1)
    step_millionths: int = setting(10, "a fee moves in such steps, so that it does not flicker", ge=1)


class Policy(Group):
    """From measures to quotes and fees."""

    version: int = setting(1, "published with every signal; raise it with every change of these values", ge=0)
    weights: Weights = Weights()
    regimes: Regimes = Regimes()
    spread: Spread = Spread()
    fee: Fee = Fee()
    liquidity_threshold_lots: int = setting(0, "less than this within ten levels flags that side; 0: never", ge=0)
    validity_ms: int = setting(2_000, "a signal may be used this long after its event time", ge=1)


class Bounds(Group):
    """The engine's memory. At each bound the row is flagged LIMIT and counted."""

    orders: int = setting(4_000_000, "resting and pending orders of one partition", ge=1)
    levels_per_side: int = setting(100_000, "price levels of one side of one book", ge=1)
