"""Parameters for markets that last minutes: with the defaults many measures would say nothing in them."""

from typing import Any, Final

SMALL: Final[dict[str, dict[str, Any]]] = {
    "micro_price": {"refresh_s": 2.0, "least": 50, "memory": 1000},
    "resiliency": {"interval_ms": 200, "least": 5.0},
    "footprint": {"ratio": 2.0, "filter_lots": 10},
    "spread": {"horizon_ms": 1000, "half_life_ms": 5000},
    "kyle": {"least_bars": 10, "bar_ms": 150},
    "amihud": {"least_bars": 5, "bar_ms": 150},
    "hawkes": {"least_trades": 20, "memory_trades": 50.0},
    "vpin": {"buckets": 8, "bucket_lots": 100, "bar_ms": 400},
}
