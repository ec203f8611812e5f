"""Parameters for markets that last minutes: with the defaults many measures would say nothing in them."""

from typing import Any, Final

SMALL: Final[dict[str, dict[str, Any]]] = {
    "micro_price": {"refresh_s": 2.0, "least": 50, "memory": 1000},
    "resiliency": {"interval_ms": 200, "least": 5.0},
    "vpin": {"buckets": 8, "bucket_lots": 100, "bar_ms": 400},
}
