"""Batches written out by hand, field by field: the oracle that the parser is compared with."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from aiokafka.record.util import calc_crc32c

from equipoise.processors.batch.records import Batches, batches_room, read_records


@dataclass(frozen=True)
class Made:
    """One record, deltas relative to its batch."""

    offset: int
    stamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def zigzag(value: int) -> bytes:
    raw, out = (value << 1) ^ (value >> 63), bytearray()
    raw &= (1 << 64) - 1
    while raw > 127:
        out.append(raw & 127 | 128)
        raw >>= 7
    return bytes(out) + bytes([raw])


def sized(value: bytes | None) -> bytes:
    return zigzag(-1) if value is None else zigzag(len(value)) + value


def record_bytes(record: Made) -> bytes:
    body = b"\0" + zigzag(record.stamp) + zigzag(record.offset) + sized(record.key) + sized(record.value)
    body += zigzag(len(record.headers))
    body += b"".join(sized(name.encode()) + sized(value) for name, value in record.headers)
    return zigzag(len(body)) + body


def batch_bytes(
    records: Sequence[Made],
    base: int = 0,
    *,
    base_ms: int = 0,
    attributes: int = 0,
    last: int | None = None,
    producer: int = -1,
    count: int | None = None,
    max_ms: int = -1,
    body: bytes | None = None,
    magic: int = 2,
) -> bytes:
    """A whole batch with a true checksum; `body` replaces the records' bytes (compressed, or damaged)."""
    if body is None:
        body = b"".join(map(record_bytes, records))
    if last is None:
        last = max((record.offset for record in records), default=0)
    counted = len(records) if count is None else count
    after = struct.pack(">hiqqqhii", attributes, last, base_ms, max_ms, producer, 0, 0, counted) + body
    return struct.pack(">qiibI", base, len(after) + 9, 0, magic, calc_crc32c(after)) + after


def one_batch(body: bytes, count: int, **fields: int) -> Batches:
    """What a header says of records that fill `body`."""
    batches = batches_room(1)
    defaults = {"header_at": 0, "at": 0, "end": len(body), "base_offset": 0, "last_delta": 1 << 31, "base_ms": 0}
    for name, value in (
        defaults | {"append_ms": -1, "attributes": 0, "producer": -1, "records": count} | fields
    ).items():
        batches[name] = value
    return batches


def parsed(body: bytes, count: int, **fields: int) -> list[tuple[int, ...]]:
    """Columns of the records in `body`, one tuple a record."""
    columns = read_records(np.frombuffer(body, np.uint8), one_batch(body, count, **fields))
    return [tuple(map(int, row)) for row in columns.T]
