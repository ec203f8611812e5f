"""Our own records out of Kafka: Avro in the wire format, of whichever writer, or JSON with the same names."""

from typing import Any

from equipoise.schemas import codec
from equipoise.schemas.codec import Schema
from equipoise.schemas.enums import Cause
from equipoise.schemas.errors import DecodingError, SchemaInvalidError, UnknownSchemaError, WireFormatError
from equipoise.schemas.headers import VALUE_SCHEMA_ID, header
from equipoise.schemas.local import SchemaSource
from equipoise.schemas.wire import SchemaId, split
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.avro_safe import check_bytes, check_safe, has_long_integer
from equipoise.streams.sources.bounds import RefusedError
from equipoise.streams.sources.each import parse_object


class OwnRecords:
    """Reads the records of one name. Schemas are checked once."""

    def __init__(self, name: str, schemas: SchemaSource) -> None:
        self._name = name
        self._ours = codec.schema(name)
        self._schemas = schemas
        self._writers: dict[SchemaId, Schema | SchemaInvalidError] = {}

    def read(self, record: RawRecord) -> dict[str, Any]:
        """The record's fields; those of Avro in our version of the schema, whatever the writer's was.

        Raises:
            RefusedError: it cannot be read.
            RegistryError: the registry cannot be asked.
        """
        if record.value is None:
            raise RefusedError(Cause.NOT_AN_EVENT, "value: null (a tombstone)")
        if record.value[:1] == b"{" and header(record.headers, VALUE_SCHEMA_ID) is None:
            return parse_object(record.value)
        return self._avro(record)

    def writer(self, schema_id: SchemaId) -> Schema:
        """The schema with that id.

        Raises:
            UnknownSchemaError: there is none.
            SchemaInvalidError: it is not safe to read by.
            RegistryError: the registry cannot be asked.
        """
        found = self._writers.get(schema_id)
        if found is None:
            found = self._writers[schema_id] = _checked(self._schemas.writer(schema_id))
        if isinstance(found, SchemaInvalidError):
            raise SchemaInvalidError(str(found))
        return found

    def _avro(self, record: RawRecord) -> dict[str, Any]:
        try:
            schema_id, body = split(record.value, record.headers)
            schema = self.writer(schema_id)
            if schema is not self._ours or has_long_integer(body):  # by our own schema nothing is skipped
                check_bytes(schema, body, sized=True)
            return codec.decode(self._name, body, schema)
        except (WireFormatError, UnknownSchemaError, SchemaInvalidError) as error:
            raise RefusedError(Cause.UNKNOWN_SCHEMA, str(error)) from None
        except DecodingError as error:
            cause = Cause.TRUNCATED if isinstance(error.__cause__, EOFError) else Cause.MISTYPED
            raise RefusedError(cause, str(error)) from None


def _checked(schema: Schema) -> Schema | SchemaInvalidError:
    try:
        check_safe(schema)
    except SchemaInvalidError as error:
        return error
    return schema
