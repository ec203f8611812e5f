"""SwapIntent records to rows: one record, one INTENT or RETRACT row of its instrument.

Internal topic, but read as strictly as any other: whoever may write to it could otherwise stop a worker.
"""

from typing import Any, Final

from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, Cause, Side
from equipoise.schemas.headers import VALUE_SCHEMA_ID, header
from equipoise.schemas.local import BuiltIn, SchemaSource
from equipoise.streams.records import RawRecord
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.canonical import read_avro
from equipoise.streams.sources.each import RECORD_MAX_BYTES, EachRecord, need, parse_object
from equipoise.streams.sources.rows import Rows

NAME: Final = "SwapIntent"
_ACTIONS: Final = {"INTENT": Action.INTENT, "RETRACT": Action.RETRACT}
_SIDES: Final = {"BID": Side.BID, "ASK": Side.ASK}


class IntentDecoder(EachRecord):
    """Decoder (streams.records) of the topic of pending swaps."""

    def __init__(
        self, instruments: Instruments, schemas: SchemaSource | None = None, max_bytes: int = RECORD_MAX_BYTES
    ) -> None:
        super().__init__(self._intent, max_bytes)
        self._instruments = instruments
        self._schemas = schemas or BuiltIn()

    def _intent(self, record: RawRecord, rows: Rows) -> None:
        found = read_record(record, self._schemas, NAME)
        venue, symbol = need(found, "venue"), need(found, "symbol")
        rows.instrument = self._instruments.find(str(venue), str(symbol))
        if rows.instrument < 0:
            raise RefusedError(Cause.UNKNOWN_INSTRUMENT, f"venue, symbol: {shown(f'{venue}:{symbol}')} is not listed")
        event_ns = bounds.whole(need(found, "event_time_ns"), "event_time_ns")
        rows.event_ns = bounds.time_ns(event_ns, "event_time_ns")
        if found.get("arrival_time_ns") is not None:
            arrival_ns = bounds.whole(found["arrival_time_ns"], "arrival_time_ns")
            rows.arrival_ns = bounds.time_ns(arrival_ns, "arrival_time_ns")
        expected = bounds.quantity(bounds.whole(need(found, "expected"), "expected"), "expected")
        intent = bounds.whole(need(found, "intent_id"), "intent_id")
        rows.row(_word(found, "action", _ACTIONS), _word(found, "side", _SIDES), quantity=expected, order_id=intent)
        rows.last()


def read_record(record: RawRecord, schemas: SchemaSource, name: str) -> dict[str, Any]:
    """The fields of one of our records: JSON where it begins like it and names no schema, else Avro.

    Raises:
        RefusedError: UNKNOWN_SCHEMA, TRUNCATED or MISTYPED.
        RegistryError: the registry cannot be asked.
    """
    assert record.value is not None
    if record.value[:1] == b"{" and header(record.headers, VALUE_SCHEMA_ID) is None:
        return parse_object(record.value)
    return read_avro(record, schemas, name)


def _word(found: dict[str, Any], name: str, words: dict[str, Any]) -> Any:
    value = need(found, name)
    if not isinstance(value, str) or value not in words:
        raise RefusedError(Cause.UNKNOWN_WORD, f"{name}: {shown(value)}, expected one of {', '.join(words)}")
    return words[value]
