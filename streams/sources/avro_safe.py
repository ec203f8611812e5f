"""Writers' schemas that would let a few bytes stop or kill a reader are refused before any record is read.

- A schema that contains itself: 20,000 bytes can nest 20,000 records, and fastavro's compiled reader then
  overflows the stack of the process (seen: a segmentation fault).
- An array whose items take no bytes (null, an empty record): a block count of 2^62 is read for ever.
"""

from typing import Any

from equipoise.schemas.codec import Schema
from equipoise.schemas.errors import SchemaInvalidError


def check_safe(schema: Schema) -> None:
    """Refuse what cannot be read safely.

    Raises:
        SchemaInvalidError: naming the type.
    """
    _walk(schema, {}, ())


def _walk(schema: Any, named: dict[str, bool], within: tuple[str, ...]) -> bool:
    """Whether a value of the schema can take no bytes. `named`: that of types already walked."""
    if isinstance(schema, str):
        if schema in within:
            raise SchemaInvalidError(f"schema: {schema!r} contains itself, which cannot be read safely")
        return named.get(schema, schema == "null")
    if isinstance(schema, list):
        for branch in schema:
            _walk(branch, named, within)
        return False  # the branch's number is a byte
    kind = schema["type"]
    if isinstance(kind, dict | list) or kind not in ("record", "error", "array", "map", "fixed", "enum"):
        return _walk(kind, named, within)
    if kind == "array":
        if _walk(schema["items"], named, within):
            raise SchemaInvalidError("schema: an array of items that take no bytes, which cannot be read safely")
        return False
    if kind == "map":
        _walk(schema["values"], named, within)
        return False
    if kind in ("fixed", "enum"):
        named[schema["name"]] = kind == "fixed" and schema["size"] == 0
        return named[schema["name"]]
    inner = (*within, schema["name"])
    empty = [_walk(field["type"], named, inner) for field in schema["fields"]]
    named[schema["name"]] = all(empty)
    return named[schema["name"]]
