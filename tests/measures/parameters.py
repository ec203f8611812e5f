"""Parameters for markets that last minutes: with the defaults many measures would say nothing in them."""

from typing import Any, Final

SMALL: Final[dict[str, dict[str, Any]]] = {
    "vpin": {"buckets": 8, "bucket_lots": 100, "bar_ms": 400},
}
