"""What can go wrong with a schema, a record's bytes or a registry.

SchemasError
├── SchemaInvalidError   a schema text that is no Avro schema
├── EncodingError        our own record does not fit its schema (the caller's fault)
├── DecodingError        bytes that are not what their schema says (the peer's fault)
│   └── WireFormatError  the framing in front of the bytes: prefix, header, schema id
├── IncompatibleError    a schema that readers or writers of another version cannot live with
└── RegistryError        the registry refused, or gave no usable answer
    ├── UnknownSchemaError        it has no schema under that id, GUID or subject
    └── RegistryUnavailableError  it could not be reached, or kept failing; trying later may help
"""


class SchemasError(Exception):
    """Base of every error that this package raises on purpose."""


class SchemaInvalidError(SchemasError):
    """A text is not an Avro schema."""


class EncodingError(SchemasError):
    """A record does not fit its schema; names the field."""


class DecodingError(SchemasError):
    """Bytes cannot be read with their schema."""


class WireFormatError(DecodingError):
    """Bytes or headers do not carry a schema id as the Confluent wire format has it."""


class IncompatibleError(SchemasError):
    """A schema cannot replace another one; one line a difference."""


class RegistryError(SchemasError):
    """A schema registry refused a request or answered what makes no sense."""


class UnknownSchemaError(RegistryError):
    """No schema has that id, GUID or subject."""


class RegistryUnavailableError(RegistryError):
    """A schema registry could not be reached within the allowed attempts."""
