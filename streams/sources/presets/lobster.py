"""LOBSTER: `..._message_N.csv`, with or without its `..._orderbook_N.csv`; a header line is optional.

| file | line | becomes |
|---|---|---|
| message | type 1, new limit order | ADD |
| message | type 2, partial cancel | CANCEL of the size given |
| message | type 3, full delete | CANCEL of the size given |
| message | type 4, execution of a visible order | EXECUTE (book L3) or TRADE (book BBO) |
| message | type 5, execution of a hidden order | TRADE with Flag.HIDDEN |
| message | type 6, cross | TRADE without a side, with Flag.CROSS |
| message | type 7, halt indicator, by its price | STATUS: -1 HALTED, 0 PRE_OPEN (quoting resumes), 1 CONTINUOUS |
| orderbook | book BBO: every line | SNAPSHOT and the best LEVEL of each side |
| orderbook | book L3: the first line | SNAPSHOT and all its LEVELs, which seeds the book; other lines are not input |

- Book source, unless the instrument names one: BBO with an orderbook file of level 1, since the messages of
  level 1 do not say which orders move into it from below; else L3.
- What counts as a trade: types 4, 5 and 6, once each; there is no second sight of a fill.
- Aggressor: the opposite of Direction, which is the resting order's.
- Modify: none; a change is a partial cancel, or a delete and a new order.
- Units: price in 1e-4 USD, size in shares, time in seconds after midnight in New York of the date in the
  file's name. One clock: arrival is event time.
- A line of either file is one source record; line i of the order book comes after message i.
- RefusedError as OTHER_BOOK_SOURCE (flagged): types 1 to 3 with book BBO, order book lines that are not input.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice, zip_longest
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Side, TradingStatus
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.files import Files, RecordingError
from equipoise.streams.sources.recording import Request, SourceRecord
from equipoise.streams.sources.rows import Rows
from equipoise.streams.sources.scale import Scales

TOPICS: Final = ("messages", "orderbook")
MESSAGES, ORDERBOOK = 0, 1
_MESSAGE_FIELDS: Final = ("Time", "Type", "OrderId", "Size", "Price", "Direction")
_EMPTY: Final = {"9999999999", "-9999999999"}  # price of a level that is not there
_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_TIME: Final = re.compile(r"(\d{1,6})(?:\.(\d{1,9}))?", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d+(\.\d*)?", re.ASCII)
_STATUS: Final = {"-1": TradingStatus.HALTED, "0": TradingStatus.PRE_OPEN, "1": TradingStatus.CONTINUOUS}
_RESTING: Final = {"1": Side.BID, "-1": Side.ASK}
_AGGRESSOR: Final = {Side.BID: Side.ASK, Side.ASK: Side.BID}


def book_source(files: Files) -> BookSource:
    """BBO with an order book file of one level, else L3."""
    _, book = _pair(files)
    if book is None:
        return BookSource.L3
    first = next(_data_lines(files, book), b"")
    return BookSource.BBO if first.count(b",") == 3 else BookSource.L3


def reader(request: Request) -> "Lobster":
    """A reader of the pair of files."""
    return Lobster(request)


class Lobster:
    """A message file and perhaps its order book file."""

    topics = TOPICS

    def __init__(self, request: Request) -> None:
        self._files = request.files
        self._messages, self._book = _pair(request.files)
        self._midnight_ns = _midnight_ns(self._messages)
        self._instrument = request.index
        self._book_source = request.instrument.book_source
        scales = Scales(request.instrument, price_unit=Decimal("1e-4"))
        self._ticks, self._lots = scales.ticks, scales.lots
        self._seeded = False

    def records(self) -> Iterator[SourceRecord]:
        """Message i, then line i of the order book."""
        book = _data_lines(self._files, self._book) if self._book else iter(())
        self._seeded = False
        for message, levels in zip_longest(_data_lines(self._files, self._messages), book):
            stamp = NULL if message is None else self._stamp(message)
            if message is not None:
                yield SourceRecord(MESSAGES, stamp, message)
            if levels is not None:
                yield SourceRecord(ORDERBOOK, stamp, levels)

    def parse(self, record: SourceRecord, rows: Rows) -> None:
        """One line of either file."""
        cells = _cells(record.value)
        rows.instrument = self._instrument
        if record.channel == MESSAGES:
            self._message(cells, rows)
        else:
            self._levels(cells, rows)

    def _stamp(self, line: bytes) -> int:
        match = _TIME.fullmatch(line.split(b",", 1)[0].decode("latin-1"))
        if match is None:
            return NULL
        return self._midnight_ns + int(match[1]) * 10**9 + int((match[2] or "").ljust(9, "0"))

    def _time(self, rows: Rows, text: str) -> None:
        if rows.arrival_ns == NULL:
            raise RefusedError(Cause.MISTYPED, f"Time: {shown(text)}, expected seconds after midnight")
        rows.event_ns = bounds.time_ns(rows.arrival_ns, "Time")

    def _message(self, cells: list[str], rows: Rows) -> None:
        if len(cells) != len(_MESSAGE_FIELDS):
            raise RefusedError(
                Cause.TRUNCATED,
                f"line: {len(cells)} fields, expected {len(_MESSAGE_FIELDS)}: {','.join(_MESSAGE_FIELDS)}",
            )
        time, kind, order, size, price, direction = cells
        self._time(rows, time)
        if kind == "7":
            self._halt(price, rows)
            return
        if kind in ("1", "2", "3") and self._book_source is BookSource.BBO:
            raise RefusedError(Cause.OTHER_BOOK_SOURCE, f"Type: {kind} changes orders, but the book's source is BBO")
        side = _RESTING.get(direction)
        if side is None:
            raise RefusedError(Cause.UNKNOWN_WORD, f"Direction: {shown(direction)}, expected 1 or -1")
        ticks, lots = self._ticks(price, "Price"), self._lots(size, "Size")
        match kind:
            case "1":
                rows.row(Action.ADD, side, ticks, lots, _order_id(order))
            case "2" | "3":
                rows.row(Action.CANCEL, side, ticks, lots, _order_id(order))
            case "4" if self._book_source is not BookSource.BBO:
                rows.row(Action.EXECUTE, side, ticks, lots, _order_id(order))
            case "4":
                rows.row(Action.TRADE, _AGGRESSOR[side], ticks, lots)
            case "5":
                rows.row(Action.TRADE, _AGGRESSOR[side], ticks, lots, flags=Flag.HIDDEN)
            case "6":
                rows.row(Action.TRADE, Side.NONE, ticks, lots, flags=Flag.CROSS)
            case _:
                raise RefusedError(Cause.UNKNOWN_WORD, f"Type: {shown(kind)}, expected 1 to 7")
        rows.last()

    def _halt(self, price: str, rows: Rows) -> None:
        status = _STATUS.get(price)
        if status is None:
            raise RefusedError(Cause.UNKNOWN_WORD, f"Price: {shown(price)} of a halt, expected -1, 0 or 1")
        rows.row(Action.STATUS, quantity=int(status))
        rows.last()

    def _levels(self, cells: list[str], rows: Rows) -> None:
        if len(cells) % 4:
            raise RefusedError(Cause.TRUNCATED, f"line: {len(cells)} fields, expected four a level")
        if self._book_source is BookSource.BBO:
            cells = cells[:4]
        elif self._seeded:
            raise RefusedError(
                Cause.OTHER_BOOK_SOURCE, "order book line: the book is built from messages after the first"
            )
        self._time(rows, "that of the message")
        rows.row(Action.SNAPSHOT)
        for k in range(0, len(cells), 4):
            self._level(Side.ASK, cells[k], cells[k + 1], rows)
            self._level(Side.BID, cells[k + 2], cells[k + 3], rows)
        rows.last()
        self._seeded = True

    def _level(self, side: Side, price: str, size: str, rows: Rows) -> None:
        if price not in _EMPTY:
            name = "AskPrice" if side is Side.ASK else "BidPrice"
            rows.row(Action.LEVEL, side, self._ticks(price, name), self._lots(size, f"size at {name}"))


def _cells(line: bytes) -> list[str]:
    if len(line) > 1 << 16:
        raise RefusedError(Cause.TOO_LARGE, f"line: {len(line)} bytes, must be <= {1 << 16}")
    try:
        return line.decode("ascii").split(",")
    except UnicodeDecodeError as error:
        raise RefusedError(
            Cause.MISTYPED, f"line: byte {line[error.start]:#04x} at {error.start}, expected ASCII"
        ) from None


def _order_id(text: str) -> int:
    if not _NUMBER.fullmatch(text) or "." in text:
        raise RefusedError(Cause.MISTYPED, f"OrderId: {shown(text)}, expected an integer")
    return bounds.whole(int(text) if len(text) < 20 else bounds.INT64_END, "OrderId")


def _pair(files: Files) -> tuple[Path, Path | None]:
    """The message file and the order book file, told apart by their columns."""
    messages: list[Path] = []
    books: list[Path] = []
    for path in files.paths:
        fields = next(_data_lines(files, path), b"").count(b",") + 1
        if fields == len(_MESSAGE_FIELDS):
            messages.append(path)
        elif fields % 4 == 0:
            books.append(path)
        else:
            raise RecordingError(f"{path}: {fields} columns, expected 6 (message file) or 4 a level (order book file)")
    if len(messages) != 1 or len(books) > 1:
        raise RecordingError(
            f"{', '.join(map(str, files.paths))}: {len(messages)} message and {len(books)} order book files, "
            f"expected 1 and at most 1"
        )
    return messages[0], (books[0] if books else None)


def _data_lines(files: Files, path: Path) -> Iterator[bytes]:
    lines = files.lines(path)
    for first in islice(lines, 1):
        if _NUMBER.fullmatch(first.split(b",", 1)[0].decode("latin-1").strip()):
            yield first
    yield from lines


def _midnight_ns(path: Path) -> int:
    match = _DATE.search(path.name)
    if match is None:
        raise RecordingError(f"{path}: no date (YYYY-MM-DD) in the file's name, which times are counted from")
    try:
        local = datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=ZoneInfo("America/New_York"))
    except ValueError as error:
        raise RecordingError(f"{path}: date {match[0]} in the file's name: {error}") from error
    except ZoneInfoNotFoundError as error:
        raise RecordingError("time zone America/New_York: this system has no time zones; pip install tzdata") from error
    return int(local.astimezone(UTC).timestamp()) * 10**9
