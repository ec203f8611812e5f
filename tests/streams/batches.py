"""Record batches as the transport would give them, made from single records."""

from collections.abc import Sequence

import numpy as np

from equipoise.streams.records import RawRecord, RecordBatch


def batch(records: Sequence[RawRecord], next_offset: int | None = None) -> RecordBatch:
    """The records, all of one topic and partition, as they would lie in a fetch response."""
    data = bytearray()
    columns: dict[str, list[int]] = {name: [] for name in ("key", "key_n", "value", "value_n", "headers", "headers_n")}

    def put(name: str, body: bytes | None) -> None:
        columns[name].append(len(data))
        columns[f"{name}_n"].append(-1 if body is None else len(body))
        data.extend(body or b"")

    for record in records:
        put("key", record.key)
        put("value", record.value)
        columns["headers"].append(len(data))
        columns["headers_n"].append(len(record.headers))
        for name, value in record.headers:
            for part in (name.encode(), value):
                data.extend(_varint(len(part)) + part)

    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(columns[name], np.int64)

    return RecordBatch(
        topic=records[0].topic,
        partition=records[0].partition,
        data=np.frombuffer(bytes(data), np.uint8),
        offset=np.array([record.offset for record in records], np.int64),
        timestamp_ms=np.array([record.timestamp_ms for record in records], np.int64),
        key_at=column("key"),
        key_length=column("key_n"),
        value_at=column("value"),
        value_length=column("value_n"),
        headers_at=column("headers"),
        headers_count=column("headers_n"),
        next_offset=records[-1].offset + 1 if next_offset is None else next_offset,
    )


def _varint(number: int) -> bytes:
    """A length >= 0 in zigzag form."""
    number <<= 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
