"""What happens in one order book, event by event (Ogata's thinning).

Four kinds of actors, each a point process with an intensity of its own:

- background takers: Hawkes, one process a side, exponential kernel. An order adds `self` to its side's and
  `cross` to the other side's intensity, and both additions halve every half-life;
- informed takers: in a burst, as long as the hidden value lies beyond the best quote;
- makers: Poisson limit orders around a *fair* price. Takers push the fair price, it relaxes to the public
  value, and the book follows it: impact and resilience;
- cancels and changes: a constant hazard for each resting order, most of it on the stale and the far.

Between two events every intensity can only fall, except at a burst's two ends; so the sum at the last event
bounds the next candidate, and at a burst's end the candidate is drawn afresh (the exponential forgets).
A call may return between any two events: where it does changes nothing.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Action, Flag
from equipoise.streams.simulator.book import BEST, COUNT, LAST_ID, WINDOW, Book, add_order, remove_order
from equipoise.streams.simulator.jit import njit
from equipoise.streams.simulator.variates import Draws, below, exp2_negative, exponential, uniform

# Rows of a market's own output, before they become Events.
ACTION, SIDE, FLAGS, PRICE, QUANTITY, ORDER, SEQUENCE, EVENT_NS, ARRIVAL_NS = range(9)
ROW_WIDTH: Final = 9
# Rows of its taker labels.
T_SEQUENCE, T_EVENT, T_SIDE, T_INFORMED, T_BURST, T_QUANTITY, T_PRICE, T_MID, T_VALUE = range(9)
# Integer state. CANDIDATE: time of the next candidate event, -1: to be drawn.
NOW, CANDIDATE, BURST, LAST_ARRIVAL, LAST_SEQUENCE, ROWS, TAKERS, DRAWN = range(8)
# Float state.
EXCITE_BUY, EXCITE_SELL, FAIR, PUBLIC, BOUND = range(5)

_ADD, _MODIFY, _CANCEL = int(Action.ADD), int(Action.MODIFY), int(Action.CANCEL)
_EXECUTE, _SNAPSHOT, _LAST = int(Action.EXECUTE), int(Action.SNAPSHOT), int(Flag.LAST)

DRAWS_PER_EVENT: Final = 16
ROWS_PER_EVENT: Final = 40
FILLS_PER_TAKER: Final = 32
LEAST_ORDERS: Final = 12  # of a side; below it the next maker comes to that side, and takers wait
FAR_TICKS: Final = 120

_NS: Final = 1e9


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
def advance(market: Market, rates: Rates, bursts: NDArray[np.int64], draws: Draws, until_ns: int) -> None:
    """Run until `until_ns`, or until a buffer or the draws may not last for another event."""
    clock, flow = market.clock, market.flow
    while (
        clock[DRAWN] + DRAWS_PER_EVENT <= draws.size
        and clock[ROWS] + ROWS_PER_EVENT <= market.rows.shape[0]
        and clock[TAKERS] < market.takers.shape[0]
    ):
        if clock[CANDIDATE] < 0:
            flow[BOUND] = _intensity(market, rates, bursts)
            wait = exponential(_draw(clock, draws)) / flow[BOUND]
            clock[CANDIDATE] = clock[NOW] + 1 + int(wait * _NS)
        change = _next_change(clock, bursts)
        if min(clock[CANDIDATE], change) >= until_ns:
            return
        if change <= clock[CANDIDATE]:
            _move(market, rates, change)
            _turn(clock, flow, bursts, change)
        else:
            _move(market, rates, clock[CANDIDATE])
            _happen(market, rates, bursts, draws)
        clock[CANDIDATE] = -1


@njit
def open_book(market: Market, rates: Rates, orders: int, draws: Draws) -> None:
    """The opening snapshot, one event group at the start: `orders` orders, alternating sides."""
    clock, flow, book = market.clock, market.flow, market.book
    clock[LAST_SEQUENCE] += 1
    _stamp(market, rates, draws)
    _write(market, _SNAPSHOT, -1, 0, NULL, NULL, 0)
    for number in range(orders):
        side = number & 1
        price = _maker_price(book, flow[FAIR], rates, side, _draw(clock, draws))
        quantity = _size(_draw(clock, draws), rates.maker_lots, 200)
        if add_order(book, side, price, quantity, book.top[LAST_ID] + 1) >= 0:
            book.top[LAST_ID] += 1
            _write(market, _ADD, side, 0, price, quantity, book.top[LAST_ID])
    market.rows[clock[ROWS] - 1, FLAGS] = _LAST


@njit
def _draw(clock: NDArray[np.int64], draws: Draws) -> int:
    clock[DRAWN] += 1
    return int(draws[clock[DRAWN] - 1])


@njit
def _intensity(market: Market, rates: Rates, bursts: NDArray[np.int64]) -> float:
    top = market.book.top
    total = 2.0 * rates.base + market.flow[EXCITE_BUY] + market.flow[EXCITE_SELL]
    total += rates.maker + rates.hazard * (top[COUNT] + top[COUNT + 1])
    return float(total + _informed(market.clock, rates, bursts))


@njit
def _informed(clock: NDArray[np.int64], rates: Rates, bursts: NDArray[np.int64]) -> float:
    """Informed intensity: positive between a burst's start and end."""
    burst = clock[BURST]
    return rates.informed if burst < bursts.shape[0] and bursts[burst, 0] <= clock[NOW] else 0.0


