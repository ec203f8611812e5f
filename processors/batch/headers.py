"""The 61-byte headers of the batches in a fetch response, and their checksums. Safe against any bytes.

Only magic 2 is read (Kafka 0.11 and later; brokers from 4.0 on know no other). The checksum covers what
follows it: not the base offset, the length and the magic, which are checked against what they must be.

Reference: Kafka protocol guide, "Record Batch" (https://kafka.apache.org/documentation/#recordbatch).
"""

from typing import NamedTuple

import numpy as np

from equipoise.processors.batch.crc32c import crc32c
from equipoise.processors.batch.problems import Problem
from equipoise.processors.jit import inner, njit

HEADER = 61  # bytes
PREFIX = 12  # base offset and length; the length counts what follows
SMALLEST_RECORD = 7  # bytes: each field takes at least one

CODEC = 7  # mask of the attributes
APPEND_TIME, TRANSACTIONAL, CONTROL = 8, 16, 32

BATCH = np.dtype(
    [
        (name, np.int64)
        for name in (
            "header_at",  # first byte of the batch
            "at",  # first byte of the records, and behind the last one: where they lie in the bytes to be parsed
            "end",
            "records",
            "base_offset",
            "last_delta",  # no offset lies further from the base
            "base_ms",  # what timestamp deltas are relative to
            "append_ms",  # log-append time of all records; -1: they have their own
            "attributes",
            "producer",
        )
    ]
)

_MAGIC = 2
_CRC_AT, _CHECKED_AT = 17, 21
_INT63 = (1 << 63) - 1

_NONE, _LENGTH, _MAGIC_WRONG = int(Problem.NONE), int(Problem.BATCH_LENGTH), int(Problem.MAGIC)
_CRC, _BASE, _LAST, _COUNT = int(Problem.CRC), int(Problem.BASE_OFFSET), int(Problem.LAST_DELTA), int(Problem.COUNT)


class Scanned(NamedTuple):
    """How far the scan came. All int64."""

    problem: int  # Problem of the batch at `at`
    batches: int  # good ones
    at: int  # behind the last good one
    value: int  # the value that is wrong


@inner
def _big(data: np.ndarray, at: int, size: int) -> int:
    """A signed big-endian integer of 1 to 8 bytes."""
    value = np.int64(np.int8(data[at]))
    for k in range(1, size):
        value = (value << 8) | np.int64(data[at + k])
    return int(value)


@inner
def _check(data: np.ndarray, at: int, end: int, least_offset: int) -> tuple[int, int]:
    """The first thing wrong with the header of a batch, and the value that is."""
    if data[at + 16] != _MAGIC:
        return _MAGIC_WRONG, int(data[at + 16])
    if _big(data, at + _CRC_AT, 4) & 0xFFFFFFFF != crc32c(data, at + _CHECKED_AT, end):
        return _CRC, _big(data, at + _CRC_AT, 4) & 0xFFFFFFFF
    base, last = _big(data, at, 8), _big(data, at + 23, 4)
    if last < 0:
        return _LAST, last
    if base + last < least_offset or base > _INT63 - last - 1:
        return _BASE, base
    count = _big(data, at + 57, 4)
    if count < 0 or (data[at + 22] & CODEC == 0 and count > (end - at - HEADER) // SMALLEST_RECORD):
        return _COUNT, count
    return _NONE, 0


@njit
def scan(data: np.ndarray, at: int, least_offset: int, batches: np.ndarray) -> Scanned:
    """Fill a row for every whole batch from `at` on, until the rows are full or a batch is bad.

    Args:
        data: uint8, a fetch response's bytes of one partition; its last batch may be cut.
        at: where to begin.
        least_offset: batches that end below it cannot be here: the one that was asked for, or that comes next.
        batches: shape (n,) of dtype BATCH.
    """
    for row in range(len(batches)):
        if len(data) - at < HEADER:
            return Scanned(_NONE, row, at, 0)
        length = _big(data, at + 8, 4)
        if length < HEADER - PREFIX:
            return Scanned(_LENGTH, row, at, length)
        end = at + PREFIX + length
        if end > len(data):
            return Scanned(_NONE, row, at, 0)
        problem, value = _check(data, at, end, least_offset)
        if problem != _NONE:
            return Scanned(problem, row, at, value)
        batch = batches[row]
        attributes = _big(data, at + 21, 2)
        batch.header_at, batch.at, batch.end = at, at + HEADER, end
        batch.records, batch.attributes = _big(data, at + 57, 4), attributes
        batch.base_offset, batch.last_delta = _big(data, at, 8), _big(data, at + 23, 4)
        batch.base_ms, batch.producer = _big(data, at + 27, 8), _big(data, at + 43, 8)
        batch.append_ms = _big(data, at + 35, 8) if attributes & APPEND_TIME else -1
        least_offset = batch.base_offset + batch.last_delta + 1
        at = end
    return Scanned(_NONE, len(batches), at, 0)


@njit
def measure(batches: np.ndarray, size: int) -> tuple[int, int]:
    """The first batch that cannot be as its row says within `size` bytes (-1: none), and the records of all before."""
    records = 0
    for k in range(len(batches)):
        batch = batches[k]
        if batch.at < 0 or batch.end < batch.at or batch.end > size:
            return k, records
        if batch.records < 0 or batch.records > (batch.end - batch.at) // SMALLEST_RECORD:
            return k, records
        if batch.base_offset < 0 or batch.last_delta < 0 or batch.base_offset > _INT63 - batch.last_delta:
            return k, records
        records += batch.records
    return -1, records
