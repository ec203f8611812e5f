"""Published records as files: Parquet, JSON lines, and the exact payloads.

Rows of a table are decoded from the payload that was published, so that a table can't say anything
else than the bytes do.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol, Self

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from equipoise.schemas import codec

ROW_GROUP: Final = 16_384
_PRIMITIVES: Final = {
    "string": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    "double": pa.float64(),
    "float": pa.float32(),
    "boolean": pa.bool_(),
    "bytes": pa.binary(),
}
PAYLOADS: Final = {
    "type": "record",
    "name": "Published",
    "namespace": "equipoise.offline",
    "doc": "One published record, in the order of publication.",
    "fields": [
        {"name": "key", "type": "bytes", "doc": "Kafka key: VENUE:SYMBOL, UTF-8."},
        {"name": "payload", "type": "bytes", "doc": "Avro body, as on Kafka after the schema prefix."},
    ],
}


class Published(NamedTuple):
    """One record of an output, and the source record that caused it."""

    key: bytes
    payload: bytes  # Avro body, without the schema prefix
    source_topic: str
    source_offset: int


class Writer(Protocol):
    """One output in one format."""

    def write(self, item: Published, record: Mapping[str, Any]) -> None:
        """Append one record."""
        ...

    def close(self) -> None:
        """Complete the file."""
        ...


def arrow_type(avro: Any, named: dict[str, Any] | None = None) -> pa.DataType:
    """The Arrow type of an Avro type; enums become strings, unions with null their other branch.

    Raises:
        ValueError: the type has no counterpart (a union of two real types, a map).
    """
    named = {} if named is None else named
    if isinstance(avro, str):
        return _PRIMITIVES[avro] if avro in _PRIMITIVES else arrow_type(named[avro], named)
    if isinstance(avro, list):
        (branch,) = [item for item in avro if item != "null"]
        return arrow_type(branch, named)
    if "name" in avro:
        named[avro["name"]] = named[avro["name"].rsplit(".", 1)[-1]] = avro
    kind = avro["type"]
    if kind == "enum":
        return pa.string()
    if kind == "array":
        return pa.list_(arrow_type(avro["items"], named))
    if kind == "record":
        return pa.struct([_field(field, named) for field in avro["fields"]])
    if isinstance(kind, str) and kind in _PRIMITIVES:
        return _PRIMITIVES[kind]
    raise ValueError(f"{avro!r}: no Arrow type for this Avro type")


def _field(field: Mapping[str, Any], named: dict[str, Any]) -> pa.Field:
    nullable = isinstance(field["type"], list) and "null" in field["type"]
    return pa.field(field["name"], arrow_type(field["type"], named), nullable, {"doc": field.get("doc", "")})


def arrow_schema(name: str) -> pa.Schema:
    """The table of a record of ours: its fields, then the source record that caused it."""
    named: dict[str, Any] = {}
    fields = [_field(field, named) for field in json.loads(codec.schema_text(name))["fields"]]
    source = [
        pa.field("source_topic", pa.string(), False, {"doc": "Topic of the record that triggered it."}),
        pa.field("source_offset", pa.int64(), False, {"doc": "Offset (offline: number from 0) of that record."}),
    ]
    return pa.schema([*fields, *source])


class ParquetTable:
    """One row a record, in row groups, zstd."""

    def __init__(self, path: Path, name: str) -> None:
        self._schema = arrow_schema(name)
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, item: Published, record: Mapping[str, Any]) -> None:
        """Append one record; written out a row group at a time."""
        self._rows.append({**record, "source_topic": item.source_topic, "source_offset": item.source_offset})
        if len(self._rows) == ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        self._file.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._rows = []

    def close(self) -> None:
        """Write what is left."""
        if self._rows:
            self._flush()
        self._file.close()


class JsonLines:
    """One JSON object a line, with the Avro field names."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def write(self, item: Published, record: Mapping[str, Any]) -> None:
        """Append one line."""
        row = {**record, "source_topic": item.source_topic, "source_offset": item.source_offset}
        self._file.write(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Payloads:
    """Keys and exact payloads, as an Avro object container of `Published` records.

    The payload's own schema lies in the container's metadata under `equipoise.payload.schema`.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._file = path.open("wb")
        metadata = {"equipoise.payload.schema": codec.schema_text(name)}
        # A fixed sync marker: the same run writes the same file.
        self._writer = fastavro.write.Writer(
            self._file, PAYLOADS, codec="deflate", metadata=metadata, sync_marker=b"equipoise-replay"
        )

    def write(self, item: Published, record: Mapping[str, Any]) -> None:
        """Append key and payload."""
        del record
        self._writer.write({"key": item.key, "payload": item.payload})

    def close(self) -> None:
        """Write the last block."""
        self._writer.flush()
        self._file.close()


def read_payloads(path: Path) -> list[tuple[bytes, bytes]]:
    """Key and payload of every record of a `Payloads` file, in order."""
    with path.open("rb") as file:
        return [(row["key"], row["payload"]) for row in fastavro.reader(file) if isinstance(row, dict)]


class Output:
    """One output (say `spread-signals`) in the formats asked for; counts what it is given."""

    def __init__(self, folder: Path, name: str, schema: str, formats: frozenset[str]) -> None:
        self.count = 0
        self._schema = schema
        self._writers: list[Writer] = []
        if "parquet" in formats:
            self._writers.append(ParquetTable(folder / f"{name}.parquet", schema))
        if "jsonl" in formats:
            self._writers.append(JsonLines(folder / f"{name}.jsonl"))
        if "avro" in formats:
            self._writers.append(Payloads(folder / f"{name}.avro", schema))

    def write(self, item: Published) -> None:
        """Write one record in every format."""
        self.count += 1
        record = codec.decode(self._schema, item.payload)
        for writer in self._writers:
            writer.write(item, record)

    def close(self) -> None:
        """Complete the files."""
        for writer in self._writers:
            writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
