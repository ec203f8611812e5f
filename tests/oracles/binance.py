"""Binance combined streams, one `LOCAL_NS {json}` a line.

The book is the REST snapshot plus every depth message whose last update id `u` is above the snapshot's,
also those recorded before the snapshot arrived (Binance's own procedure). A level's size replaces
the old one; "0" removes it. `bookTicker` never enters: it is the outside answer.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tests.oracles.plainbook import LevelBook
from tests.oracles.tape import Quote, Tape, units


@dataclass(frozen=True)
class Contract:
    """One recorded file and its steps."""

    path: str
    tick: str
    lot: str


CONTRACTS = {
    "usdm-btcusdt": Contract("usdm/btcusdt_20240808.gz", "0.10", "0.001"),
    "usdm-ethusdt": Contract("usdm/ethusdt_20240808.gz", "0.01", "0.001"),
    "cm-btcusd_perp": Contract("cm/btcusd_perp_20240808.gz", "0.1", "1"),
    "cm-ethusd_perp": Contract("cm/ethusd_perp_20240808.gz", "0.01", "1"),
}


class Replay:
    """Reads one file; `tape` and the two frames are what comes of it."""

    def __init__(self, folder: Path, contract: Contract, stamp: str = "T") -> None:
        self.contract, self.stamp = contract, stamp
        self.tape = Tape()
        self.depths: list[tuple[int, int, int | None, int, int | None, int]] = []  # record, update id, best
        self.tickers: list[tuple[int, int, int | None, int, int | None, int]] = []
        self.gaps = 0
        self._book, self._last = LevelBook(), -1
        self._waiting: list[dict[str, Any]] = []
        with gzip.open(folder / contract.path, "rt") as lines:
            for record, line in enumerate(lines):
                self._message(record, json.loads(line.split(" ", 1)[1]))
                self.tape.records = record + 1

    def _message(self, record: int, message: dict[str, Any]) -> None:
        if "lastUpdateId" in message:
            self._snapshot(record, message)
            return
        data = message["data"]
        if data["e"] == "depthUpdate":
            self._depth(record, data)
        elif data["e"] == "bookTicker":
            self.tickers.append((record, data["u"], *self._ticker(data)))
        elif data["e"] == "trade":
            sign = -1 if data["m"] else 1
            quantity, price = units(data["q"], self.contract.lot), units(data["p"], self.contract.tick)
            self.tape.trade(record, data[self.stamp] * 10**6, sign, quantity, price)

    def _ticker(self, data: dict[str, Any]) -> Quote:
        tick, lot = self.contract.tick, self.contract.lot
        bid_qty, ask_qty = units(data["B"], lot), units(data["A"], lot)
        return (
            units(data["b"], tick) if bid_qty else None,
            bid_qty,
            units(data["a"], tick) if ask_qty else None,
            ask_qty,
        )

    def _snapshot(self, record: int, message: dict[str, Any]) -> None:
        self._book.clear()
        self._levels(message["bids"], message["asks"])
        self._last = message["lastUpdateId"]
        for data in self._waiting:
            if data["u"] > self._last:
                self._apply(data)
        self._waiting = []
        self._note(record, message[self.stamp] * 10**6)

    def _depth(self, record: int, data: dict[str, Any]) -> None:
        if self._last < 0:
            self._waiting.append(data)
            return
        self._apply(data)
        self._note(record, data[self.stamp] * 10**6)

    def _apply(self, data: dict[str, Any]) -> None:
        straddles = data["U"] <= self._last + 1 <= data["u"] + 1
        if data["pu"] != self._last and not straddles:
            self.gaps += 1
        self._levels(data["b"], data["a"])
        self._last = data["u"]

    def _levels(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        for side, levels in ((1, bids), (-1, asks)):
            for price, quantity in levels:
                self._book.set(side, units(price, self.contract.tick), units(quantity, self.contract.lot))

    def _note(self, record: int, event_ns: int) -> None:
        best = self._book.best()
        self.tape.quote(record, event_ns, best)
        self.depths.append((record, self._last, *best))

    def ticker_frame(self) -> pl.DataFrame:
        return pl.DataFrame(self.tickers, schema=_BY_UPDATE, orient="row")

    def depth_frame(self) -> pl.DataFrame:
        return pl.DataFrame(self.depths, schema=_BY_UPDATE, orient="row")


_BY_UPDATE = {
    "record": pl.Int64,
    "update": pl.Int64,
    "bid_px": pl.Int64,
    "bid_qty": pl.Int64,
    "ask_px": pl.Int64,
    "ask_qty": pl.Int64,
}
