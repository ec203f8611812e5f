"""What every decoder does around its own parser, and JSON as all of them read it."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from equipoise.schemas.enums import Cause
from equipoise.streams.records import Decoded, RawRecord
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.depth import DEPTH_MAX, too_deep
from equipoise.streams.sources.rows import Rows

RECORD_MAX_BYTES: Final = 1 << 20  # the brokers' own default
_SCHEMA_IDS: Final = ((b"\0", 5), (b"\1", 17))  # byte and length of an id, of a GUID
_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)  # floats keep every digit that was sent


class EachRecord:
    """A Decoder (streams.records) that hands the records one by one to a parser.

    `parse(record, rows)` appends rows or raises RefusedError; `rows` is at the record's start.
    """

    def __init__(self, parse: Callable[[RawRecord, Rows], None], max_bytes: int = RECORD_MAX_BYTES) -> None:
        self._parse = parse
        self._max_bytes = max_bytes

    def decode(self, records: Sequence[RawRecord]) -> Decoded:
        """Rows and refusals; never raises on content. A schema registry out of reach is not content."""
        rows = Rows()
        for index, record in enumerate(records):
            rows.start(index, record.offset)
            rows.guarded(lambda record=record: self._one(record, rows))  # type: ignore[misc]
        return rows.decoded()

    def _one(self, record: RawRecord, rows: Rows) -> None:
        if record.value is None:
            raise RefusedError(Cause.NOT_AN_EVENT, "value: null (a tombstone)")
        if len(record.value) > self._max_bytes:
            raise RefusedError(Cause.TOO_LARGE, f"value: {len(record.value)} bytes, must be <= {self._max_bytes}")
        self._parse(record, rows)


def parse_json(value: bytes) -> Any:
    """Any JSON value; floats as Decimal. Of a key that stands twice the last counts, as in most parsers.

    Raises:
        RefusedError: TRUNCATED where the text ends early, MISTYPED where it is no JSON.
    """
    if too_deep(value):
        raise RefusedError(Cause.MISTYPED, f"value: JSON nested too deep, must be <= {DEPTH_MAX} levels")
    try:
        return _JSON.decode(value)
    except RecursionError:
        raise RefusedError(Cause.MISTYPED, "value: JSON nested too deep") from None
    except UnicodeDecodeError as error:
        raise RefusedError(
            Cause.MISTYPED, f"value: byte {error.object[error.start]:#04x} in a text, expected UTF-8"
        ) from None
    except msgspec.DecodeError as error:
        cause = Cause.TRUNCATED if "truncated" in str(error) else Cause.MISTYPED
        raise RefusedError(cause, f"value: {error}") from None


def parse_object(value: bytes) -> dict[str, Any]:
    """A JSON object. Raises RefusedError like `parse_json`, MISTYPED where it is another kind of value.

    A schema id in front, as Confluent's JSON Schema serializers write it, is skipped: nothing is read with it.
    """
    for magic, length in _SCHEMA_IDS:
        if value[:1] == magic and value[length : length + 1] == b"{":
            value = value[length:]
    found = parse_json(value)
    if type(found) is not dict:
        raise RefusedError(Cause.MISTYPED, f"value: {shown(found)} is {type(found).__name__}, expected an object")
    return found


def need(record: dict[str, Any], name: str) -> Any:
    """A field's value. Raises RefusedError: MISSING_FIELD where there is none, or null."""
    value = record.get(name)
    if value is None:
        raise RefusedError(Cause.MISSING_FIELD, f"{name}: missing, the record has {shown(', '.join(record))}")
    return value
