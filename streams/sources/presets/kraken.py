"""Kraken: messages of its WebSocket v2 API as they came, channels `book` and `trade`.

| message | becomes |
|---|---|
| book, snapshot | SNAPSHOT and its LEVELs |
| book, update | LEVEL; quantity 0 removes it; what falls below the subscribed depth is removed, too |
| trade, update | TRADE of each, side = the taker's (buy, sell) |
| trade, snapshot (prints from before the subscription), and anything else | refused NOT_AN_EVENT (flagged) |

- Checksum: of every book message that has one, over the best ten levels (`streams.sources.checksums`). Where it is not
  that of the book, the message carries Flag.BAD_CHECKSUM: the book is unknown until the next snapshot, and the signal
  says CHECKSUM_MISMATCH. Tick and lot must have the venue's places (`price_precision`, `qty_precision`). A topic's
  setting `checksum = false` leaves it out. Checks begin with the first snapshot that this process sees.
- Book source: L2. No sequence numbers: a gap shows in the checksum alone.
- Key of a fill: symbol and `trade_id`; the second is refused DUPLICATE_FILL (flagged).
- Modify: none; levels carry new totals.
- Venue KRAKEN unless the topic says otherwise. Numbers are read with all their digits. Stamps: `timestamp`, ISO 8601;
  a snapshot without one has its arrival.
"""

from typing import Any, Final

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Side
from equipoise.streams.records import RawRecord
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.checksums import kraken
from equipoise.streams.sources.each import need, parse_object
from equipoise.streams.sources.files import Files
from equipoise.streams.sources.fills import Fills
from equipoise.streams.sources.lines import JsonLines
from equipoise.streams.sources.live import Origin, kafka_stamp_ns
from equipoise.streams.sources.recording import Request
from equipoise.streams.sources.rows import Rows
from equipoise.streams.sources.scale import Listed, Scales
from equipoise.streams.sources.times import iso_ns
from equipoise.streams.sources.top import Top

CHECKED_LEVELS: Final = 10
_SIDES: Final = {"buy": Side.BID, "sell": Side.ASK}
_BOOK_SIDES: Final = (("bids", Side.BID), ("asks", Side.ASK))

Change = tuple[Side, int, int]  # ticks, lots


def book_source(_files: Files) -> BookSource:
    """Levels."""
    return BookSource.L2


def reader(request: Request) -> JsonLines:
    """A reader of files with one message a line."""
    return JsonLines(request, Kraken(request.instruments, Origin(venue=request.instrument.venue)))


def live(instruments: Instruments, origin: Origin) -> "Kraken":
    """A parser of Kafka records."""
    return Kraken(instruments, origin)


class Kraken:
    """Messages to rows."""

    def __init__(self, instruments: Instruments, origin: Origin) -> None:
        self._instruments = instruments
        self._listed = Listed(instruments, origin.venue or "KRAKEN")
        self._checks = origin.checksum
        self._fills = Fills()
        self._tops: dict[int, Top] = {}  # of instruments whose book is known

    def record(self, record: RawRecord, rows: Rows) -> None:
        """One message. Raises RefusedError."""
        assert record.value is not None
        rows.arrival_ns = kafka_stamp_ns(record)
        found = parse_object(record.value)
        channel, kind, data = found.get("channel"), found.get("type"), found.get("data")
        if channel not in ("book", "trade") or (channel == "trade" and kind == "snapshot"):
            raise RefusedError(Cause.NOT_AN_EVENT, f"channel, type: {shown(channel)}, {shown(kind)}")
        if type(data) is not list or not data or any(type(one) is not dict for one in data):
            raise RefusedError(Cause.MISTYPED, f"data: {shown(data)}, expected a list of objects")
        scales = self._find([need(one, "symbol") for one in data], rows)
        if channel == "trade":
            for one in data:
                self._trade(one, scales, rows)
        elif kind not in ("snapshot", "update") or len(data) != 1:
            raise RefusedError(Cause.UNKNOWN_WORD, f"type: {shown(kind)} of {len(data)} books, expected one")
        else:
            self._book(data[0], kind == "snapshot", scales, rows)
        rows.last()

    def _find(self, symbols: list[Any], rows: Rows) -> Scales:
        first = symbols[0]
        if type(first) is not str or any(symbol != first for symbol in symbols):
            raise RefusedError(Cause.MISTYPED, f"symbol: {shown(symbols)}, expected one text a message")
        rows.instrument, scales = self._listed.find(first)
        return scales

    def _trade(self, found: dict[str, Any], scales: Scales, rows: Rows) -> None:
        word = need(found, "side")
        side = _SIDES.get(word) if type(word) is str else None
        if side is None:
            raise RefusedError(Cause.UNKNOWN_WORD, f"side: {shown(word)}, expected buy or sell")
        rows.event_ns = iso_ns(need(found, "timestamp"), "timestamp")
        ticks, lots = scales.ticks(need(found, "price"), "price"), scales.lots(need(found, "qty"), "qty")
        fill = bounds.whole(need(found, "trade_id"), "trade_id")
        self._fills.once((rows.instrument, fill), "trade_id")
        rows.row(Action.TRADE, side, ticks, lots, fill)

    def _book(self, found: dict[str, Any], whole: bool, scales: Scales, rows: Rows) -> None:
        named = self._instruments[rows.instrument].book_source
        if named is not BookSource.L2:
            raise RefusedError(Cause.OTHER_BOOK_SOURCE, f"the message is of source L2, the book of {named.name}")
        stamp = found.get("timestamp")
        if stamp is None and rows.arrival_ns == NULL:
            raise RefusedError(Cause.MISSING_FIELD, "timestamp: missing, and nothing recorded the arrival")
        rows.event_ns = rows.arrival_ns if stamp is None else iso_ns(stamp, "timestamp")
        expected = found.get("checksum")
        if expected is not None:
            expected = bounds.whole(expected, "checksum")
        changes = [change for name, side in _BOOK_SIDES for change in _changes(found, name, side, scales)]
        flags = self._follow(rows.instrument, changes, whole, expected, scales)
        if whole:
            rows.row(Action.SNAPSHOT, flags=flags)
        for side, ticks, lots in changes:
            rows.row(Action.LEVEL, side, ticks, lots, flags=flags)

    def _follow(self, index: int, changes: list[Change], whole: bool, expected: int | None, scales: Scales) -> int:
        """Keep the venue's view, add removals of what fell out of it, and check; returns the message's flags."""
        if whole:
            self._tops[index] = Top(scales.instrument.tick, scales.instrument.lot)
        top = self._tops.get(index)
        if top is None:
            return 0
        for change in changes:
            top.set(*change)
        if whole:
            top.begun()
        for _, side in _BOOK_SIDES:
            changes += [(side, ticks, 0) for ticks in top.drop_deep(side)]
        if not self._checks or expected is None or top.checksum(kraken, CHECKED_LEVELS) == expected:
            return 0
        del self._tops[index]
        return Flag.BAD_CHECKSUM


def _changes(found: dict[str, Any], name: str, side: Side, scales: Scales) -> list[Change]:
    listed = found.get(name, [])
    if type(listed) is not list or any(type(level) is not dict for level in listed):
        raise RefusedError(Cause.MISTYPED, f"{name}: {shown(listed)}, expected a list of price and qty")
    return [
        (side, scales.ticks(need(level, "price"), f"{name}.price"), scales.lots(need(level, "qty"), f"{name}.qty"))
        for level in listed
    ]
