"""cryptofeed: the JSON that its Kafka backend writes (`TradeKafka`, `BookKafka`; checked with its version 2.4).

| record | becomes |
|---|---|
| `side`, `amount`, `price`, `id` | TRADE, side = the taker's (buy, sell) |
| `book`, L2: {price: size} | SNAPSHOT and its LEVELs |
| `book`, L3: {price: {order id: size}} | SNAPSHOT and its orders as ADD |
| `delta`, L2: [price, size] | LEVEL; size 0 removes it |
| `delta`, L3: [order id, price, size] | MODIFY to the remainder with Flag.UPSERT; size 0: CANCEL of all |
| ticker, candles, funding, liquidations and the like | refused NOT_AN_EVENT (flagged) |

- Venue and symbol: `exchange` and `symbol` of the record; where it has none, those of the topic's name, which is
  CHANNEL-EXCHANGE-SYMBOL: pattern `(?P<channel>trades|book)-(?P<venue>[^-]+)-(?P<symbol>.+)`.
- Book source: L2, unless the instrument says L3; records of the other kind are refused OTHER_BOOK_SOURCE (flagged).
- What counts as a trade: trades. Liquidations tell prints again that the trades tell.
- Key of a fill: exchange, symbol and `id`, where there is one; the second is refused DUPLICATE_FILL (flagged).
- Modify: the remainder. Whether an order is new is not said, hence UPSERT.
- Units: numbers, or decimal text with `numeric_type=str`. Stamps in seconds: `timestamp` is the venue's, or the
  receipt where it gives none; `receipt_timestamp` is arrival.
- The backend drops the venue's sequence numbers, so a gap cannot be seen. Every `snapshot_interval` deltas it
  writes the book again; that re-bases the book and OFI starts afresh.
"""

from typing import Any, Final

from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Side
from equipoise.schemas.ids import order_id
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.each import need, parse_object
from equipoise.streams.sources.files import Files
from equipoise.streams.sources.fills import Fills
from equipoise.streams.sources.lines import JsonLines
from equipoise.streams.sources.live import Origin, kafka_stamp_ns
from equipoise.streams.sources.recording import Request
from equipoise.streams.sources.rows import Rows
from equipoise.streams.sources.scale import Listed, Scales
from equipoise.streams.sources.times import count_ns

TOPIC: Final = r"(?P<channel>trades|book)-(?P<venue>[^-]+)-(?P<symbol>.+)"
_SIDES: Final = {"buy": Side.BID, "sell": Side.ASK}
_BOOK_SIDES: Final = (("bid", Side.BID), ("ask", Side.ASK))
_OTHERS: Final = {"status", "client_order_id", "remaining", "fee"}  # liquidations, own orders and fills
_NO_ID: Final = (None, "", "None")  # `none_to` writes a word for it


def book_source(_files: Files) -> BookSource:
    """Levels."""
    return BookSource.L2


def reader(request: Request) -> JsonLines:
    """A reader of files with one record a line, as a console consumer prints them."""
    return JsonLines(request, Cryptofeed(request.instruments, Origin(venue=request.instrument.venue)))


def live(instruments: Instruments, origin: Origin) -> "Cryptofeed":
    """A parser of Kafka records."""
    return Cryptofeed(instruments, origin)


