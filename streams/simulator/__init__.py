"""A market whose truth is known: order books, bursts of informed takers, a pool and its mempool.

The same settings give the same bytes on any machine. The only randomness is PCG64's raw 64-bit output,
which NumPy promises not to change; what is made of it uses integers and the float operations that IEEE 754
rounds exactly (+ - * /), with our own exp2 and log2 (`variates`). A golden digest pins it.
"""

from equipoise.streams.simulator.labels import BURST_DTYPE, OUTCOME_DTYPE, TAKER_DTYPE, VALUE_UNIT, Labels
from equipoise.streams.simulator.settings import (
    BurstSettings,
    FlowSettings,
    SimulatedMarket,
    SimulatorSettings,
    default_markets,
    make_markets,
)
from equipoise.streams.simulator.simulator import SimulatedChunk, Simulator

__all__ = [
    "BURST_DTYPE",
    "OUTCOME_DTYPE",
    "TAKER_DTYPE",
    "VALUE_UNIT",
    "BurstSettings",
    "FlowSettings",
    "Labels",
    "SimulatedChunk",
    "SimulatedMarket",
    "Simulator",
    "SimulatorSettings",
    "default_markets",
    "make_markets",
]
