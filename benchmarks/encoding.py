"""Rows of the load to Kafka record batches (format 2), as many records a batch as asked for.

Compiled, because a producer client makes a million objects for a million records and cannot be told where a batch
ends. What it writes is checked against the schema's own codec by `tests/benchmarks`.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Any, Final

import numba
import numpy as np
from aiokafka.codec import lz4_encode, zstd_encode
from aiokafka.record.util import calc_crc32c
from numpy.typing import NDArray

from equipoise.processors.columns import NULL, Events
from equipoise.processors.instruments import Instruments
from equipoise.schemas import codec
from equipoise.schemas.local import local_id
from equipoise.schemas.wire import prefix

HEADER: Final = Struct(">qiibIhiqqqhii")  # base offset ... record count, 61 bytes
RECORD_MAX: Final = 200  # bytes that one record may take
CODECS: Final = {"none": 0, "lz4": 3, "zstd": 4}
_PACK: Final = {"lz4": lz4_encode, "zstd": lambda body: zstd_encode(body, 3)}
_CRC_FROM: Final = 21  # the checksum covers everything behind itself
_NULL: Final = int(NULL)
_SEVEN, _SEVEN_BITS, _MORE = np.uint64(7), np.uint64(127), np.uint64(128)
Bytes = NDArray[np.uint8]


class Encoder:
    """Writes record batches of one set of instruments."""

    def __init__(self, instruments: Instruments, codec_name: str = "none") -> None:
        self._codec = codec_name
        head = prefix(local_id(codec.schema("OrderEvent")))
        self._keys = _rows([instrument.key.encode() for instrument in instruments])
        self._heads = _rows([head + _text(i.venue) + _text(i.symbol) for i in instruments])

    def batches(self, events: Events, batch_records: int) -> Iterator[bytes]:
        """The rows as batches of `batch_records`, the last one shorter; base offsets are 0, as a producer sends them.

        The records' timestamps are their event times.
        """
        n = len(events.offset)
        out = np.empty(min(batch_records, n) * RECORD_MAX, np.uint8)
        for start in range(0, n, batch_records):
            stop = min(start + batch_records, n)
            rows: Any = Events(*(column[start:stop] for column in events))
            size = _records(rows, self._keys, self._heads, out)
            yield self._batch(out[:size].tobytes(), rows.event_ns // 1_000_000)

    def _batch(self, body: bytes, stamps_ms: NDArray[np.int64]) -> bytes:
        packed = _PACK[self._codec](body) if self._codec != "none" else body
        count, first, last = len(stamps_ms), int(stamps_ms[0]), int(stamps_ms[-1])
        fields = (CODECS[self._codec], count - 1, first, last, -1, -1, -1, count)
        whole = HEADER.pack(0, len(packed) + 49, -1, 2, 0, *fields) + packed
        return whole[:17] + calc_crc32c(whole[_CRC_FROM:]).to_bytes(4, "big") + whole[_CRC_FROM:]


def _text(text: str) -> bytes:
    return bytes([2 * len(text)]) + text.encode()


def _rows(texts: list[bytes]) -> Bytes:
    """Texts of one length as rows; the load's names all have one."""
    lengths = {len(text) for text in texts}
    if len(lengths) != 1:
        raise ValueError(f"instruments: names of {sorted(lengths)} bytes, must be of one length")
    return np.frombuffer(b"".join(texts), np.uint8).reshape(len(texts), -1)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _long(out: Bytes, at: int, value: int) -> int:
    """A zigzag variable-length integer; the position behind it."""
    wide = np.int64(value)
    left = np.uint64((wide << 1) ^ (wide >> 63))
    while left > _SEVEN_BITS:
        out[at] = (left & _SEVEN_BITS) | _MORE
        left >>= _SEVEN
        at += 1
    out[at] = left
    return at + 1


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _optional(out: Bytes, at: int, value: int) -> int:
    if value == _NULL:
        out[at] = 0
        return at + 1
    out[at] = 2
    return _long(out, at + 1, value)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _value(out: Bytes, at: int, rows: Any, row: int, head: Bytes) -> int:
    """One OrderEvent; the order of the schema's fields."""
    for byte in head:
        out[at] = byte
        at += 1
    at = _long(out, at, rows.action[row])
    at = _long(out, at, rows.side[row])
    at = _optional(out, at, rows.price[row])
    at = _optional(out, at, rows.quantity[row])
    at = _long(out, at, rows.order_id[row])
    at = _optional(out, at, rows.sequence[row])
    at = _optional(out, at, rows.previous_sequence[row])
    out[at] = rows.flags[row] & 1  # last_in_event
    at = _long(out, at + 1, rows.flags[row] & ~np.uint32(1))
    out[at] = 0  # trading_status
    at = _long(out, at + 1, rows.event_ns[row])
    at = _optional(out, at, rows.arrival_ns[row])
    for _ in range(3):  # source, participant, ingest_signature
        out[at] = 0
        at += 1
    return at


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _records(rows: Any, keys: Bytes, heads: Bytes, out: Bytes) -> int:
    """All rows as records of one batch; the bytes that they take."""
    record, value = np.empty(RECORD_MAX, np.uint8), np.empty(RECORD_MAX, np.uint8)
    first, at = rows.event_ns[0] // 1_000_000, 0
    for row in range(rows.event_ns.size):
        index = rows.instrument[row]
        size = _value(value, 0, rows, row, heads[index])
        record[0] = 0  # attributes
        end = _long(record, 1, rows.event_ns[row] // 1_000_000 - first)
        end = _long(record, end, row)
        end = _long(record, end, keys.shape[1])
        for byte in keys[index]:
            record[end] = byte
            end += 1
        end = _long(record, end, size)
        at = _long(out, at, end + size + 1)
        out[at : at + end] = record[:end]
        at += end
        out[at : at + size] = value[:size]
        at += size
        out[at] = 0  # headers
        at += 1
    return at
