"""The canonical OrderEvent: Avro (Confluent prefix or header) or JSON to rows, and rows back to records.

One record is one row. A value that starts with `{` and has no schema header is JSON with the same field
names, enums as words; anything else is Avro, read with its writer's schema.

| action | needs, besides what the schema demands |
|---|---|
| ADD | side, price, quantity above 0, order_id |
| MODIFY, EXECUTE | side, quantity, order_id |
| CANCEL | side, order_id (quantity null: all that rests) |
| LEVEL | side, price, quantity |
| TRADE | price, quantity above 0 (side NONE: not said) |
| STATUS | trading_status |
| SNAPSHOT, CLEAR, NOTHING | - |
"""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from equipoise.processors.avro import ops
from equipoise.processors.avro.compiler import Layout
from equipoise.processors.columns import NULL, Events
from equipoise.processors.instruments import Instruments
from equipoise.schemas import codec
from equipoise.schemas.enums import Action, Cause, Flag, Side, TradingStatus
from equipoise.schemas.local import BuiltIn, SchemaSource
from equipoise.streams.records import Decoded, RawRecord, RecordBatch
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.columnar import Columnar, OwnForm
from equipoise.streams.sources.each import RECORD_MAX_BYTES, EachRecord, need, parse_object
from equipoise.streams.sources.own import OwnRecords
from equipoise.streams.sources.rows import Rows

Word = TypeVar("Word", Action, Side, TradingStatus)
NAME: Final = "OrderEvent"
FLAG_BITS: Final = int(~Flag(0) & ~(Flag.LAST | Flag.MERGE_LATE))  # what a record may say
NEEDS: Final = {
    Action.ADD: ("side", "price", "quantity", "order_id"),
    Action.MODIFY: ("side", "quantity", "order_id"),
    Action.EXECUTE: ("side", "quantity", "order_id"),
    Action.CANCEL: ("side", "order_id"),
    Action.LEVEL: ("side", "price", "quantity"),
    Action.TRADE: ("price", "quantity"),
}
LAYOUT: Final = Layout(
    codec.schema(NAME),
    {
        "venue": ops.VENUE,
        "symbol": ops.SYMBOL,
        "action": ops.ACTION,
        "side": ops.SIDE,
        "price": ops.PRICE,
        "quantity": ops.QUANTITY,
        "order_id": ops.ORDER_ID,
        "sequence": ops.SEQUENCE,
        "previous_sequence": ops.PREVIOUS_SEQUENCE,
        "last_in_event": ops.LAST_IN_EVENT,
        "flags": ops.FLAGS,
        "trading_status": ops.TRADING_STATUS,
        "event_time_ns": ops.EVENT_TIME_NS,
        "arrival_time_ns": ops.ARRIVAL_TIME_NS,
    },
    {
        "action": {one.name: one for one in Action if one not in (Action.INTENT, Action.RETRACT)},
        "side": Side.__members__,
        "trading_status": TradingStatus.__members__,
    },
)
_DEFAULTS: Final[dict[str, Any]] = {"order_id": 0, "last_in_event": True, "flags": 0, "trading_status": "UNKNOWN"}


class CanonicalDecoder(EachRecord):
    """Decoder of OrderEvent records."""

    def __init__(
        self, instruments: Instruments, schemas: SchemaSource | None = None, max_bytes: int = RECORD_MAX_BYTES
    ) -> None:
        super().__init__(self._canonical, max_bytes)
        self._instruments = instruments
        self._own = OwnRecords(NAME, schemas or BuiltIn())
        self.columnar = Columnar(OwnForm(LAYOUT, instruments), self._own.writer, self.decode, max_bytes)

    def decode_batch(self, batch: RecordBatch) -> Decoded:
        """As `decode` of the same records; Avro takes the kernel's way."""
        return self.columnar.decode(batch)

    def _canonical(self, record: RawRecord, rows: Rows) -> None:
        append(_DEFAULTS | self._own.read(record), self._instruments, rows)


def from_json(value: bytes) -> dict[str, Any]:
    """One OrderEvent as JSON, with the schema's defaults. Raises RefusedError."""
    return _DEFAULTS | parse_object(value)


