"""What the actors of a simulated book do when their time has come (`market` says when)."""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Action, Flag
from equipoise.streams.simulator.book import BEST, COUNT, LAST_ID, WINDOW, Book, add_order, remove_order
from equipoise.streams.simulator.jit import njit
from equipoise.streams.simulator.state import (
    BURST,
    FAIR,
    FAR_TICKS,
    FILLS_PER_TAKER,
    FLAGS,
    LAST_SEQUENCE,
    LEAST_ORDERS,
    NOW,
    PUBLIC,
    ROWS,
    T_BURST,
    T_EVENT,
    T_INFORMED,
    T_MID,
    T_PRICE,
    T_QUANTITY,
    T_SEQUENCE,
    T_SIDE,
    TAKERS,
    Market,
    Rates,
    draw_next,
    order_size,
    stamp_group,
    write_row,
)
from equipoise.streams.simulator.variates import Draws, below, exponential

_ADD, _MODIFY, _CANCEL = int(Action.ADD), int(Action.MODIFY), int(Action.CANCEL)
_EXECUTE, _SNAPSHOT, _LAST = int(Action.EXECUTE), int(Action.SNAPSHOT), int(Flag.LAST)


@njit
def open_book(market: Market, rates: Rates, orders: int, draws: Draws) -> None:
    """The opening snapshot, one event group at the start: `orders` orders, alternating sides."""
    clock, flow, book = market.clock, market.flow, market.book
    clock[LAST_SEQUENCE] += 1
    stamp_group(market, rates, draws)
    write_row(market, _SNAPSHOT, -1, 0, NULL, NULL, 0)
    for number in range(orders):
        side = number & 1
        price = _maker_price(book, flow[FAIR], rates, side, draw_next(clock, draws))
        quantity = order_size(draw_next(clock, draws), rates.maker_lots, 200)
        if add_order(book, side, price, quantity, book.top[LAST_ID] + 1) >= 0:
            book.top[LAST_ID] += 1
            write_row(market, _ADD, side, 0, price, quantity, book.top[LAST_ID])
    market.rows[clock[ROWS] - 1, FLAGS] = _LAST


@njit
def make(market: Market, rates: Rates, draws: Draws) -> None:
    """A new limit order. Whoever quotes also learns some of what is public."""
    clock, flow, book = market.clock, market.flow, market.book
    flow[FAIR] += rates.relax * (flow[PUBLIC] - flow[FAIR])
    side = draw_next(clock, draws) & 1
    if book.top[COUNT + 1 - side] < LEAST_ORDERS:
        side = 1 - side
    price = _maker_price(book, flow[FAIR], rates, side, draw_next(clock, draws))
    quantity = order_size(draw_next(clock, draws), rates.maker_lots, 200)
    if add_order(book, side, price, quantity, book.top[LAST_ID] + 1) >= 0:
        book.top[LAST_ID] += 1
        clock[LAST_SEQUENCE] += 1
        stamp_group(market, rates, draws)
        write_row(market, _ADD, side, _LAST, price, quantity, book.top[LAST_ID])


@njit
def reconsider(market: Market, rates: Rates, draws: Draws) -> None:
    """One resting order is looked at: stale or far ones go; of the others some go, some change, most stay."""
    clock, book, fair = market.clock, market.book, market.flow[FAIR]
    slot = book.live[below(draw_next(clock, draws), book.top[COUNT] + book.top[COUNT + 1])]
    side, price = book.side[slot], book.price[slot]
    if book.top[COUNT + side] < LEAST_ORDERS:
        return
    stale = price > fair - 0.5 * rates.half_spread if side == 0 else price < fair + 0.5 * rates.half_spread
    choice = below(draw_next(clock, draws), 100)
    if stale or abs(price - fair) > FAR_TICKS or choice < 40:
        clock[LAST_SEQUENCE] += 1
        stamp_group(market, rates, draws)
        write_row(market, _CANCEL, side, _LAST, price, book.quantity[slot], book.order_id[slot])
        remove_order(book, slot)
    elif choice < 46 and book.quantity[slot] > 1:
        _shrink(market, rates, slot, draws)
    elif choice < 52:
        _reprice(market, rates, slot, draws)


@njit
def _shrink(market: Market, rates: Rates, slot: int, draws: Draws) -> None:
    """A smaller remainder keeps its place in the queue."""
    book, clock = market.book, market.clock
    book.quantity[slot] = 1 + below(draw_next(clock, draws), book.quantity[slot] - 1)
    clock[LAST_SEQUENCE] += 1
    stamp_group(market, rates, draws)
    write_row(market, _MODIFY, book.side[slot], _LAST, book.price[slot], book.quantity[slot], book.order_id[slot])


@njit
def _reprice(market: Market, rates: Rates, slot: int, draws: Draws) -> None:
    """A new price puts the order at the end of the new level's queue."""
    book, clock = market.book, market.clock
    side, quantity, order_id, old = book.side[slot], book.quantity[slot], book.order_id[slot], book.price[slot]
    price = _maker_price(book, market.flow[FAIR], rates, side, draw_next(clock, draws))
    if price == old:
        return
    remove_order(book, slot)
    if add_order(book, side, price, quantity, order_id) < 0:
        price = old  # the ring position is taken: back where it was, behind the others
        add_order(book, side, price, quantity, order_id)
    clock[LAST_SEQUENCE] += 1
    stamp_group(market, rates, draws)
    write_row(market, _MODIFY, side, _LAST, price, quantity, order_id)


@njit
def _maker_price(book: Book, fair: float, rates: Rates, side: int, draw: int) -> int:
    """At least a half-spread from the fair price, exponential beyond, never through the other side."""
    away = rates.half_spread + exponential(draw) * rates.depth
    if side == 0:
        return int(min(int(fair - away), book.top[BEST + 1] - 1))
    return int(max(int(fair + away) + 1, book.top[BEST] + 1))


@njit
def take_informed(market: Market, rates: Rates, bursts: NDArray[np.int64], draws: Draws) -> None:
    """Take if the value lies beyond the best quote by more than a tick."""
    top, value = market.book.top, bursts[market.clock[BURST], 3] / 256.0
    if value > top[BEST + 1] + 1.0:
        take(market, rates, draws, 0, True)
    elif value < top[BEST] - 1.0:
        take(market, rates, draws, 1, True)


@njit
def take(market: Market, rates: Rates, draws: Draws, taker: int, informed: bool) -> None:
    """A market order of side `taker` (0 buys) walks the other side, oldest order first."""
    clock, book = market.clock, market.book
    wanted = order_size(draw_next(clock, draws), rates.taker_lots, 60)
    if book.top[COUNT + 1 - taker] < LEAST_ORDERS + FILLS_PER_TAKER:
        return
    clock[LAST_SEQUENCE] += 1
    stamp_group(market, rates, draws)
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
        write_row(market, _EXECUTE, side, 0, price, lots, book.order_id[slot])
        filled += lots
        if lots == book.quantity[slot]:
            remove_order(book, slot)
        else:
            book.quantity[slot] -= lots
        if filled == wanted:
            break
    return filled, price
