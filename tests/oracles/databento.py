"""Databento MBO in CSV: an order-by-order replay, and the MBP-10 rows that were published for it.

Actions: A add, C cancel (size taken off), M modify, R clear, T trade (aggressor's side, the book is
not touched), F fill (the resting order's side of that trade, the book is not touched: a C follows).
Flag 128 marks the last record of an event; in a T, F, C triple all three carry it, and the C, which
is what changes the book, ends it. A clear is an event of its own: the book is known to be empty.
"""

import csv
from datetime import datetime
from pathlib import Path

import polars as pl

from tests.oracles.plainbook import OrderBook
from tests.oracles.tape import Tape, units

LAST = 128
TICK, LOT = "0.005", "1"  # half a cent: one hidden execution printed between two cents
SIDES = {"B": 1, "A": -1, "N": 0}


def stamp_ns(text: str) -> int:
    """ISO time with nine decimals and Z, as nanoseconds since the epoch."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    return int(datetime.fromisoformat(seconds + "+00:00").timestamp()) * 10**9 + int(fraction.ljust(9, "0"))


def replay(path: Path) -> tuple[Tape, pl.DataFrame]:
    """The tape (quotes at the end of each event) and quotes after *every* record with its sequence."""
    book, tape, every = OrderBook(), Tape(), []
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
        for record, row in enumerate(rows):
            event_ns, side = stamp_ns(row["ts_event"]), SIDES[row["side"]]
            size = int(row["size"])
            _apply(book, row, side, size)
            if row["action"] == "T":
                tape.trade(record, event_ns, side, size, units(row["price"], TICK))
            every.append((record, int(row["sequence"]), row["action"], *book.best()))
            if _ends(row, rows[record + 1 : record + 2]):
                tape.quote(record, event_ns, book.best())
            tape.records = record + 1
    names = ["record", "sequence", "action", "bid_px", "bid_qty", "ask_px", "ask_qty"]
    kinds = [pl.Int64, pl.Int64, pl.String, pl.Int64, pl.Int64, pl.Int64, pl.Int64]
    return tape, pl.DataFrame(every, schema=dict(zip(names, kinds, strict=True)), orient="row")


def _ends(row: dict[str, str], following: list[dict[str, str]]) -> bool:
    if row["action"] == "R":
        return True
    of_triple = row["action"] in "TF" and following and following[0]["sequence"] == row["sequence"]
    return bool(int(row["flags"]) & LAST) and not of_triple


def _apply(book: OrderBook, row: dict[str, str], side: int, size: int) -> None:
    action, order = row["action"], int(row["order_id"])
    if action == "R":
        book.clear()
    elif action in ("A", "M"):
        book.put(order, side, units(row["price"], TICK), size)
    elif action == "C":
        book.reduce(order, size)


def published(path: Path) -> pl.DataFrame:
    """mbp_actual.csv: columns sequence, event_ns, action, bid_px, bid_qty, ask_px, ask_qty."""
    rows = []
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            bid, ask = row["bid_px_00"], row["ask_px_00"]
            rows.append(
                (
                    int(row["sequence"]),
                    stamp_ns(row["ts_event"]),
                    row["action"],
                    units(bid, TICK) if bid else None,
                    int(row["bid_sz_00"]),
                    units(ask, TICK) if ask else None,
                    int(row["ask_sz_00"]),
                )
            )
    names = ["sequence", "event_ns", "action", "bid_px", "bid_qty", "ask_px", "ask_qty"]
    kinds = [pl.Int64, pl.Int64, pl.String, pl.Int64, pl.Int64, pl.Int64, pl.Int64]
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")