class Cryptofeed:
    """Records to rows."""

    def __init__(self, instruments: Instruments, origin: Origin) -> None:
        self._instruments = instruments
        self._listed = Listed(instruments, origin.venue)
        self._origin = origin
        self._fills = Fills()

    def record(self, record: RawRecord, rows: Rows) -> None:
        """One Kafka record. Raises RefusedError."""
        assert record.value is not None
        found = parse_object(record.value)
        scales = self._find(found, rows)
        _stamps(found, record, rows)
        if found.get("delta") is not None:
            self._delta(_sides(found, "delta", list), scales, rows)
        elif "book" in found:
            self._snapshot(_sides(found, "book", dict), scales, rows)
        elif {"side", "amount", "price"} <= found.keys() and not _OTHERS & found.keys():
            self._trade(found, scales, rows)
        else:
            raise RefusedError(Cause.NOT_AN_EVENT, f"fields: {shown(', '.join(found))}, neither a trade nor a book")
        rows.last()

    def _find(self, found: dict[str, Any], rows: Rows) -> Scales:
        venue = found.get("exchange") or self._origin.venue
        symbol = found.get("symbol") or self._origin.symbol
        if type(venue) is not str or type(symbol) is not str or not symbol:
            raise RefusedError(Cause.MISSING_FIELD, f"exchange, symbol: {shown(venue)}, {shown(symbol)}: no texts")
        rows.instrument, scales = self._listed.find(symbol, venue)
        return scales

    def _trade(self, found: dict[str, Any], scales: Scales, rows: Rows) -> None:
        word = found["side"]
        side = _SIDES.get(word) if type(word) is str else None
        if side is None:
            raise RefusedError(Cause.UNKNOWN_WORD, f"side: {shown(word)}, expected buy or sell")
        ticks, lots = scales.ticks(need(found, "price"), "price"), scales.lots(need(found, "amount"), "amount")
        name = found.get("id")
        fill = 0
        if name not in _NO_ID:
            fill = order_id(str(name))
            self._fills.once((rows.instrument, str(name)), "id")
        rows.row(Action.TRADE, side, ticks, lots, fill)

    def _of_book(self, by_order: bool, rows: Rows) -> None:
        source = BookSource.L3 if by_order else BookSource.L2
        named = self._instruments[rows.instrument].book_source
        if named is not source:
            raise RefusedError(Cause.OTHER_BOOK_SOURCE, f"the record is of {source.name}, the book of {named.name}")

    def _delta(self, sides: dict[Side, Any], scales: Scales, rows: Rows) -> None:
        changes = [(side, change) for side, listed in sides.items() for change in listed]
        if any(type(change) is not list or len(change) not in (2, 3) for _, change in changes):
            raise RefusedError(Cause.MISTYPED, "delta: expected [price, size] or [order id, price, size]")
        if changes:
            self._of_book(len(changes[0][1]) == 3, rows)
        for side, change in changes:
            *name, price, size = change
            ticks, lots = scales.ticks(price, f"delta.{side.name}"), scales.lots(size, f"delta.{side.name}")
            if not name:
                rows.row(Action.LEVEL, side, ticks, lots)
            elif lots:
                rows.row(Action.MODIFY, side, ticks, lots, order_id(str(name[0])), Flag.UPSERT)
            else:
                rows.row(Action.CANCEL, side, ticks, order_id=order_id(str(name[0])))

    def _snapshot(self, sides: dict[Side, Any], scales: Scales, rows: Rows) -> None:
        first = next((size for listed in sides.values() for size in listed.values()), None)
        if first is not None:
            self._of_book(type(first) is dict, rows)
        rows.row(Action.SNAPSHOT)
        for side, listed in sides.items():
            for price, size in listed.items():
                ticks = scales.ticks(price, f"book.{side.name}")
                if type(first) is not dict:
                    rows.row(Action.LEVEL, side, ticks, scales.lots(size, f"book.{side.name}"))
                    continue
                for name, amount in _checked(size, f"book.{side.name}", dict).items():
                    rows.row(Action.ADD, side, ticks, scales.lots(amount, f"book.{side.name}"), order_id(name))


def _stamps(found: dict[str, Any], record: RawRecord, rows: Rows) -> None:
    receipt = found.get("receipt_timestamp")
    rows.arrival_ns = kafka_stamp_ns(record) if receipt is None else count_ns(receipt, "s", "receipt_timestamp")
    rows.event_ns = count_ns(need(found, "timestamp"), "s", "timestamp")


def _sides(found: dict[str, Any], name: str, kind: type) -> dict[Side, Any]:
    sides = _checked(found[name], name, dict)
    return {side: _checked(sides.get(word, kind()), f"{name}.{word}", kind) for word, side in _BOOK_SIDES}


def _checked(value: object, field: str, kind: type) -> Any:
    if type(value) is not kind:
        raise RefusedError(
            Cause.MISTYPED, f"{field}: {shown(value)} is {type(value).__name__}, expected {kind.__name__}"
        )
    return value
