"""Binance: raw messages of the combined streams, spot and futures (linear and inverse), as they came.

`{"stream": ..., "data": {...}}` or the bare data; before it there may be the recorder's stamp, as in
recordings of one `LOCAL_NS {...}` a line. Without it, arrival is the Kafka timestamp.

| message | becomes |
|---|---|
| depthUpdate | LEVEL rows, sequence `u`, previous sequence `pu` (futures) or `U` - 1 (spot) |
| depthUpdate or snapshot of a stream @depth5, @depth10, @depth20 | SNAPSHOT and its LEVELs |
| REST depth snapshot (`lastUpdateId`, `bids`, `asks`) | SNAPSHOT and its LEVELs, sequence `lastUpdateId` |
| bookTicker | book BBO: SNAPSHOT and two LEVELs, sequence `u`; else refused OTHER_BOOK_SOURCE (flagged) |
| trade, aggTrade | TRADE; an `m` of true says that the buyer was the maker: the aggressor sold |
| anything else | refused NOT_AN_EVENT (flagged) |

- Book source, unless the instrument names BBO: L2, the depth stream; bookTicker is then not used.
- What counts as a trade: trade and aggTrade, each fill once. `X` INSURANCE_FUND and ADL are OFF_BOOK (no flow),
  `X` NA is not an event.
- Key of a fill: the trade id `t`, of aggTrade `f` to `l`; ids rise, so one at or below the highest seen of the
  instrument is refused DUPLICATE_FILL (flagged). What was seen is forgotten when the process ends.
- Modify: none; levels carry new totals.
- Units: decimal text; quantities in the base asset (spot, linear) or in contracts (inverse). Stamps in ms: `T`,
  the matching engine's, else `E`, else arrival.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Side
from equipoise.streams.records import RawRecord
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.each import need, parse_object
from equipoise.streams.sources.files import LINE_MAX, Files
from equipoise.streams.sources.live import Origin, kafka_stamp_ns
from equipoise.streams.sources.recording import Request, SourceRecord
from equipoise.streams.sources.rows import Rows
from equipoise.streams.sources.scale import Listed, Scales

TOPICS: Final = ("book", "trades")
BOOK, TRADES = 0, 1
_TRADE_WORDS: Final = (b"@trade", b"@aggTrade", b'"e":"trade"', b'"e":"aggTrade"')
_TOP: Final = re.compile(r"@depth(5|10|20)(@|$)")
_STAMP_DIGITS: Final = 20
_NOT_FLOW: Final = {"INSURANCE_FUND": Flag.OFF_BOOK, "ADL": Flag.OFF_BOOK | Flag.LIQUIDATION}


def book_source(_files: Files) -> BookSource:
    """The depth stream."""
    return BookSource.L2


def reader(request: Request) -> "BinanceFiles":
    """A reader of recordings."""
    return BinanceFiles(request)


def live(instruments: Instruments, origin: Origin) -> "Binance":
    """A parser of Kafka records."""
    return Binance(instruments, origin.venue or "BINANCE", origin.symbol)


class Binance:
    """Messages to rows. `symbol` is that of messages which name none (REST snapshots)."""

    def __init__(self, instruments: Instruments, venue: str, symbol: str = "") -> None:
        self._instruments = instruments
        self._listed = Listed(instruments, venue)
        self._symbol = symbol
        self._highest_fill: dict[int, int] = {}

    def record(self, record: RawRecord, rows: Rows) -> None:
        """One Kafka record. Raises RefusedError."""
        assert record.value is not None
        rows.arrival_ns = kafka_stamp_ns(record)
        self.message(record.value, rows)

    def message(self, value: bytes, rows: Rows) -> None:
        """One message, perhaps with the recorder's stamp before it. Raises RefusedError."""
        if len(value) > LINE_MAX:
            raise RefusedError(Cause.TOO_LARGE, f"line: over {LINE_MAX} bytes")
        if value[:1].isdigit():
            stamp, _, value = value.partition(b" ")
            rows.arrival_ns = _recorder_stamp(stamp)
        message = parse_object(value)
        stream, data = message.get("stream", ""), message.get("data", message)
        if type(stream) is not str or type(data) is not dict:
            raise RefusedError(
                Cause.MISTYPED, f"stream, data: {shown(stream)}, {shown(data)}, expected a text and an object"
            )
        kind = data.get("e")
        if kind == "depthUpdate":
            self._depth(stream, data, rows)
        elif kind in ("trade", "aggTrade"):
            self._trade(kind, data, rows)
        elif kind == "bookTicker" or (kind is None and {"u", "b", "B", "a", "A"} <= data.keys()):
            self._ticker(data, rows)
        elif "lastUpdateId" in data:
            self._snapshot(stream, data, rows)
        else:
            raise RefusedError(Cause.NOT_AN_EVENT, f"e: {shown(kind)} is neither a trade nor a change of the book")
        rows.last()

    def _find(self, symbol: object, rows: Rows) -> Scales:
        if type(symbol) is not str:
            raise RefusedError(Cause.MISTYPED, f"s: {shown(symbol)}, expected a text")
        rows.instrument, scales = self._listed.find(symbol)
        return scales

    def _of_book(self, source: BookSource, rows: Rows) -> None:
        named = self._instruments[rows.instrument].book_source
        if (named is BookSource.BBO) != (source is BookSource.BBO):
            raise RefusedError(
                Cause.OTHER_BOOK_SOURCE, f"the message is of source {source.name}, the book of {named.name}"
            )

    def _depth(self, stream: str, data: dict[str, Any], rows: Rows) -> None:
        scales = self._find(need(data, "s"), rows)
        self._of_book(BookSource.L2, rows)
        rows.sequence = bounds.whole(need(data, "u"), "u")
        _stamp(data, rows)
        if _TOP.search(stream):
            rows.row(Action.SNAPSHOT)
        else:
            before = data.get("pu")
            rows.previous = bounds.whole(need(data, "U"), "U") - 1 if before is None else bounds.whole(before, "pu")
        _levels(data, ("b", "a"), scales, rows)

    def _snapshot(self, stream: str, data: dict[str, Any], rows: Rows) -> None:
        named = data.get("symbol") or stream.partition("@")[0].upper() or self._symbol
        if not named:
            raise RefusedError(Cause.MISSING_FIELD, "symbol: the snapshot names none, and none is configured")
        scales = self._find(named, rows)
        self._of_book(BookSource.L2, rows)
        rows.sequence = bounds.whole(data["lastUpdateId"], "lastUpdateId")
        _stamp(data, rows)
        rows.row(Action.SNAPSHOT)
        _levels(data, ("bids", "asks"), scales, rows)

    def _ticker(self, data: dict[str, Any], rows: Rows) -> None:
        scales = self._find(need(data, "s"), rows)
        self._of_book(BookSource.BBO, rows)
        rows.sequence = bounds.whole(need(data, "u"), "u")
        _stamp(data, rows)
        rows.row(Action.SNAPSHOT)
        for side, price, size in ((Side.BID, "b", "B"), (Side.ASK, "a", "A")):
            lots = scales.lots(need(data, size), size)
            if lots:  # an empty side is said as 0 at 0
                rows.row(Action.LEVEL, side, scales.ticks(need(data, price), price), lots)

    def _trade(self, kind: str, data: dict[str, Any], rows: Rows) -> None:
        scales = self._find(need(data, "s"), rows)
        first, last = ("t", "t") if kind == "trade" else ("f", "l")
        first_id, last_id = bounds.whole(need(data, first), first), bounds.whole(need(data, last), last)
        against = data.get("X", "MARKET")
        if against == "NA":
            raise RefusedError(Cause.NOT_AN_EVENT, "X: 'NA' is no trade")
        maker = data.get("m")
        if type(maker) is not bool:
            raise RefusedError(Cause.MISTYPED, f"m: {shown(maker)}, expected true or false")
        _stamp(data, rows)
        ticks, lots = scales.ticks(need(data, "p"), "p"), scales.lots(need(data, "q"), "q")
        seen = self._highest_fill.get(rows.instrument, -1)
        if first_id <= seen:
            raise RefusedError(Cause.DUPLICATE_FILL, f"{first}: {first_id}, trades up to {seen} have been counted")
        self._highest_fill[rows.instrument] = last_id
        flags = _NOT_FLOW.get(against, 0) if type(against) is str else 0
        rows.row(Action.TRADE, Side.ASK if maker else Side.BID, ticks, lots, last_id, flags)


