"""From the bytes of one fetch of one partition to RecordBatches.

Contiguous Kafka batches come out as one RecordBatch up to a bound, so that batches of ten records do not
each cost an event of Faust; a larger one comes out in slices. What holds no records for us (markers,
aborted data, what compaction left) moves `next_offset` and nothing else.

What is damaged is never skipped silently:

- a wrong checksum or header may be the network's: the fetch is repeated `Bounds.retries` times;
- then, or at once where the checksum is right (a decompression bomb, records that overrun), the batch
  comes out as one stand-in record that `refusal` explains and whose value is the batch, as it lay;
- with `Bounds.stop`, or where the header does not say credibly where the next batch begins, DamageError.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from struct import unpack_from
from typing import Final, Self

import numpy as np

from equipoise.processors.batch.headers import CODEC, HEADER, PREFIX
from equipoise.processors.batch.parse import COLUMNS, OFFSET
from equipoise.processors.batch.problems import FramingError
from equipoise.processors.batch.records import (
    Batches,
    Bytes,
    Columns,
    DamagedError,
    batches_room,
    read_batches,
    read_records,
)
from equipoise.streams.records import RecordBatch
from equipoise.streams.transport.aborted import Aborted
from equipoise.streams.transport.codecs import decompress

log = logging.getLogger(__name__)

_ROOM: Final = 1024  # batches looked at together
_MAGIC_AT: Final = 16
_MAGIC: Final = 2
_INT32: Final = 1 << 31
Place = tuple[str, int]
Raw = bytes | memoryview


class DamageError(RuntimeError):
    """A batch that cannot be read, and must not or cannot be passed over."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much comes at a time, and what is refused."""

    batch_max_bytes: int = 16 << 20  # of one Kafka batch, uncompressed
    together_bytes: int = 4 << 20  # compressed batches are put together until there is so much, uncompressed
    together_records: int = 5_000
    retries: int = 3
    stop: bool = False


@dataclass(slots=True)
class Shared:
    """What the readers of one consumer have in common."""

    bounds: Bounds = field(default_factory=Bounds)
    _scratch: Bytes | None = None
    _tried: dict[Place, tuple[int, int]] = field(default_factory=dict)

    def scratch(self) -> Bytes:
        """Where batches are decompressed. Takes memory only as far as it was ever written."""
        if self._scratch is None:
            self._scratch = np.empty(self.bounds.together_bytes + self.bounds.batch_max_bytes, np.uint8)
        return self._scratch

    def tries(self, place: Place, offset: int) -> int:
        """How often this has been asked of one place, this time included."""
        before = self._tried.get(place, (-1, 0))
        tries = before[1] + 1 if before[0] == offset else 1
        self._tried[place] = offset, tries
        return tries


