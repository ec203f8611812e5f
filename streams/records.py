"""What the edge of the stream passes along: raw records in, decoded rows and refusals out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.texts import sized
from equipoise.processors.columns import Events, empty_events
from equipoise.schemas.enums import Cause

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One Kafka record, or one message of a recording that stands for it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = -1


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Contiguous records of one topic partition, as they lay in the fetch response: bytes and where they are.

    What the transport hands over, and what a columnar decoder reads without making an object a record.
    Control records, aborted records and compacted ones are left out: `offset` ascends, with gaps.
    """

    topic: str
    partition: int
    data: NDArray[np.uint8]  # uncompressed; all positions below are into it
    offset: NDArray[np.int64]  # (n,) ascending
    timestamp_ms: NDArray[np.int64]  # (n,)
    key_at: NDArray[np.int64]  # (n,) first byte
    key_length: NDArray[np.int64]  # (n,) -1: null
    value_at: NDArray[np.int64]  # (n,)
    value_length: NDArray[np.int64]  # (n,) -1: null
    headers_at: NDArray[np.int64]  # (n,) first byte of the headers, after their count
    headers_count: NDArray[np.int64]  # (n,)
    next_offset: int  # where reading goes on: behind the last record, and behind what was left out after it
    arrived_ns: int = 0  # time.perf_counter_ns() when the fetch response was there
    refusal: str = ""  # why this is no batch of records, but one stand-in whose value is what lay there

    def __len__(self) -> int:
        return len(self.offset)

    def record(self, i: int) -> RawRecord:
        """Record `i` as an object, its bytes copied."""
        return RawRecord(
            self.topic,
            self.partition,
            int(self.offset[i]),
            self._bytes(int(self.key_at[i]), int(self.key_length[i])),
            self._bytes(int(self.value_at[i]), int(self.value_length[i])),
            tuple(self._headers(i)),
            int(self.timestamp_ms[i]),
        )

    def after(self, offset: int) -> "RecordBatch":
        """The records from an offset on; the bytes are shared."""
        first = int(np.searchsorted(self.offset, offset))
        if first == 0:
            return self
        columns = {name: getattr(self, name)[first:] for name in _COLUMNS}
        return replace(self, **columns)

    def _bytes(self, at: int, length: int) -> bytes | None:
        return None if length < 0 else self.data[at : at + length].tobytes()

    def _headers(self, i: int) -> Iterator[tuple[str, bytes]]:
        at = int(self.headers_at[i])
        for _ in range(int(self.headers_count[i])):
            length, at = self._zigzag(at)
            name, at = self._bytes(at, length), at + length
            length, at = self._zigzag(at)
            value, at = self._bytes(at, length), at + max(length, 0)
            yield (name or b"").decode(errors="replace"), value or b""

    def _zigzag(self, at: int) -> tuple[int, int]:
        """A variable-length integer and the position behind it; whoever made the batch has checked its bounds."""
        value = shift = 0
        while True:
            byte = int(self.data[at])
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1), at
            shift += 7


_COLUMNS: Final = (
    "offset", "timestamp_ms", "key_at", "key_length", "value_at", "value_length", "headers_at", "headers_count",
)  # fmt: skip


def batch_of(records: Sequence[RawRecord]) -> RecordBatch:
    """The batch of some records of one partition, at least one, in ascending order of offset."""
    data = bytearray()
    rows: list[tuple[int, ...]] = []
    for record in records:
        row = [record.offset, record.timestamp_ms]
        for part in (record.key, record.value):
            row += len(data), -1 if part is None else len(part)
            data += part or b""
        rows.append((*row, len(data), len(record.headers)))
        for name, value in record.headers:
            for text in (name.encode(), value):
                data += sized(text)
    columns = list(np.array(rows, np.int64).T.copy())
    fields = records[0].topic, records[0].partition, np.frombuffer(bytes(data), np.uint8)
    return RecordBatch(*fields, *columns, next_offset=records[-1].offset + 1)  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that gives no row: dead-lettered or flagged, as its cause says."""

    record: int  # index in the batch
    cause: Cause
    detail: str  # names the field, the value and the bound


@dataclass(frozen=True, slots=True)
class Decoded:
    """Rows of one batch, in record order. Every record has at least one row, or exactly one refusal."""

    events: Events
    record: Sequence[int] | NDArray[np.intp]  # for each row, the index of its record in the batch
    refusals: list[Refusal] = field(default_factory=list)


class Decoder(Protocol):
    """Bytes to rows for one topic: canonical Avro or JSON, or a mapping of a cluster's own format."""

    def decode(self, records: Sequence[RawRecord]) -> Decoded:
        """Never raises on content: a record that cannot be read becomes a refusal."""
        ...


class BatchDecoder(Decoder, Protocol):
    """A decoder that also reads whole batches without making an object a record."""

    def decode_batch(self, batch: RecordBatch) -> Decoded:
        """As `decode` of the same records, with the same rows and the same refusals."""
        ...


def decode_batch(decoder: Decoder | BatchDecoder, batch: RecordBatch) -> Decoded:
    """The rows of a batch; a decoder that reads single records is given them one by one."""
    if batch.refusal:
        return Decoded(empty_events(0), [], [Refusal(0, Cause.DAMAGED_BATCH, batch.refusal)])
    if hasattr(decoder, "decode_batch"):
        return cast(BatchDecoder, decoder).decode_batch(batch)
    return decoder.decode([batch.record(i) for i in range(len(batch))])
