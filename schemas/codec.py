"""Avro bodies of the records: dicts to bytes and back. Framing is `wire`, ids are `registry`.

Schemas are parsed once. Encoding is deterministic: one record has one byte string. Bytes are read
with the schema that they were written with, resolved to ours by the rules of Avro.
"""

import io
import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

import fastavro
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException, UnknownType
from fastavro.validation import ValidationError

from equipoise.schemas.errors import DecodingError, EncodingError, SchemaInvalidError

Schema = dict[str, Any]
Record = dict[str, Any]

VERSION: Final = 1
NAMES: Final = (
    "OrderEvent",
    "Instrument",
    "PendingTransaction",
    "SwapIntent",
    "ImbalanceWindow",
    "SpreadSignal",
    "FeeSignal",
    "Attestation",
    "PolicyUpdate",
    "DeadLetterHeaders",
)

# Everything that fastavro's readers are seen to raise on bytes that are not what the schema says.
_UNREADABLE: Final = (
    EOFError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    AttributeError,
    SchemaResolutionError,
)


@cache
def schema_text(name: str) -> str:
    """The schema's text as it is committed and registered."""
    if name not in NAMES:
        raise SchemaInvalidError(f"schema: unknown name {name!r}, expected one of {', '.join(NAMES)}")
    return (files("equipoise.schemas") / f"v{VERSION}" / f"{name}.avsc").read_text(encoding="utf-8")


@cache
def schema(name: str) -> Schema:
    """The parsed schema of one of `NAMES`. Do not change it."""
    return parse(schema_text(name))


def parse(text: str, named: dict[str, Schema] | None = None) -> Schema:
    """A schema text, parsed apart from every other one.

    `named` holds the schemas that the text may refer to, by full name, and gets those that it defines;
    the first reference to each is replaced by its definition, so that the result stands alone.

    Raises
    ------
    SchemaInvalidError
        The text is no JSON or no Avro schema.
    """
    known = {} if named is None else named
    before = dict(known)
    try:
        parsed = fastavro.parse_schema(json.loads(text), named_schemas=known)
        if before:
            parsed = fastavro.parse_schema(_written_out(parsed, before), named_schemas={})
    except (json.JSONDecodeError, SchemaParseException, UnknownType, KeyError, TypeError, AttributeError) as error:
        raise SchemaInvalidError(f"schema: {type(error).__name__}: {error}") from error
    return parsed if isinstance(parsed, dict) else {"type": parsed}


def shared(parsed: Schema) -> Schema:
    """Our own parsed schema where `parsed` equals it, else `parsed`: what is one object needs no resolution."""
    name = str(parsed.get("name")).removeprefix(f"equipoise.v{VERSION}.")
    return schema(name) if name in NAMES and schema(name) == parsed else parsed


def named_types(parsed: Any) -> dict[str, Schema]:
    """The records, enums and fixed types that a parsed schema defines, by the names that it refers to them by."""
    found: dict[str, Schema] = {}
    open_ = [parsed]
    while open_:
        here = open_.pop()
        if isinstance(here, list):
            open_ += here
        elif isinstance(here, dict):
            if here.get("type") in ("record", "error", "enum", "fixed"):
                found[here["name"]] = here
            open_ += (here[key] for key in ("type", "items", "values") if key in here)
            open_ += (field["type"] for field in here.get("fields", ()))
    return found


def _written_out(node: Any, definitions: dict[str, Schema]) -> Any:
    """The parsed schema with the first reference to each of `definitions`, which it uses up, replaced by it."""
    if isinstance(node, str) and node in definitions:
        return _written_out(definitions.pop(node), definitions)
    if isinstance(node, list):
        return [_written_out(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    plain = {key: value for key, value in node.items() if not key.startswith("__")}
    types = {
        key: _written_out(plain[key], definitions) for key in ("type", "items", "values", "fields") if key in plain
    }
    return plain | types


def encode(name: str, record: Record) -> bytes:
    """The Avro body of `record`; a field left out takes its default.

    Raises
    ------
    EncodingError
        A field is missing, unknown or of another type; the message names it.
    """
    out = io.BytesIO()
    try:
        fastavro.schemaless_writer(out, schema(name), record, strict_allow_default=True)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise EncodingError(f"{name}: {_explain(name, record, error)}") from error
    return out.getvalue()


def decode(name: str, body: bytes, writer: Schema | None = None) -> Record:
    """The record in an Avro body, in our version of the schema whatever the writer's was.

    Raises
    ------
    DecodingError
        The bytes end early, go on past the record, or do not fit the schema.
    """
    stream = io.BytesIO(body)
    ours = schema(name)
    try:
        record = fastavro.schemaless_reader(stream, writer or ours, ours if writer is not None else None)
    except _UNREADABLE as error:
        raise DecodingError(
            f"{name}: {type(error).__name__} at byte {stream.tell()} of {len(body)}: {reason(error)}"
        ) from error
    rest = len(body) - stream.tell()
    if rest:
        raise DecodingError(f"{name}: {rest} bytes follow the record, expected 0")
    if not isinstance(record, dict):
        raise DecodingError(f"{name}: expected a record, got {type(record).__name__}")
    return record


def reason(error: Exception) -> str:
    """What fastavro says, without the address of the stream: a refusal's text is the same in every process."""
    return str(error).partition(" from <")[0]


def _explain(name: str, record: Record, error: Exception) -> str:
    """fastavro's own words, or better the validator's, which name the field."""
    try:
        fastavro.validate(record, schema(name), raise_errors=True)
    except ValidationError as invalid:
        return str(invalid)
    except (TypeError, AttributeError):
        pass
    return f"{type(error).__name__}: {error}"
