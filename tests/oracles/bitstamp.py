"""Bitstamp's live order stream of 2015, one `LOCAL_MS EVENT JSON` a line.

`amount` of an order is what remains of it, `order_type` 0 is a bid. Prints carry no side. Orders from
before the recording are met first when they change or go, and one order's change arrives after its
deletion: only an order that was created here, and is not gone, can change. `order_book` lines are snapshots that the
exchange pushed: the outside answer, never an input.
"""

import json
import lzma
from decimal import Decimal
from pathlib import Path

import polars as pl

from tests.oracles.plainbook import OrderBook
from tests.oracles.tape import Quote, Tape, units

TICK, LOT = "0.01", "0.00000001"


def replay(path: Path) -> tuple[Tape, pl.DataFrame]:
    """The tape (stamped with the local milliseconds) and the pushed snapshots' best levels."""
    book, tape, pushed = OrderBook(), Tape(), []
    with lzma.open(path, "rt") as lines:
        for record, line in enumerate(lines):
            local_ms, event, text = line.split(" ", 2)
            event_ns, body = int(local_ms) * 10**6, json.loads(text, parse_float=str, parse_int=str)
            tape.records = record + 1
            if event == "order_book":
                pushed.append((record, event_ns, *_pushed(body)))
            elif event == "trade":
                lots = round(Decimal(body["amount"]) / Decimal(LOT))  # the prints are binary doubles
                price = round(Decimal(body["price"]) / Decimal(TICK))
                tape.trade(record, event_ns, 0, lots, price)
            else:
                _apply(book, event, body)
                tape.quote(record, event_ns, book.best())
    return tape, pl.DataFrame(pushed, schema=_ANSWER, orient="row")


def _apply(book: OrderBook, event: str, body: dict[str, str]) -> None:
    order = int(body["id"])
    side = 1 if body["order_type"] == "0" else -1
    if event == "order_deleted":
        book.drop(order)
    elif event == "order_created" or order in book.orders:
        book.put(order, side, units(body["price"], TICK), units(body["amount"], LOT))


def _pushed(body: dict[str, list[list[str]]]) -> Quote:
    (bid, bid_qty), (ask, ask_qty) = body["bids"][0], body["asks"][0]
    return units(bid, TICK), units(bid_qty, LOT), units(ask, TICK), units(ask_qty, LOT)


_ANSWER = {
    "record": pl.Int64,
    "event_ns": pl.Int64,
    "bid_px": pl.Int64,
    "bid_qty": pl.Int64,
    "ask_px": pl.Int64,
    "ask_qty": pl.Int64,
}
