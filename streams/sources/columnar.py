"""Whole batches of our own event records to rows, by the kernel; what it declines, by the decoder in Python.

The kernel accepts only what that decoder accepts, with the same row, and that decoder says why a record is refused: a
batch has the same rows and refusals either way. Where every record is declined, the rate is that decoder's.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import numpy as np

from equipoise.processors import stamps
from equipoise.processors.avro.compiler import DECLINED, Layout, compile_objects, compile_table
from equipoise.processors.avro.frame import Ints
from equipoise.processors.avro.keys import Keys, KeyTable
from equipoise.processors.avro.orders import Out, Scratch, Tables, Values, decode, scratch
from equipoise.processors.avro.wire import words_of
from equipoise.processors.columns import Events
from equipoise.processors.instruments import Instruments
from equipoise.schemas.codec import Schema
from equipoise.schemas.errors import SchemaInvalidError, UnknownSchemaError, WireFormatError
from equipoise.schemas.wire import SchemaId, split
from equipoise.streams.records import Decoded, RawRecord, RecordBatch
from equipoise.streams.sources.rows import interleaved

_NO_UNITS: Final = np.zeros((0, 4), np.int64)
SCHEMAS_MAX: Final = 256  # tables kept; one more, and all are made anew as they are met


class Form(Protocol):
    """What one kind of record looks like."""

    def table(self, writer: Schema, start: int) -> list[int]:
        """The table of a writer's schema, to be put at position `start`."""
        ...

    def objects(self, start: int) -> list[int]:
        """The table of records that are JSON, to be put at position `start`; empty: there is none."""
        ...

    def keys(self) -> Keys:
        """The instruments as records name them, as of now."""
        ...

    def units(self) -> Ints:
        """Tick and lot of each instrument, as of now (`Tables.units`)."""
        ...


class OwnForm:
    """A record of ours: names in full, prices in ticks, quantities in lots."""

    def __init__(self, layout: Layout, instruments: Instruments) -> None:
        self._layout = layout
        self.keys: Final = KeyTable(instruments).keys

    def table(self, writer: Schema, start: int) -> list[int]:
        """As `Form.table`."""
        return compile_table(writer, self._layout, start)

    def objects(self, start: int) -> list[int]:
        """As `Form.objects`."""
        return compile_objects(self._layout, start)

    def units(self) -> Ints:
        """None."""
        return _NO_UNITS


class Columnar:
    """Decodes batches of one kind of record."""

    def __init__(
        self,
        form: Form,
        writer: Callable[[SchemaId], Schema],
        each: Callable[[Sequence[RawRecord]], Decoded],
        max_bytes: int,
    ) -> None:
        """Decoder of records of this form.

        Args:
            form: of the records.
            writer: the schema with an id; raises UnknownSchemaError, or SchemaInvalidError where it is not safe.
            each: decodes what the kernel declines.
            max_bytes: a larger record is declined.
        """
        self._form = form
        self._writer = writer
        self._each = each
        self._max_bytes = max_bytes
        self._ids: list[tuple[int, int, int, int]]
        self._tables: Tables
        self._forget()

    def decode(self, batch: RecordBatch) -> Decoded:
        """Rows and refusals. Raises RegistryError where a schema cannot be asked for now."""
        decoded, declined = self.kernel(batch)
        if not len(declined):
            return decoded
        return interleaved(decoded, self._each([batch.record(i) for i in declined.tolist()]), declined)

    def kernel(self, batch: RecordBatch) -> tuple[Decoded, Ints]:
        """The rows of the records that the kernel takes, and the numbers of the others."""
        values, out, state = _values(batch), _room(len(batch)), scratch()
        keys = self._form.keys()
        self._tables = self._tables._replace(units=self._form.units())
        while not decode(values, self._tables, keys, out, state, self._max_bytes):
            self._met(batch, out, state)
        rows, declined = int(state.cursor[1]), int(state.cursor[2])
        return Decoded(_events(out, rows), out.record[:rows]), out.declined[:declined]

    def _met(self, batch: RecordBatch, out: Out, state: Scratch) -> None:
        """Make the table of the schema id that the cursor stands at; the record is declined where there is none."""
        number, _, declined, _ = state.cursor.tolist()
        record = batch.record(number)
        try:
            self._learn(split(record.value, record.headers)[0])
        except (UnknownSchemaError, WireFormatError):
            out.declined[declined] = number
            state.cursor[0], state.cursor[2] = number + 1, declined + 1

    def _learn(self, schema_id: SchemaId) -> None:
        if len(self._ids) >= SCHEMAS_MAX:
            self._forget()
        start = len(self._tables.code)
        try:
            table = self._form.table(self._writer(schema_id), start)
        except SchemaInvalidError:
            table = DECLINED
        code = np.array(table, np.int64)
        self._ids.append((*_reference(schema_id), start))
        code = np.concatenate((self._tables.code, code))
        self._tables = self._tables._replace(code=code, ids=np.array(self._ids, np.int64))

    def _forget(self) -> None:
        self._ids = []
        code = np.array(self._form.objects(0), np.int64)
        self._tables = Tables(code, np.zeros((0, 4), np.int64), 0 if len(code) else -1, self._form.units())


def _reference(schema_id: SchemaId) -> tuple[int, int, int]:
    """As `frame.find_table` compares it: kind, high and low half."""
    if isinstance(schema_id, int):
        return 0, 0, schema_id
    high, low = (int.from_bytes(half, "big", signed=True) for half in (schema_id.bytes[:8], schema_id.bytes[8:]))
    return 1, high, low


def _values(batch: RecordBatch) -> Values:
    """The kernel's view: one type of array whatever the transport made, since each further type is a compilation."""
    data = np.ascontiguousarray(batch.data).view()
    data.flags.writeable = False
    return Values(
        data,
        words_of(data),
        batch.offset,
        batch.value_at,
        batch.value_length,
        batch.headers_at,
        batch.headers_count,
        _stamps(batch.timestamp_ms),
    )


def _stamps(timestamp_ms: Ints) -> Ints:
    """As `live.kafka_stamp_ns`."""
    stamp_ns = np.empty(len(timestamp_ms), np.int64)
    stamps.of_kafka(stamp_ns, timestamp_ms)
    return stamp_ns


def _room(n: int) -> Out:
    columns: list[Any] = [np.empty(n, kind) for kind in ("i4", "u1", "u1", "u4")]
    columns.extend((np.empty((8, n), np.int64), np.empty(n, np.int64), np.empty(n, np.int64)))
    return Out(*columns)


def _events(out: Out, rows: int) -> Events:
    columns: list[Any] = [column[:rows] for column in out[:4]]
    columns.extend(out.wide[:, :rows])
    columns.insert(-1, np.zeros(rows, np.int16))
    return Events(*columns)
