"""The state of one simulated order book, and how kernels write its rows."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.streams.simulator.book import Book
from equipoise.streams.simulator.jit import njit
from equipoise.streams.simulator.variates import Draws, exponential

# Rows of a market's own output, before they become Events.
ACTION, SIDE, FLAGS, PRICE, QUANTITY, ORDER, SEQUENCE, EVENT_NS, ARRIVAL_NS = range(9)
ROW_WIDTH: Final = 9
# Rows of its taker labels.
T_SEQUENCE, T_EVENT, T_SIDE, T_INFORMED, T_BURST, T_QUANTITY, T_PRICE, T_MID, T_VALUE = range(9)
# Integer state. CANDIDATE: time of the next candidate event, -1: to be drawn.
NOW, CANDIDATE, BURST, LAST_ARRIVAL, LAST_SEQUENCE, ROWS, TAKERS, DRAWN = range(8)
# Float state.
EXCITE_BUY, EXCITE_SELL, FAIR, PUBLIC, BOUND = range(5)

DRAWS_PER_EVENT: Final = 16
ROWS_PER_EVENT: Final = 40
FILLS_PER_TAKER: Final = 32
LEAST_ORDERS: Final = 12  # of a side; below it the next maker comes to that side, and takers wait
FAR_TICKS: Final = 120


class Rates(NamedTuple):
    """Parameters as plain floats: rates per second, times in ns, sizes in lots, distances in ticks."""

    base: float  # of one side's takers
    self_jump: float
    cross_jump: float
    half_life_ns: float
    informed: float
    maker: float
    hazard: float  # of cancels, per resting order
    half_spread: float
    depth: float
    maker_lots: float
    taker_lots: float
    impact: float  # ticks of the fair price per lot taken
    relax: float  # share of the way to the public value per maker
    latency_ns: float
    jitter_ns: float


class Market(NamedTuple):
    """Everything that changes, and the buffers that one call fills."""

    book: Book
    clock: NDArray[np.int64]  # shape (8,)
    flow: NDArray[np.float64]  # shape (5,)
    rows: NDArray[np.int64]  # shape (n, ROW_WIDTH)
    takers: NDArray[np.int64]  # shape (t, 9)


@njit
def draw_next(clock: NDArray[np.int64], draws: Draws) -> int:
    """The next draw in sequence."""
    clock[DRAWN] += 1
    return int(draws[clock[DRAWN] - 1])


@njit
def stamp_group(market: Market, rates: Rates, draws: Draws) -> None:
    """Set the arrival of the event group that happens now."""
    clock = market.clock
    arrival = clock[NOW] + int(rates.latency_ns + rates.jitter_ns * exponential(draw_next(clock, draws)))
    clock[LAST_ARRIVAL] = max(clock[LAST_ARRIVAL], arrival)


@njit
def write_row(market: Market, action: int, side: int, flags: int, price: int, quantity: int, order_id: int) -> None:
    """One row of the current event group. `side` counts from 0 here, from 1 in the row."""
    clock = market.clock
    row = market.rows[clock[ROWS]]
    row[ACTION], row[SIDE], row[FLAGS] = action, side + 1, flags
    row[PRICE], row[QUANTITY], row[ORDER] = price, quantity, order_id
    row[SEQUENCE], row[EVENT_NS], row[ARRIVAL_NS] = clock[LAST_SEQUENCE], clock[NOW], clock[LAST_ARRIVAL]
    clock[ROWS] += 1


@njit
def order_size(draw: int, mean: float, most: int) -> int:
    """1 + an exponential number of lots, about `mean` on average, at most `most`."""
    return min(1 + int(exponential(draw) * (mean - 0.5)), most)
