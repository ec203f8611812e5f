"""Avro records of any writer's schema, as plain values: times stay the integers they are, decimals become Decimal."""

import io
import json
from collections.abc import Iterator
from typing import Any, Final

import fastavro

from equipoise.processors.avro.numbers import DECIMAL_MAX
from equipoise.schemas import codec
from equipoise.schemas.codec import Schema
from equipoise.schemas.enums import Cause
from equipoise.schemas.errors import SchemaInvalidError, UnknownSchemaError, WireFormatError
from equipoise.schemas.local import SchemaSource
from equipoise.schemas.wire import SchemaId, split
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.avro_safe import check_bytes, check_safe, has_decimal, has_long_integer
from equipoise.streams.sources.bounds import RefusedError
from equipoise.streams.sources.paths import Step

_NESTED: Final = ("type", "items", "values", "fields")
_UNREADABLE: Final = (EOFError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError)


class AvroReader:
    """Decodes values by the schema ids in front of them. Schemas are kept once read."""

    def __init__(self, schemas: SchemaSource) -> None:
        self._schemas = schemas
        self._plain: dict[SchemaId, Schema | SchemaInvalidError] = {}
        self._decimals: set[SchemaId] = set()  # whose records may hold a decimal

    def read(self, record: RawRecord) -> dict[str, Any]:
        """The record's fields.

        Raises:
            RefusedError: UNKNOWN_SCHEMA, TRUNCATED or MISTYPED.
            RegistryError: the registry cannot be asked.
        """
        try:
            schema_id, body = split(record.value, record.headers)
            schema = self.writer(schema_id)
        except (WireFormatError, UnknownSchemaError, SchemaInvalidError) as error:
            raise RefusedError(Cause.UNKNOWN_SCHEMA, str(error)) from None
        if has_long_integer(body) or (len(body) > DECIMAL_MAX and schema_id in self._decimals):
            check_bytes(schema, body, sized=False)
        return _decode(schema, body)

    def writer(self, schema_id: SchemaId) -> Schema:
        """The schema with that id, as `plain` has it.

        Raises:
            UnknownSchemaError: there is none.
            SchemaInvalidError: it is not safe to read by, or no record.
            RegistryError: the registry cannot be asked.
        """
        found = self._plain.get(schema_id)
        if found is None:
            found = self._plain[schema_id] = _checked(self._schemas.writer(schema_id))
            if not isinstance(found, SchemaInvalidError) and has_decimal(found):
                self._decimals.add(schema_id)
        if isinstance(found, SchemaInvalidError):
            raise SchemaInvalidError(str(found))
        return found


def _checked(schema: Schema) -> Schema | SchemaInvalidError:
    try:
        check_safe(schema)
        return plain(schema)
    except SchemaInvalidError as error:
        return error


def plain(schema: Schema) -> Schema:
    """The schema without logical types other than decimal, and without fastavro's own keys.

    Raises:
        SchemaInvalidError: it is no record.
    """
    stripped = codec.parse(json.dumps(_strip(schema)))
    if stripped.get("type") != "record":
        raise SchemaInvalidError(f"schema: {stripped.get('type')!r}, expected a record")
    return stripped


def _strip(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strip(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if not key.startswith("__")}
    if kept.get("logicalType") != "decimal":
        kept.pop("logicalType", None)
    return {
        key: _strip(value) if key in ("type", "items", "values", "fields") else value for key, value in kept.items()
    }


def _decode(schema: Schema, body: bytes) -> dict[str, Any]:
    stream = io.BytesIO(body)
    try:
        found = fastavro.schemaless_reader(stream, schema, None)
    except _UNREADABLE as error:
        cause = Cause.TRUNCATED if isinstance(error, EOFError) else Cause.MISTYPED
        raise RefusedError(
            cause, f"value: {type(error).__name__} at byte {stream.tell()} of {len(body)}: {codec.reason(error)}"
        ) from None
    if rest := len(body) - stream.tell():
        raise RefusedError(Cause.MISTYPED, f"value: {rest} bytes follow the record, expected 0")
    assert isinstance(found, dict)
    return found


class Fields:
    """What a schema has, for checking a mapping against it."""

    def __init__(self, schema: Schema) -> None:
        self._root = schema
        self._named = codec.named_types(schema)

    def find(self, steps: tuple[Step, ...], start: Any = None) -> Any:
        """The type at these steps (a schema without null), or None where there is none."""
        here = self._open(self._root if start is None else start)
        for step in steps:
            here = self._inner(here, step)
            if here is None:
                return None
        return here

    def items(self, schema: Any) -> Any:
        """The type of an array's elements, None if it is no array."""
        opened = self._open(schema)
        return self._open(opened["items"]) if isinstance(opened, dict) and opened["type"] == "array" else None

    def names(self, schema: Any = None, prefix: str = "", depth: int = 0) -> Iterator[str]:
        """Every path, nested ones included."""
        opened = self._open(self._root if schema is None else schema)
        if depth > 8 or not isinstance(opened, dict):
            return
        for field in opened.get("fields", ()):
            path = f"{prefix}.{field['name']}" if prefix else field["name"]
            yield path
            yield from self.names(field["type"], path, depth + 1)
        if opened["type"] == "array":
            yield f"{prefix}[]"
            yield from self.names(opened["items"], f"{prefix}[]", depth + 1)

    def _inner(self, schema: Any, step: Step) -> Any:
        if isinstance(step, int):
            return self.items(schema)
        if not isinstance(schema, dict):
            return None
        if schema["type"] == "map":
            return self._open(schema["values"])
        for field in schema.get("fields", ()):
            if field["name"] == step:
                return self._open(field["type"])
        return None

    def _open(self, schema: Any) -> Any:
        """Named types looked up, `null` taken out of a union, a type within a type unwrapped."""
        if isinstance(schema, list):
            branches = [branch for branch in schema if branch != "null"]
            return self._open(branches[0]) if branches else "null"
        if isinstance(schema, str):
            return self._named.get(schema, schema)
        return self._open(schema["type"]) if isinstance(schema["type"], dict | list) else schema
