"""The Confluent wire format: which schema the bytes were written with.

A reference is a 4-byte id (`00` + id, big-endian) or a 16-byte GUID (`01` + GUID). It stands either in
front of the Avro body (the prefix form) or in the header `__value_schema_id` / `__key_schema_id`, and
then the whole value is the body. The header wins where both could be read, as in Confluent's clients.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Final
from uuid import UUID

from equipoise.schemas.errors import WireFormatError
from equipoise.schemas.headers import KEY_SCHEMA_ID, VALUE_SCHEMA_ID, header

SchemaId = int | UUID

MAGIC_ID: Final = 0
MAGIC_GUID: Final = 1
MAX_ID: Final = 2**31 - 1

_PREFIX: Final = Struct(">Bi")


def prefix(schema_id: SchemaId) -> bytes:
    """The bytes in front of a body, or the value of a schema id header.

    Raises
    ------
    WireFormatError
        The id is not within 0 … 2^31 − 1.
    """
    if isinstance(schema_id, UUID):
        return bytes((MAGIC_GUID,)) + schema_id.bytes
    if not 0 <= schema_id <= MAX_ID:
        raise WireFormatError(f"schema id: {schema_id}, expected 0 to {MAX_ID}")
    return _PREFIX.pack(MAGIC_ID, schema_id)


def frame(schema_id: SchemaId, body: bytes) -> bytes:
    """A value in prefix form."""
    return prefix(schema_id) + body


def id_header(schema_id: SchemaId, *, key: bool = False) -> tuple[str, bytes]:
    """The header of a value (or key) in header form; Confluent's clients write a GUID there."""
    return KEY_SCHEMA_ID if key else VALUE_SCHEMA_ID, prefix(schema_id)


def unframe(value: bytes | None) -> tuple[SchemaId, bytes]:
    """The schema id in front of a value, and the body behind it.

    Raises
    ------
    WireFormatError
        The value is null, too short, or starts with another byte than 0 or 1.
    """
    if not value:
        raise WireFormatError("value: null, expected a schema id" if value is None else "value: 0 bytes, expected ≥ 5")
    return _reference("value", value)


def split(
    value: bytes | None, headers: Iterable[tuple[str, bytes | None]] | None = None, *, key: bool = False
) -> tuple[SchemaId, bytes]:
    """The schema id of a value (or key) in either form, and its body.

    Raises
    ------
    WireFormatError
        The value is null, or there is no well-formed schema id.
    """
    name = KEY_SCHEMA_ID if key else VALUE_SCHEMA_ID
    found = header(headers, name)
    if found is None:
        return unframe(value)
    if value is None:
        raise WireFormatError("value: null, expected a body")
    schema_id, rest = _reference(name, found)
    if rest:
        raise WireFormatError(f"{name}: {len(rest)} bytes follow the schema id, expected 0")
    return schema_id, value


def _reference(where: str, data: bytes) -> tuple[SchemaId, bytes]:
    magic = data[0] if data else None
    if magic == MAGIC_ID and len(data) >= 5:
        schema_id = int(_PREFIX.unpack_from(data)[1])
        if schema_id < 0:
            raise WireFormatError(f"{where}: schema id {schema_id}, expected ≥ 0")
        return schema_id, data[5:]
    if magic == MAGIC_GUID and len(data) >= 17:
        return UUID(bytes=data[1:17]), data[17:]
    if magic in (MAGIC_ID, MAGIC_GUID):
        raise WireFormatError(f"{where}: {len(data)} bytes, expected ≥ {5 if magic == MAGIC_ID else 17}")
    raise WireFormatError(f"{where}: first byte {magic}, expected 0 (schema id) or 1 (schema GUID)")
