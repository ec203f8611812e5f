"""Databento market by order: CSV with a header line, or DBN (`.dbn`, `.dbn.zst`) through `databento-dbn`.

| action | becomes |
|---|---|
| A | ADD |
| C | CANCEL of the size given; after an F of its order in the same sequence: with Flag.TRADED |
| M | MODIFY to the size that remains, and the price; after an F likewise |
| R | CLEAR; with F_SNAPSHOT: SNAPSHOT, the book follows as A |
| T, side B or A | TRADE, side = aggressor; its group stays open until the C or M of the order it met |
| T, side N | TRADE without a side, with Flag.HIDDEN: it met nothing that the book shows |
| F | refused DUPLICATE_FILL (flagged): the same fill as its T, told from the resting order |
| N, other records | refused NOT_AN_EVENT (flagged) |

- Book source: L3.
- What counts as a trade: T. Key of a fill: the T; F and C (M) of its triple are its other sights.
- Modify: the remainder.
- Units: price in decimal, or in 1e-9 where the CSV shows integers, as in DBN; size in whole units; times in ns or
  ISO 8601. Event time is ts_event, arrival ts_recv.
- Event group: ends with F_LAST (128). An R ends its own: the next record may be an hour later.
- Records of other symbols are refused UNKNOWN_INSTRUMENT (flagged). F_MAYBE_BAD_BOOK is not looked at.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from struct import Struct
from typing import Any, Final, NamedTuple

from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Side
from equipoise.schemas.ids import order_id
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.files import Files, RecordingError
from equipoise.streams.sources.recording import Request, SourceRecord
from equipoise.streams.sources.rows import Rows
from equipoise.streams.sources.scale import TEXT_MAX, Scales
from equipoise.streams.sources.times import count_ns, iso_ns

TOPICS: Final = ("orders",)
F_LAST, F_SNAPSHOT = 128, 32
MBO: Final = 160  # rtype
UNDEF_PRICE: Final = 2**63 - 1
FIELDS: Final = ("ts_recv", "ts_event", "action", "side", "price", "size", "order_id", "flags", "sequence", "symbol")
_SIDES: Final = {"B": Side.BID, "A": Side.ASK, "N": Side.NONE}
# length, rtype, publisher, instrument, ts_event, order, price, size, flags, channel, action, side, ts_recv,
# ts_in_delta, sequence
_LAYOUT: Final = Struct("<BBHIQQqIBBccQiI")
_DBN: Final = (".dbn", ".dbn.zst")
_ORDER_ACTIONS: Final = {"A": Action.ADD, "C": Action.CANCEL, "M": Action.MODIFY}


def book_source(_files: Files) -> BookSource:
    """Order by order."""
    return BookSource.L3


def reader(request: Request) -> "Databento":
    """A reader of recordings."""
    return Databento(request)


class Mbo(NamedTuple):
    """One record of either form."""

    action: str
    side: Side
    price: int
    size: int
    order: int
    flags: int
    sequence: int


class Databento:
    """Files of either form, one after the other."""

    topics = TOPICS

    def __init__(self, request: Request) -> None:
        self._files = request.files
        self._binary = all(path.name.endswith(_DBN) for path in request.files.paths)
        self._index = request.index
        self._symbol = request.instrument.symbol
        self._decimal = Scales(request.instrument)
        self._nanos = Scales(request.instrument, price_unit=Decimal("1e-9"))
        self._columns: dict[str, int] = {}
        self._symbols: dict[int, str] = {}
        self._filled: tuple[int, set[int]] = (NULL, set())

    def records(self) -> Iterator[SourceRecord]:
        """Each line but the header, or each DBN record but the metadata."""
        for path in self._files.paths:
            yield from self._dbn(path) if self._binary else self._csv(path)

    def parse(self, record: SourceRecord, rows: Rows) -> None:
        """One line or record."""
        mbo = self._of_struct(record.value, rows) if self._binary else self._of_line(record.value, rows)
        rows.sequence = bounds.whole(mbo.sequence, "sequence")
        if self._filled[0] != mbo.sequence:
            self._filled = (mbo.sequence, set())
        if mbo.action in ("A", "C", "M"):
            self._order(mbo, rows)
        elif mbo.action == "T":
            _trade(mbo, rows)
        else:
            self._other(mbo, rows)

    def _csv(self, path: Path) -> Iterator[SourceRecord]:
        lines = self._files.lines(path)
        names = next(lines, b"").decode("latin-1").split(",")
        missing = [name for name in FIELDS if name not in names]
        if missing:
            raise RecordingError(f"{path}: header lacks {', '.join(missing)}; it has {', '.join(names)[:200]}")
        self._columns = {name: index for index, name in enumerate(names)}
        for line in lines:
            yield SourceRecord(0, NULL, line)

    def _dbn(self, path: Path) -> Iterator[SourceRecord]:
        from databento_dbn import DBNDecoder, DBNError, Metadata

        decoder = DBNDecoder()
        try:
            for piece in self._files.blob(path):
                decoder.write(piece)
                for record in decoder.decode():
                    if isinstance(record, Metadata):
                        self._symbols.update(_mapped(record.mappings))
                    else:
                        yield SourceRecord(0, NULL, bytes(record))
        except (DBNError, ValueError) as error:
            raise RecordingError(f"{path}: {error}") from error
        if rest := len(decoder.buffer()):
            raise RecordingError(f"{path}: ends {rest} bytes into a record")

    def _of_line(self, line: bytes, rows: Rows) -> Mbo:
        try:
            cells = line.decode("ascii").split(",")
        except UnicodeDecodeError as error:
            raise RefusedError(
                Cause.MISTYPED, f"line: byte {line[error.start]:#04x} at {error.start}, expected ASCII"
            ) from None
        if len(cells) != len(self._columns):
            raise RefusedError(Cause.TRUNCATED, f"line: {len(cells)} fields, expected {len(self._columns)}")
        cell = {name: cells[self._columns[name]] for name in FIELDS}
        self._listed(cell["symbol"], rows)
        rows.arrival_ns, rows.event_ns = _time(cell["ts_recv"], "ts_recv"), _time(cell["ts_event"], "ts_event")
        price = cell["price"]
        if price in ("", str(UNDEF_PRICE)):
            ticks = NULL
        else:
            ticks = (self._decimal if "." in price else self._nanos).ticks(price, "price")
        return Mbo(
            cell["action"], _side(cell["side"]), ticks, self._decimal.lots(cell["size"], "size"),
            order_id(_digits(cell["order_id"], "order_id")), int(_digits(cell["flags"], "flags")),
            int(_digits(cell["sequence"], "sequence")),
        )  # fmt: skip

    def _of_struct(self, value: bytes, rows: Rows) -> Mbo:
        if value[1] != MBO:
            raise RefusedError(Cause.NOT_AN_EVENT, f"rtype: {value[1]}, only {MBO} (MBO) is read")
        found = _LAYOUT.unpack_from(value)
        _, _, _, instrument, ts_event, order, price, size, flags, _, action, side, ts_recv, _, sequence = found
        self._listed(self._symbols.get(instrument, str(instrument)), rows)
        rows.arrival_ns, rows.event_ns = bounds.time_ns(ts_recv, "ts_recv"), bounds.time_ns(ts_event, "ts_event")
        return Mbo(
            action.decode("latin-1"), _side(side.decode("latin-1")),
            NULL if price == UNDEF_PRICE else self._nanos.ticks(price, "price"), self._nanos.lots(size, "size"),
            order_id(str(order)), flags, sequence,
        )  # fmt: skip

    def _listed(self, symbol: str, rows: Rows) -> None:
        if symbol != self._symbol:
            raise RefusedError(
                Cause.UNKNOWN_INSTRUMENT, f"symbol: {shown(symbol)}, the recording is read for {self._symbol}"
            )
        rows.instrument = self._index

    def _order(self, mbo: Mbo, rows: Rows) -> None:
        if mbo.side is Side.NONE or mbo.price == NULL:
            raise RefusedError(Cause.MISSING_FIELD, f"side, price: must be given with action {mbo.action}")
        flags = Flag.LAST if mbo.flags & F_LAST else Flag(0)
        if mbo.action != "A" and mbo.order in self._filled[1]:
            flags |= Flag.TRADED
        rows.row(_ORDER_ACTIONS[mbo.action], mbo.side, mbo.price, mbo.size, mbo.order, flags)

    def _other(self, mbo: Mbo, rows: Rows) -> None:
        match mbo.action:
            case "R" if mbo.flags & F_SNAPSHOT:
                rows.row(Action.SNAPSHOT, flags=Flag.LAST if mbo.flags & F_LAST else 0)
            case "R":
                rows.row(Action.CLEAR, flags=Flag.LAST)
            case "F":
                self._filled[1].add(mbo.order)
                raise RefusedError(Cause.DUPLICATE_FILL, "action: F is the fill that its T has told")
            case "N":
                raise RefusedError(Cause.NOT_AN_EVENT, "action: N does nothing to the book")
            case _:
                raise RefusedError(Cause.UNKNOWN_WORD, f"action: {shown(mbo.action)}, expected A, C, M, R, T, F or N")


def _trade(mbo: Mbo, rows: Rows) -> None:
    if mbo.price == NULL:
        raise RefusedError(Cause.MISSING_FIELD, "price: must be given with action T")
    if mbo.side is Side.NONE:
        last = Flag.LAST if mbo.flags & F_LAST else 0
        rows.row(Action.TRADE, Side.NONE, mbo.price, mbo.size, flags=last | Flag.HIDDEN)
    else:
        rows.row(Action.TRADE, mbo.side, mbo.price, mbo.size)


def _side(word: str) -> Side:
    side = _SIDES.get(word)
    if side is None:
        raise RefusedError(Cause.UNKNOWN_WORD, f"side: {shown(word)}, expected B, A or N")
    return side


def _digits(text: str, field: str) -> str:
    if not (text.isascii() and text.isdigit()) or len(text) > TEXT_MAX:
        raise RefusedError(Cause.MISTYPED, f"{field}: {shown(text)}, expected a whole number")
    return text


def _time(text: str, field: str) -> int:
    return count_ns(_digits(text, field), "ns", field) if text.isdigit() else iso_ns(text, field)


def _mapped(mappings: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Instrument ids to raw symbols, whichever way round the request mapped them."""
    for name, intervals in mappings.items():
        for interval in intervals:
            other = str(interval["symbol"])
            if other.isdigit():
                yield int(other), name
            elif name.isdigit():
                yield int(name), other
