"""All measures of this package, in the order in which they are published.

To add one: a file in this folder with a `Measure`, its test, and its name in `OURS`. Measures of other
packages come through the entry points `equipoise.measures` (`equipoise.streams.measures`).
"""

from typing import Final

from equipoise.processors.measures import (
    amihud,
    footprint,
    hawkes,
    kyle,
    micro_price,
    ofi_level,
    percentile,
    queue_move,
    resiliency,
    signs,
    spreads,
    vpin,
    weighted_depth,
)
from equipoise.processors.measures.core import CORE as CORE
from equipoise.processors.measures.measure import Measure

OURS: Final[tuple[Measure, ...]] = (
    weighted_depth.MEASURE,
    ofi_level.MEASURE,
    queue_move.MEASURE,
    micro_price.MEASURE,
    resiliency.MEASURE,
    percentile.MEASURE,
    signs.MEASURE,
    footprint.MEASURE,
    vpin.MEASURE,
    spreads.MEASURE,
    kyle.MEASURE,
    amihud.MEASURE,
    hawkes.MEASURE,
)