class FetchReader:
    """An iterator of RecordBatches, with the attribute that aiokafka's fetch results go by."""

    def __init__(
        self, place: Place, fetched: Raw, aborted: Sequence[tuple[int, int]] | None, offset: int, shared: Shared
    ) -> None:
        """Reader of what was fetched from `offset` on.

        Args:
            place: topic and partition.
            fetched: as the broker sent it; the last batch may be cut.
            aborted: producer ids and first offsets of aborted transactions; None: all data is read.
            offset: what was asked for; lower ones in the first batch are left out.
            shared: bounds and memory.
        """
        self.next_fetch_offset = offset
        self._place = place
        self._data = np.frombuffer(fetched, np.uint8)
        self._aborted = Aborted(aborted)
        self._shared = shared
        self._arrived_ns = time.perf_counter_ns()
        self._decompressed = 0
        self._batches = self._read()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RecordBatch:
        return next(self._batches)

    def _read(self) -> Iterator[RecordBatch]:
        data, at = self._data, 0
        room = batches_room(min(len(data) // HEADER + 1, _ROOM))
        while True:
            found = read_batches(data, at, self.next_fetch_offset, room)
            for batch in self._deliver(found.batches):
                yield batch
                if batch.refusal or self._decompressed > self._shared.bounds.batch_max_bytes:
                    return  # the rest is fetched again, so that what is decompressed and not yet used is bounded
            problem = found.problem
            if not problem and found.at == at == 0 and len(data):
                problem = f"{len(data)} bytes came, and no whole batch"
            if problem:
                yield from self._damaged(found.at, problem)
                return
            if len(found.batches) < len(room):
                return
            at = found.at

    def _deliver(self, batches: Batches) -> Iterator[RecordBatch]:
        """The records of these batches, put together or sliced as the bounds say."""
        ends = batches["base_offset"] + batches["last_delta"] + 1
        kept = self._aborted.kept(self._data, batches)
        if len(batches) and not len(kept):
            yield self._batch(self._data, np.empty((COLUMNS, 0), np.int64), int(ends[-1]))
        first = 0
        while first < len(kept):
            data, columns, read, problem = self._group(batches[kept[first:]])
            first += read
            if read:
                end = ends[kept[first] - 1] if first < len(kept) else ends[-1]
                yield from self._slices(data, columns, int(end))
            if problem:
                bad = batches[kept[first]]
                offset = max(int(bad["base_offset"]), self.next_fetch_offset)
                yield self._refusal(offset, int(bad["header_at"]), int(bad["end"]), problem, int(ends[kept[first]]))
                return

    def _group(self, batches: Batches) -> tuple[Bytes, Columns, int, str]:
        """As many of these as go out together: their bytes and columns, how many, and what is wrong with the next."""
        part, data, problem = batches[: self._together(batches)], self._data, ""
        if part["attributes"][0] & CODEC:
            data, part, problem = self._decompress(part)
        try:
            return data, read_records(data, part), len(part), problem
        except DamagedError as why:
            part = part[: why.batch]
            return data, read_records(data, part), len(part), str(why)

    def _together(self, batches: Batches) -> int:
        """How many of these could go out as one: all compressed or none, so many records, at least one batch."""
        if len(batches) == 1:
            return 1
        compressed = batches["attributes"] & CODEC != 0
        other = np.flatnonzero(compressed != compressed[0])
        same = int(other[0]) if len(other) else len(batches)
        fit = int(np.searchsorted(np.cumsum(batches["records"]), self._shared.bounds.together_records, "right"))
        return max(1, min(same, fit))

    def _decompress(self, batches: Batches) -> tuple[Bytes, Batches, str]:
        """Bytes of the first of these, where their records lie in them, and what is wrong with the next."""
        bounds, scratch, problem = self._shared.bounds, self._shared.scratch(), ""
        places = [0]
        for at, end, codec in zip(
            batches["at"].tolist(), batches["end"].tolist(), (batches["attributes"] & CODEC).tolist(), strict=True
        ):
            used = places[-1]
            if used > bounds.together_bytes:
                break
            try:
                size = decompress(codec, self._data[at:end], scratch[used : used + bounds.batch_max_bytes])
            except FramingError as why:
                problem = str(why)
                break
            places.append(used + size)
        part, used = batches[: len(places) - 1], places[-1]
        part["at"], part["end"] = places[:-1], places[1:]
        self._decompressed += used
        data = scratch[:used].copy()
        data.flags.writeable = False
        return data, part, problem

    def _slices(self, data: Bytes, columns: Columns, end: int) -> Iterator[RecordBatch]:
        offsets, most = columns[OFFSET], self._shared.bounds.together_records
        start = int(np.searchsorted(offsets, self.next_fetch_offset))  # a batch may begin before what was asked for
        while True:
            stop = start + most
            last = stop >= len(offsets)
            yield self._batch(data, columns[:, start:stop], end if last else int(offsets[stop]))
            if last:
                return
            start = stop

    def _batch(self, data: Bytes, columns: Columns, next_offset: int, refusal: str = "") -> RecordBatch:
        self.next_fetch_offset = next_offset
        topic, partition = self._place
        offset, time_ms, key_at, keys, value_at, values, headers_at, headers = columns
        return RecordBatch(
            topic, partition, data, offset, time_ms, key_at, keys, value_at, values, headers_at, headers,
            next_offset, self._arrived_ns, refusal,
        )  # fmt: skip

    def _damaged(self, at: int, problem: str) -> Iterator[RecordBatch]:
        """The batch at `at` has a wrong checksum or header: to be fetched again, or refused."""
        offset, bounds = self.next_fetch_offset, self._shared.bounds
        tries = self._shared.tries(self._place, offset)
        if tries <= bounds.retries:
            log.warning("%s: %s; fetching it again (%d of %d)", self._where(offset), problem, tries, bounds.retries)
            return
        behind = _behind(self._data, at, offset)
        if behind is None:
            raise DamageError(f"{self._where(offset)}: {problem}; its header does not say where the next batch begins")
        yield self._refusal(offset, at, behind[0], problem, behind[1])

    def _refusal(self, offset: int, at: int, end: int, problem: str, next_offset: int) -> RecordBatch:
        """One stand-in record, whose value is the batch as it lay."""
        if self._shared.bounds.stop:
            raise DamageError(f"{self._where(offset)}: {problem}")
        log.error("%s up to %d set aside: %s", self._where(offset), next_offset - 1, problem)
        columns = np.array([[offset], [-1], [at], [-1], [at], [end - at], [at], [0]], np.int64)
        return self._batch(self._data, columns, next_offset, problem)

    def _where(self, offset: int) -> str:
        return f"{self._place[0]}[{self._place[1]}] batch at offset {offset}"


def _behind(data: Bytes, at: int, wanted: int) -> tuple[int, int] | None:
    """Where a batch that cannot be trusted ends, in bytes and in offsets; None where that is not credible.

    The next batch's own base offset is believed, or a last offset that agrees with the count of records.
    """
    if len(data) - at < HEADER:
        return None
    base, length = unpack_from(">qi", data.data, at)
    end = at + PREFIX + length
    if length < HEADER - PREFIX or end > len(data):
        return None
    if len(data) - end >= HEADER and data[end + _MAGIC_AT] == _MAGIC:
        (following,) = unpack_from(">q", data.data, end)
        return (end, following) if wanted < following <= base + _INT32 else None
    (last,), (count,) = unpack_from(">i", data.data, at + 23), unpack_from(">i", data.data, at + 57)
    return (end, base + last + 1) if 0 < count == last + 1 and base <= wanted <= base + last else None
