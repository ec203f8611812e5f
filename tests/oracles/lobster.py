"""LOBSTER: a message file and the order book after each message.

Types: 1 new, 2 partial cancel, 3 delete, 4 visible execution, 5 hidden execution. `Direction` is the
resting side, so the aggressor of an execution is the opposite. Prices are dollars x 10,000.
"""

from pathlib import Path

import polars as pl

from tests.oracles.plainbook import OrderBook
from tests.oracles.tape import Tape, units

MIDNIGHT_NS = 1340251200 * 10**9  # 2012-06-21 00:00 in New York (UTC-4)
TICK = 100  # one cent in LOBSTER's 1e-4 dollars
AMZN_TICK = 50  # some hidden executions print between two cents
EMPTY_BID, EMPTY_ASK = -9999999999, 9999999999  # LOBSTER's filler prices for an empty side


def _messages(path: Path, header: bool) -> list[tuple[int, int, int, int, int, int]]:
    rows = path.read_text().splitlines()[1 if header else 0 :]
    split = [row.split(",") for row in rows if row]
    return [(MIDNIGHT_NS + units(row[0], "0.000000001"), *(int(value) for value in row[1:6])) for row in split]


def _best(row: list[int], tick: int = TICK) -> tuple[int | None, int, int | None, int]:
    ask, ask_qty, bid, bid_qty = row[:4]
    none_bid, none_ask = bid == EMPTY_BID, ask == EMPTY_ASK
    return (
        None if none_bid else _ticks(bid, tick),
        0 if none_bid else bid_qty,
        None if none_ask else _ticks(ask, tick),
        0 if none_ask else ask_qty,
    )


def _ticks(price: int, tick: int) -> int:
    if price % tick:
        raise ValueError(f"price {price} is not a multiple of {tick}")
    return price // tick


def _books(path: Path, header: bool) -> list[list[int]]:
    rows = path.read_text().splitlines()[1 if header else 0 :]
    return [[int(value) for value in row.split(",")] for row in rows if row]


def _trades(tape: Tape, messages: list[tuple[int, int, int, int, int, int]], tick: int = TICK) -> None:
    for record, (event_ns, kind, _, size, price, direction) in enumerate(messages):
        if kind in (4, 5):
            tape.trade(record, event_ns, -direction, size, _ticks(price, tick))


def amzn(folder: Path) -> tuple[Tape, dict[int, int]]:
    """Level 1: quotes are the order book rows themselves; returns the tape and the count of each type."""
    messages = _messages(next(folder.glob("AMZN_*_message_1.csv")), header=True)
    tape = Tape(records=len(messages))
    _trades(tape, messages, AMZN_TICK)
    for record, row in enumerate(_books(next(folder.glob("AMZN_*_orderbook_1.csv")), header=True)):
        tape.quote(record, messages[record][0], _best(row, AMZN_TICK))
    kinds = [message[1] for message in messages]
    return tape, {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def aapl(folder: Path) -> tuple[Tape, pl.DataFrame]:
    """Level 10, rebuilt from row 0's ten levels and the messages after it.

    Returns the rebuilt tape and the answers: the order book rows, which only seed row 0. Orders that
    rested before the first message are known by their level alone: an order of unknown id takes its
    size off the level's anonymous rest.
    """
    messages = _messages(next(folder.glob("AAPL_*_message_10.csv")), header=False)
    rows = _books(next(folder.glob("AAPL_*_orderbook_10.csv")), header=False)
    answers = Tape(records=len(rows))
    for record, row in enumerate(rows):
        answers.quote(record, messages[record][0], _best(row))
    tape = Tape(records=len(messages))
    _trades(tape, messages)
    book = OrderBook()
    for level in range(10):
        ask, ask_qty, bid, bid_qty = rows[0][4 * level : 4 * level + 4]
        book.levels.add(-1, ask // TICK, ask_qty)
        book.levels.add(1, bid // TICK, bid_qty)
    tape.quote(0, messages[0][0], book.best())
    for record, message in enumerate(messages[1:], start=1):
        _apply(book, message)
        tape.quote(record, message[0], book.best())
    return tape, answers.quote_frame()


def _apply(book: OrderBook, message: tuple[int, int, int, int, int, int]) -> None:
    _, kind, order, size, price, direction = message
    if kind == 1:
        book.put(order, direction, price // TICK, size)
    elif kind in (2, 3, 4) and not book.reduce(order, size):
        rest = book.levels.sides[direction].get(price // TICK, 0)
        book.levels.set(direction, price // TICK, max(0, rest - size))
