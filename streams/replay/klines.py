"""Signed volume of a backtest beside an exchange's own bars: taker-buy volume of Binance klines.

A kline is twelve columns, with or without a line of names: open time, open, high, low, close, volume, close time,
quote volume, count, taker buy volume, taker buy quote volume, unused. Times are in ms, since 2025 on spot in µs.
Volumes are decimal text and become whole lots exactly, so the two sums are equal or they are not.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

OPEN_TIME, VOLUME, CLOSE_TIME, TAKER_BUY = 0, 5, 6, 9
COLUMNS: Final = 12
MS_DIGITS, US_DIGITS = 13, 16  # of a time in this century


class KlinesError(Exception):
    """The file of bars, or the backtest's folder, cannot be compared; the message says why."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Volumes in lots over [start_ns, end_ns)."""

    start_ns: int
    end_ns: int
    buy: int
    sell: int


@dataclass(frozen=True, slots=True)
class Beside:
    """One bar of the exchange and ours."""

    theirs: Bar
    ours: Bar

    @property
    def equal(self) -> bool:
        """Whether both volumes are the same integers."""
        return self.theirs == self.ours


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, and how many bars the recording covers only in part or not at all."""

    bars: list[Beside]
    uncovered: int
    unknown: int  # lots of trades without an aggressor: no side has them

    @property
    def differing(self) -> list[Beside]:
        """The bars that are not equal."""
        return [beside for beside in self.bars if not beside.equal]


def read_klines(path: Path, lot: Decimal) -> Iterator[Bar]:
    """The bars of a file.

    Raises:
        KlinesError: a line is no kline, or a volume is no multiple of `lot`; names line, column and value.
    """
    with path.open(newline="") as file:
        for number, row in enumerate(csv.reader(file), 1):
            if not row or (number == 1 and not row[0].isdigit()):
                continue
            where = f"{path.name}, line {number}"
            if len(row) != COLUMNS:
                raise KlinesError(f"{where}: {len(row)} columns, a kline has {COLUMNS}")
            volume, buy = (_lots(row, column, lot, where) for column in (VOLUME, TAKER_BUY))
            if buy > volume:
                raise KlinesError(f"{where}: taker buy volume {row[TAKER_BUY]} is above the volume {row[VOLUME]}")
            start, last = (_ns(row, column, where) for column in (OPEN_TIME, CLOSE_TIME))
            step = 10**6 if len(row[OPEN_TIME]) == MS_DIGITS else 10**3
            yield Bar(start, last + step, buy, volume - buy)


def _lots(row: list[str], column: int, lot: Decimal, where: str) -> int:
    try:
        lots = Decimal(row[column]) / lot
    except InvalidOperation:
        raise KlinesError(f"{where}, column {column + 1}: {row[column]!r} is no decimal number") from None
    if lots != lots.to_integral_value() or lots < 0:
        raise KlinesError(f"{where}, column {column + 1}: {row[column]} is no multiple of the lot {lot}")
    return int(lots)


def _ns(row: list[str], column: int, where: str) -> int:
    text = row[column]
    if not text.isdigit() or len(text) not in (MS_DIGITS, US_DIGITS):
        raise KlinesError(f"{where}, column {column + 1}: {text!r} is no time in ms or µs since the epoch")
    return int(text) * (10**6 if len(text) == MS_DIGITS else 10**3)


def compare(folder: Path, key: str, bars: Iterator[Bar]) -> Comparison:
    """Set each bar beside the sum of the windows of VENUE:SYMBOL in it.

    A bar that the recording may cover only in part (its first and last window are) is left out and counted.

    Raises:
        KlinesError: the folder has no windows of it, or a bar does not begin and end with a window.
    """
    windows = _windows(folder, key)
    first, last = min(windows), max(windows)
    width = windows[first][3]
    compared, uncovered = [], 0
    for bar in bars:
        if bar.start_ns % width or bar.end_ns % width:
            raise KlinesError(f"a bar of {bar.end_ns - bar.start_ns} ns does not consist of windows of {width} ns")
        if bar.start_ns <= first or bar.end_ns > last:
            uncovered += 1
            continue
        inside = [windows[at] for at in range(bar.start_ns, bar.end_ns, width) if at in windows]
        ours = Bar(bar.start_ns, bar.end_ns, sum(row[0] for row in inside), sum(row[1] for row in inside))
        compared.append(Beside(bar, ours))
    return Comparison(compared, uncovered, sum(row[2] for row in windows.values()))


def _windows(folder: Path, key: str) -> dict[int, tuple[int, int, int, int]]:
    """Start -> buy, sell, unknown lots and width, of the last revision of each window."""
    path = folder / "windows.parquet"
    if not path.is_file():
        raise KlinesError(f"{path}: no such file; is {folder} what `equipoise backtest --out` wrote?")
    names = ["venue", "symbol", "revision", "start_ns", "end_ns", "buy_volume", "sell_volume", "unknown_volume"]
    found: dict[int, tuple[int, int, int, int]] = {}
    keys = set()
    for row in sorted(pq.read_table(path, columns=names).to_pylist(), key=lambda row: row["revision"]):
        keys.add(f"{row['venue']}:{row['symbol']}")
        if key in (f"{row['venue']}:{row['symbol']}", ""):
            volumes = row["buy_volume"], row["sell_volume"], row["unknown_volume"]
            found[row["start_ns"]] = (*volumes, row["end_ns"] - row["start_ns"])
    if not found or (not key and len(keys) > 1):
        raise KlinesError(f"{path}: instrument {key or 'not named'}, there are {', '.join(sorted(keys)) or 'none'}")
    return found