class BinanceFiles:
    """Recordings, one after the other in the order given."""

    topics = TOPICS

    def __init__(self, request: Request) -> None:
        self._files = request.files
        self._binance = Binance(request.instruments, request.instrument.venue, request.instrument.symbol)

    def records(self) -> Iterator[SourceRecord]:
        """Each line, with its recorder's stamp inside."""
        for path in self._files.paths:
            for line in self._files.lines(path):
                head = line[:200]
                yield SourceRecord(TRADES if any(word in head for word in _TRADE_WORDS) else BOOK, NULL, line)

    def parse(self, record: SourceRecord, rows: Rows) -> None:
        """One line."""
        self._binance.message(record.value, rows)


def _recorder_stamp(stamp: bytes) -> int:
    if not stamp.isdigit() or len(stamp) > _STAMP_DIGITS:
        raise RefusedError(Cause.MISTYPED, f"recorder's stamp: {shown(stamp)}, expected nanoseconds")
    return bounds.time_ns(int(stamp), "recorder's stamp")


def _stamp(data: dict[str, Any], rows: Rows) -> None:
    for name in ("T", "E"):
        value = data.get(name)
        if value is not None:
            rows.event_ns = bounds.time_ns(bounds.integer(value, name) * 1_000_000, name)
            return
    if rows.arrival_ns == NULL:
        raise RefusedError(Cause.MISSING_FIELD, "T, E: the message has no stamp, and nothing recorded its arrival")
    rows.event_ns = rows.arrival_ns


def _levels(data: dict[str, Any], names: tuple[str, str], scales: Scales, rows: Rows) -> None:
    ticks, lots = scales.ticks, scales.lots
    for side, name in zip((Side.BID, Side.ASK), names, strict=True):
        levels = need(data, name)
        if type(levels) is not list:
            raise RefusedError(Cause.MISTYPED, f"{name}: {shown(levels)}, expected a list of levels")
        for level in levels:
            if type(level) is not list or len(level) < 2:
                raise RefusedError(Cause.MISTYPED, f"{name}[]: {shown(level)}, expected [price, size]")
            rows.row(Action.LEVEL, side, ticks(level[0], name), lots(level[1], name))
