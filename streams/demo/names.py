"""Names that the demo's processes share."""

from typing import Final

ORDERS: Final = "orders"
MEMPOOL: Final = "mempool"
TRUTH: Final = "equipoise.demo.truth"  # of a simulation: who was informed; the worker never reads it
TAKER_FIELDS: Final = (
    "instrument", "sequence", "event_ns", "side", "informed", "burst", "quantity", "price", "mid_x2", "value",
)  # fmt: skip