@njit
def _next_change(clock: NDArray[np.int64], bursts: NDArray[np.int64]) -> int:
    burst = clock[BURST]
    if burst >= bursts.shape[0]:
        return 2**62
    return int(bursts[burst, 1] if bursts[burst, 0] <= clock[NOW] else bursts[burst, 0])


@njit
def _turn(clock: NDArray[np.int64], flow: NDArray[np.float64], bursts: NDArray[np.int64], change: int) -> None:
    """A burst begins (nothing public changes) or ends (its value is public)."""
    if bursts[clock[BURST], 1] == change:
        flow[PUBLIC] = bursts[clock[BURST], 3] / 256.0
        clock[BURST] += 1


@njit
def _move(market: Market, rates: Rates, ns: int) -> None:
    decay = exp2_negative((ns - market.clock[NOW]) / rates.half_life_ns)
    market.flow[EXCITE_BUY] *= decay
    market.flow[EXCITE_SELL] *= decay
    market.clock[NOW] = ns


@njit
def _happen(market: Market, rates: Rates, bursts: NDArray[np.int64], draws: Draws) -> None:
    """Pick who acts at this candidate, or no one (thinned)."""
    flow, top = market.flow, market.book.top
    u = uniform(_draw(market.clock, draws)) * flow[BOUND]
    u -= rates.maker
    if u < 0.0:
        _maker(market, rates, draws)
        return
    u -= rates.hazard * (top[COUNT] + top[COUNT + 1])
    if u < 0.0:
        _change(market, rates, draws)
        return
    u -= _informed(market.clock, rates, bursts)
    if u < 0.0:
        _informed_taker(market, rates, bursts, draws)
        return
    for side in range(2):
        u -= rates.base + flow[EXCITE_BUY + side]
        if u < 0.0:
            flow[EXCITE_BUY + side] += rates.self_jump
            flow[EXCITE_SELL - side] += rates.cross_jump
            _take(market, rates, draws, side, False)
            return


@njit
def _stamp(market: Market, rates: Rates, draws: Draws) -> None:
    clock = market.clock
    arrival = clock[NOW] + int(rates.latency_ns + rates.jitter_ns * exponential(_draw(clock, draws)))
    clock[LAST_ARRIVAL] = max(clock[LAST_ARRIVAL], arrival)


@njit
def _write(market: Market, action: int, side: int, flags: int, price: int, quantity: int, order_id: int) -> None:
    """One row of the current event group. `side` counts from 0 here, from 1 in the row."""
    clock = market.clock
    row = market.rows[clock[ROWS]]
    row[ACTION], row[SIDE], row[FLAGS] = action, side + 1, flags
    row[PRICE], row[QUANTITY], row[ORDER] = price, quantity, order_id
    row[SEQUENCE], row[EVENT_NS], row[ARRIVAL_NS] = clock[LAST_SEQUENCE], clock[NOW], clock[LAST_ARRIVAL]
    clock[ROWS] += 1


@njit
def _size(draw: int, mean: float, most: int) -> int:
    return min(1 + int(exponential(draw) * (mean - 0.5)), most)


@njit
def _maker_price(book: Book, fair: float, rates: Rates, side: int, draw: int) -> int:
    """At least a half-spread from the fair price, exponential beyond, never through the other side."""
    away = rates.half_spread + exponential(draw) * rates.depth
    if side == 0:
        return int(min(int(fair - away), book.top[BEST + 1] - 1))
    return int(max(int(fair + away) + 1, book.top[BEST] + 1))


@njit
def _maker(market: Market, rates: Rates, draws: Draws) -> None:
    clock, flow, book = market.clock, market.flow, market.book
    flow[FAIR] += rates.relax * (flow[PUBLIC] - flow[FAIR])
    side = _draw(clock, draws) & 1
    if book.top[COUNT + 1 - side] < LEAST_ORDERS:
        side = 1 - side
    price = _maker_price(book, flow[FAIR], rates, side, _draw(clock, draws))
    quantity = _size(_draw(clock, draws), rates.maker_lots, 200)
    if add_order(book, side, price, quantity, book.top[LAST_ID] + 1) >= 0:
        book.top[LAST_ID] += 1
        clock[LAST_SEQUENCE] += 1
        _stamp(market, rates, draws)
        _write(market, _ADD, side, _LAST, price, quantity, book.top[LAST_ID])


