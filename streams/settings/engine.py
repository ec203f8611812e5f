"""The part of the settings that the engine is told, in its own units."""

from equipoise.processors.inclusion import PPM, InclusionSettings
from equipoise.processors.pending import PendingSettings
from equipoise.processors.pending_records import PoolTarget
from equipoise.processors.settings import (
    MS,
    EngineSettings,
    LimitSettings,
    MeasureSettings,
    PolicySettings,
    TimeSettings,
)
from equipoise.streams.measures import panel_settings
from equipoise.streams.settings.measure import Measures, Policy, Time
from equipoise.streams.settings.tree import Settings


def engine_settings(settings: Settings) -> EngineSettings:
    """Raises ValueError, naming the field, the value and the bound, where the engine refuses them."""
    return EngineSettings(
        time=_time(settings.time),
        measures=_measures(settings.measures),
        policy=_policy(settings.policy),
        limits=LimitSettings(orders=settings.bounds.orders, levels_per_side=settings.bounds.levels_per_side),
        panel=panel_settings(
            settings.measures.on, settings.measures.model_extra or {}, settings.policy.weights.model_extra or {}
        ),
    )


def pending_settings(settings: Settings) -> PendingSettings:
    """What the pending pool is told. Raises ValueError where it refuses them."""
    mempool = settings.mempool
    return PendingSettings(
        pools={pool.address.lower(): PoolTarget(pool.instrument, pool.inverted) for pool in mempool.pools},
        inclusion=InclusionSettings(
            least_ppm=round(mempool.least_inclusion * PPM),
            most_ppm=round(mempool.most_inclusion * PPM),
            age_step_ms=mempool.age_step_ms,
        ),
        max_age_ms=mempool.max_age_ms,
        max_transactions=mempool.transactions,
        max_remembered=mempool.remembered,
        max_ahead_ms=settings.time.max_ahead_ms,
    )


def _time(time: Time) -> TimeSettings:
    return TimeSettings(
        window_ns=time.window_ms * MS,
        lateness_ns=time.lateness_ms * MS,
        idle_ns=time.idle_ms * MS,
        max_ahead_ns=time.max_ahead_ms * MS,
        grid_ns=time.grid_ms * MS,
        min_gap_ns=time.min_gap_ms * MS,
    )


def _measures(measures: Measures) -> MeasureSettings:
    return MeasureSettings(
        depth_1_half_life_ns=measures.depth_1_half_life_ms * MS,
        depth_10_half_life_ns=measures.depth_10_half_life_ms * MS,
        queue_half_life_ns=measures.queue_half_life_ms * MS,
        ofi_half_life_ns=measures.ofi_half_life_ms * MS,
        cvd_half_life_ns=measures.cvd_half_life_ms * MS,
        bucket_ticks=measures.bucket_ticks,
        ready_weight=measures.ready_weight,
    )


def _policy(policy: Policy) -> PolicySettings:
    weights, regimes, spread, fee = policy.weights, policy.regimes, policy.spread, policy.fee
    return PolicySettings(
        version=policy.version,
        weights=(weights.depth_1, weights.depth_10, weights.queue, weights.ofi, weights.cvd, weights.pending),
        elevated_enter=regimes.elevated_enter,
        elevated_leave=regimes.elevated_leave,
        stressed_enter=regimes.stressed_enter,
        stressed_leave=regimes.stressed_leave,
        regime_widen=(regimes.calm_widen, regimes.elevated_widen, regimes.stressed_widen, regimes.halt_widen),
        base_half_spread_bps=spread.base_half_spread_bps,
        score_widen=spread.score_widen,
        degraded_widen=spread.degraded_widen,
        max_widen=spread.max_widen,
        skew_bps=spread.skew_bps,
        max_skew_bps=spread.max_skew_bps,
        min_half_spread_ticks=spread.min_half_spread_ticks,
        max_half_spread_bps=spread.max_half_spread_bps,
        base_fee=fee.base_millionths,
        max_surcharge=fee.max_surcharge_millionths,
        surcharge_from=fee.surcharge_from,
        fee_step=fee.step_millionths,
        liquidity_threshold_lots=policy.liquidity_threshold_lots,
        validity_ns=policy.validity_ms * MS,
    )
