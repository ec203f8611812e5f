"""What an oracle makes of a recording: best quotes, trades and the number of records."""

from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl

QUOTE_SCHEMA = {
    "record": pl.Int64,  # number of the source record after which this holds, from 0
    "event_ns": pl.Int64,
    "bid_px": pl.Int64,  # ticks, null: no bid
    "bid_qty": pl.Int64,  # lots, 0: no bid
    "ask_px": pl.Int64,
    "ask_qty": pl.Int64,
}
TRADE_SCHEMA = {
    "record": pl.Int64,
    "event_ns": pl.Int64,
    "sign": pl.Int64,  # +1: the buyer was the aggressor, -1: the seller, 0: nobody says
    "quantity": pl.Int64,  # lots
    "price": pl.Int64,  # ticks
}
Quote = tuple[int | None, int, int | None, int]  # bid_px, bid_qty, ask_px, ask_qty


@dataclass
class Tape:
    """Best quotes after every record that may have changed them, and every print that is flow."""

    records: int = 0
    quotes: list[tuple[int, int, int | None, int, int | None, int]] = field(default_factory=list)
    trades: list[tuple[int, int, int, int, int]] = field(default_factory=list)

    def quote(self, record: int, event_ns: int, best: Quote) -> None:
        self.quotes.append((record, event_ns, *best))

    def trade(self, record: int, event_ns: int, sign: int, quantity: int, price: int) -> None:
        self.trades.append((record, event_ns, sign, quantity, price))

    def quote_frame(self) -> pl.DataFrame:
        return pl.DataFrame(self.quotes, schema=QUOTE_SCHEMA, orient="row")

    def trade_frame(self) -> pl.DataFrame:
        return pl.DataFrame(self.trades, schema=TRADE_SCHEMA, orient="row")


@lru_cache(1 << 16)  # a recording says the same prices and sizes again and again
def units(text: str, size: str) -> int:
    """Decimal text as a whole number of `size` (also decimal text); anything else is an error."""
    whole, _, fraction = text.partition(".")
    size_whole, _, size_fraction = size.partition(".")
    places = max(len(fraction), len(size_fraction))
    value = int(whole + fraction.ljust(places, "0"))
    step = int(size_whole + size_fraction.ljust(places, "0"))
    if value % step:
        raise ValueError(f"{text} is not a multiple of {size}")
    return value // step
