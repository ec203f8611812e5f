"""Records for the tests of this folder."""

from typing import Any

COMPONENT: dict[str, Any] = {
    "name": "OFI", "value": 0.5, "weight": 0.4, "contribution": 0.2, "effective_weight": 1.0, "last_good": 0.5,
    "last_good_as_of": 1_000, "reason": "NONE",
}  # fmt: skip

FRAME: dict[str, Any] = {
    "id": "v:S/live/7", "revision": 0, "kind": "LIVE", "venue": "v", "symbol": "S", "trigger": "GRID",
    "as_of_ns": 1_000, "valid_until_ns": 2_000, "status": "DEGRADED", "reasons": ["WARMING", "LATE_EVENTS"],
    "regime": "ELEVATED", "rebalance": "BID_THIN", "policy_version": 3, "score": 0.2, "components": [COMPONENT],
    "tick": "0.01", "reference_mid": 1000.5, "reference_mid_ns": 990, "last_good_mid": 1000.5, "last_good_mid_ns": 990,
    "last_id": None, "silence_ns": None,
}  # fmt: skip

SPREAD: dict[str, Any] = FRAME | {
    "bid_half_spread": 4.0, "ask_half_spread": 6.0, "bid_half_spread_bps": 40.0, "ask_half_spread_bps": 60.0,
    "widen_factor": 2.0, "skew_bps": -1.5, "binding_cap": "MAX_SKEW",
}  # fmt: skip

FEE: dict[str, Any] = FRAME | {
    "fee_taker_buy": 500, "fee_taker_sell": 250, "surcharge": 200, "rebate": 50, "rebate_budget": None,
}  # fmt: skip

WINDOW: dict[str, Any] = {
    "id": "v:S/final/0", "revision": 1, "kind": "FINAL", "venue": "v", "symbol": "S", "start_ns": 0,
    "end_ns": 10**9, "as_of_ns": 10**9 + 5, "status": "OK", "reasons": [], "regime": "CALM", "events": 12,
    "late_events": 1, "trades": 3, "buy_volume": 7, "sell_volume": 2, "unknown_volume": 1, "classified_share": 0.9,
    "buy_volume_underlying": 0.7, "sell_volume_underlying": 0.2, "unknown_volume_underlying": None, "cvd": -4,
    "ofi": 6, "ofi_gross": 9, "depth_1": 0.25, "depth_10": None, "queue": -0.5, "pending_buy": 0, "pending_sell": 8,
    "mid_open": 1000.5, "mid_close": None, "bucket_width": 10, "bucket_other": 0,
    "buckets": [{"price": 990, "buy": 7, "sell": 2}], "cvd_decayed": 4.5, "profile_width": 10,
    "profile": [{"price": 990, "delta": 4.5}],
    "measures": [{"name": "vpin_true", "value": 0.25, "reason": "NONE"},
                 {"name": "vpin_bulk", "value": None, "reason": "WARMING"}],
}  # fmt: skip
