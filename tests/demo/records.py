"""Spread signals as the schema has them, made by hand."""

import math
from typing import Any

from equipoise.schemas.enums import Component
from equipoise.schemas.signals import FeeSignal, SpreadSignal

START_NS = 1_767_571_200_000_000_000


def parts(**contributions: float | None) -> list[dict[str, Any]]:
    """Components; a contribution of None is a null value. Unnamed ones contribute 0."""
    return [
        {
            "name": component.name,
            "value": (value := contributions.get(component.name, 0.0)),
            "weight": 0.2,
            "contribution": value or 0.0,
            "effective_weight": 1.0,
            "last_good": None,
            "last_good_as_of": None,
            "reason": "NONE" if value is not None else "NO_TRADES",
        }
        for component in Component
    ]


QUOTE_FIELDS = (
    "bid_half_spread",
    "ask_half_spread",
    "bid_half_spread_bps",
    "ask_half_spread_bps",
    "widen_factor",
    "skew_bps",
    "binding_cap",
)
FRAME: dict[str, Any] = {
    "id": "SIM:BTC-USD/live/1",
    "revision": 0,
    "kind": "LIVE",
    "venue": "SIM",
    "symbol": "BTC-USD",
    "trigger": "GRID",
    "as_of_ns": START_NS,
    "valid_until_ns": START_NS + 2_000_000_000,
    "status": "OK",
    "reasons": [],
    "regime": "CALM",
    "rebalance": "NONE",
    "policy_version": 1,
    "score": 0.0,
    "components": parts(),
    "tick": "0.5",
    "reference_mid": 120_000.0,
    "reference_mid_ns": START_NS,
    "last_good_mid": 120_000.0,
    "last_good_mid_ns": START_NS,
    "bid_half_spread": 24.0,
    "ask_half_spread": 24.0,
    "bid_half_spread_bps": 2.0,
    "ask_half_spread_bps": 2.0,
    "widen_factor": 1.0,
    "skew_bps": 0.0,
    "binding_cap": "NONE",
    "last_id": None,
    "silence_ns": None,
}


def spread(**fields: Any) -> SpreadSignal:
    """A calm, balanced SpreadSignal of SIM:BTC-USD at START_NS: tick 0.5, mid 60,000.00, 2 bps a side."""
    assert fields.keys() <= FRAME.keys()
    return SpreadSignal.of(FRAME | fields)


def quoted(score: float, regime: str = "CALM", mid: float = 120_000.0, **fields: Any) -> SpreadSignal:
    """A signal whose quotes follow from its score as the policy makes them (base 2 bps, skew 2 bps)."""
    widen = {"CALM": 1.0, "ELEVATED": 1.5, "STRESSED": 2.5, "HALT": 4.0}[regime] * (1 + abs(score))
    bid, ask = 2 * widen - 2 * score, 2 * widen + 2 * score
    return spread(
        score=score,
        regime=regime,
        reference_mid=mid,
        bid_half_spread=bid * mid * 1e-4,
        ask_half_spread=ask * mid * 1e-4,
        bid_half_spread_bps=bid,
        ask_half_spread_bps=ask,
        widen_factor=widen,
        skew_bps=2 * score,
        **fields,
    )


def fee(buy: int | None, sell: int | None, **fields: Any) -> FeeSignal:
    """A FeeSignal beside `spread()`."""
    frame = {name: value for name, value in FRAME.items() if name not in QUOTE_FIELDS}
    numbers = {"fee_taker_buy": buy, "fee_taker_sell": sell, "surcharge": 0, "rebate": 0, "rebate_budget": None}
    return FeeSignal.of(frame | numbers | fields)


def market(seconds: float, burst_at: float = 20.0, burst_s: float = 5.0) -> list[SpreadSignal]:
    """A minute of a market with one burst of buyers, ten signals a second, and a gap of three seconds."""
    found = []
    mid = 120_000.0
    for i in range(int(seconds * 10)):
        t = i / 10
        if 40 < t < 43.5:
            continue
        pressure = math.exp(-max(0.0, t - burst_at - burst_s) / 3) if t > burst_at else 0.0
        pressure *= min(1.0, max(0.0, t - burst_at) / 2)
        score = 0.12 * math.sin(t * 1.3) + 0.75 * pressure
        mid += 6 * math.sin(t * 2.1) + 3 * math.sin(t * 7) + (22 * pressure if t < burst_at + burst_s else 0)
        regime = "STRESSED" if score > 0.6 else "ELEVATED" if score > 0.3 else "CALM"
        now = START_NS + round(t * 1e9)
        found.append(
            quoted(
                round(score, 4),
                regime,
                round(mid * 2) / 2,
                id=f"SIM:BTC-USD/live/{i * 130}",
                as_of_ns=now,
                valid_until_ns=now + 2_000_000_000,
                components=parts(
                    OFI=score * 0.62, CVD=score * 0.25, DEPTH_10=score * 0.2, QUEUE=-score * 0.07, PENDING=None
                ),
            )
        )
    return found