@njit
def _change(market: Market, rates: Rates, draws: Draws) -> None:
    """One resting order is looked at: stale or far ones go; of the others some go, some change, most stay."""
    clock, book, fair = market.clock, market.book, market.flow[FAIR]
    slot = book.live[below(_draw(clock, draws), book.top[COUNT] + book.top[COUNT + 1])]
    side, price = book.side[slot], book.price[slot]
    if book.top[COUNT + side] < LEAST_ORDERS:
        return
    stale = price > fair - 0.5 * rates.half_spread if side == 0 else price < fair + 0.5 * rates.half_spread
    choice = below(_draw(clock, draws), 100)
    if stale or abs(price - fair) > FAR_TICKS or choice < 40:
        clock[LAST_SEQUENCE] += 1
        _stamp(market, rates, draws)
        _write(market, _CANCEL, side, _LAST, price, book.quantity[slot], book.order_id[slot])
        remove_order(book, slot)
    elif choice < 46 and book.quantity[slot] > 1:
        _shrink(market, rates, slot, draws)
    elif choice < 52:
        _reprice(market, rates, slot, draws)


@njit
def _shrink(market: Market, rates: Rates, slot: int, draws: Draws) -> None:
    """A smaller remainder keeps its place in the queue."""
    book, clock = market.book, market.clock
    book.quantity[slot] = 1 + below(_draw(clock, draws), book.quantity[slot] - 1)
    clock[LAST_SEQUENCE] += 1
    _stamp(market, rates, draws)
    _write(market, _MODIFY, book.side[slot], _LAST, book.price[slot], book.quantity[slot], book.order_id[slot])


@njit
def _reprice(market: Market, rates: Rates, slot: int, draws: Draws) -> None:
    """A new price puts the order at the end of the new level's queue."""
    book, clock = market.book, market.clock
    side, quantity, order_id, old = book.side[slot], book.quantity[slot], book.order_id[slot], book.price[slot]
    price = _maker_price(book, market.flow[FAIR], rates, side, _draw(clock, draws))
    if price == old:
        return
    remove_order(book, slot)
    if add_order(book, side, price, quantity, order_id) < 0:
        price = old  # the ring position is taken: back where it was, behind the others
        add_order(book, side, price, quantity, order_id)
    clock[LAST_SEQUENCE] += 1
    _stamp(market, rates, draws)
    _write(market, _MODIFY, side, _LAST, price, quantity, order_id)


@njit
def _informed_taker(market: Market, rates: Rates, bursts: NDArray[np.int64], draws: Draws) -> None:
    top, value = market.book.top, bursts[market.clock[BURST], 3] / 256.0
    if value > top[BEST + 1] + 1.0:
        _take(market, rates, draws, 0, True)
    elif value < top[BEST] - 1.0:
        _take(market, rates, draws, 1, True)


@njit
def _take(market: Market, rates: Rates, draws: Draws, taker: int, informed: bool) -> None:
    """A market order of side `taker` (0 buys) walks the other side, oldest order first."""
    clock, book = market.clock, market.book
    wanted = _size(_draw(clock, draws), rates.taker_lots, 60)
    if book.top[COUNT + 1 - taker] < LEAST_ORDERS + FILLS_PER_TAKER:
        return
    clock[LAST_SEQUENCE] += 1
    _stamp(market, rates, draws)
    mid_x2 = book.top[BEST] + book.top[BEST + 1]
    filled, price = _walk(market, 1 - taker, wanted)
    market.rows[clock[ROWS] - 1, FLAGS] = _LAST
    market.flow[FAIR] += (rates.impact if taker == 0 else -rates.impact) * filled
    label = market.takers[clock[TAKERS]]
    label[T_SEQUENCE], label[T_EVENT], label[T_SIDE] = clock[LAST_SEQUENCE], clock[NOW], taker + 1
    label[T_INFORMED], label[T_BURST] = informed, clock[BURST] if informed else -1
    label[T_QUANTITY], label[T_PRICE], label[T_MID] = filled, price, mid_x2
    clock[TAKERS] += 1


@njit
def _walk(market: Market, side: int, wanted: int) -> tuple[int, int]:
    """Fill `wanted` lots from resting `side`; lots filled and the last price."""
    book = market.book
    filled, price = 0, 0
    for _ in range(FILLS_PER_TAKER):
        price = book.top[BEST + side]
        slot = book.head[side, price & (WINDOW - 1)]
        lots = min(wanted - filled, book.quantity[slot])
        _write(market, _EXECUTE, side, 0, price, lots, book.order_id[slot])
        filled += lots
        if lots == book.quantity[slot]:
            remove_order(book, slot)
        else:
            book.quantity[slot] -= lots
        if filled == wanted:
            break
    return filled, price
