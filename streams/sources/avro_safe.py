"""Schemas and bytes that would let a few bytes stop or kill a reader are refused before fastavro reads them.

Of a writer's schema:

- one that contains itself: 20,000 bytes can nest 20,000 records, and fastavro's compiled reader then overflows the
  stack of the process (seen: a segmentation fault). So is one that nests deeper than DEPTH_MAX;
- an array whose items take no bytes (null, an empty record): a block count of 2^62 is read for ever. Items of many
  such fields beside a few bytes are nearly as bad, so parts per byte are bounded;
- one whose types, written out, are more than PARTS_MAX: 30 records that each hold the next one twice are 2^30.

Of a record's bytes: fastavro skips what our record does not have without looking (an array of 2^62 doubles is skipped
for ever), takes an integer of any number of bytes, and makes a decimal of a megabyte in a minute and a half. So lengths
are walked first where something is skipped, or could be too long.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from equipoise.processors.avro.numbers import DECIMAL_MAX
from equipoise.schemas.codec import Schema, named_types
from equipoise.schemas.enums import Cause
from equipoise.schemas.errors import SchemaInvalidError
from equipoise.streams.sources.bounds import RefusedError

DEPTH_MAX: Final = 60
PARTS_MAX: Final = 10_000
PARTS_PER_BYTE_MAX: Final = 16  # of an array's or map's items
VARINT_MAX: Final = 10  # bytes, for 64 bits
_NESTED: Final = ("record", "error", "array", "map", "fixed", "enum")
_SIZES: Final = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_TOO_LONG: Final = re.compile(rb"[\x80-\xff]{9}[\x02-\xff]")


class _Size(NamedTuple):
    """Of a type."""

    least: int  # bytes of its shortest value
    parts: int  # types that reading one value goes through, written out


def check_safe(schema: Schema) -> None:
    """Refuse what cannot be read safely.

    Raises:
        SchemaInvalidError: naming the type.
    """
    _measure(schema, {}, (), 0)


def _measure(schema: Any, named: dict[str, _Size], within: tuple[str, ...], depth: int) -> _Size:
    """`named`: sizes of the types already measured."""
    if depth > DEPTH_MAX:
        raise SchemaInvalidError(f"schema: types within each other, {depth} deep, must be <= {DEPTH_MAX}")
    if isinstance(schema, str):
        if schema in within:
            raise SchemaInvalidError(f"schema: {schema!r} contains itself, which cannot be read safely")
        return named.get(schema, _Size(_SIZES.get(schema, 1), 1))
    if isinstance(schema, list):
        branches = [_measure(branch, named, within, depth + 1) for branch in schema]
        return _bounded(_Size(1, 1 + max((one.parts for one in branches), default=0)))  # the branch's number: a byte
    kind = schema["type"]
    if kind not in _NESTED if isinstance(kind, str) else True:
        return _measure(kind, named, within, depth + 1)
    if kind in ("array", "map"):
        return _block(schema, kind, named, within, depth)
    if kind in ("fixed", "enum"):
        named[schema["name"]] = _Size(schema["size"] if kind == "fixed" else 1, 1)
        return named[schema["name"]]
    inner = (*within, schema["name"])
    fields = [_measure(field["type"], named, inner, depth + 1) for field in schema["fields"]]
    size = _bounded(_Size(sum(one.least for one in fields), 1 + sum(one.parts for one in fields)))
    named[schema["name"]] = size
    return size


def _block(schema: Any, kind: str, named: dict[str, _Size], within: tuple[str, ...], depth: int) -> _Size:
    item = _measure(schema["items" if kind == "array" else "values"], named, within, depth + 1)
    least = item.least + (kind == "map")  # a key's length: a byte
    if not least:
        raise SchemaInvalidError(f"schema: an {kind} of items that take no bytes, which cannot be read safely")
    if item.parts > least * PARTS_PER_BYTE_MAX:
        raise SchemaInvalidError(
            f"schema: an {kind} of items that are {item.parts} types in {least} bytes, "
            f"must be <= {PARTS_PER_BYTE_MAX} a byte"
        )
    return _bounded(_Size(1, 1 + item.parts))


def _bounded(size: _Size) -> _Size:
    if size.parts > PARTS_MAX:
        raise SchemaInvalidError(f"schema: more than {PARTS_MAX} types, written out")
    return size


def has_decimal(schema: Schema) -> bool:
    """Whether a decimal of any length can stand in a record, so that `check_bytes` must look at long ones."""
    return '"decimal"' in json.dumps(schema)


def has_long_integer(body: bytes) -> bool:
    """Whether some bytes could be an integer of more than 64 bits, so that `check_bytes` must say."""
    return _TOO_LONG.search(body) is not None


def check_bytes(schema: Schema, body: bytes, *, sized: bool) -> None:
    """Refuse a body whose lengths lie.

    Args:
        schema: of the writer, one that `check_safe` lets through.
        body: what stands behind the frame.
        sized: whether a block that states its size is skipped by it, or its items are read.

    Raises:
        RefusedError: TRUNCATED, MISTYPED or TOO_LARGE.
    """
    _Walk(schema, body, sized).value(schema)


class _Walk:
    def __init__(self, schema: Schema, body: bytes, sized: bool) -> None:
        self._body = body
        self._sized = sized
        self._at = 0
        self._named = named_types(schema)
        self._by_kind: dict[str, Callable[[Any], object]] = {
            "int": self._integer, "long": self._integer, "enum": self._integer, "string": self._text,
            "bytes": self._bytes, "fixed": self._fixed, "record": self._record,
            "error": self._record, "array": self._items, "map": self._items,
        }  # fmt: skip

    def value(self, schema: Any) -> None:
        """One value of this type."""
        schema = self._named.get(schema, schema) if isinstance(schema, str) else schema
        if isinstance(schema, list):
            branch = self._integer()
            if not -len(schema) <= branch < len(schema):  # below 0: fastavro counts from the end, as Python does
                raise self._error(Cause.MISTYPED, f"branch {branch} of a union of {len(schema)}")
            self.value(schema[branch])
            return
        kind = schema["type"] if isinstance(schema, dict) else schema
        if not isinstance(kind, str):
            self.value(kind)
        elif kind in _SIZES:
            self._skip(_SIZES[kind])
        else:
            self._by_kind[kind](schema)

    def _error(self, cause: Cause, what: str) -> RefusedError:
        return RefusedError(cause, f"value: {what} at byte {self._at} of {len(self._body)}")

    def _integer(self, _: Any = None) -> int:
        bits = 0
        for k in range(VARINT_MAX):
            if self._at >= len(self._body):
                raise self._error(Cause.TRUNCATED, "an integer ends early")
            byte = self._body[self._at]
            self._at += 1
            bits |= (byte & 0x7F) << 7 * k
            if byte < 0x80 and bits < 2**64:
                return (bits >> 1) ^ -(bits & 1)
        raise self._error(Cause.MISTYPED, "an integer of more than 64 bits")

    def _skip(self, size: int) -> None:
        rest = len(self._body) - self._at
        if size < 0:
            raise self._error(Cause.MISTYPED, f"a length of {size}")
        if size > rest:
            raise self._error(Cause.TRUNCATED, f"a length of {size} where {rest} bytes are left,")
        self._at += size

    def _text(self, _: Any) -> None:
        self._skip(self._integer())

    def _bytes(self, schema: Any) -> None:
        size = self._integer()
        self._decimal(schema, size)
        self._skip(size)

    def _fixed(self, schema: Any) -> None:
        self._decimal(schema, schema["size"])
        self._skip(schema["size"])

    def _decimal(self, schema: Any, size: int) -> None:
        if size > DECIMAL_MAX and isinstance(schema, dict) and schema.get("logicalType") == "decimal":
            raise self._error(Cause.TOO_LARGE, f"a decimal of {size} bytes, must be <= {DECIMAL_MAX},")

    def _record(self, schema: Any) -> None:
        for field in schema["fields"]:
            self.value(field["type"])

    def _items(self, schema: Any) -> None:
        while count := self._integer():
            size = self._integer() if count < 0 else 0
            if count < 0 and self._sized:
                self._skip(size)
                continue
            for _ in range(abs(count)):
                if schema["type"] == "map":
                    self._text(None)
                self.value(schema.get("items", schema.get("values")))