def append(record: dict[str, Any], instruments: Instruments, rows: Rows) -> None:
    """Check one OrderEvent and append its row. Raises RefusedError."""
    rows.instrument = _instrument(record, instruments)
    action = _word(record, "action", Action)
    side = _word(record, "side", Side)
    if action in (Action.INTENT, Action.RETRACT):
        raise RefusedError(Cause.UNKNOWN_WORD, f"action: {action.name} is a SwapIntent's, not an OrderEvent's")
    for name in NEEDS.get(action, ()):
        if not (side if name == "side" else record.get(name) is not None and (name != "order_id" or record[name])):
            raise RefusedError(
                Cause.MISSING_FIELD, f"{name}: {shown(record.get(name))}, must be given with {action.name}"
            )
    flags = _flags(record)
    need(record, "event_time_ns")
    rows.event_ns = _time(record, "event_time_ns")
    if record.get("arrival_time_ns") is not None:
        rows.arrival_ns = _time(record, "arrival_time_ns")
    rows.sequence = _optional(record, "sequence")
    rows.previous = _optional(record, "previous_sequence")
    rows.row(
        action,
        side,
        _price(record),
        _quantity(record, action, flags),
        bounds.whole(record["order_id"], "order_id"),
        flags,
    )


def _instrument(record: dict[str, Any], instruments: Instruments) -> int:
    venue, symbol = need(record, "venue"), need(record, "symbol")
    if type(venue) is not str or type(symbol) is not str:
        raise RefusedError(Cause.MISTYPED, f"venue, symbol: {shown(venue)}, {shown(symbol)}, expected texts")
    index = instruments.find(venue, symbol)
    if index < 0:
        raise RefusedError(Cause.UNKNOWN_INSTRUMENT, f"venue, symbol: {shown(f'{venue}:{symbol}')} is not listed")
    return index


def _word(record: dict[str, Any], name: str, words: type[Word]) -> Word:
    value = need(record, name)
    found = words.__members__.get(value) if type(value) is str else None
    if found is None:
        raise RefusedError(
            Cause.UNKNOWN_WORD, f"{name}: {shown(value)}, expected one of {', '.join(words.__members__)}"
        )
    return found


def _optional(record: dict[str, Any], name: str) -> int:
    value = record.get(name)
    return NULL if value is None else bounds.whole(value, name)


def _flags(record: dict[str, Any]) -> int:
    flags = bounds.whole(record["flags"], "flags")
    if flags & ~FLAG_BITS:
        raise RefusedError(Cause.MISTYPED, f"flags: {flags}, must have no other bits than {FLAG_BITS}")
    last = record["last_in_event"]
    if type(last) is not bool:
        raise RefusedError(Cause.MISTYPED, f"last_in_event: {shown(last)}, expected true or false")
    return flags | (Flag.LAST if last else 0)


def _price(record: dict[str, Any]) -> int:
    value = record.get("price")
    return NULL if value is None else bounds.price(bounds.integer(value, "price"), "price")


def _quantity(record: dict[str, Any], action: Action, flags: int) -> int:
    if action is Action.STATUS:
        return int(_word(record, "trading_status", TradingStatus))
    value = record.get("quantity")
    if value is None:
        return NULL
    lots = bounds.integer(value, "quantity")
    delta = action is Action.MODIFY and flags & Flag.DELTA
    return bounds.change(lots, "quantity") if delta else bounds.quantity(lots, "quantity")


def _time(record: dict[str, Any], name: str) -> int:
    return bounds.time_ns(bounds.integer(record[name], name), name)


def encode_rows(events: Events, instruments: Instruments, source: str = "") -> Iterator[dict[str, Any]]:
    """Each row as an OrderEvent record; `CanonicalDecoder` gives the same row back (but source and offset).

    Raises:
        ValueError: a row is of no listed instrument, or is an INTENT or RETRACT.
    """
    columns = (column.tolist() for column in events[:11])
    for index, action, side, flags, price, quantity, order, sequence, previous, event_ns, arrival_ns in zip(
        *columns, strict=True
    ):
        if index < 0:
            raise ValueError("instrument: -1, must be listed")
        if action in (Action.INTENT, Action.RETRACT):
            raise ValueError(f"action: {Action(action).name} has no place in an OrderEvent")
        status = action == Action.STATUS
        yield {
            "venue": instruments[index].venue,
            "symbol": instruments[index].symbol,
            "action": Action(action).name,
            "side": Side(side).name,
            "price": _null(price),
            "quantity": None if status else _null(quantity),
            "order_id": order,
            "sequence": _null(sequence),
            "previous_sequence": _null(previous),
            "last_in_event": bool(flags & Flag.LAST),
            "flags": flags & FLAG_BITS,
            "trading_status": TradingStatus(quantity if status else 0).name,
            "event_time_ns": event_ns,
            "arrival_time_ns": _null(arrival_ns),
            "source": source,
            "participant": None,
            "ingest_signature": None,
        }


def encode_bodies(events: Events, instruments: Instruments, source: str = "") -> list[bytes]:
    """Each row as the Avro body of an OrderEvent, without a frame (`equipoise.schemas.wire.frame`)."""
    return [codec.encode(NAME, record) for record in encode_rows(events, instruments, source)]


def _null(value: int) -> int | None:
    return None if value == NULL else value
