"""Bitstamp as recorded by ob-analytics: `LOCAL_MS EVENT {json}` lines, or the `orders.csv` made of them.

| line | becomes |
|---|---|
| order_created | ADD |
| order_changed | MODIFY to the amount that remains, with Flag.TRADED: it was filled in part |
| order_deleted | CANCEL of all that remains; amount 0 (it was filled): with Flag.TRADED |
| trade | TRADE, side unknown |
| order_book | refused OTHER_BOOK_SOURCE (flagged): pushed top-20 snapshots, to compare a rebuilt book with |
| orders.csv: created, changed, deleted | as the three above; the file holds no trades |

- Book source: L3.
- What counts as a trade: the trade lines. A fill also shows on the maker's and on the taker's order; those rows
  change the book and carry Flag.TRADED, and count no volume.
- Aggressor: not said; the volume enters no signed sum.
- Key of a fill: the trade's id; a second one is refused DUPLICATE_FILL (flagged).
- Modify: the remainder.
- Units: decimal text, in USD and BTC (orders.csv: satoshi). A trade's price and amount are binary floats in the
  recording (236.61000000000001): they are rounded to the eighth decimal, which is what was printed.
- Event time is the local receipt (ms): `datetime` is the time at which an order was made, in whole seconds, also
  where it is changed or deleted, and trades have none.
- The recording starts without a snapshot: orders from before are changed and deleted without having been added.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Side
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.each import need, parse_object
from equipoise.streams.sources.files import Files
from equipoise.streams.sources.fills import Fills
from equipoise.streams.sources.recording import Request, SourceRecord
from equipoise.streams.sources.rows import Rows
from equipoise.streams.sources.scale import Scales, decimal
from equipoise.streams.sources.times import count_ns

TOPICS: Final = ("book", "trades")
BOOK, TRADES = 0, 1
HEADER: Final = b"id,timestamp,exchange.timestamp,price,volume,action,direction"
_SATOSHI: Final = Decimal("1e-8")
_DIGITS: Final = 16  # before the point: beyond, nothing is a price or an amount, and rounding would fail
_SIDES: Final[dict[object, Side]] = {0: Side.BID, 1: Side.ASK, "bid": Side.BID, "ask": Side.ASK}
_EVENTS: Final = {"order_created": "created", "order_changed": "changed", "order_deleted": "deleted"}


def book_source(_files: Files) -> BookSource:
    """Order by order."""
    return BookSource.L3


def reader(request: Request) -> "Bitstamp":
    """A reader of recordings."""
    return Bitstamp(request)


class Bitstamp:
    """Files of either shape, one after the other."""

    topics = TOPICS

    def __init__(self, request: Request) -> None:
        self._files = request.files
        self._instrument = request.index
        self._decimal = Scales(request.instrument)
        self._satoshi = Scales(request.instrument, quantity_unit=_SATOSHI)
        self._fills = Fills()

    def records(self) -> Iterator[SourceRecord]:
        """Each line but the header of a CSV."""
        for path in self._files.paths:
            for line in self._files.lines(path):
                if line != HEADER:
                    yield SourceRecord(TRADES if line[:32].split(b" ", 2)[1:2] == [b"trade"] else BOOK, NULL, line)

    def parse(self, record: SourceRecord, rows: Rows) -> None:
        """One line of either shape."""
        rows.instrument = self._instrument
        parts = record.value.split(b" ", 2)
        if len(parts) == 3:
            self._event(_text(parts[0]), _text(parts[1]), parts[2], rows)
        else:
            self._row(_text(record.value).split(","), rows)
        rows.last()

    def _event(self, stamp: str, event: str, body: bytes, rows: Rows) -> None:
        if event == "order_book":
            raise RefusedError(
                Cause.OTHER_BOOK_SOURCE, "order_book: a snapshot of levels, the book is built from orders"
            )
        if event != "trade" and event not in _EVENTS:
            raise RefusedError(
                Cause.UNKNOWN_WORD, f"event: {shown(event)}, expected {', '.join(_EVENTS)}, trade or order_book"
            )
        _stamp(stamp, rows)
        found = parse_object(body)
        if event == "trade":
            self._trade(found, rows)
        else:
            ticks = self._decimal.ticks(need(found, "price"), "price")
            lots = self._decimal.lots(need(found, "amount"), "amount")
            number = bounds.whole(need(found, "id"), "id")
            _order(_EVENTS[event], need(found, "order_type"), number, ticks, lots, rows)

    def _row(self, cells: list[str], rows: Rows) -> None:
        if len(cells) != 7:
            raise RefusedError(Cause.TRUNCATED, f"line: {len(cells)} fields, expected 7: {HEADER.decode()}")
        number, stamp, _, price, volume, action, direction = cells
        if not number.isdigit() or len(number) > 18:
            raise RefusedError(Cause.MISTYPED, f"id: {shown(number)}, expected an integer")
        _stamp(stamp, rows)
        ticks, lots = self._satoshi.ticks(price, "price"), self._satoshi.lots(volume, "volume")
        _order(action, direction, int(number), ticks, lots, rows)

    def _trade(self, found: dict[str, Any], rows: Rows) -> None:
        ticks = self._decimal.ticks(_unfloated(found, "price"), "price")
        lots = self._decimal.lots(_unfloated(found, "amount"), "amount")
        number = bounds.whole(need(found, "id"), "id")
        self._fills.once((number,), "id")
        rows.row(Action.TRADE, Side.NONE, ticks, lots, number)


def _unfloated(found: dict[str, Any], name: str) -> Decimal:
    """The decimal of at most eight places that a binary float in the recording stands for."""
    number = decimal(need(found, name), name)
    return number.quantize(_SATOSHI).normalize() if number.adjusted() < _DIGITS else number


def _order(action: str, direction: object, number: int, ticks: int, lots: int, rows: Rows) -> None:
    side = _SIDES.get(direction) if type(direction) in (int, str) else None
    if side is None:
        raise RefusedError(
            Cause.UNKNOWN_WORD, f"order_type: {shown(direction)}, expected 0 or 1 (orders.csv: bid or ask)"
        )
    match action:
        case "created":
            rows.row(Action.ADD, side, ticks, lots, number)
        case "changed":
            rows.row(Action.MODIFY, side, ticks, lots, number, Flag.TRADED)
        case "deleted":
            rows.row(Action.CANCEL, side, ticks, NULL, number, 0 if lots else Flag.TRADED)
        case _:
            raise RefusedError(Cause.UNKNOWN_WORD, f"action: {shown(action)}, expected created, changed or deleted")


def _stamp(text: str, rows: Rows) -> None:
    rows.arrival_ns = rows.event_ns = count_ns(text, "ms", "local stamp")


def _text(value: bytes) -> str:
    try:
        return value[: 1 << 16].decode("ascii")
    except UnicodeDecodeError as error:
        raise RefusedError(
            Cause.MISTYPED, f"line: byte {value[error.start]:#04x} at {error.start}, expected ASCII"
        ) from None
