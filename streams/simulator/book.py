"""A limit order book in arrays: price levels in a ring, orders of a level in a queue, oldest first.

Level `price` of a side lives at ring position `price & (WINDOW - 1)`. An order whose position is held by
another price, or that finds no free slot, is not accepted; no side ever loses its last order.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.streams.simulator.jit import njit

WINDOW: Final = 8192  # price levels that can be told apart
CAPACITY: Final = 4096  # orders

BEST: Final = 0  # top[BEST + side]: best price; side 0 is the bid, 1 the ask
COUNT: Final = 2  # top[COUNT + side]: orders resting
LAST_ID: Final = 4

Integers = NDArray[np.int64]


class Book(NamedTuple):
    """State of one book. Slots live[0 : resting] hold orders, the others are free."""

    top: Integers  # shape (5,)
    order_id: Integers  # shape (CAPACITY,), as the following
    side: Integers
    price: Integers
    quantity: Integers
    after: Integers  # next slot of the level, -1: none
    before: Integers
    live: Integers  # a permutation of the slots
    place: Integers  # its inverse
    head: Integers  # shape (2, WINDOW), oldest slot of the level, -1: empty
    tail: Integers
    level: Integers  # price that holds the ring position


def new_book(first_id: int) -> Book:
    """An empty book whose order ids count up from `first_id`."""
    side, price, quantity, order_id, after, before = (np.zeros(CAPACITY, np.int64) for _ in range(6))
    head, tail, level = (np.full((2, WINDOW), -1, np.int64) for _ in range(3))
    top = np.array([-1, 2**62, 0, 0, first_id - 1], np.int64)
    live, place = np.arange(CAPACITY), np.arange(CAPACITY)
    return Book(top, order_id, side, price, quantity, after, before, live, place, head, tail, level)


@njit
def add_order(book: Book, side: int, price: int, quantity: int, order_id: int) -> int:
    """Put an order at the end of its level's queue; its slot, or -1 where it is not accepted."""
    top = book.top
    resting = top[COUNT] + top[COUNT + 1]
    at = price & (WINDOW - 1)
    if resting >= CAPACITY or (book.head[side, at] >= 0 and book.level[side, at] != price):
        return -1
    slot = book.live[resting]
    book.order_id[slot], book.side[slot], book.price[slot], book.quantity[slot] = order_id, side, price, quantity
    book.after[slot] = -1
    if book.head[side, at] < 0:
        book.level[side, at] = price
        book.head[side, at] = slot
        book.before[slot] = -1
    else:
        last = book.tail[side, at]
        book.after[last] = slot
        book.before[slot] = last
    book.tail[side, at] = slot
    top[COUNT + side] += 1
    if (side == 0 and price > top[BEST]) or (side == 1 and price < top[BEST + 1]):
        top[BEST + side] = price
    return int(slot)


@njit
def remove_order(book: Book, slot: int) -> None:
    """Take an order out. The caller makes sure that it is not its side's last."""
    top = book.top
    side, price = book.side[slot], book.price[slot]
    at = price & (WINDOW - 1)
    before, after = book.before[slot], book.after[slot]
    if before >= 0:
        book.after[before] = after
    else:
        book.head[side, at] = after
    if after >= 0:
        book.before[after] = before
    else:
        book.tail[side, at] = before
    last = top[COUNT] + top[COUNT + 1] - 1
    moved, place = book.live[last], book.place[slot]
    book.live[place], book.place[moved] = moved, place
    book.live[last], book.place[slot] = slot, last
    top[COUNT + side] -= 1
    if price == top[BEST + side] and book.head[side, at] < 0:
        top[BEST + side] = _next_price(book, side, price)


@njit
def _next_price(book: Book, side: int, price: int) -> int:
    step = -1 if side == 0 else 1
    for _ in range(WINDOW):
        price += step
        at = price & (WINDOW - 1)
        if book.head[side, at] >= 0 and book.level[side, at] == price:
            return price
    return price
